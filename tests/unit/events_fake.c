#include "tests/unit/events_fake.h"

#include "common/cleanup.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

#define WATERMARK_MS 100

struct source {
        struct events_of of;
        struct events_fake_keys keys;
        int64_t last_seq; /* 0: no watermarks */
};

struct events_fake {
        nng_socket socket;
        atomic_uint n_followers;
        pthread_t thread;
        pthread_mutex_t mutex; /* guards what follows, and the order of what is sent */
        pthread_cond_t stop;
        bool stopping;
        struct source sources[EVENTS_FAKE_MAX];
        unsigned n;
};

static void make_keys(struct events_fake_keys *k)
{
        randombytes_buf(k, sizeof(*k));
}

static struct source *source_of(struct events_fake *e, struct events_of of)
{
        for (unsigned i = 0; i < e->n; i++)
                if (e->sources[i].of.room_id == of.room_id &&
                    e->sources[i].of.user_id == of.user_id)
                        return &e->sources[i];
        if (e->n == EVENTS_FAKE_MAX)
                abort();
        e->sources[e->n].of = of;
        make_keys(&e->sources[e->n].keys);
        return &e->sources[e->n++];
}

void events_fake_send(struct events_fake *e, const struct events_fake_keys *keys,
                      const ProtobufCMessage *event)
{
        size_t n = protobuf_c_message_get_packed_size(event);
        AUTO_FREE uint8_t *plain = malloc(n + 1);
        AUTO_FREE uint8_t *sealed = malloc(16 + 24 + n + 16);
        unsigned long long n_sealed;

        protobuf_c_message_pack(event, plain);
        memcpy(sealed, keys->topic, 16);
        randombytes_buf(sealed + 16, 24);
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 40, &n_sealed, plain, n, keys->topic,
                                                   16, NULL, sealed + 16, keys->key);
        /* nng before 1.6 loses the message that it was sending to who vanished. */
        __lsan_disable();
        nng_send(e->socket, sealed, 40 + (size_t)n_sealed, 0);
        __lsan_enable();
}

struct events_fake_keys events_fake_keys(struct events_fake *e, struct events_of of)
{
        LOCK(&e->mutex);

        return source_of(e, of)->keys;
}

void events_fake_rekey(struct events_fake *e, struct events_of of)
{
        LOCK(&e->mutex);

        make_keys(&source_of(e, of)->keys);
}

void events_fake_room(struct events_fake *e, const Socializer__V1__RoomEvent *event)
{
        LOCK(&e->mutex);

        events_fake_send(e, &source_of(e, (struct events_of){.room_id = event->room_id})->keys,
                         &event->base);
}

void events_fake_user(struct events_fake *e, const Socializer__V1__UserEvent *event)
{
        LOCK(&e->mutex);

        events_fake_send(e, &source_of(e, (struct events_of){.user_id = event->user_id})->keys,
                         &event->base);
}

void events_fake_watermark(struct events_fake *e, int64_t room_id, int64_t last_seq)
{
        LOCK(&e->mutex);

        source_of(e, (struct events_of){.room_id = room_id})->last_seq = last_seq;
}

static void send_watermark(struct events_fake *e, const struct source *s)
{
        Socializer__V1__Watermark watermark = SOCIALIZER__V1__WATERMARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        watermark.last_seq = s->last_seq;
        event.room_id = s->of.room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK;
        event.watermark = &watermark;
        events_fake_send(e, &s->keys, &event.base);
}

static void *watermark_main(void *arg)
{
        struct events_fake *e = arg;
        LOCK(&e->mutex);

        while (!e->stopping) {
                struct timespec at;

                for (unsigned i = 0; i < e->n; i++)
                        if (e->sources[i].last_seq > 0)
                                send_watermark(e, &e->sources[i]);
                clock_gettime(CLOCK_REALTIME, &at);
                at.tv_nsec += WATERMARK_MS * 1000000;
                at.tv_sec += at.tv_nsec / 1000000000;
                at.tv_nsec %= 1000000000;
                pthread_cond_timedwait(&e->stop, &e->mutex, &at);
        }
        return NULL;
}

static void on_follower(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
        struct events_fake *e = arg;

        (void)pipe;
        (void)event;
        atomic_fetch_add(&e->n_followers, 1);
}

unsigned events_fake_followers(const struct events_fake *e)
{
        return atomic_load(&e->n_followers);
}

struct events_fake *events_fake_new(const char *url)
{
        struct events_fake *e = calloc(1, sizeof(*e));

        pthread_mutex_init(&e->mutex, NULL);
        pthread_cond_init(&e->stop, NULL);
        if (nng_pub0_open(&e->socket) != 0 ||
            nng_pipe_notify(e->socket, NNG_PIPE_EV_ADD_POST, on_follower, e) != 0 ||
            nng_socket_set_int(e->socket, NNG_OPT_SENDBUF, 1024) != 0 ||
            nng_listen(e->socket, url, NULL, 0) != 0 ||
            pthread_create(&e->thread, NULL, watermark_main, e) != 0)
                abort();
        return e;
}

struct events_fake *events_fake_free(struct events_fake *e)
{
        if (!e)
                return NULL;
        {
                LOCK(&e->mutex);
                e->stopping = true;
                pthread_cond_signal(&e->stop);
        }
        pthread_join(e->thread, NULL);
        nng_close(e->socket);
        pthread_cond_destroy(&e->stop);
        pthread_mutex_destroy(&e->mutex);
        free(e);
        return NULL;
}
