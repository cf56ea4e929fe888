#include "client/call.h"

#include "client/client.h"
#include "client/keeper.h"

#include <endian.h>
#include <string.h>

enum { MAX_PAYLOAD_BYTES = FRAME_MAX_PAYLOAD_BYTES };

/* Lengths of the texts of a call, checked. */
struct texts {
        size_t token, request_id, traceparent, client_address;
};

static enum status check_text(const char *name, const char *text, size_t max, size_t *ret_n,
                              struct error *reterr)
{
        size_t n = text ? strlen(text) : 0;

        if (n > max)
                return error_field(reterr, name, "%s: at most %zu characters, got %zu", name, max,
                                   n);
        for (size_t i = 0; i < n; i++)
                if (text[i] < 0x20 || text[i] > 0x7e)
                        return error_field(reterr, name, "%s: want printable ASCII", name);
        *ret_n = n;
        return STATUS_OK;
}

static enum status check_options(const soc_call_options *o, struct texts *ret, struct error *reterr)
{
        enum status st = check_text("token", o->token, FRAME_MAX_TOKEN_BYTES, &ret->token, reterr);

        if (st == STATUS_OK)
                st = check_text("request_id", o->request_id, FRAME_MAX_REQUEST_ID, &ret->request_id,
                                reterr);
        if (st == STATUS_OK)
                st = check_text("traceparent", o->traceparent, FRAME_MAX_TRACEPARENT,
                                &ret->traceparent, reterr);
        if (st == STATUS_OK)
                st = check_text("client_address", o->client_address, FRAME_MAX_CLIENT_ADDRESS,
                                &ret->client_address, reterr);
        return st;
}

static uint64_t mix(uint64_t x)
{
        x ^= x >> 30;
        x *= 0xbf58476d1ce4e5b9u;
        x ^= x >> 27;
        x *= 0x94d049bb133111ebu;
        return x ^ x >> 31;
}

/* Unique, not secret: both halves are one-to-one in the counter, so that a client never repeats an
 * id, and two clients differ by their 128 bits of seed. */
static void make_id(struct soc_client *c, uint8_t ret[static FRAME_CALL_ID_BYTES])
{
        uint64_t n = atomic_fetch_add_explicit(&c->id_counter, 1, memory_order_relaxed);
        /* Ascending, so that replies that are kept lie side by side in the database. */
        uint64_t id[2] = {htobe64(c->id_seed[0] + n), mix(c->id_seed[1] ^ n)};

        memcpy(ret, id, FRAME_CALL_ID_BYTES);
}

/* Copies bytes to where the block is free and says where they are now. */
static struct frame_bytes place(uint8_t **at, const void *data, size_t n)
{
        struct frame_bytes bytes = {*at, n};

        if (n > 0)
                memcpy(*at, data, n);
        *at += n;
        return bytes;
}

static void fill(struct soc_client *c, struct soc_pending *p, const struct call_start *start,
                 const soc_call_options *o, const struct texts *n, size_t n_payload)
{
        const struct method *m = start->method;
        uint8_t *at = p->bytes;

        p->client = c;
        p->method = m;
        p->callback = start->callback;
        p->stub = start->stub;
        p->closure = start->closure;
        p->keep = start->keep;
        p->may_repeat = !o->no_retry && (!m->side_effects || m->replay);
        p->timeout_ms = o->timeout_ms ? o->timeout_ms : m->timeout_ms;
        p->deadline = p->timer.at = deadline_in_ms(p->timeout_ms);
        if (o->id)
                memcpy(p->id, o->id, sizeof(p->id));
        else
                make_id(c, p->id);
        p->call.id = (struct frame_bytes){p->id, sizeof(p->id)};
        p->call.method = (struct frame_bytes){(const uint8_t *)m->name, strlen(m->name)};
        protobuf_c_message_pack(start->request, at);
        p->call.payload = (struct frame_bytes){at, n_payload};
        at += n_payload;
        p->call.token = place(&at, o->token, n->token);
        p->call.request_id = place(&at, o->request_id, n->request_id);
        p->call.traceparent = place(&at, o->traceparent, n->traceparent);
        p->call.client_address = place(&at, o->client_address, n->client_address);
}

/* Puts the call into its lane, and if it can leave at once, into a slot. Under the mutex. */
static enum status enqueue(struct soc_client *c, struct soc_pending *p, bool own_token,
                           struct slot **ret_slot, struct error *reterr)
{
        struct client_lane *l = &c->lanes[p->method->lane];

        if (c->closing)
                return error_set(reterr, STATUS_CANCELLED, "the client is being closed");
        if (l->n_queued >= c->max_queued)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "%u calls wait already, the client's limit", c->max_queued);
        if (!timers_push(&c->timers, &p->timer))
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory for a call");
        if (!own_token && c->token) {
                p->token = token_ref(c->token);
                p->call.token = (struct frame_bytes){p->token->bytes, p->token->n_bytes};
        }
        p->frame_bytes = frame_call_bytes(&p->call);
        lane_append(l, p);
        keeper_expect(c, p->deadline);
        *ret_slot = lane_begin(l);
        return STATUS_OK;
}

/* The packed size of a request that is of the method's type and not too large. */
static enum status check_request(const struct call_start *start, size_t *ret_n,
                                 struct error *reterr)
{
        const ProtobufCMessageDescriptor *want = start->method->input->descriptor;

