/* A user's settings of the coach, as they are shown: without the key. */
#ifndef SERVICE_API_COACH_SETTINGS_H
#define SERVICE_API_COACH_SETTINGS_H

#include "service/rpc/call.h"

#include "socializer/v1/coach.pb-c.h"

enum status coach_settings_answer(struct call *call, struct lease *lease, int64_t user_id,
                                  Socializer__V1__CoachSettings **ret,
                                  struct error *reterr) MUST_CHECK;

#endif
