#include "client/subscriber.h"

#include "common/contract.h"

#include <sodium.h>
#include <string.h>

/* Events that wait for the task. When they are so many, the socket's own buffer fills, and then the
 * oldest are lost and fetched later. */
#define INBOX_MESSAGES 1024
/* Who subscribes anew to ten thousand rooms at once leaves room in the client's lanes for others.
 */
#define MAX_CALLS 256
/* What is due within so little time is done together. */
#define MIN_TICK_MS 10
#define MAX_TICK_MS 60000
/* One event, unpacked. */
#define ARENA_BYTES (256u * 1024)

static struct follow *follow_of_timer(struct timer *t)
{
        return (struct follow *)((char *)t - offsetof(struct follow, timer));
}

static struct follow *follow_of_id(struct table_entry *e)
{
        return (struct follow *)((char *)e - offsetof(struct follow, by_id));
}

static struct follow *follow_of_topic(struct table_entry *e)
{
        return (struct follow *)((char *)e - offsetof(struct follow, by_topic));
}

static void free_response(struct follow *f)
{
        if (f->response)
                protobuf_c_message_free_unpacked(f->response, NULL);
        f->response = NULL;
}

/* Frees what a subscriber is made of, when nothing refers to it any more. */
static void destroy(struct soc_subscriber *s)
{
        for (size_t i = 0; i < s->agenda.n; i++) {
                struct follow *f = follow_of_timer(s->agenda.heap[i]);

                soc_pending_release(f->pending);
                free_response(f);
                follow_free(f);
        }
        timers_deinit(&s->agenda);
        table_deinit(&s->by_id);
        table_deinit(&s->by_topic);
        for (unsigned i = 0; s->messages && i < s->n_messages; i++)
                nng_msg_free(s->messages[i]);
        free(s->messages);
        free(s->messages_taken);
        arena_deinit(&s->arena);
        pthread_cond_destroy(&s->idle);
        pthread_mutex_destroy(&s->mutex);
        free(s);
}

static void unref_many(struct soc_subscriber *s, unsigned n)
{
        if (atomic_fetch_sub(&s->refs, n) == n)
                destroy(s);
}

static void unref(struct soc_subscriber *s)
{
        unref_many(s, 1);
}

/* --- the inbox --- */

/* Has the task run, once. Without the mutex. */
static void post(struct soc_subscriber *s)
{
        {
                LOCK(&s->mutex);
                if (s->closed || s->posted)
                        return;
                s->posted = true;
                atomic_fetch_add(&s->refs, 1);
        }
        client_post(s->client, &s->task);
}

static bool on_message(void *owner, nng_msg *message)
{
        struct soc_subscriber *s = owner;
        bool room;

        {
                LOCK(&s->mutex);
                if (s->closed) {
                        nng_msg_free(message);
                        return true;
                }
                s->messages[s->n_messages++] = message;
                room = s->n_messages < INBOX_MESSAGES;
        }
        post(s);
        return room;
}

static void on_connected(void *owner)
{
        struct soc_subscriber *s = owner;

        {
                LOCK(&s->mutex);
                s->reconnected = true;
        }
        post(s);
}

static void on_tick(void *arg)
{
        struct soc_subscriber *s = arg;

        {
                LOCK(&s->mutex);
                s->ticking = false;
        }
        post(s);
}

void subscriber_call_begins(struct follow *f)
{
        atomic_fetch_add(&f->subscriber->refs, 1);
        f->subscriber->n_calls++;
}

void subscriber_call_refused(struct follow *f)
{
        f->subscriber->n_calls--;
        unref(f->subscriber);
}

void subscriber_on_reply(void *closure, soc_status status, const ProtobufCMessage *response,
                         const soc_error *error)
{
        struct follow *f = closure;
        struct soc_subscriber *s = f->subscriber;
        bool closed;

        {
                LOCK(&s->mutex);
                closed = s->closed;
                f->status = (enum status)status;
                f->response = (ProtobufCMessage *)response;
                if (status != SOC_OK)
                        f->error = *(const struct error *)error;
                if (!closed) {
                        f->next_replied = s->replied;
                        s->replied = f;
                }
        }
        if (closed)
                unref(s); /* destroy() frees the rest */
        else
                post(s);
}

/* --- what is told --- */

bool subscriber_wants(struct follow *f)
{
        LOCK(&f->subscriber->mutex);

        return !f->gone && !f->subscriber->closed;
}

void subscriber_event(struct follow *f, const Socializer__V1__RoomEvent *event)
{
        const struct soc_subscriber_options *o = &f->subscriber->options;

        if (!subscriber_wants(f))
                return;
        if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE && o->on_message)
                o->on_message(o->closure, event->message);
        else if (o->on_event)
                o->on_event(o->closure, event);
}

