#include "service/events/publisher.h"

#include "common/clock.h"

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

enum channel_kind { CHANNEL_ROOM, CHANNEL_USER };

struct channel {
        enum channel_kind kind;
        int64_t id; /* of the room or the user */
        struct channel *next; /* of the same bucket */
        struct publisher_keys keys;
        int64_t last_seq;
        /* Watermarks: in the list of active rooms while some are to be sent. */
        struct channel *prev_active, *next_active;
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
        struct channel **buckets;
        size_t n_buckets, n_channels;
        struct channel *active;
};

/* --- channels --- */

static struct channel **bucket_of(const struct publisher *p, enum channel_kind kind, int64_t id)
{
        uint64_t mixed = ((uint64_t)id * 2 + kind) * UINT64_C(0x9E3779B97F4A7C15);

        return &p->buckets[(size_t)(mixed >> 32) & (p->n_buckets - 1)];
}

static bool grow(struct publisher *p)
{
        size_t n_old = p->n_buckets;
        struct channel **old = p->buckets;
        struct channel **buckets = calloc(n_old ? n_old * 2 : 64, sizeof(struct channel *));

        if (!buckets)
                return false;
        p->buckets = buckets;
        p->n_buckets = n_old ? n_old * 2 : 64;
        for (size_t i = 0; i < n_old; i++) {
                for (struct channel *c = old[i], *next; c; c = next) {
                        struct channel **bucket = bucket_of(p, c->kind, c->id);

                        next = c->next;
                        c->next = *bucket;
                        *bucket = c;
                }
        }
        free(old);
        return true;
}

static void make_keys(struct publisher_keys *ret)
{
        randombytes_buf(ret->topic, sizeof(ret->topic));
        randombytes_buf(ret->key, sizeof(ret->key));
        do
                randombytes_buf(&ret->epoch, sizeof(ret->epoch));
        while (ret->epoch == 0);
}

/* NULL: nobody has asked for it yet. Under the mutex, as all that follows. */
static struct channel *find(const struct publisher *p, enum channel_kind kind, int64_t id)
{
        for (struct channel *c = *bucket_of(p, kind, id); c; c = c->next)
                if (c->kind == kind && c->id == id)
                        return c;
        return NULL;
}

/* Made on first use; NULL when there is no memory. */
static struct channel *get(struct publisher *p, enum channel_kind kind, int64_t id)
{
        struct channel *c = find(p, kind, id);

        if (c)
                return c;
        c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        c->kind = kind;
        c->id = id;
        make_keys(&c->keys);
        c->next = *bucket_of(p, kind, id);
        *bucket_of(p, kind, id) = c;
        /* Without memory to grow the chains get longer, and nothing else. */
        if (++p->n_channels > p->n_buckets)
                (void)grow(p);
        return c;
}

static void discard(struct channel *c)
{
        sodium_memzero(&c->keys, sizeof(c->keys));
        free(c);
}

/* --- sending --- */

/* Writes a sealed event; NULL when there is no memory. */
static nng_msg *seal(const struct publisher_keys *keys, const ProtobufCMessage *event)
{
        size_t n_plain = protobuf_c_message_get_packed_size(event);
        size_t n_head = PUBLISHER_TOPIC_BYTES + PUBLISHER_NONCE_BYTES;
        nng_msg *msg;

        if (nng_msg_alloc(&msg, n_head + n_plain + PUBLISHER_TAG_BYTES))
                return NULL;

        uint8_t *topic = nng_msg_body(msg);
        uint8_t *nonce = topic + PUBLISHER_TOPIC_BYTES;
        uint8_t *text = nonce + PUBLISHER_NONCE_BYTES;

        memcpy(topic, keys->topic, PUBLISHER_TOPIC_BYTES);
        randombytes_buf(nonce, PUBLISHER_NONCE_BYTES);
        protobuf_c_message_pack(event, text);
        crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, n_plain, topic,
                                                   PUBLISHER_TOPIC_BYTES, NULL, nonce, keys->key);
        return msg;
}

/* A pub socket copies references to its subscribers' queues and never waits. */
static void send_event(struct publisher *p, const struct channel *c, const ProtobufCMessage *event)
{
        nng_msg *msg = seal(&c->keys, event);

        if (msg && nng_sendmsg(p->socket, msg, NNG_FLAG_NONBLOCK))
                nng_msg_free(msg);
}

static void activate(struct publisher *p, struct channel *c)
{
        c->active = true;
        c->prev_active = NULL;
        c->next_active = p->active;
        if (p->active)
                p->active->prev_active = c;
        p->active = c;
        pthread_cond_signal(&p->cond);
}

static void deactivate(struct publisher *p, struct channel *c)
{
        c->active = false;
        if (c->prev_active)
                c->prev_active->next_active = c->next_active;
        else
                p->active = c->next_active;
        if (c->next_active)
                c->next_active->prev_active = c->prev_active;
}

