#include "service/api/coach_answers.h"

#include "common/buffer.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "service/events/publisher.h"
#include "service/rpc/rate.h"

#include <stdio.h>
#include <string.h>

#define N_BUCKETS 1024
#define NS_PER_MS UINT64_C(1000000)
#define MINUTE_NS (UINT64_C(60) * 1000 * NS_PER_MS)

struct answer {
        struct answers *answers;
        struct answer *next; /* of the bucket */
        struct answer *previous_of_list, *next_of_list; /* of those in the making, or that ended */
        int64_t user_id;
        char id[65], thread_id[65];
        int64_t room_id, message_id; /* 0: it is in no room */
        char *username; /* of one in a room */
        /* Below: written under the mutex. Only the maker changes the text. */
        struct buffer text;
        const char *cancelled; /* why it is not wanted any more; NULL = it is */
        bool is_done;
        enum status status;
        char *engine, *notice, *message; /* NULL = "" */
        uint64_t ended_ns;
        /* Below: the maker's. */
        size_t n_told;
        uint64_t told_ns;
};

struct list {
        struct answer *first, *last;
        size_t n;
};

struct answers {
        struct publisher *publisher;
        struct rate *rate;
        pthread_mutex_t mutex; /* guards what follows */
        struct answer *buckets[N_BUCKETS];
        struct list making, ended; /* the oldest first */
        size_t n_ended_bytes;
};

enum status answers_new(struct publisher *publisher, struct answers **ret, struct error *reterr)
{
        struct answers *a = calloc(1, sizeof(*a));

        if (!a)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        a->publisher = publisher;
        pthread_mutex_init(&a->mutex, NULL);
        enum status st = rate_new(0, 0, &a->rate, reterr);
        if (st != STATUS_OK) {
                answers_free(a);
                return st;
        }
        *ret = a;
        return STATUS_OK;
}

/* --- lists and buckets; all of it under the mutex --- */

static struct answer **bucket(struct answers *a, int64_t user_id, const char *id)
{
        uint64_t hash = (uint64_t)user_id * UINT64_C(0x9E3779B97F4A7C15);

        for (const char *at = id; *at; at++)
                hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
        return &a->buckets[(hash >> 32) % N_BUCKETS];
}

static struct answer *find(struct answers *a, int64_t user_id, const char *id)
{
        for (struct answer *x = *bucket(a, user_id, id); x; x = x->next)
                if (x->user_id == user_id && strcmp(x->id, id) == 0)
                        return x;
        return NULL;
}

static void append(struct list *list, struct answer *x)
{
        x->previous_of_list = list->last;
        x->next_of_list = NULL;
        if (list->last)
                list->last->next_of_list = x;
        else
                list->first = x;
        list->last = x;
        list->n++;
}

static void take_out(struct list *list, struct answer *x)
{
        if (x->previous_of_list)
                x->previous_of_list->next_of_list = x->next_of_list;
        else
                list->first = x->next_of_list;
        if (x->next_of_list)
                x->next_of_list->previous_of_list = x->previous_of_list;
        else
                list->last = x->previous_of_list;
        list->n--;
}

static void answer_free(struct answer *x)
{
        buffer_deinit(&x->text);
        free(x->engine);
        free(x->notice);
        free(x->message);
        free(x->username);
        free(x);
}

/* One that is on neither list. */
static void forget(struct answers *a, struct answer *x)
{
        for (struct answer **at = bucket(a, x->user_id, x->id); *at; at = &(*at)->next) {
                if (*at == x) {
                        *at = x->next;
                        break;
                }
        }
        answer_free(x);
}

static void forget_ended(struct answers *a, struct answer *x)
{
        a->n_ended_bytes -= x->text.capacity;
        take_out(&a->ended, x);
        forget(a, x);
}

/* The same of the first, written so that clang-tidy sees it leave the list. */
static void forget_oldest(struct answers *a)
{
        struct answer *x = a->ended.first;

        a->ended.first = x->next_of_list;
        if (a->ended.first)
                a->ended.first->previous_of_list = NULL;
        else
                a->ended.last = NULL;
        a->ended.n--;
        a->n_ended_bytes -= x->text.capacity;
        forget(a, x);
}

static void forget_old(struct answers *a)
{
        uint64_t now_ns = clock_mono_ns();

        while (a->ended.first &&
               (a->ended.n > ANSWERS_MAX_KEPT || a->n_ended_bytes > ANSWERS_MAX_BYTES ||
                now_ns - a->ended.first->ended_ns >= ANSWERS_KEPT_MS * NS_PER_MS))
                forget_oldest(a);
}

struct answers *answers_free(struct answers *a)
{
        if (!a)
                return NULL;
        while (a->ended.first)
                forget_oldest(a);
        rate_free(a->rate);
        pthread_mutex_destroy(&a->mutex);
        free(a);
        return NULL;
}

/* --- the maker's side --- */

