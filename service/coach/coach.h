/* The coach: asks an engine for one answer. An engine may be slow and remote; nobody holds a
 * database connection while it works, and cancelling a call reaches it. */
#ifndef SERVICE_COACH_COACH_H
#define SERVICE_COACH_COACH_H

#include "common/arena.h"
#include "common/clock.h"
#include "common/status.h"
#include "service/coach/document.h"
#include "service/store/memory.h"
#include "service/store/skill.h"
#include "service/store/training.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An answer ends there: no person reads more, and it has to fit into a reply. */
#define COACH_MAX_ANSWER_BYTES (64u * 1024)

/* What is wanted. EVALUATE, REHEARSE and CLARIFY are answered with a document. */
enum coach_task {
        COACH_CHAT, /* an answer to message */
        COACH_EVALUATE, /* which skills messages show */
        COACH_REHEARSE, /* what message, a draft, would do to whom it is meant for */
        COACH_CLARIFY, /* message said more clearly, in language */
        COACH_ROOM, /* an answer to message, said in a room where others read along */
};

/* Which engine answers, and how. Texts are never NULL but in a struct that is all zeros. */
struct coach_settings {
        const char *provider; /* an engine's name; "" = "builtin" */
        const char *endpoint; /* of a language model: "http://127.0.0.1:11434/v1" */
        const char *model;
        const char *api_key; /* "" = none */
        double temperature; /* 0 to 2; how adventurous the words may be */
        uint32_t context_bytes; /* of history and messages that go along; the oldest go first */
        bool allow_private; /* endpoint may be in this machine or its network */
};

/* What an engine is told. All of it belongs to the asker and stays put until done(). */
struct coach_request {
        enum coach_task task;
        struct coach_settings settings;
        deadline_ns deadline; /* nobody waits longer; 0 = as long as it takes */
        const char *username;
        const char *language; /* of the answer, such as "de"; "" or NULL = the message's own */
        const char
                *detected; /* what is asked is in this one; "" or NULL = unclear. coach_ask()'s */
        const char *message; /* NULL for EVALUATE */
        struct user_skill_list skills;
        struct training_list trainings;
        /* Of the conversation, newest first, without message. In a room each content begins with
         * "NAME: ". */
        struct memory_list history;
        /* For EVALUATE: what the user wrote to others, oldest first, and what has not been
         * evaluated before. Evidence names them by their index. */
        const char *const *messages;
        size_t n_messages;
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

/* The first engine answers where no provider is named, and instead of one that is UNAVAILABLE. At
 * least one; they outlive the coach. */
enum status coach_new(const struct coach_engine *const *engines, size_t n_engines,
                      struct coach **ret, struct error *reterr) MUST_CHECK;
/* Nobody may be asking. Accepts NULL, returns NULL. */
struct coach *coach_free(struct coach *c);

/* Who wants an answer. Both are called on the thread that asks. */
struct coach_asker {
        /* Whether the answer is still wanted: STATUS_OK, or why not. Now and then. */
        enum status (*check)(void *arg, struct error *reterr);
        /* The next piece of the answer of CHAT or ROOM, UTF-8. May be NULL. */
        void (*delta)(void *arg, const char *text, size_t n);
        void *arg;
};

struct coach_answer {
        const char *text; /* in the arena; "" = nothing was said */
        const char *engine; /* which one said it. Static */
        const char *notice; /* why it was not the one that was asked for, "" = it was */
        struct document document; /* for a task that is answered with one */
};

/* Asks and waits for the whole answer. When check fails the engine is cancelled and check's status
 * returned. An engine that is UNAVAILABLE before it has said anything, or whose document cannot be
 * read, is replaced by the first one, and the answer begins with saying so. INVALID_ARGUMENT, field
 * "provider" and others: bad settings. *ret is filled in any case: after an error its text is what
 * had been said. Any thread that holds no lease. */
enum status coach_ask(struct coach *c, const struct coach_request *request,
                      const struct coach_asker *asker, struct arena *arena,
                      struct coach_answer *ret, struct error *reterr) MUST_CHECK;

/* Whether the task is answered with a document. */
bool coach_task_has_document(enum coach_task task);

#endif