        if (!start->request || start->request->descriptor != want)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "%s takes a %s, not a %s",
                                 start->method->name, want->name,
                                 start->request && start->request->descriptor
                                         ? start->request->descriptor->name
                                         : "NULL");
        *ret_n = protobuf_c_message_get_packed_size(start->request);
        if (*ret_n > MAX_PAYLOAD_BYTES)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "the request has %zu bytes; at most %d are allowed", *ret_n,
                                 MAX_PAYLOAD_BYTES);
        return STATUS_OK;
}

enum status call_start(struct soc_client *c, const struct call_start *start,
                       struct soc_pending **ret, struct error *reterr)
{
        static const soc_call_options defaults;
        const soc_call_options *o = start->options ? start->options : &defaults;
        struct texts n = {0};
        size_t n_payload = 0;
        struct slot *slot = NULL;

        enum status st = check_request(start, &n_payload, reterr);
        if (st == STATUS_OK)
                st = check_options(o, &n, reterr);
        if (st != STATUS_OK)
                return st;
        struct soc_pending *p = pending_new(&c->pendings, n_payload + n.token + n.request_id +
                                                                  n.traceparent + n.client_address);
        if (!p)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory for a call");
        fill(c, p, start, o, &n, n_payload);
        if (ret) {
                pending_ref(p); /* the user's */
                atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
                *ret = p;
        }
        {
                LOCK(&c->mutex);
                st = enqueue(c, p, o->token != NULL, &slot, reterr);
        }
        if (st != STATUS_OK) {
                pending_unref(p);
                if (ret) {
                        soc_pending_release(p);
                        *ret = NULL;
                }
                return st;
        }
        if (slot)
                slot_send(slot);
        return STATUS_OK;
}

/* NULL, and reterr says so, when there is none. */
static const struct method *find(const char *name, struct error *reterr)
{
        const struct method *m = name ? contract_find(name, strlen(name)) : NULL;

        if (!m)
                error_set(reterr, STATUS_UNIMPLEMENTED, "there is no method '%.100s'",
                          name ? name : "");
        return m;
}

soc_status soc_call_start(soc_client *c, const char *method, const ProtobufCMessage *request,
                          const soc_call_options *options, soc_callback callback, void *closure,
                          soc_pending **ret, soc_error *reterr)
{
        struct call_start start = {.method = find(method, error_of(reterr)),
                                   .request = request,
                                   .options = options,
                                   .callback = callback,
                                   .closure = closure};

        if (!start.method)
                return SOC_UNIMPLEMENTED;
        return (soc_status)call_start(c, &start, ret, error_of(reterr));
}

void soc_cancel(soc_pending *p)
{
        struct soc_client *c = p->client;
        struct task_list ended = TASK_LIST_INIT;
        bool tell = false, wake;

        {
                LOCK(&c->mutex);
                if (p->state == PENDING_DONE)
                        return;
                if (p->state == PENDING_CLAIMED) {
                        p->cancel_wanted = true; /* its reply is here; but it is not sent again */
                        return;
                }
                if (p->state == PENDING_SENT) {
                        client_add_cancel(c, p);
                        tell = true;
                }
                pending_fail(p, STATUS_CANCELLED, "cancelled");
                client_end(c, p, &ended);
                wake = client_post_locked(c, &ended);
        }
        if (wake)
                client_wake(c);
        if (tell)
                lane_pump(&c->cancel_lane);
}

void soc_pending_release(soc_pending *p)
{
        if (!p)
                return;
        struct soc_client *c = p->client;
        pending_unref(p);
        client_unref(c);
}

/* A thread that waits in soc_call(). */
struct waiter {
        pthread_mutex_t mutex;
        pthread_cond_t cond;
        bool done;
        soc_status status;
        ProtobufCMessage *response;
        soc_error *reterr;
};

static void wake_waiter(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct waiter *w = closure;

        LOCK(&w->mutex);
        w->status = status;
        w->response = (ProtobufCMessage *)response;
        if (status != SOC_OK && w->reterr)
                *w->reterr = *error;
        w->done = true;
        pthread_cond_signal(&w->cond);
}

soc_status soc_call(soc_client *c, const char *method, const ProtobufCMessage *request,
                    const soc_call_options *options, ProtobufCMessage **ret, soc_error *reterr)
{
        struct waiter w = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                           .cond = PTHREAD_COND_INITIALIZER,
                           .reterr = reterr};
        struct call_start start = {.method = find(method, error_of(reterr)),
                                   .request = request,
                                   .options = options,
                                   .callback = wake_waiter,
                                   .closure = &w,
                                   .keep = ret != NULL};

        if (!start.method)
                return SOC_UNIMPLEMENTED;
        if (c->wake)
                return (soc_status)error_set(error_of(reterr), STATUS_FAILED_PRECONDITION,
                                             "a client with a wake function cannot wait; use "
                                             "soc_call_start()");
        enum status st = call_start(c, &start, NULL, error_of(reterr));
        if (st != STATUS_OK)
                return (soc_status)st;
        {
                LOCK(&w.mutex);
                while (!w.done)
                        pthread_cond_wait(&w.cond, &w.mutex);
        }
        pthread_mutex_destroy(&w.mutex);
        pthread_cond_destroy(&w.cond);
        if (w.status == SOC_OK && ret)
                *ret = w.response;
        return w.status;
}
