/* The schema of the database, as the steps that lead to it. */
#ifndef SERVICE_STORE_SCHEMA_H
#define SERVICE_STORE_SCHEMA_H

#include "service/db/db.h"

#include <stddef.h>

/* Room 1, which the schema creates: "general", everybody's. */
#define STORE_GENERAL_ROOM 1

/* Ascending, for struct db_options. A released step is never changed: the next change is the next
 * step. Moments are milliseconds since 1970, UTC. */
extern const struct db_migration store_migrations[];
extern const size_t store_n_migrations;

/* OK when the database answers, and with what the schema put into it. */
enum status schema_check(struct lease *lease, struct error *reterr) MUST_CHECK;

#endif
