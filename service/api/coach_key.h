/* API keys of language models at rest. A user's is sealed with the user's own key (the vault's),
 * the server's with one that is made of token.key: neither is in the database. */
#ifndef SERVICE_API_COACH_KEY_H
#define SERVICE_API_COACH_KEY_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/service.h"

/* Within a write lease. user_id 0: the server's. The sealed key lives in the arena; nothing is
 * sealed as nothing. */
enum status coach_key_seal(struct service *service, struct arena *arena, struct lease *lease,
                           int64_t user_id, const char *key, struct frame_bytes *ret,
                           struct error *reterr) MUST_CHECK;
/* "" of nothing. FAILED_PRECONDITION: it does not open, as with another token.key. */
enum status coach_key_open(struct service *service, struct arena *arena, struct lease *lease,
                           int64_t user_id, struct frame_bytes sealed, const char **ret,
                           struct error *reterr) MUST_CHECK;

#endif