void subscriber_state(struct follow *f, bool recovered, int64_t first_seq, int64_t last_seq)
{
        const struct soc_subscriber_options *o = &f->subscriber->options;

        if (o->on_state && subscriber_wants(f))
                o->on_state(o->closure, f->room_id, recovered, first_seq, last_seq, NULL);
}

void subscriber_user_event(struct follow *f, const Socializer__V1__UserEvent *event)
{
        const struct soc_subscriber_options *o = &f->subscriber->options;

        if (o->on_user_event && subscriber_wants(f))
                o->on_user_event(o->closure, event);
}

void subscriber_user_state(struct follow *f)
{
        const struct soc_subscriber_options *o = &f->subscriber->options;

        if (o->on_user_state && subscriber_wants(f))
                o->on_user_state(o->closure, f->user_id, NULL);
}

/* It is over: the task will free it, and its place is free at once. Under the mutex. */
static void let_go(struct soc_subscriber *s, struct follow *f)
{
        f->gone = true;
        table_remove(&s->by_id, &f->by_id);
        timers_move(&s->agenda, &f->timer, 0);
}

void subscriber_fail(struct follow *f, const struct error *error)
{
        struct soc_subscriber *s = f->subscriber;
        const struct soc_subscriber_options *o = &s->options;

        {
                LOCK(&s->mutex);
                if (f->gone || s->closed)
                        return;
                let_go(s, f);
        }
        if (f->room_id && o->on_state)
                o->on_state(o->closure, f->room_id, false, 0, 0, error_public(error));
        else if (f->user_id && o->on_user_state)
                o->on_user_state(o->closure, f->user_id, error_public(error));
}

/* --- the task --- */

/* Looks at a follow again when it has something to do. What is gone comes first, whatever waits. */
static void schedule(struct soc_subscriber *s, struct follow *f)
{
        deadline_ns due = follow_due(f);
        LOCK(&s->mutex);

        timers_move(&s->agenda, &f->timer, f->gone ? 0 : due ? due : 1);
}

/* The same when that is sooner. That something is to be done later, as it is after most events,
 * shows when its time has come. */
static void hurry(struct soc_subscriber *s, struct follow *f)
{
        deadline_ns due = follow_due(f);
        LOCK(&s->mutex);

        if (due < f->timer.at)
                timers_move(&s->agenda, &f->timer, due ? due : 1);
}

/* Looks at it again when its call has ended. */
static void park(struct soc_subscriber *s, struct follow *f)
{
        LOCK(&s->mutex);

        timers_move(&s->agenda, &f->timer, DEADLINE_NEVER);
}

static void work_on_event(struct soc_subscriber *s, nng_msg *message)
{
        const uint8_t *data = nng_msg_body(message);
        size_t n = nng_msg_len(message);
        struct table_entry *e =
                n > FOLLOW_HEAD_BYTES ? table_find(&s->by_topic, follow_topic_key(data)) : NULL;

        for (; e; e = table_find_next(e)) {
                struct follow *f = follow_of_topic(e);

                if (memcmp(f->topic, data, sizeof(f->topic)) != 0 || !subscriber_wants(f))
                        continue;
                follow_event(f, data, n);
                hurry(s, f);
                break;
        }
        nng_msg_free(message);
}

static void work_on_reply(struct soc_subscriber *s, struct follow *f)
{
        s->n_calls--;
        follow_replied(f);
        schedule(s, f);
}

static void reconnect_all(struct soc_subscriber *s)
{
        LOCK(&s->mutex);

        for (size_t i = 0; i < s->agenda.n; i++) {
                follow_reconnected(follow_of_timer(s->agenda.heap[i]));
                s->agenda.heap[i]->at = 0; /* all of them: so the heap is one still */
        }
}

/* The next whose time has come; NULL when there is none, or when it has to wait for a reply. */
static struct follow *next_due(struct soc_subscriber *s)
{
        LOCK(&s->mutex);
        struct timer *first = timers_first(&s->agenda);
        struct follow *f = first ? follow_of_timer(first) : NULL;

        if (!f || s->closed || !deadline_passed(first->at))
                return NULL;
        return f->gone || s->n_calls < MAX_CALLS ? f : NULL;
}

static void drop(struct soc_subscriber *s, struct follow *f)
{
        {
                LOCK(&s->mutex);
                timers_remove(&s->agenda, &f->timer);
        }
        follow_free(f);
}

