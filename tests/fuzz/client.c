/* What the gateway calls of libsocializer, without a service: calls and subscriptions end in
 * soc_client_dispatch(), as they do there. */
#include "tests/fuzz/gateway.h"

#include "common/arena.h"
#include "common/contract.h"
#include "tests/fuzz/fill.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ARENA_BYTES (8u << 20)

struct soc_pending {
        struct soc_pending *next;
        unsigned refs; /* the queue's, and the caller's */
        const struct method *method;
        soc_callback callback;
        void *closure;
        bool is_cancelled;
        bool is_over;
};

/* A room, or a user, of which there is news. */
struct news {
        struct news *next;
        int64_t room_id, user_id;
};

struct soc_client {
        struct soc_pending *first, **last;
        struct news *news;
        unsigned n_ended;
};

struct soc_subscriber {
        soc_subscriber_options options;
};

static struct soc_client the_client;
static struct soc_subscriber the_subscriber;
static uint8_t failures;
static unsigned variant;

void client_script(uint8_t with_failures, unsigned with_variant)
{
        failures = with_failures;
        variant = with_variant;
        the_client.n_ended = 0;
}

soc_status soc_client_new(const char *url, const soc_client_options *options, soc_client **ret,
                          soc_error *reterr)
{
        (void)url;
        (void)options;
        (void)reterr;
        the_client.last = &the_client.first;
        *ret = &the_client;
        return SOC_OK;
}

soc_client *soc_client_free(soc_client *client)
{
        (void)client;
        return NULL;
}

bool soc_client_connected(soc_client *client)
{
        (void)client;
        return true;
}

void soc_client_cork(soc_client *client)
{
        (void)client;
}

void soc_client_uncork(soc_client *client)
{
        (void)client;
}

void soc_pending_release(soc_pending *pending)
{
        if (pending && --pending->refs == 0)
                free(pending);
}

void soc_cancel(soc_pending *pending)
{
        pending->is_cancelled = true;
}

soc_status soc_call_start(soc_client *client, const char *method, const ProtobufCMessage *request,
                          const soc_call_options *options, soc_callback callback, void *closure,
                          soc_pending **ret, soc_error *reterr)
{
        struct soc_pending *p = calloc(1, sizeof(*p));

        (void)options;
        (void)reterr;
        fuzz_must(p != NULL);
        p->method = contract_find(method, strlen(method));
        fuzz_must(p->method && request->descriptor == p->method->input->descriptor);
        p->callback = callback;
        p->closure = closure;
        p->refs = ret ? 2 : 1;
        if (ret)
                *ret = p;
        *client->last = p;
        client->last = &p->next;
        return SOC_OK;
}

static void end_call(struct soc_client *c, struct soc_pending *p)
{
        AUTO_ARENA arena;
        soc_error error = {.status = SOC_CANCELLED, .text = "cancelled"};

        arena_init(&arena, ARENA_BYTES);
        if (p->is_cancelled) {
                p->callback(p->closure, SOC_CANCELLED, NULL, &error);
        } else if (failures >> c->n_ended++ % 8 & 1) {
                error = (soc_error){.status = (soc_status)(1 + variant % 16),
                                    .text = "it is not to be",
                                    .retry_after_ms = 1};
                p->callback(p->closure, error.status, NULL, &error);
        } else {
                p->callback(p->closure, SOC_OK, fill_message(p->method->output, variant, &arena),
                            NULL);
        }
        soc_pending_release(p);
}

/* Says that the subscription is there, and what happens then: one event of each kind. */
static void tell(const struct news *n)
{
        const soc_subscriber_options *o = &the_subscriber.options;
        const struct message_rules *rules =
                contract_rules(n->room_id ? &socializer__v1__room_event__descriptor
                                          : &socializer__v1__user_event__descriptor);
        AUTO_ARENA arena;

        arena_init(&arena, ARENA_BYTES);
        if (n->room_id)
                o->on_state(o->closure, n->room_id, true, 1, 1, NULL);
        else
                o->on_user_state(o->closure, n->user_id, NULL);
        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                ProtobufCMessage *message = fill_message(rules, i, &arena);

                if (n->room_id) {
                        Socializer__V1__RoomEvent *e = (Socializer__V1__RoomEvent *)message;

                        e->room_id = n->room_id;
                        e->seq = (int64_t)i + 2;
                        o->on_event(o->closure, e);
                } else {
                        Socializer__V1__UserEvent *e = (Socializer__V1__UserEvent *)message;

                        e->user_id = n->user_id;
                        o->on_user_event(o->closure, e);
                }
        }
}

size_t soc_client_dispatch(soc_client *c)
{
        struct soc_pending *p = c->first;
        struct news *news = c->news;
        size_t n = 0;

        c->first = NULL;
        c->last = &c->first;
        c->news = NULL;
        for (struct soc_pending *next; p; p = next, n++) {
                next = p->next;
                end_call(c, p);
        }
        for (struct news *next; news; news = next, n++) {
                next = news->next;
                tell(news);
                free(news);
        }
        return n;
}

soc_status soc_subscriber_new(soc_client *client, const char *events_url,
                              const soc_subscriber_options *options, soc_subscriber **ret,
                              soc_error *reterr)
{
        (void)client;
        (void)events_url;
        (void)reterr;
        the_subscriber.options = *options;
        *ret = &the_subscriber;
        return SOC_OK;
}

soc_subscriber *soc_subscriber_free(soc_subscriber *subscriber)
{
        (void)subscriber;
        return NULL;
}

static soc_status add_news(int64_t room_id, int64_t user_id)
{
        struct news *n = calloc(1, sizeof(*n));

        fuzz_must(n != NULL);
        *n = (struct news){the_client.news, room_id, user_id};
        the_client.news = n;
        return SOC_OK;
}

/* Who gives a subscription up hears no more of it. */
static void drop_news(int64_t room_id, int64_t user_id)
{
        for (struct news **at = &the_client.news; *at;) {
                struct news *n = *at;

                if (n->room_id == room_id && n->user_id == user_id) {
                        *at = n->next;
                        free(n);
                } else {
                        at = &n->next;
                }
        }
}

soc_status soc_subscribe(soc_subscriber *subscriber, int64_t room_id, int64_t after_seq,
                         const char *token, soc_error *reterr)
{
        (void)subscriber;
        (void)after_seq;
        (void)token;
        (void)reterr;
        return add_news(room_id, 0);
}

void soc_unsubscribe(soc_subscriber *subscriber, int64_t room_id)
{
        (void)subscriber;
        drop_news(room_id, 0);
}

soc_status soc_subscribe_user(soc_subscriber *subscriber, int64_t user_id, const char *token,
                              soc_error *reterr)
{
        (void)subscriber;
        (void)token;
        (void)reterr;
        return add_news(0, user_id);
}

void soc_unsubscribe_user(soc_subscriber *subscriber, int64_t user_id)
{
        (void)subscriber;
        drop_news(0, user_id);
}

uint64_t soc_subscriber_gaps(const soc_subscriber *subscriber)
{
        (void)subscriber;
        return 0;
}
