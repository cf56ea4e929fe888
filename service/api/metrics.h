/* The database's numbers in the Prometheus text format. */
#ifndef SERVICE_API_METRICS_H
#define SERVICE_API_METRICS_H

#include "common/buffer.h"
#include "service/db/db.h"
#include "service/upkeep/upkeep.h"

/* Appends the socializer_db_… metrics, each with HELP and TYPE. */
void metrics_append_db(struct buffer *out, const struct db_stats *stats);

/* Appends who holds a connection at this moment, and for how long. */
void metrics_append_leases(struct buffer *out, struct db *db);
/* The same of accounts that are deleted. */
void metrics_append_upkeep(struct buffer *out, const struct upkeep_stats *stats);

#endif
