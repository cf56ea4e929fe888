/* The database's numbers in the Prometheus text format. */
#ifndef SERVICE_API_METRICS_H
#define SERVICE_API_METRICS_H

#include "common/buffer.h"
#include "service/db/db.h"

/* Appends the socializer_db_… metrics, each with HELP and TYPE. */
void metrics_append_db(struct buffer *out, const struct db_stats *stats);

#endif
