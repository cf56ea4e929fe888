/* What has to be forgotten of somebody once a change is committed. For handlers that write. */
#ifndef SERVICE_API_FORGET_H
#define SERVICE_API_FORGET_H

#include "common/status.h"
#include "service/rpc/call.h"

#include <stdint.h>

/* The tokens of a user are looked up again: after a change of role, activity or name, a revocation
 * or a deletion. */
enum status forget_user(struct call *call, int64_t user_id, struct error *reterr) MUST_CHECK;
/* The same for one token of a user. */
enum status forget_token(struct call *call, int64_t user_id, const uint8_t jti[static 16],
                         struct error *reterr) MUST_CHECK;
/* And for the one that the call carries. */
enum status forget_caller_token(struct call *call, struct error *reterr) MUST_CHECK;

#endif
