/* Moves levels by what people say: every fifth message of a user is an occasion to let the coach
 * judge those that it has not judged yet. Threads of its own count and ask the engines; nobody who
 * talks waits for them, no lease is held meanwhile, and the writer only takes in what came of it.
 */
#ifndef SERVICE_PROGRESS_PROGRESS_H
#define SERVICE_PROGRESS_PROGRESS_H

#include "common/status.h"
#include "service/coach/coach.h"
#include "service/db/db.h"
#include "service/store/level.h"
#include "service/store/user.h"

#include <stdint.h>

/* Users that are evaluated at once: an engine may be slow. */
#define PROGRESS_EVALUATORS 4

struct vault; /* service/auth: keys to what was said to the coach */
struct progress;

/* What it works with. Functions may be NULL. */
struct progress_options {
        struct db *db;
        struct coach *coach;
        struct vault *vault;
        /* Sets who evaluates the user, and the language; NULL: the built-in coach. In a read
         * lease. */
        enum status (*choose)(void *closure, struct lease *lease, struct arena *arena,
                              const struct user *user, struct coach_request *request,
                              struct error *reterr);
        /* Keeps account of what an engine that is somewhere else is going to be told. In a write
         * lease. */
        enum status (*disclose)(void *closure, struct lease *lease, struct arena *arena,
                                int64_t user_id, const struct coach_request *request,
                                struct error *reterr);
        /* A level has moved, which is committed. On the settler thread. */
        void (*moved)(void *closure, int64_t user_id, const struct level_moved *moved,
                      const char *skill_name);
        void *closure;
};

enum status progress_new(const struct progress_options *options, struct progress **ret,
                         struct error *reterr) MUST_CHECK;
/* Before the database is closed and the coach is freed. What is not evaluated by then is at the
 * next start. Accepts NULL, returns NULL. */
struct progress *progress_free(struct progress *p);

/* Any thread; neither waits. */

/* Something has been said in a room, and is committed. */
void progress_wake(struct progress *p);
/* The user is due for an evaluation (evaluation_note()), and that is committed. */
void progress_add(struct progress *p, int64_t user_id);

#endif
