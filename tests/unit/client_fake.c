#include "tests/unit/client_fake.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <endian.h>
#include <nng/nng.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_PEERS  16
#define MAX_HELD   64
#define WAIT_MS    10000u
#define REQ_HEADER 4 /* the request id, which the reply repeats */

struct held {
        int fd;
        struct buffer frame;
};

struct fake {
        fake_handler handler;
        void *arg;
        int listener;
        int wake[2]; /* a byte: 'q' to end, 'r' to release */
        int peers[MAX_PEERS];
        unsigned n_peers;
        struct held held[MAX_HELD];
        unsigned n_held;
        struct buffer in;
        pthread_t thread;
        pthread_mutex_t mutex;
        struct fake_counts counts;
        struct fake_message message;
};

void fake_address(char ret[static 96])
{
        char dir[] = "/tmp/socializer-client-XXXXXX";

        if (!mkdtemp(dir))
                abort();
        snprintf(ret, 96, "ipc://%s/s", dir);
}

void fake_address_free(const char *url)
{
        char dir[96];

        snprintf(dir, sizeof(dir), "%s", url + strlen("ipc://"));
        unlink(dir);
        *strrchr(dir, '/') = '\0';
        rmdir(dir);
}

static int64_t asked_user(const struct frame_call *call)
{
        Socializer__V1__GetUserRequest *request = socializer__v1__get_user_request__unpack(
                NULL, call->payload.n_bytes, call->payload.data);
        int64_t id = request ? request->user_id : -1;

        if (request)
                socializer__v1__get_user_request__free_unpacked(request, NULL);
        return id;
}

static bool is_method(const struct frame_call *call, const char *name)
{
        return call->method.n_bytes == strlen(name) &&
               memcmp(call->method.data, name, call->method.n_bytes) == 0;
}

static void append_user(struct buffer *reply, int64_t id)
{
        Socializer__V1__User user = SOCIALIZER__V1__USER__INIT;
        Socializer__V1__GetUserResponse response = SOCIALIZER__V1__GET_USER_RESPONSE__INIT;
        uint8_t packed[64];

        user.id = id;
        user.username = (char *)"somebody";
        response.user = &user;
        struct frame_reply r = {.status = STATUS_OK};
        r.payload.data = packed;
        r.payload.n_bytes = socializer__v1__get_user_response__pack(&response, packed);
        frame_append_reply(reply, &r);
}

enum fake_do fake_answer(void *arg, const struct fake_message *m, struct buffer *reply)
{
        (void)arg;
        for (unsigned i = 0; i < m->n_calls; i++) {
                /* SetTemperature's request and response begin with the same fields as GetUser's. */
                if (is_method(&m->calls[i], GET_USER) || is_method(&m->calls[i], SET_TEMP))
                        append_user(reply, asked_user(&m->calls[i]));
                else
                        frame_append_reply(reply, &(struct frame_reply){.status = STATUS_OK});
        }
        return FAKE_REPLY;
}

void fake_refuse(const struct fake_message *m, enum status status, uint32_t retry_after_ms,
                 struct buffer *reply)
{
        struct frame_reply r = {.status = status};

        error_retry(&r.error, status, retry_after_ms, "the service says no");
        for (unsigned i = 0; i < m->n_calls; i++)
                frame_append_reply(reply, &r);
}

static bool read_all(int fd, void *data, size_t n)
{
        for (uint8_t *at = data; n > 0;) {
                ssize_t got = recv(fd, at, n, 0);

                if (got <= 0)
                        return false;
                at += got;
                n -= (size_t)got;
        }
        return true;
}

static bool write_all(int fd, const void *data, size_t n)
{
        for (const uint8_t *at = data; n > 0;) {
                ssize_t put = send(fd, at, n, MSG_NOSIGNAL);

                if (put <= 0)
                        return false;
                at += put;
                n -= (size_t)put;
        }
        return true;
}

