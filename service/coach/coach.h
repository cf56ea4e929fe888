/* The coach: asks an engine for one answer. An engine may be slow and remote; nobody holds a
 * database connection while it works, and cancelling a call reaches it. */
#ifndef SERVICE_COACH_COACH_H
#define SERVICE_COACH_COACH_H

#include "common/arena.h"
#include "common/clock.h"
#include "common/status.h"
#include "service/store/memory.h"
#include "service/store/skill.h"
#include "service/store/training.h"

#include <stdbool.h>
#include <stddef.h>

/* What an engine is told. All of it belongs to the asker and stays put until done(). */
struct coach_request {
        const char *username;
        const char *message;
        double temperature; /* 0 to 2; how adventurous the words may be */
        struct user_skill_list skills;
        struct training_list trainings;
        struct memory_list history; /* of the conversation, newest first, without message */
};

/* Where an engine says it. Any thread, one call at a time. */
struct coach_sink {
        /* The next piece of the answer, UTF-8. */
        void (*delta)(void *closure, const char *text, size_t n);
        /* The end, exactly once: STATUS_OK, or error says why there is no (whole) answer. */
        void (*done)(void *closure, enum status status, const struct error *error);
        void *closure;
};

struct coach_run; /* an answer in the making; the engine's */

struct coach_engine {
        const char *name; /* "builtin" */
        /* On STATUS_OK done() is called, maybe before start() returns; otherwise it is not. */
        enum status (*start)(const struct coach_engine *engine, const struct coach_request *request,
                             const struct coach_sink *sink, struct coach_run **ret,
                             struct error *reterr);
        /* Makes done() come soon (CANCELLED unless it is over). */
        void (*cancel)(struct coach_run *run);
        /* After done(), once for each start() that was OK. */
        void (*finish)(struct coach_run *run);
};

struct coach;

/* engine: outlives the coach. */
enum status coach_new(const struct coach_engine *engine, struct coach **ret,
                      struct error *reterr) MUST_CHECK;
/* Nobody may be asking. Accepts NULL, returns NULL. */
struct coach *coach_free(struct coach *c);
const char *coach_engine_name(const struct coach *c);

/* Whether the asker still wants the answer: STATUS_OK, or why not. */
typedef enum status (*coach_check_fn)(void *arg, struct error *reterr);

/* Asks and waits for the whole answer, which lives in the arena. check is called now and then;
 * when it fails the engine is cancelled and its status returned. UNAVAILABLE when the engine cannot
 * answer now. Any thread that holds no lease. */
enum status coach_ask(struct coach *c, const struct coach_request *request, coach_check_fn check,
                      void *check_arg, struct arena *arena, const char **ret_answer,
                      struct error *reterr) MUST_CHECK;

#endif
