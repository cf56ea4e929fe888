/* What the service is made of. Owned by main; handlers reach it as call->service. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdint.h>

struct db;
struct authority; /* service/auth: tokens, passwords, who is revoked */
struct vault; /* service/auth: users' keys */
struct publisher; /* service/events: nng pub */
struct presence; /* service/events: who is there */
struct upkeep; /* service/upkeep: index, retention */
struct coach; /* service/coach: asks engines */
struct openai; /* service/coach: the engine for language models */
struct answers; /* service/api: the coach's, in the making */
struct room_coach; /* service/api: the coach's answers in rooms */
struct progress; /* service/progress: levels that move */
struct rpc_server; /* service/rpc */

struct service {
        struct db *db;
        struct authority *authority;
        struct vault *vault;
        struct publisher *publisher;
        struct presence *presence;
        struct upkeep *upkeep;
        struct rate *live_rate; /* service/rpc/rate.h: of what is told but not written */
        struct guard *room_guard; /* service/auth/guard.h: against guessing rooms' passwords */
        struct openai *openai;
        struct coach *coach;
        struct answers *answers;
        struct room_coach *room_coach;
        struct progress *progress;
        struct rpc_server *rpc;
        int64_t started_at_ms;
};

#endif
