#include "client/follow.h"

#include "client/subscriber.h"
#include "common/contract.h"
#include "common/wire.h"

#include <sodium.h>
#include <string.h>

/* Events that wait while a hole before them is filled; what does not fit is fetched as well. */
#define MAX_HELD 512
/* A page is cut by the service when its events are long. */
#define PAGE_EVENTS 500
/* Watermarks stop soon after the talk does. Who hears nothing for longer asks, and so learns of a
 * new key, or of the last event if it and every watermark got lost. Each a little earlier, so that
 * those who began together do not ask together. */
#define ASK_ROOM_EVERY_MS 30000u
#define ASK_USER_EVERY_MS 300000u
/* Everybody in a room hears of a new key at once. */
#define MAX_REKEY_DELAY_MS 50u
#define MAX_BACKOFF_MS     10000u

struct follow *follow_new(struct soc_subscriber *s, int64_t room_id, int64_t user_id,
                          int64_t after_seq, const char *token)
{
        uint32_t every_ms = room_id ? ASK_ROOM_EVERY_MS : ASK_USER_EVERY_MS;
        struct follow *f = calloc(1, sizeof(*f));

        if (!f)
                return NULL;
        f->subscriber = s;
        f->room_id = room_id;
        f->user_id = user_id;
        f->cursor = after_seq;
        f->want_ask = true;
        f->ask_every_ms = every_ms - randombytes_uniform(every_ms / 5);
        f->timer.index = TIMERS_NOWHERE;
        f->by_id.key = follow_id_key(room_id, user_id);
        if (token) {
                f->token = strdup(token);
                if (!f->token) {
                        free(f);
                        return NULL;
                }
        }
        return f;
}

static void drop_held(struct follow *f)
{
        for (struct held *h = f->held_first, *next; h; h = next) {
                next = h->next;
                free(h);
        }
        f->held_first = f->held_last = NULL;
        f->n_held = 0;
}

void follow_free(struct follow *f)
{
        drop_held(f);
        sodium_memzero(f->key, sizeof(f->key));
        if (f->token)
                sodium_memzero(f->token, strlen(f->token));
        free(f->token);
        free(f);
}

/* --- events --- */

static bool is_live(const struct follow *f)
{
        return f->announced && !f->want_catch_up && f->call != FOLLOW_CATCHES_UP;
}

static void hear_of(struct follow *f, int64_t seq)
{
        if (seq > f->known_last)
                f->known_last = seq;
}

/* There is something between cursor and what we know of. */
static void see_hole(struct follow *f)
{
        if (is_live(f))
                atomic_fetch_add_explicit(&f->subscriber->n_gaps, 1, memory_order_relaxed);
        f->want_catch_up = true;
}

static void hold(struct follow *f, int64_t seq, const uint8_t *plain, size_t n)
{
        struct held *h = f->n_held < MAX_HELD ? malloc(sizeof(*h) + n) : NULL;

        if (!h)
                return; /* known_last says that it is to be fetched */
        h->next = NULL;
        h->seq = seq;
        h->n_bytes = n;
        memcpy(h->plain, plain, n);
        if (f->held_last)
                f->held_last->next = h;
        else
                f->held_first = h;
        f->held_last = h;
        f->n_held++;
}

/* NULL when it is no event. */
static ProtobufCMessage *unpack(struct follow *f, const ProtobufCMessageDescriptor *type,
                                const uint8_t *plain, size_t n)
{
        ProtobufCMessage *event = NULL;

        if (wire_unpack(type, plain, n, &f->subscriber->arena, &event, NULL) != STATUS_OK)
                return NULL;
        return event;
}

static void deliver(struct follow *f, const Socializer__V1__RoomEvent *event)
{
        f->cursor = event->seq;
        hear_of(f, event->seq);
        subscriber_event(f, event);
}