/* nng's greeting over ipc; 0x31 is rep. */
static void greet(struct fake *f)
{
        static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
        uint8_t theirs[8];
        int fd = accept(f->listener, NULL, NULL);

        if (fd < 0)
                return;
        if (f->n_peers == MAX_PEERS || !write_all(fd, hello, sizeof(hello)) ||
            !read_all(fd, theirs, sizeof(theirs))) {
                close(fd);
                return;
        }
        f->peers[f->n_peers++] = fd;
        LOCK(&f->mutex);
        f->counts.connections++;
}

static void drop_peer(struct fake *f, unsigned i)
{
        unsigned kept = 0;

        for (unsigned h = 0; h < f->n_held; h++) {
                if (f->held[h].fd == f->peers[i])
                        buffer_deinit(&f->held[h].frame);
                else
                        f->held[kept++] = f->held[h];
        }
        f->n_held = kept;
        close(f->peers[i]);
        f->peers[i] = f->peers[--f->n_peers];
}

static bool parse(struct fake *f, const uint8_t *data, size_t n)
{
        struct fake_message *m = &f->message;
        struct frame_reader r = FRAME_READER(data, n);
        struct frame_bytes cancel;
        struct error err;
        enum frame_kind kind;

        m->n_calls = m->n_cancels = 0;
        while ((kind = frame_next_in_request(&r, &m->calls[m->n_calls], &cancel, &err)) >
               FRAME_END) {
                if (kind == FRAME_CALL)
                        m->n_calls++;
                else
                        memcpy(m->cancels[m->n_cancels++], cancel.data, FRAME_CALL_ID_BYTES);
                if (m->n_calls == FRAME_MAX_CALLS || m->n_cancels == FRAME_MAX_CALLS)
                        break;
        }
        LOCK(&f->mutex);
        f->counts.messages++;
        f->counts.calls += m->n_calls;
        f->counts.cancels += m->n_cancels;
        if (m->n_calls > f->counts.biggest_batch)
                f->counts.biggest_batch = m->n_calls;
        return kind != FRAME_BAD;
}

/* What travels: a 1, the length, the request id, the body. */
static struct buffer wrap(const uint8_t *request_id, const struct buffer *body)
{
        struct buffer frame = BUFFER_INIT;
        uint64_t n = htobe64(REQ_HEADER + body->n_bytes);

        buffer_append_char(&frame, 1);
        buffer_append(&frame, &n, sizeof(n));
        buffer_append(&frame, request_id, REQ_HEADER);
        if (body->n_bytes)
                buffer_append(&frame, body->data, body->n_bytes);
        return frame;
}

/* One message of a peer. False: the connection is over. */
static bool serve(struct fake *f, int fd)
{
        uint8_t head[9];
        uint64_t n;

        if (!read_all(fd, head, sizeof(head)))
                return false;
        memcpy(&n, head + 1, sizeof(n));
        n = be64toh(n);
        buffer_clear(&f->in);
        uint8_t *data = buffer_reserve(&f->in, n);
        if (n < REQ_HEADER || !data || !read_all(fd, data, n))
                return false;
        if (!parse(f, data + REQ_HEADER, n - REQ_HEADER))
                return false;
        AUTO_BUFFER body = BUFFER_INIT;
        enum fake_do what = FAKE_REPLY;
        if (f->message.n_calls > 0)
                what = f->handler(f->arg, &f->message, &body);
        if (what == FAKE_BREAK)
                return false;
        AUTO_BUFFER frame = wrap(data, &body);
        if (what == FAKE_REPLY)
                return write_all(fd, frame.data, frame.n_bytes);
        if (f->n_held == MAX_HELD)
                return false;
        f->held[f->n_held++] = (struct held){fd, frame};
        frame = BUFFER_INIT;
        return true;
}

static void release(struct fake *f)
{
        for (unsigned i = 0; i < f->n_held; i++) {
                write_all(f->held[i].fd, f->held[i].frame.data, f->held[i].frame.n_bytes);
                buffer_deinit(&f->held[i].frame);
        }
        f->n_held = 0;
}

