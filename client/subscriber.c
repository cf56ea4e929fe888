#include "client/subscriber.h"

#include "common/contract.h"

#include <sodium.h>
#include <string.h>

/* Events that wait for the task. When they are so many, the socket's own buffer fills, and then the
 * oldest are lost and fetched later. */
#define INBOX_MESSAGES 1024
#define TICK_MS        1000
/* One event, unpacked. */
#define ARENA_BYTES (256u * 1024)

static void free_response(struct follow *f)
{
        if (f->response)
                protobuf_c_message_free_unpacked(f->response, NULL);
        f->response = NULL;
}

/* Frees what a subscriber is made of, when nothing refers to it any more. */
static void destroy(struct soc_subscriber *s)
{
        for (struct follow *f = s->follows, *next; f; f = next) {
                next = f->next;
                soc_pending_release(f->pending);
                free_response(f);
                follow_free(f);
        }
        for (unsigned i = 0; i < s->n_messages; i++)
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
}

void subscriber_call_refused(struct follow *f)
{
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

/* --- what rooms tell --- */

bool subscriber_wants(struct follow *f)
{
        LOCK(&f->subscriber->mutex);

        return !f->gone && !f->subscriber->closed;
}

void subscriber_message(struct follow *f, const Socializer__V1__RoomMessage *message)
{
        struct soc_subscriber *s = f->subscriber;

        if (subscriber_wants(f))
                s->options.on_message(s->options.closure, message);
}

void subscriber_state(struct follow *f, bool recovered, int64_t first_seq, int64_t last_seq)
{
        struct soc_subscriber *s = f->subscriber;

        if (s->options.on_state && subscriber_wants(f))
                s->options.on_state(s->options.closure, f->room_id, recovered, first_seq, last_seq,
                                    NULL);
}

void subscriber_event(struct follow *f, const Socializer__V1__RoomEvent *event)
{
        struct soc_subscriber *s = f->subscriber;

        if (s->options.on_event && subscriber_wants(f))
                s->options.on_event(s->options.closure, event);
}

void subscriber_fail(struct follow *f, const struct error *error)
{
        struct soc_subscriber *s = f->subscriber;
        bool was_gone;

        {
                LOCK(&s->mutex);
                was_gone = f->gone || s->closed;
                f->gone = true;
        }
        if (!was_gone && s->options.on_state)
                s->options.on_state(s->options.closure, f->room_id, false, 0, 0,
                                    error_public(error));
}

/* --- the task --- */

static struct follow *first_follow(struct soc_subscriber *s)
{
        LOCK(&s->mutex);

        return s->follows;
}

static void work_on_event(struct soc_subscriber *s, nng_msg *message)
{
        const uint8_t *data = nng_msg_body(message);
        size_t n = nng_msg_len(message);

        for (struct follow *f = first_follow(s); f; f = f->next) {
                if (!follow_is_for(f, data, n))
                        continue;
                if (subscriber_wants(f))
                        follow_event(f, data, n);
                break;
        }
        nng_msg_free(message);
}

static void unlink_follow(struct soc_subscriber *s, struct follow *f)
{
        LOCK(&s->mutex);

        for (struct follow **at = &s->follows; *at; at = &(*at)->next) {
                if (*at == f) {
                        *at = f->next;
                        return;
                }
        }
}

static void advance_all(struct soc_subscriber *s, bool reconnected)
{
        for (struct follow *f = first_follow(s), *next; f; f = next) {
                next = f->next;
                if (subscriber_wants(f)) {
                        if (reconnected)
                                follow_reconnected(f);
                        follow_advance(f);
                } else if (follow_end(f)) {
                        unlink_follow(s, f);
                        follow_free(f);
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

static void end(struct soc_subscriber *s)
{
        bool arm, closed;

        {
                LOCK(&s->mutex);
                closed = s->closed;
                arm = !closed && s->follows && !s->ticking;
                if (arm)
                        s->ticking = true;
        }
        /* Until running is false, soc_subscriber_free() on another thread waits, and what is used
         * here stays. On this thread, it has been and gone: closed is true. */
        if (arm)
                nng_sleep_aio(TICK_MS, s->tick);
        if (!closed)
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
                        follow_replied(f);
                unref(s);
        }
        if (!is_closed(s))
                advance_all(s, inbox.reconnected);
        end(s);
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
        if (!s->messages || !s->messages_taken || nng_aio_alloc(&s->tick, on_tick, s)) {
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

        if (!options || !options->on_message)
                return (soc_status)error_field(err, "on_message", "on_message: want a function");
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

soc_subscriber *soc_subscriber_free(soc_subscriber *s)
{
        if (!s)
                return NULL;
        shut(s);
        feed_close(s->feed);
        nng_aio_stop(s->tick);
        nng_aio_free(s->tick);
        for (struct follow *f = first_follow(s); f; f = f->next)
                if (f->pending)
                        soc_cancel(f->pending);
        unref_many(s, 1 + drop_replies(s));
        return NULL;
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
        f = follow_new(s, room_id, after_seq, token);
        if (!f)
                return (soc_status)error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        {
                LOCK(&s->mutex);
                for (struct follow *other = s->follows; other; other = other->next) {
                        if (other->room_id == room_id && !other->gone) {
                                follow_free(f);
                                return (soc_status)error_set(err, STATUS_ALREADY_EXISTS,
                                                             "the room is subscribed to already");
                        }
                }
                f->next = s->follows;
                s->follows = f;
        }
        post(s);
        return SOC_OK;
}

void soc_unsubscribe(soc_subscriber *s, int64_t room_id)
{
        {
                LOCK(&s->mutex);
                for (struct follow *f = s->follows; f; f = f->next)
                        if (f->room_id == room_id)
                                f->gone = true;
        }
        post(s);
}

uint64_t soc_subscriber_gaps(const soc_subscriber *s)
{
        return atomic_load_explicit(&s->n_gaps, memory_order_relaxed);
}