static enum status admit(struct answers *a, const struct answer_start *start, struct error *reterr)
{
        unsigned n = 0;
        const struct rate_limit limit = {
                .interval_ns = MINUTE_NS / (uint64_t)start->requests_per_minute,
                .burst_ns = MINUTE_NS,
        };
        struct error error;

        for (const struct answer *x = a->making.first; x; x = x->next_of_list)
                n += x->user_id == start->user_id;
        if (n >= ANSWERS_PER_USER)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000,
                                   "the coach answers at most %d questions of yours at once",
                                   ANSWERS_PER_USER);
        if (a->making.n >= ANSWERS_MAX)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000,
                                   "the coach is busy with %d answers; try again", ANSWERS_MAX);
        if (rate_take_by(a->rate, (uint64_t)start->user_id, clock_mono_ns(), &limit, &error) !=
            STATUS_OK)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, error.retry_after_ms,
                                   "the coach answers at most %lld questions of yours a minute",
                                   (long long)start->requests_per_minute);
        return STATUS_OK;
}

enum status answers_begin(struct answers *a, const struct answer_start *start, struct answer **ret,
                          struct error *reterr)
{
        LOCK(&a->mutex);
        struct answer *x;
        enum status st;

        forget_old(a);
        x = *start->id ? find(a, start->user_id, start->id) : NULL;
        if (x && !x->is_done)
                return error_resource(reterr, STATUS_ALREADY_EXISTS, "answer", "%s", start->id);
        st = admit(a, start, reterr);
        if (st != STATUS_OK)
                return st;
        if (x)
                forget_ended(a, x);
        x = calloc(1, sizeof(*x));
        if (!x)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        x->answers = a;
        x->user_id = start->user_id;
        x->room_id = start->room_id;
        x->message_id = start->message_id;
        x->username = strdup(start->username ? start->username : "");
        if (!x->username) {
                answer_free(x);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        }
        snprintf(x->id, sizeof(x->id), "%s", start->id);
        snprintf(x->thread_id, sizeof(x->thread_id), "%s", start->thread_id);
        append(&a->making, x);
        struct answer **at = bucket(a, x->user_id, x->id);
        x->next = *at;
        *at = x;
        *ret = x;
        return STATUS_OK;
}

static void tell_room(const struct answer *x)
{
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Socializer__V1__RoomCoachDelta delta = SOCIALIZER__V1__ROOM_COACH_DELTA__INIT;

        delta.answer_id = (char *)x->id;
        delta.message_id = x->message_id;
        delta.user_id = x->user_id;
        delta.username = x->username;
        delta.offset = (int32_t)x->n_told;
        delta.text = (char *)x->text.data + x->n_told;
        event.room_id = x->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_COACH_DELTA;
        event.coach_delta = &delta;
        publisher_room_event(x->answers->publisher, &event);
}

static void tell_user(const struct answer *x)
{
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__CoachDelta delta = SOCIALIZER__V1__COACH_DELTA__INIT;

        delta.answer_id = (char *)x->id;
        delta.thread_id = (char *)x->thread_id;
        delta.offset = (int32_t)x->n_told;
        delta.text = (char *)x->text.data + x->n_told;
        event.user_id = x->user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DELTA;
        event.coach_delta = &delta;
        publisher_user_event(x->answers->publisher, &event);
}

/* The text stays where it is: only the maker, who calls this, adds to it. */
void answer_tell(struct answer *x)
{
        x->told_ns = clock_mono_ns();
        if (x->n_told == x->text.n_bytes || buffer_failed(&x->text))
                return;
        if (x->room_id)
                tell_room(x);
        else
                tell_user(x);
        x->n_told = x->text.n_bytes;
}

static void tell_due(struct answer *x)
{
        if (*x->id && x->n_told < x->text.n_bytes &&
            (x->text.n_bytes - x->n_told >= ANSWERS_DELTA_BYTES ||
             clock_mono_ns() - x->told_ns >= ANSWERS_DELTA_MS * NS_PER_MS))
                answer_tell(x);
}

void answer_say(struct answer *x, const char *text, size_t n)
{
        pthread_mutex_lock(&x->answers->mutex);
        buffer_append(&x->text, text, n);
        (void)buffer_str(&x->text); /* terminates it */
        pthread_mutex_unlock(&x->answers->mutex);
        tell_due(x);
}

enum status answer_check(struct answer *x, struct error *reterr)
{
        const char *why;

        tell_due(x);
        pthread_mutex_lock(&x->answers->mutex);
        why = x->cancelled;
        pthread_mutex_unlock(&x->answers->mutex);
        return why ? error_set(reterr, STATUS_CANCELLED, "%s", why) : STATUS_OK;
}

/* What is said of the error; as everywhere, the text of an internal one stays here. */
static const char *end_message(const struct answer_end *end)
{
        if (end->status == STATUS_OK)
                return "";
        return end->status == STATUS_INTERNAL || !end->error ? "something went wrong here"
                                                             : end->error->text;
}

