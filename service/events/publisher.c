#include "service/events/publisher.h"

#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Messages that wait for one slow subscriber. nng drops the oldest beyond that: they are fetched by
 * RPC then, so this bounds memory and is not what makes events arrive. Measured: 1,024 lose nothing
 * at 4,000 events a second to 100 subscribers. */
#define SEND_BUFFER_MESSAGES 1024
/* Subscribers say nothing. */
#define MAX_RECEIVED_BYTES 1024

/* A lost last event shows soon after the talk pauses, and for some seconds more. */
#define WATERMARK_QUIET_MS 250
#define WATERMARK_EVERY_MS 1000
#define N_WATERMARKS       11

struct room {
        int64_t id;
        struct room *next; /* of the same bucket */
        struct publisher_keys keys;
        int64_t last_seq;
        /* Watermarks: in the list of active rooms while some are to be sent. */
        struct room *prev_active, *next_active;
        bool active;
        unsigned n_left;
        deadline_ns due;
};

struct publisher {
        nng_socket socket;
        nng_listener listener;
        char url[160];
        pthread_t thread;

        pthread_mutex_t mutex; /* guards all that follows, and the order of what is sent */
        pthread_cond_t cond; /* a room became active, or stopping */
        bool stopping;
        struct room **buckets;
        size_t n_buckets, n_rooms;
        struct room *active;
};

static size_t bucket_of(const struct publisher *p, int64_t room_id)
{
        return (size_t)((uint64_t)room_id * UINT64_C(0x9E3779B97F4A7C15) >> 32) &
               (p->n_buckets - 1);
}

static bool grow(struct publisher *p)
{
        size_t n_old = p->n_buckets;
        struct room **old = p->buckets;
        struct room **buckets = calloc(n_old ? n_old * 2 : 64, sizeof(struct room *));

        if (!buckets)
                return false;
        p->buckets = buckets;
        p->n_buckets = n_old ? n_old * 2 : 64;
        for (size_t i = 0; i < n_old; i++) {
                for (struct room *r = old[i], *next; r; r = next) {
                        size_t b = bucket_of(p, r->id);

                        next = r->next;
                        r->next = buckets[b];
                        buckets[b] = r;
                }
        }
        free(old);
        return true;
}

/* The room, made on first use; NULL when there is no memory. Under the mutex. */
static struct room *room_of(struct publisher *p, int64_t room_id)
{
        size_t b = bucket_of(p, room_id);

        for (struct room *r = p->buckets[b]; r; r = r->next)
                if (r->id == room_id)
                        return r;

        struct room *r = calloc(1, sizeof(*r));
        if (!r)
                return NULL;
        r->id = room_id;
        randombytes_buf(r->keys.topic, sizeof(r->keys.topic));
        randombytes_buf(r->keys.key, sizeof(r->keys.key));
        do
                randombytes_buf(&r->keys.epoch, sizeof(r->keys.epoch));
        while (r->keys.epoch == 0);
        r->next = p->buckets[b];
        p->buckets[b] = r;
        /* Without memory to grow the chains get longer, and nothing else. */
        if (++p->n_rooms > p->n_buckets)
                (void)grow(p);
        return r;
}

/* Writes a sealed event; NULL when there is no memory. */
static nng_msg *seal(const struct publisher_keys *keys, const Socializer__V1__RoomEvent *event)
{
        size_t n_plain = socializer__v1__room_event__get_packed_size(event);
        size_t n_head = PUBLISHER_TOPIC_BYTES + PUBLISHER_NONCE_BYTES;
        nng_msg *msg;

        if (nng_msg_alloc(&msg, n_head + n_plain + PUBLISHER_TAG_BYTES))
                return NULL;

        uint8_t *topic = nng_msg_body(msg);
        uint8_t *nonce = topic + PUBLISHER_TOPIC_BYTES;
        uint8_t *text = nonce + PUBLISHER_NONCE_BYTES;

        memcpy(topic, keys->topic, PUBLISHER_TOPIC_BYTES);
        randombytes_buf(nonce, PUBLISHER_NONCE_BYTES);
        socializer__v1__room_event__pack(event, text);
        crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, n_plain, topic,
                                                   PUBLISHER_TOPIC_BYTES, NULL, nonce, keys->key);
        return msg;
}

/* Under the mutex. A pub socket copies references to its subscribers' queues and never waits. */
static void send_event(struct publisher *p, const struct room *r,
                       const Socializer__V1__RoomEvent *event)
{
        nng_msg *msg = seal(&r->keys, event);

        if (msg && nng_sendmsg(p->socket, msg, NNG_FLAG_NONBLOCK))
                nng_msg_free(msg);
}

static void activate(struct publisher *p, struct room *r)
{
        r->active = true;
        r->prev_active = NULL;
        r->next_active = p->active;
        if (p->active)
                p->active->prev_active = r;
        p->active = r;
        pthread_cond_signal(&p->cond);
}

static void deactivate(struct publisher *p, struct room *r)
{
        r->active = false;
        if (r->prev_active)
                r->prev_active->next_active = r->next_active;
        else
                p->active = r->next_active;
        if (r->next_active)
                r->next_active->prev_active = r->prev_active;
}

void publisher_message(struct publisher *p, const Socializer__V1__RoomMessage *message)
{
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = message->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = (Socializer__V1__RoomMessage *)message;

        LOCK(&p->mutex);
        struct room *r = room_of(p, message->room_id);
        if (!r)
                return;
        send_event(p, r, &event);
        if (message->seq > r->last_seq)
                r->last_seq = message->seq;
        r->n_left = N_WATERMARKS;
        r->due = deadline_in_ms(WATERMARK_QUIET_MS);
        if (!r->active)
                activate(p, r);
}

