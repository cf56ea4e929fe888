/* Answers of the coach while they are being made, and for five minutes after: what has been said so
 * far, whether it is still wanted, and the events that tell of it. Any thread. */
#ifndef SERVICE_API_COACH_ANSWERS_H
#define SERVICE_API_COACH_ANSWERS_H

#include "common/arena.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWERS_PER_USER    3 /* at once */
#define ANSWERS_MAX         200 /* at once, of all users */
#define ANSWERS_KEPT_MS     (5 * 60 * 1000u)
#define ANSWERS_MAX_KEPT    4096 /* that have ended; then the oldest go earlier */
#define ANSWERS_MAX_BYTES   (32u * 1024 * 1024) /* of those that have ended */
#define ANSWERS_DELTA_BYTES 2048 /* an event for so much … */
#define ANSWERS_DELTA_MS    30 /* … or so often */

struct publisher;
struct answers;
struct answer; /* of whoever makes it, from begin to end */

enum status answers_new(struct publisher *publisher, struct answers **ret,
                        struct error *reterr) MUST_CHECK;
/* Nobody may be making one. Accepts NULL, returns NULL. */
struct answers *answers_free(struct answers *a);

/* What to begin. */
struct answer_start {
        int64_t user_id;
        const char *id; /* "" = nobody follows it: no events, and it is not kept */
        const char *thread_id;
        int64_t requests_per_minute;
        /* Of one in a room, which everybody there hears: */
        int64_t room_id; /* 0: it is the user's own */
        int64_t message_id; /* that it answers */
        const char *username; /* the user's */
};

/* RESOURCE_EXHAUSTED, with the time to wait: the user has too many in the making or asks too often,
 * or everybody together has too many. ALREADY_EXISTS: one of that name is in the making. */
enum status answers_begin(struct answers *a, const struct answer_start *start, struct answer **ret,
                          struct error *reterr) MUST_CHECK;
/* Nobody makes this one: tells its room why. */
void answers_refuse(struct answers *a, const struct answer_start *start, const struct error *error);
/* Adds a piece, UTF-8, and tells of it, maybe with what comes next. */
void answer_say(struct answer *answer, const char *text, size_t n);
/* Tells all of it that has not been told. */
void answer_tell(struct answer *answer);
/* CANCELLED when it is not wanted any more. Tells what is due: call it now and then. */
enum status answer_check(struct answer *answer, struct error *reterr) MUST_CHECK;

/* How it ended. */
struct answer_end {
        enum status status;
        const struct error *error; /* of a status other than OK */
        const char *text; /* the whole of it */
        const char *engine, *notice; /* of STATUS_OK */
};

/* Tells the rest, and that it is over. The answer is not the maker's any more. */
void answer_end(struct answer *answer, const struct answer_end *end);

struct answer_view {
        const char *thread_id, *text, *engine, *notice, *message;
        size_t offset; /* of the text in the whole */
        bool is_done;
        enum status status;
};

/* The text behind the first after bytes, in the arena. NOT_FOUND; INVALID_ARGUMENT, field "after":
 * not between two characters, or behind the end. */
enum status answers_get(struct answers *a, int64_t user_id, const char *id, size_t after,
                        struct arena *arena, struct answer_view *ret,
                        struct error *reterr) MUST_CHECK;
enum status answers_cancel(struct answers *a, int64_t user_id, const char *id,
                           struct error *reterr) MUST_CHECK;
/* Ends those in a room (0: in any) that answer the user (0: anybody), or the message (0: any), and
 * says why, which is static. */
void answers_cancel_in_room(struct answers *a, int64_t room_id, int64_t user_id, int64_t message_id,
                            const char *why);

#endif