void publisher_room_event(struct publisher *p, const Socializer__V1__RoomEvent *event)
{
        LOCK(&p->mutex);
        struct channel *c = find(p, CHANNEL_ROOM, event->room_id);

        if (!c)
                return;
        send_event(p, c, &event->base);
        if (event->seq == 0)
                return;
        if (event->seq > c->last_seq)
                c->last_seq = event->seq;
        c->n_left = N_WATERMARKS;
        c->due = deadline_in_ms(WATERMARK_QUIET_MS);
        if (!c->active)
                activate(p, c);
}

void publisher_user_event(struct publisher *p, const Socializer__V1__UserEvent *event)
{
        LOCK(&p->mutex);
        const struct channel *c = find(p, CHANNEL_USER, event->user_id);

        if (c)
                send_event(p, c, &event->base);
}

/* --- keys --- */

static enum status get_keys(struct publisher *p, enum channel_kind kind, int64_t id,
                            struct publisher_keys *ret, struct error *reterr)
{
        LOCK(&p->mutex);
        const struct channel *c = get(p, kind, id);

        if (!c)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        *ret = c->keys;
        return STATUS_OK;
}

enum status publisher_room_keys(struct publisher *p, int64_t room_id, struct publisher_keys *ret,
                                struct error *reterr)
{
        return get_keys(p, CHANNEL_ROOM, room_id, ret, reterr);
}

enum status publisher_user_keys(struct publisher *p, int64_t user_id, struct publisher_keys *ret,
                                struct error *reterr)
{
        return get_keys(p, CHANNEL_USER, user_id, ret, reterr);
}

/* The last event under the old keys, and others. */
static void rekey(struct publisher *p, enum channel_kind kind, int64_t id,
                  const ProtobufCMessage *last)
{
        LOCK(&p->mutex);
        struct channel *c = find(p, kind, id);

        if (!c)
                return;
        send_event(p, c, last);
        make_keys(&c->keys);
}

void publisher_rekey_room(struct publisher *p, int64_t room_id)
{
        Socializer__V1__Rekey word = SOCIALIZER__V1__REKEY__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY;
        event.rekey = &word;
        rekey(p, CHANNEL_ROOM, room_id, &event.base);
}

void publisher_rekey_user(struct publisher *p, int64_t user_id)
{
        Socializer__V1__Rekey word = SOCIALIZER__V1__REKEY__INIT;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;

        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_REKEY;
        event.rekey = &word;
        rekey(p, CHANNEL_USER, user_id, &event.base);
}

void publisher_end_room(struct publisher *p, int64_t room_id)
{
        Socializer__V1__RoomDeleted deleted = SOCIALIZER__V1__ROOM_DELETED__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED;
        event.deleted = &deleted;
        LOCK(&p->mutex);
        struct channel **at = bucket_of(p, CHANNEL_ROOM, room_id);
        while (*at && ((*at)->kind != CHANNEL_ROOM || (*at)->id != room_id))
                at = &(*at)->next;
        struct channel *c = *at;
        if (!c)
                return;
        send_event(p, c, &event.base);
        if (c->active)
                deactivate(p, c);
        *at = c->next;
        p->n_channels--;
        discard(c);
}

const char *publisher_url(const struct publisher *p)
{
        return p->url;
}

/* --- watermarks --- */

static void send_watermark(struct publisher *p, const struct channel *c)
{
        Socializer__V1__Watermark watermark = SOCIALIZER__V1__WATERMARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        watermark.last_seq = c->last_seq;
        event.room_id = c->id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK;
        event.watermark = &watermark;
        send_event(p, c, &event.base);
}

/* Sends the watermarks that are due and says when the next one is. Under the mutex. */
static deadline_ns send_watermarks(struct publisher *p)
{
        deadline_ns next_due = DEADLINE_NEVER;

        for (struct channel *c = p->active, *next; c; c = next) {
                next = c->next_active;
                if (deadline_passed(c->due)) {
                        send_watermark(p, c);
                        c->due = deadline_in_ms(WATERMARK_EVERY_MS);
                        if (--c->n_left == 0) {
                                deactivate(p, c);
                                continue;
                        }
                }
                if (c->due < next_due)
                        next_due = c->due;
        }
        return next_due;
}

static void *watermark_main(void *arg)
{
        struct publisher *p = arg;
        LOCK(&p->mutex);

        while (!p->stopping)
                clock_cond_wait(&p->cond, &p->mutex, send_watermarks(p));
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
        int failed;

        pthread_mutex_init(&p->mutex, NULL);
        clock_cond_init(&p->cond);
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
                for (struct channel *c = p->buckets[i], *next; c; c = next) {
                        next = c->next;
                        discard(c);
                }
        }
        free(p->buckets);
        pthread_cond_destroy(&p->cond);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}