static void *fake_main(void *arg)
{
        struct fake *f = arg;

        for (;;) {
                struct pollfd fds[MAX_PEERS + 2] = {{f->wake[0], POLLIN, 0},
                                                    {f->listener, POLLIN, 0}};
                unsigned n = f->n_peers;
                char order;

                for (unsigned i = 0; i < n; i++)
                        fds[i + 2] = (struct pollfd){f->peers[i], POLLIN, 0};
                poll(fds, n + 2, -1);
                if (fds[0].revents && read(f->wake[0], &order, 1) == 1) {
                        if (order == 'q')
                                break;
                        release(f);
                }
                for (unsigned i = n; i-- > 0;)
                        if (fds[i + 2].revents && !serve(f, f->peers[i]))
                                drop_peer(f, i);
                if (fds[1].revents)
                        greet(f);
        }
        while (f->n_peers > 0)
                drop_peer(f, 0);
        return NULL;
}

struct fake *fake_new(const char *url, fake_handler handler, void *arg)
{
        struct fake *f = calloc(1, sizeof(*f));
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        if (!f || pipe(f->wake) != 0)
                abort();
        f->handler = handler;
        f->arg = arg;
        pthread_mutex_init(&f->mutex, NULL);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + strlen("ipc://"));
        unlink(address.sun_path);
        f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(f->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
            listen(f->listener, 16) != 0 || pthread_create(&f->thread, NULL, fake_main, f) != 0)
                abort();
        return f;
}

static void order(struct fake *f, char what)
{
        if (write(f->wake[1], &what, 1) != 1)
                abort();
}

void fake_release(struct fake *f)
{
        order(f, 'r');
}

struct fake *fake_free(struct fake *f)
{
        if (!f)
                return NULL;
        order(f, 'q');
        pthread_join(f->thread, NULL);
        close(f->listener);
        close(f->wake[0]);
        close(f->wake[1]);
        buffer_deinit(&f->in);
        pthread_mutex_destroy(&f->mutex);
        free(f);
        return NULL;
}

struct fake_counts fake_counts(struct fake *f)
{
        LOCK(&f->mutex);
        return f->counts;
}

bool fake_wait(bool (*condition)(void *arg), void *arg)
{
        deadline_ns end = deadline_in_ms(WAIT_MS);
        const struct timespec pause = {.tv_nsec = 200000};

        while (!condition(arg)) {
                if (deadline_passed(end))
                        return false;
                nanosleep(&pause, NULL);
        }
        return true;
}

void outcome_set(void *closure, soc_status status, const ProtobufCMessage *response,
                 const soc_error *error)
{
        struct outcome *o = closure;

        o->status = status;
        snprintf(o->text, sizeof(o->text), "%s", error->text);
        if (response && response->descriptor == &socializer__v1__get_user_response__descriptor) {
                const Socializer__V1__GetUserResponse *r = (const void *)response;
                o->user_id = r->user ? r->user->id : -1;
        }
        if (o->order)
                o->place = atomic_fetch_add(o->order, 1);
        atomic_fetch_add(&o->n, 1);
}

struct outcomes {
        struct outcome *at;
        size_t n;
};

static bool all_ended(void *arg)
{
        struct outcomes *all = arg;

        for (size_t i = 0; i < all->n; i++)
                if (atomic_load(&all->at[i].n) == 0)
                        return false;
        return true;
}

bool outcome_wait(struct outcome *outcomes, size_t n)
{
        struct outcomes all = {outcomes, n};

        return fake_wait(all_ended, &all);
}

soc_status start_get_user(soc_client *c, int64_t user_id, const soc_call_options *options,
                          struct outcome *o, soc_pending **ret)
{
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        request.user_id = user_id;
        return soc_call_start(c, GET_USER, &request.base, options, outcome_set, o, ret, NULL);
}

int fake_last(void **state)
{
        (void)state;
        nng_fini();
        return 0;
}