static void tell_room_end(struct publisher *publisher, const struct answer_start *what,
                          const struct answer_end *end)
{
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Socializer__V1__RoomCoachDone done = SOCIALIZER__V1__ROOM_COACH_DONE__INIT;

        done.answer_id = (char *)what->id;
        done.message_id = what->message_id;
        done.user_id = what->user_id;
        done.username = (char *)what->username;
        done.code = (int32_t)end->status;
        if (end->status == STATUS_OK) {
                done.engine = (char *)end->engine;
                done.notice = (char *)end->notice;
        } else {
                done.message = (char *)end_message(end);
        }
        event.room_id = what->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_COACH_DONE;
        event.coach_done = &done;
        publisher_room_event(publisher, &event);
}

static void tell_user_end(struct answer *x, const struct answer_end *end)
{
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__CoachDone done = SOCIALIZER__V1__COACH_DONE__INIT;

        done.answer_id = x->id;
        done.thread_id = x->thread_id;
        done.code = (int32_t)end->status;
        if (end->status == STATUS_OK) {
                done.response = (char *)end->text;
                done.engine = (char *)end->engine;
                done.notice = (char *)end->notice;
        } else {
                done.message = (char *)end_message(end);
        }
        event.user_id = x->user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DONE;
        event.coach_done = &done;
        publisher_user_event(x->answers->publisher, &event);
}

void answers_refuse(struct answers *a, const struct answer_start *start, const struct error *error)
{
        const struct answer_end end = {.status = error->status, .error = error};

        tell_room_end(a->publisher, start, &end);
}

void answer_end(struct answer *x, const struct answer_end *end)
{
        struct answers *a = x->answers;
        bool is_followed = x->id[0] != '\0';

        /* A fallback may have been said otherwise than in pieces. */
        if (end->text && strlen(end->text) > x->text.n_bytes)
                answer_say(x, end->text + x->text.n_bytes, strlen(end->text) - x->text.n_bytes);
        if (is_followed) {
                answer_tell(x);
                if (x->room_id) {
                        const struct answer_start what = {.user_id = x->user_id,
                                                          .id = x->id,
                                                          .room_id = x->room_id,
                                                          .message_id = x->message_id,
                                                          .username = x->username};

                        tell_room_end(a->publisher, &what, end);
                } else {
                        tell_user_end(x, end);
                }
        }
        LOCK(&a->mutex);
        take_out(&a->making, x);
        if (!is_followed) {
                forget(a, x);
                return;
        }
        x->message = strdup(end_message(end));
        x->engine = end->engine ? strdup(end->engine) : NULL;
        x->notice = end->notice ? strdup(end->notice) : NULL;
        x->is_done = true;
        x->status = end->status;
        x->ended_ns = clock_mono_ns();
        a->n_ended_bytes += x->text.capacity;
        append(&a->ended, x);
        forget_old(a);
}

/* --- everybody else's side --- */

static bool is_inside_character(const struct buffer *text, size_t at)
{
        return at < text->n_bytes && (text->data[at] & 0xC0) == 0x80;
}

static const char *copy(struct arena *arena, const char *text)
{
        return text ? arena_strdup(arena, text) : "";
}

enum status answers_get(struct answers *a, int64_t user_id, const char *id, size_t after,
                        struct arena *arena, struct answer_view *ret, struct error *reterr)
{
        LOCK(&a->mutex);
        struct answer *x;

        forget_old(a);
        x = find(a, user_id, id);
        if (!x)
                return error_resource(reterr, STATUS_NOT_FOUND, "answer", "%s", id);
        if (after > x->text.n_bytes || is_inside_character(&x->text, after))
                return error_field(reterr, "after",
                                   "want the end of a character, at most %zu, got %zu",
                                   x->text.n_bytes, after);
        *ret = (struct answer_view){
                .thread_id = copy(arena, x->thread_id),
                .text = x->text.n_bytes > after
                                ? arena_strndup(arena, (const char *)x->text.data + after,
                                                x->text.n_bytes - after)
                                : "",
                .engine = copy(arena, x->engine),
                .notice = copy(arena, x->notice),
                .message = copy(arena, x->message),
                .offset = after,
                .is_done = x->is_done,
                .status = x->status,
        };
        if (!ret->thread_id || !ret->text || !ret->engine || !ret->notice || !ret->message)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return STATUS_OK;
}

enum status answers_cancel(struct answers *a, int64_t user_id, const char *id, struct error *reterr)
{
        LOCK(&a->mutex);
        struct answer *x;

        forget_old(a);
        x = find(a, user_id, id);
        if (!x)
                return error_resource(reterr, STATUS_NOT_FOUND, "answer", "%s", id);
        x->cancelled = "the answer was cancelled";
        return STATUS_OK;
}

void answers_cancel_in_room(struct answers *a, int64_t room_id, int64_t user_id, int64_t message_id,
                            const char *why)
{
        LOCK(&a->mutex);

        for (struct answer *x = a->making.first; x; x = x->next_of_list)
                if (x->room_id && (!room_id || x->room_id == room_id) &&
                    (!user_id || x->user_id == user_id) &&
                    (!message_id || x->message_id == message_id) && !x->cancelled)
                        x->cancelled = why;
}
