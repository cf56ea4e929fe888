/* API keys of language models at rest: sealed with a secret that is not in the database, each
 * owner's with a key of their own. */
#ifndef SERVICE_API_COACH_KEY_H
#define SERVICE_API_COACH_KEY_H

#include "common/frame.h"
#include "service/rpc/call.h"

/* user_id 0: the server's. The sealed key lives in call->arena. */
enum status coach_key_seal(struct call *call, int64_t user_id, const char *key,
                           struct frame_bytes *ret, struct error *reterr) MUST_CHECK;
/* "" of nothing. FAILED_PRECONDITION: sealed with another secret, as of another data folder. */
enum status coach_key_open(struct call *call, int64_t user_id, struct frame_bytes sealed,
                           const char **ret, struct error *reterr) MUST_CHECK;

#endif
