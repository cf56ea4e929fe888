/* Asking the coach in the name of a caller: what all tasks have in common. */
#ifndef SERVICE_API_COACH_ASK_H
#define SERVICE_API_COACH_ASK_H

#include "service/api/coach_answers.h"
#include "service/coach/coach.h"
#include "service/rpc/call.h"

struct coach_ask {
        struct call *call;
        int64_t user_id; /* the caller */
        const char *answer_id; /* "" = nobody follows it */
        const char *thread_id;
        const char *thread_to_read; /* its history goes along; NULL = none does */
        struct coach_request request; /* task, message, and maybe language, are set */
        int64_t requests_per_minute;
        struct answer *answer; /* while it is in the making */
        struct coach_answer got;
};

/* Reads everything that the engine is told, in one lease, which is given back. */
enum status coach_ask_prepare(struct coach_ask *ask, struct error *reterr) MUST_CHECK;
/* Writes what the engine is going to be told into the user's ledger, within a write lease: before
 * coach_ask_run(). */
enum status coach_ask_disclose(struct coach_ask *ask, struct lease *lease,
                               struct error *reterr) MUST_CHECK;
/* Begins the answer: whether this user may have one now. coach_ask_end() follows. */
enum status coach_ask_begin(struct coach_ask *ask, struct error *reterr) MUST_CHECK;
/* Asks, and waits. ask->got is filled in any case. */
enum status coach_ask_run(struct coach_ask *ask, struct error *reterr) MUST_CHECK;
/* Tells whoever follows. */
void coach_ask_end(struct coach_ask *ask, enum status status, const struct error *error);

#endif