/* Delivers what waited, as far as there is no hole before it. */
static void deliver_held(struct follow *f)
{
        while (f->held_first && f->held_first->seq <= f->cursor + 1) {
                struct held *h = f->held_first;

                f->held_first = h->next;
                if (!h->next)
                        f->held_last = NULL;
                f->n_held--;
                if (h->seq == f->cursor + 1) {
                        const ProtobufCMessage *event;

                        arena_reset(&f->subscriber->arena);
                        event = unpack(f, &socializer__v1__room_event__descriptor, h->plain,
                                       h->n_bytes);
                        if (event)
                                deliver(f, (const Socializer__V1__RoomEvent *)event);
                }
                free(h);
        }
        if (f->cursor < f->known_last)
                f->want_catch_up = true;
}

static void take_durable(struct follow *f, const Socializer__V1__RoomEvent *event,
                         const uint8_t *plain, size_t n)
{
        if (f->cursor >= 0 && event->seq <= f->cursor)
                return;
        hear_of(f, event->seq);
        if (is_live(f) && event->seq == f->cursor + 1) {
                deliver(f, event);
                return;
        }
        if (f->announced)
                see_hole(f);
        hold(f, event->seq, plain, n);
}

/* Asks for new keys soon. Until they are there the old topic stays, so that nothing of it is
 * missed.
 */
static void rekey(struct follow *f)
{
        deadline_ns at = deadline_in_ms(randombytes_uniform(MAX_REKEY_DELAY_MS + 1));

        f->want_ask = true;
        if (f->retry_at < at)
                f->retry_at = at;
}

static void end_deleted(struct follow *f)
{
        struct error err = ERROR_INIT;

        error_resource(&err, STATUS_NOT_FOUND, "room", "%lld", (long long)f->room_id);
        subscriber_fail(f, &err);
}

static void take_room_event(struct follow *f, const Socializer__V1__RoomEvent *event,
                            const uint8_t *plain, size_t n)
{
        switch (event->event_case) {
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK:
                hear_of(f, event->watermark->last_seq);
                if (f->announced && f->cursor < f->known_last)
                        see_hole(f);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY:
                rekey(f);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED:
                subscriber_event(f, event);
                end_deleted(f);
                break;
        default:
                if (event->seq > 0)
                        take_durable(f, event, plain, n);
                else
                        subscriber_event(f, event);
                break;
        }
}

static void take_user_event(struct follow *f, const Socializer__V1__UserEvent *event)
{
        if (event->event_case == SOCIALIZER__V1__USER_EVENT__EVENT_REKEY)
                rekey(f);
        else
                subscriber_user_event(f, event);
}

/* What is sealed, in the arena; NULL when it does not open: it is not of the service, or of a key
 * before ours. */
static uint8_t *open_event(struct follow *f, const uint8_t *message, size_t n, size_t *ret_n)
{
        const uint8_t *nonce = message + sizeof(f->topic);
        const uint8_t *sealed = nonce + FOLLOW_NONCE_BYTES;
        size_t n_sealed = n - sizeof(f->topic) - FOLLOW_NONCE_BYTES;
        unsigned long long n_plain;
        uint8_t *plain = arena_alloc(&f->subscriber->arena, n_sealed);

        if (!plain ||
            crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n_plain, NULL, sealed, n_sealed,
                                                       message, sizeof(f->topic), nonce, f->key))
                return NULL;
        *ret_n = (size_t)n_plain;
        return plain;
}

void follow_event(struct follow *f, const uint8_t *message, size_t n)
{
        const ProtobufCMessageDescriptor *type = f->room_id
                                                         ? &socializer__v1__room_event__descriptor
                                                         : &socializer__v1__user_event__descriptor;
        const ProtobufCMessage *event;
        const uint8_t *plain;
        size_t n_plain;

        arena_reset(&f->subscriber->arena);
        plain = open_event(f, message, n, &n_plain);
        event = plain ? unpack(f, type, plain, n_plain) : NULL;
        if (!event)
                return;
        f->ask_at = deadline_in_ms(f->ask_every_ms);
        if (f->room_id) {
                const Socializer__V1__RoomEvent *e = (const Socializer__V1__RoomEvent *)event;

                if (e->room_id == f->room_id)
                        take_room_event(f, e, plain, n_plain);
        } else {
                const Socializer__V1__UserEvent *e = (const Socializer__V1__UserEvent *)event;

                if (e->user_id == f->user_id)
                        take_user_event(f, e);
        }
}

