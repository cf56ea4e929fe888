/* What stands between the database and the calls: made in the order in which one needs the other.
 */
#ifndef SERVICE_PARTS_H
#define SERVICE_PARTS_H

#include "common/status.h"
#include "service/service.h"

struct parts_options {
        const char *data_dir;
        const char *events_url; /* NULL: events.ipc in that folder */
        unsigned token_ttl_s; /* 0 = a day */
};

/* Once service->db is open. On failure some of them are there. */
enum status parts_open(struct service *service, const struct parts_options *options,
                       struct error *reterr) MUST_CHECK;
/* Ends those that use the database by themselves. */
void parts_stop(struct service *service);
/* Frees the others, once nobody calls any more. Both accept a service that has only some. */
void parts_free(struct service *service);

#endif
