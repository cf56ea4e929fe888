#include "client/feed.h"

#include <nng/protocol/pubsub0/sub.h>
#include <pthread.h>
#include <string.h>

/* Events that wait for us; beyond that they are lost here, and found by their numbers. */
#define RECEIVE_BUFFER_MESSAGES 8192
/* A sealed message of 5,000 characters takes about 20 KiB. */
#define MAX_EVENT_BYTES (64u * 1024)
/* A publisher sends everything to everybody, and nng compares each message with one topic after the
 * other, under the socket's lock. With more topics than these the socket takes everything, and the
 * subscriber finds whose it is in a hash table. Measured, of processor time for a message: 6 µs
 * with 64 topics, 12 with 1,000, 95 with 16,000; 7 when everything is taken and the same is
 * delivered. */
#define MAX_TOPICS       64
#define RECONNECT_MIN_MS 20
#define RECONNECT_MAX_MS 500

/* Before 1.6, closing a sub socket while messages arrive may stop nng's only closing thread for
 * good, and cancelling a receive while one is delivered may crash. There is no way to bring the
 * other side to rest, so sockets of those releases are not closed: they are kept, without topics,
 * for the next feed to the same address. */
#define KEEPS_SOCKETS (NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6)

struct feed {
        struct feed *next; /* of those that are kept */
        char *url;
        nng_socket socket;
        nng_aio *aio; /* the one receive, without a time limit */
        uint8_t topics[MAX_TOPICS][FEED_TOPIC_BYTES];
        size_t n_topics;
        bool takes_all; /* from the first topic that had no place, to the end */

        pthread_mutex_t mutex;
        struct feed_sink sink; /* owner NULL: nobody listens */
        bool paused; /* no receive is under way */
};

static pthread_mutex_t kept_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct feed *kept;

static void on_received(void *arg)
{
        struct feed *f = arg;
        nng_msg *message;

        if (nng_aio_result(f->aio))
                return; /* only when the socket is closed */
        message = nng_aio_get_msg(f->aio);
        nng_aio_set_msg(f->aio, NULL);
        {
                LOCK(&f->mutex);
                if (!f->sink.owner)
                        nng_msg_free(message);
                else
                        f->paused = !f->sink.message(f->sink.owner, message);
                if (f->paused)
                        return;
        }
        nng_recv_aio(f->socket, f->aio);
}

static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
        struct feed *f = arg;
        LOCK(&f->mutex);

        (void)pipe;
        (void)event;
        if (f->sink.owner)
                f->sink.connected(f->sink.owner);
}

void feed_resume(struct feed *f)
{
        {
                LOCK(&f->mutex);
                if (!f->paused)
                        return;
                f->paused = false;
        }
        nng_recv_aio(f->socket, f->aio);
}

static enum status nng_error(int rv, const char *url, struct error *reterr)
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
                return error_set(reterr, STATUS_UNAVAILABLE, "events: %s", nng_strerror(rv));
        }
}

