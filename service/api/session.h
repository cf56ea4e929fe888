/* Sessions as the caller sees them. */
#ifndef SERVICE_API_SESSION_H
#define SERVICE_API_SESSION_H

#include "service/rpc/call.h"
#include "service/store/session.h"

#include "socializer/v1/user.pb-c.h"

/* In the call's arena; knows which is the caller's. NULL: no memory. */
Socializer__V1__Session *session_answer(struct call *call, struct session_info *session) MUST_CHECK;

#endif