/* --- calls --- */

static void start(struct follow *f, enum follow_call what, const char *method,
                  const ProtobufCMessage *request)
{
        const soc_call_options options = {.token = f->token};
        const struct call_start call = {
                .method = contract_find(method, strlen(method)),
                .request = request,
                .options = &options,
                .callback = subscriber_on_reply,
                .closure = f,
                .keep = true,
        };

        f->call = what;
        subscriber_call_begins(f);
        if (call_start(f->subscriber->client, &call, &f->pending, NULL) == STATUS_OK)
                return;
        subscriber_call_refused(f);
        f->call = FOLLOW_NO_CALL;
        f->retry_at = deadline_in_ms(1000);
}

static void ask(struct follow *f)
{
        Socializer__V1__SubscribeRequest request = SOCIALIZER__V1__SUBSCRIBE_REQUEST__INIT;

        f->want_ask = false;
        request.room_id = f->room_id;
        start(f, FOLLOW_ASKS, "socializer.v1.ChatService/Subscribe", &request.base);
        if (f->call == FOLLOW_NO_CALL)
                f->want_ask = true;
}

static void catch_up(struct follow *f)
{
        Socializer__V1__ListRoomEventsRequest request =
                SOCIALIZER__V1__LIST_ROOM_EVENTS_REQUEST__INIT;

        f->want_catch_up = false;
        request.room_id = f->room_id;
        request.page_size = PAGE_EVENTS;
        request.after_seq = f->cursor;
        start(f, FOLLOW_CATCHES_UP, "socializer.v1.ChatService/ListRoomEvents", &request.base);
        if (f->call == FOLLOW_NO_CALL)
                f->want_catch_up = true;
}

deadline_ns follow_due(const struct follow *f)
{
        if (f->call != FOLLOW_NO_CALL)
                return DEADLINE_NEVER;
        if (f->want_ask || f->want_catch_up || f->retry_at > f->ask_at)
                return f->retry_at;
        return f->ask_at;
}

void follow_advance(struct follow *f)
{
        if (f->call != FOLLOW_NO_CALL || !deadline_passed(f->retry_at))
                return;
        if (deadline_passed(f->ask_at))
                f->want_ask = true;
        if (f->want_ask)
                ask(f);
        else if (f->want_catch_up)
                catch_up(f);
}

void follow_reconnected(struct follow *f)
{
        f->want_ask = true;
        if (f->user_id)
                f->announced = false;
}

static void give_topic_back(struct follow *f)
{
        if (!f->has_keys)
                return;
        feed_unsubscribe(f->subscriber->feed, f->topic);
        table_remove(&f->subscriber->by_topic, &f->by_topic);
        f->has_keys = false;
}

/* Takes topic and key over; false when the topic cannot be subscribed to now. */
static bool take_keys(struct follow *f, const Socializer__V1__SubscribeResponse *r)
{
        if (feed_subscribe(f->subscriber->feed, r->topic.data, NULL) != STATUS_OK)
                return false;
        give_topic_back(f);
        /* The service may have started anew: what was heard of before may not be there any more. */
        drop_held(f);
        f->known_last = r->last_seq;
        memcpy(f->topic, r->topic.data, sizeof(f->topic));
        memcpy(f->key, r->key.data, sizeof(f->key));
        f->epoch = r->epoch;
        f->by_topic.key = follow_topic_key(f->topic);
        table_add(&f->subscriber->by_topic, &f->by_topic);
        f->has_keys = true;
        return true;
}