static int configure(struct feed *f)
{
        int rv = nng_socket_set_int(f->socket, NNG_OPT_RECVBUF, RECEIVE_BUFFER_MESSAGES);

        if (rv == 0)
                rv = nng_socket_set_size(f->socket, NNG_OPT_RECVMAXSZ, MAX_EVENT_BYTES);
        if (rv == 0)
                rv = nng_socket_set_ms(f->socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
        if (rv == 0)
                rv = nng_socket_set_ms(f->socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
        if (rv == 0)
                rv = nng_pipe_notify(f->socket, NNG_PIPE_EV_ADD_POST, on_pipe, f);
        if (rv == 0)
                rv = nng_aio_alloc(&f->aio, on_received, f);
        if (rv == 0)
                nng_aio_set_timeout(f->aio, NNG_DURATION_INFINITE);
        return rv;
}

/* Frees a feed whose socket is closed, or was never opened. */
static void discard(struct feed *f)
{
        if (f->aio)
                nng_aio_free(f->aio);
        pthread_mutex_destroy(&f->mutex);
        free(f->url);
        free(f);
}

static enum status open_new(const char *url, struct feed **ret, struct error *reterr)
{
        struct feed *f = calloc(1, sizeof(*f));
        int rv;

        if (!f)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        pthread_mutex_init(&f->mutex, NULL);
        f->url = strdup(url);
        rv = f->url ? nng_sub0_open(&f->socket) : NNG_ENOMEM;
        if (rv) {
                discard(f);
                return nng_error(rv, url, reterr);
        }
        rv = configure(f);
        if (rv == 0)
                rv = nng_dial(f->socket, url, NULL, NNG_FLAG_NONBLOCK);
        if (rv) {
                nng_close(f->socket);
                discard(f);
                return nng_error(rv, url, reterr);
        }
        nng_recv_aio(f->socket, f->aio);
        *ret = f;
        return STATUS_OK;
}

static struct feed *take_kept(const char *url)
{
        LOCK(&kept_mutex);

        for (struct feed **at = &kept; *at; at = &(*at)->next) {
                if (strcmp((*at)->url, url) == 0) {
                        struct feed *f = *at;

                        *at = f->next;
                        return f;
                }
        }
        return NULL;
}

enum status feed_open(const char *url, struct feed **ret, struct error *reterr)
{
        struct feed *f = take_kept(url);

        if (!f)
                return open_new(url, ret, reterr);
        *ret = f;
        return STATUS_OK;
}

void feed_listen(struct feed *f, const struct feed_sink *sink)
{
        LOCK(&f->mutex);

        f->sink = *sink;
}

static bool has_topic(const struct feed *f, const uint8_t *topic)
{
        for (size_t i = 0; i < f->n_topics; i++)
                if (memcmp(f->topics[i], topic, FEED_TOPIC_BYTES) == 0)
                        return true;
        return false;
}

/* nng knows each topic once, however often we have it. */
static void unsubscribe(struct feed *f, size_t i)
{
        uint8_t topic[FEED_TOPIC_BYTES];

        memcpy(topic, f->topics[i], FEED_TOPIC_BYTES);
        memmove(f->topics[i], f->topics[--f->n_topics], FEED_TOPIC_BYTES);
        if (!has_topic(f, topic))
                nng_socket_set(f->socket, NNG_OPT_SUB_UNSUBSCRIBE, topic, FEED_TOPIC_BYTES);
}

/* There is no way back: nobody remembers the topics from here on. */
static int take_all(struct feed *f)
{
        int rv = nng_socket_set(f->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0);

        if (rv)
                return rv;
        f->takes_all = true;
        while (f->n_topics > 0)
                unsubscribe(f, f->n_topics - 1);
        return 0;
}

static void keep(struct feed *f)
{
        while (f->n_topics > 0)
                unsubscribe(f, f->n_topics - 1);
        if (f->takes_all)
                nng_socket_set(f->socket, NNG_OPT_SUB_UNSUBSCRIBE, "", 0);
        f->takes_all = false;
        feed_resume(f);
        LOCK(&kept_mutex);
        f->next = kept;
        kept = f;
}

struct feed *feed_close(struct feed *f)
{
        if (!f)
                return NULL;
        {
                LOCK(&f->mutex);
                f->sink = (struct feed_sink){0};
        }
        if (KEEPS_SOCKETS) {
                keep(f);
        } else {
                nng_aio_stop(f->aio);
                nng_close(f->socket);
                discard(f);
        }
        return NULL;
}

enum status feed_subscribe(struct feed *f, const uint8_t topic[static FEED_TOPIC_BYTES],
                           struct error *reterr)
{
        int rv = 0;

        if (f->takes_all)
                return STATUS_OK;
        if (f->n_topics == MAX_TOPICS)
                rv = take_all(f);
        else
                rv = nng_socket_set(f->socket, NNG_OPT_SUB_SUBSCRIBE, topic, FEED_TOPIC_BYTES);
        if (rv)
                return nng_error(rv, f->url, reterr);
        if (!f->takes_all)
                memcpy(f->topics[f->n_topics++], topic, FEED_TOPIC_BYTES);
        return STATUS_OK;
}

void feed_unsubscribe(struct feed *f, const uint8_t topic[static FEED_TOPIC_BYTES])
{
        for (size_t i = 0; i < f->n_topics; i++) {
                if (memcmp(f->topics[i], topic, FEED_TOPIC_BYTES) == 0) {
                        unsubscribe(f, i);
                        return;
                }
        }
}
