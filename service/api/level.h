/* Changes of levels as the caller may see them. */
#ifndef SERVICE_API_LEVEL_H
#define SERVICE_API_LEVEL_H

#include "service/rpc/call.h"
#include "service/store/level.h"

#include "socializer/v1/skill.pb-c.h"

/* In the call's arena; the texts of what somebody said are for that user alone. NULL: no memory. */
Socializer__V1__LevelChange *level_answer(struct call *call,
                                          const struct level_change *change) MUST_CHECK;
/* The key to what the owner has said to the coach; not set for anybody else, to whom it is gone. */
enum status level_owners_key(struct call *call, struct lease *lease, int64_t user_id,
                             struct seal_key *ret, struct error *reterr) MUST_CHECK;

#endif