static void retry_later(struct follow *f)
{
        uint32_t ms = f->n_failures < 4 ? 1000u << f->n_failures : MAX_BACKOFF_MS;

        f->n_failures++;
        f->retry_at = deadline_in_ms(ms < MAX_BACKOFF_MS ? ms : MAX_BACKOFF_MS);
}

static void refuse_wrong_user(struct follow *f)
{
        struct error err = ERROR_INIT;

        error_set(&err, STATUS_PERMISSION_DENIED, "the token is not that of user %lld",
                  (long long)f->user_id);
        subscriber_fail(f, &err);
}

static void asked(struct follow *f, const Socializer__V1__SubscribeResponse *r)
{
        bool news = !f->has_keys || f->epoch != r->epoch;

        if (f->user_id && r->user_id != f->user_id) {
                refuse_wrong_user(f);
                return;
        }
        f->ask_at = deadline_in_ms(f->ask_every_ms);
        if (r->topic.len != sizeof(f->topic) || r->key.len != sizeof(f->key) ||
            (news && !take_keys(f, r))) {
                f->want_ask = true;
                retry_later(f);
                return;
        }
        if (f->user_id) {
                if (news || !f->announced)
                        subscriber_user_state(f);
                f->announced = true;
                return;
        }
        if (f->cursor < 0)
                f->cursor = r->last_seq;
        /* Between that answer and the new topic something may have happened. And a room that is
         * shorter than what we have seen is another one: somebody restored a backup. */
        if (news || !f->announced || r->last_seq != f->cursor)
                f->want_catch_up = true;
}

/* Finds out whether everything after cursor is in the answer, and if not, from where on. */
static bool is_whole(struct follow *f, const Socializer__V1__ListRoomEventsResponse *r)
{
        if (f->cursor > r->last_seq) {
                drop_held(f);
                f->cursor = r->last_seq;
                f->known_last = r->last_seq;
                return false;
        }
        if (r->n_events == 0 && f->cursor < r->last_seq) {
                f->cursor = r->last_seq;
                return false;
        }
        if (r->n_events > 0 && r->events[0]->seq > f->cursor + 1) {
                f->cursor = r->events[0]->seq - 1;
                return false;
        }
        return true;
}

static void caught_up(struct follow *f, const Socializer__V1__ListRoomEventsResponse *r)
{
        bool whole = is_whole(f, r);

        if (r->n_events == 0) {
                f->known_last = r->last_seq;
                if (f->held_last)
                        hear_of(f, f->held_last->seq);
        }
        hear_of(f, r->last_seq);
        if (!f->announced || !whole) {
                f->announced = true;
                subscriber_state(f, whole, r->first_seq, r->last_seq);
        }
        for (size_t i = 0; i < r->n_events && subscriber_wants(f); i++)
                if (r->events[i]->seq > f->cursor)
                        deliver(f, r->events[i]);
        deliver_held(f);
}

void follow_replied(struct follow *f)
{
        enum follow_call call = f->call;
        ProtobufCMessage *response = f->response;

        f->call = FOLLOW_NO_CALL;
        f->response = NULL;
        soc_pending_release(f->pending);
        f->pending = NULL;
        if (!subscriber_wants(f)) {
                /* Nobody is interested any more. */
        } else if (f->status == STATUS_OK) {
                f->n_failures = 0;
                if (call == FOLLOW_ASKS)
                        asked(f, (const Socializer__V1__SubscribeResponse *)response);
                else
                        caught_up(f, (const Socializer__V1__ListRoomEventsResponse *)response);
        } else if (status_is_final(f->status)) {
                subscriber_fail(f, &f->error);
        } else {
                f->want_ask = f->want_ask || call == FOLLOW_ASKS;
                f->want_catch_up = f->want_catch_up || call == FOLLOW_CATCHES_UP;
                retry_later(f);
        }
        if (response)
                protobuf_c_message_free_unpacked(response, NULL);
}

bool follow_end(struct follow *f)
{
        give_topic_back(f);
        if (f->pending)
                soc_cancel(f->pending);
        return f->call == FOLLOW_NO_CALL;
}