static void advance(struct soc_subscriber *s)
{
        for (struct follow *f; (f = next_due(s));) {
                if (subscriber_wants(f)) {
                        follow_advance(f);
                        schedule(s, f);
                } else if (follow_end(f)) {
                        drop(s, f);
                } else {
                        park(s, f);
                }
        }
}

static bool is_closed(struct soc_subscriber *s)
{
        LOCK(&s->mutex);

        return s->closed;
}

struct inbox {
        struct follow *replied;
        unsigned n_messages;
        bool reconnected;
};

/* Takes everything that has come. False when the subscriber is closed. */
static bool begin(struct soc_subscriber *s, struct inbox *ret)
{
        LOCK(&s->mutex);
        nng_msg **messages = s->messages;

        s->posted = false;
        if (s->closed)
                return false;
        s->running = true;
        s->runner = pthread_self();
        *ret = (struct inbox){s->replied, s->n_messages, s->reconnected};
        s->replied = NULL;
        s->n_messages = 0;
        s->reconnected = false;
        s->messages = s->messages_taken;
        s->messages_taken = messages;
        return true;
}

enum tick { TICK_AS_IT_IS, TICK_START, TICK_HURRY };

/* What has to be done so that the task runs when the first of the agenda is due. Under the mutex.
 */
static enum tick plan_tick(struct soc_subscriber *s)
{
        struct timer *first = timers_first(&s->agenda);

        /* With so many calls under way, a reply will come first. */
        if (!first || first->at == DEADLINE_NEVER || s->n_calls >= MAX_CALLS)
                return TICK_AS_IT_IS;
        if (s->ticking)
                return first->at < s->tick_at ? TICK_HURRY : TICK_AS_IT_IS;
        s->ticking = true;
        s->tick_at = first->at;
        return TICK_START;
}

static void start_tick(struct soc_subscriber *s)
{
        uint32_t ms = deadline_left_ms(s->tick_at);

        if (ms < MIN_TICK_MS)
                ms = MIN_TICK_MS;
        nng_sleep_aio(ms < MAX_TICK_MS ? (nng_duration)ms : MAX_TICK_MS, s->tick);
}

static void end(struct soc_subscriber *s, const struct inbox *inbox)
{
        enum tick tick = TICK_AS_IT_IS;
        bool closed;

        {
                LOCK(&s->mutex);
                closed = s->closed;
                if (!closed)
                        tick = plan_tick(s);
        }
        /* Until running is false, soc_subscriber_free() on another thread waits, and what is used
         * here stays. On this thread, it has been and gone: closed is true. */
        if (tick == TICK_START)
                start_tick(s);
        else if (tick == TICK_HURRY)
                nng_aio_cancel(s->tick); /* which runs the task again */
        /* An inbox that was full has paused the feed. One that has filled since is for the run that
         * will take it. */
        if (!closed && inbox->n_messages == INBOX_MESSAGES)
                feed_resume(s->feed);

        LOCK(&s->mutex);
        s->running = false;
        pthread_cond_broadcast(&s->idle);
}

static void run(struct task *task)
{
        struct soc_subscriber *s =
                (struct soc_subscriber *)((char *)task - offsetof(struct soc_subscriber, task));
        struct inbox inbox;

        if (!begin(s, &inbox)) {
                unref(s);
                return;
        }
        for (unsigned i = 0; i < inbox.n_messages; i++)
                work_on_event(s, s->messages_taken[i]);
        for (struct follow *f = inbox.replied, *next; f; f = next) {
                next = f->next_replied;
                if (!is_closed(s))
                        work_on_reply(s, f);
                unref(s);
        }
        if (inbox.reconnected)
                reconnect_all(s);
        advance(s);
        end(s, &inbox);
        unref(s);
}

/* --- the interface --- */

static struct soc_subscriber *allocate(soc_client *client,
                                       const struct soc_subscriber_options *options)
{
        struct soc_subscriber *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->client = client;
        s->options = *options;
        s->task.run = run;
        atomic_init(&s->refs, 1);
        atomic_init(&s->n_gaps, 0);
        arena_init(&s->arena, ARENA_BYTES);
        pthread_mutex_init(&s->mutex, NULL);
        pthread_cond_init(&s->idle, NULL);
        s->messages = calloc(INBOX_MESSAGES, sizeof(nng_msg *));
        s->messages_taken = calloc(INBOX_MESSAGES, sizeof(nng_msg *));
        if (!s->messages || !s->messages_taken || !table_init(&s->by_id) ||
            !table_init(&s->by_topic) || nng_aio_alloc(&s->tick, on_tick, s)) {
                destroy(s);
                return NULL;
        }
        return s;
}