enum status publisher_keys(struct publisher *p, int64_t room_id, struct publisher_keys *ret,
                           struct error *reterr)
{
        LOCK(&p->mutex);
        struct room *r = room_of(p, room_id);

        if (!r)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        *ret = r->keys;
        return STATUS_OK;
}

const char *publisher_url(const struct publisher *p)
{
        return p->url;
}

static void send_watermark(struct publisher *p, struct room *r)
{
        Socializer__V1__Watermark watermark = SOCIALIZER__V1__WATERMARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        watermark.last_seq = r->last_seq;
        event.room_id = r->id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK;
        event.watermark = &watermark;
        send_event(p, r, &event);
}

/* Sends the watermarks that are due and says when the next one is. Under the mutex. */
static deadline_ns send_watermarks(struct publisher *p)
{
        deadline_ns next_due = DEADLINE_NEVER;

        for (struct room *r = p->active, *next; r; r = next) {
                next = r->next_active;
                if (deadline_passed(r->due)) {
                        send_watermark(p, r);
                        r->due = deadline_in_ms(WATERMARK_EVERY_MS);
                        if (--r->n_left == 0) {
                                deactivate(p, r);
                                continue;
                        }
                }
                if (r->due < next_due)
                        next_due = r->due;
        }
        return next_due;
}

static void *watermark_main(void *arg)
{
        struct publisher *p = arg;
        LOCK(&p->mutex);

        while (!p->stopping) {
                deadline_ns due = send_watermarks(p);
                struct timespec at = {(time_t)(due / 1000000000), (long)(due % 1000000000)};

                if (due == DEADLINE_NEVER)
                        pthread_cond_wait(&p->cond, &p->mutex);
                else
                        pthread_cond_timedwait(&p->cond, &p->mutex, &at);
        }
        return NULL;
}

static enum status address_error(const char *url, int rv, struct error *reterr)
{
        switch (rv) {
        case NNG_EADDRINVAL:
        case NNG_EINVAL:
        case NNG_ENOTSUP:
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "events: '%.100s' is no address",
                                 url);
        case NNG_ENOMEM:
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        default:
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "events: cannot listen on '%.100s': %s", url, nng_strerror(rv));
        }
}

static int listen_on(struct publisher *p, const char *url)
{
        int rv = nng_socket_set_int(p->socket, NNG_OPT_SENDBUF, SEND_BUFFER_MESSAGES);

        if (rv == 0)
                rv = nng_socket_set_size(p->socket, NNG_OPT_RECVMAXSZ, MAX_RECEIVED_BYTES);
        if (rv == 0)
                rv = nng_listener_create(&p->listener, p->socket, url);
        if (rv == 0)
                rv = nng_listener_start(p->listener, 0);
        return rv;
}

static void remember_url(struct publisher *p, const char *url)
{
        int port;

        if (strncmp(url, "tcp://", 6) == 0 &&
            nng_listener_get_int(p->listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
                snprintf(p->url, sizeof(p->url), "%.*s:%d", (int)(strrchr(url, ':') - url), url,
                         port);
        else
                snprintf(p->url, sizeof(p->url), "%s", url);
}

static enum status start_thread(struct publisher *p, struct error *reterr)
{
        pthread_condattr_t attr;
        int failed;

        pthread_mutex_init(&p->mutex, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&p->cond, &attr);
        pthread_condattr_destroy(&attr);
        failed = pthread_create(&p->thread, NULL, watermark_main, p);
        if (failed) {
                pthread_cond_destroy(&p->cond);
                pthread_mutex_destroy(&p->mutex);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                                 strerror(failed));
        }
        return STATUS_OK;
}

enum status publisher_new(const char *url, struct publisher **ret, struct error *reterr)
{
        enum status st;
        int rv;
        struct publisher *p = NULL;

        if (strlen(url) >= sizeof(p->url) - 8)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "events: the address is too long");
        if (sodium_init() < 0)
                return error_set(reterr, STATUS_INTERNAL, "libsodium does not start");
        p = calloc(1, sizeof(*p));
        if (!p || !grow(p)) {
                free(p);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        }
        rv = nng_pub0_open(&p->socket);
        if (rv) {
                st = error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "events: %s", nng_strerror(rv));
                goto fail;
        }
        rv = listen_on(p, url);
        if (rv) {
                st = address_error(url, rv, reterr);
                goto fail_socket;
        }
        remember_url(p, url);
        st = start_thread(p, reterr);
        if (st != STATUS_OK)
                goto fail_socket;
        *ret = p;
        return STATUS_OK;

fail_socket:
        nng_close(p->socket);
fail:
        free(p->buckets);
        free(p);
        return st;
}

struct publisher *publisher_free(struct publisher *p)
{
        if (!p)
                return NULL;
        pthread_mutex_lock(&p->mutex);
        p->stopping = true;
        pthread_cond_signal(&p->cond);
        pthread_mutex_unlock(&p->mutex);
        pthread_join(p->thread, NULL);
        nng_close(p->socket);
        for (size_t i = 0; i < p->n_buckets; i++) {
                for (struct room *r = p->buckets[i], *next; r; r = next) {
                        next = r->next;
                        sodium_memzero(&r->keys, sizeof(r->keys));
                        free(r);
                }
        }
        free(p->buckets);
        pthread_cond_destroy(&p->cond);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}