soc_status soc_subscriber_new(soc_client *client, const char *events_url,
                              const soc_subscriber_options *options, soc_subscriber **ret,
                              soc_error *reterr)
{
        struct error *err = error_of(reterr);
        struct soc_subscriber *s;
        enum status st;

        if (!options || (!options->on_message && !options->on_event && !options->on_user_event))
                return (soc_status)error_field(
                        err, "on_message",
                        "on_message: want a function here, in on_event or in on_user_event");
        if (sodium_init() < 0)
                return (soc_status)error_set(err, STATUS_INTERNAL, "libsodium does not start");
        s = allocate(client, options);
        if (!s)
                return (soc_status)error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        st = feed_open(events_url, &s->feed, err);
        if (st != STATUS_OK) {
                nng_aio_free(s->tick);
                destroy(s);
                return (soc_status)st;
        }
        feed_listen(s->feed, &(const struct feed_sink){on_message, on_connected, s});
        *ret = s;
        return SOC_OK;
}

/* Marks it closed and waits until the task, on another thread, is out of it. */
static void shut(struct soc_subscriber *s)
{
        LOCK(&s->mutex);

        s->closed = true;
        while (s->running && !pthread_equal(s->runner, pthread_self()))
                pthread_cond_wait(&s->idle, &s->mutex);
}

/* Replies that nobody works on any more; each holds a reference. */
static unsigned drop_replies(struct soc_subscriber *s)
{
        unsigned n = 0;
        LOCK(&s->mutex);

        for (struct follow *f = s->replied; f; f = f->next_replied)
                n++;
        s->replied = NULL;
        return n;
}

/* The task runs no more: nothing changes but by what is cancelled. */
static void cancel_all(struct soc_subscriber *s)
{
        for (size_t i = 0; i < s->agenda.n; i++) {
                struct follow *f = follow_of_timer(s->agenda.heap[i]);

                if (f->pending)
                        soc_cancel(f->pending);
        }
}

soc_subscriber *soc_subscriber_free(soc_subscriber *s)
{
        if (!s)
                return NULL;
        shut(s);
        feed_close(s->feed);
        nng_aio_stop(s->tick);
        nng_aio_free(s->tick);
        cancel_all(s);
        unref_many(s, 1 + drop_replies(s));
        return NULL;
}

/* Takes f over. */
static enum status add(struct soc_subscriber *s, struct follow *f, struct error *reterr)
{
        {
                LOCK(&s->mutex);
                if (table_find(&s->by_id, f->by_id.key)) {
                        bool is_room = f->room_id > 0;

                        follow_free(f);
                        return error_set(reterr, STATUS_ALREADY_EXISTS,
                                         "the %s is subscribed to already",
                                         is_room ? "room" : "user");
                }
                if (!timers_push(&s->agenda, &f->timer)) {
                        follow_free(f);
                        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
                }
                table_add(&s->by_id, &f->by_id);
        }
        post(s);
        return STATUS_OK;
}

static void remove_id(struct soc_subscriber *s, uint64_t key)
{
        {
                LOCK(&s->mutex);
                struct table_entry *e = table_find(&s->by_id, key);

                if (!e)
                        return;
                let_go(s, follow_of_id(e));
        }
        post(s);
}

soc_status soc_subscribe(soc_subscriber *s, int64_t room_id, int64_t after_seq, const char *token,
                         soc_error *reterr)
{
        struct error *err = error_of(reterr);
        struct follow *f;

        if (room_id < 1)
                return (soc_status)error_field(err, "room_id", "room_id: want 1 or more");
        if (after_seq < -1)
                return (soc_status)error_field(err, "after_seq", "after_seq: want -1 or more");
        f = follow_new(s, room_id, 0, after_seq, token);
        if (!f)
                return (soc_status)error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        return (soc_status)add(s, f, err);
}

soc_status soc_subscribe_user(soc_subscriber *s, int64_t user_id, const char *token,
                              soc_error *reterr)
{
        struct error *err = error_of(reterr);
        struct follow *f;

        if (user_id < 1)
                return (soc_status)error_field(err, "user_id", "user_id: want 1 or more");
        f = follow_new(s, 0, user_id, 0, token);
        if (!f)
                return (soc_status)error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        return (soc_status)add(s, f, err);
}

void soc_unsubscribe(soc_subscriber *s, int64_t room_id)
{
        remove_id(s, follow_id_key(room_id, 0));
}

void soc_unsubscribe_user(soc_subscriber *s, int64_t user_id)
{
        remove_id(s, follow_id_key(0, user_id));
}

uint64_t soc_subscriber_gaps(const soc_subscriber *s)
{
        return atomic_load_explicit(&s->n_gaps, memory_order_relaxed);
}
