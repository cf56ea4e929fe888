#include "tests/unit/chat_fake.h"

#include "common/cleanup.h"
#include "common/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reply_error(struct buffer *out, enum status status)
{
        struct frame_reply r = {.status = status};

        error_set(&r.error, status, "the service says no");
        frame_append_reply(out, &r);
}

static void reply_message(struct buffer *out, const ProtobufCMessage *message)
{
        size_t n = protobuf_c_message_get_packed_size(message);
        uint8_t *packed = malloc(n + 1);
        struct frame_reply r = {.status = STATUS_OK, .payload = {packed, n}};

        protobuf_c_message_pack(message, packed);
        frame_append_reply(out, &r);
        free(packed);
}

/* 0: none that counts. */
static int64_t user_of(const struct chat_fake *f, const struct frame_call *call)
{
        char token[32];

        snprintf(token, sizeof(token), "%.*s", (int)call->token.n_bytes,
                 (const char *)call->token.data);
        return f->revoked || strncmp(token, "token-", 6) != 0 ? 0 : atoll(token + 6);
}

static struct chat_room *room_of(struct chat_fake *f, int64_t room_id)
{
        return room_id >= 1 && room_id <= CHAT_FAKE_ROOMS && !f->rooms[room_id].deleted
                       ? &f->rooms[room_id]
                       : NULL;
}

/* Under the mutex. */
static int64_t append(struct chat_fake *f, Socializer__V1__RoomEvent *event, bool published)
{
        struct chat_room *r = &f->rooms[event->room_id];
        ProtobufCBinaryData *e;

        if ((size_t)r->last_seq == r->capacity) {
                r->capacity = r->capacity ? r->capacity * 2 : 16;
                r->events = reallocarray(r->events, r->capacity, sizeof(*r->events));
        }
        e = &r->events[r->last_seq];
        event->seq = ++r->last_seq;
        if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE)
                event->message->seq = event->seq;
        e->len = socializer__v1__room_event__get_packed_size(event);
        e->data = malloc(e->len);
        socializer__v1__room_event__pack(event, e->data);
        f->last_seq = f->rooms[1].last_seq;
        if (published) {
                events_fake_room(f->events, event);
                events_fake_watermark(f->events, event->room_id, event->seq);
        }
        return event->seq;
}

int64_t chat_fake_append(struct chat_fake *f, Socializer__V1__RoomEvent *event, bool published)
{
        LOCK(&f->mutex);

        return append(f, event, published);
}

/* Under the mutex. */
static int64_t say(struct chat_fake *f, const Socializer__V1__SendMessageRequest *said,
                   int64_t user_id, bool published)
{
        Socializer__V1__RoomMessage m = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        char username[32];

        snprintf(username, sizeof(username), "user%lld", (long long)user_id);
        m.room_id = event.room_id = said->room_id;
        m.message_id = 1001 + f->rooms[said->room_id].last_seq;
        m.user_id = user_id;
        m.username = username;
        m.content = said->content;
        m.client_message_id = said->client_message_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = &m;
        return append(f, &event, published);
}

int64_t chat_fake_say(struct chat_fake *f, const char *content, bool published)
{
        Socializer__V1__SendMessageRequest said = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        LOCK(&f->mutex);

        said.room_id = 1;
        said.content = (char *)content;
        return say(f, &said, 9, published);
}

void chat_fake_rekey(struct chat_fake *f, int64_t room_id, bool told)
{
        Socializer__V1__Rekey rekey = SOCIALIZER__V1__REKEY__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        LOCK(&f->mutex);

        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY;
        event.rekey = &rekey;
        if (told)
                events_fake_room(f->events, &event);
        events_fake_rekey(f->events, (struct events_of){.room_id = room_id});
}

void chat_fake_delete(struct chat_fake *f, int64_t room_id, bool told)
{
        Socializer__V1__RoomDeleted deleted = SOCIALIZER__V1__ROOM_DELETED__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        LOCK(&f->mutex);

        f->rooms[room_id].deleted = true;
        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED;
        event.deleted = &deleted;
        if (told)
                events_fake_room(f->events, &event);
}

static void answer_me(struct chat_fake *f, const struct frame_call *call, struct buffer *out)
{
        Socializer__V1__User user = SOCIALIZER__V1__USER__INIT;
        Socializer__V1__GetMeResponse r = SOCIALIZER__V1__GET_ME_RESPONSE__INIT;
        char username[32];

        atomic_fetch_add(&f->n_me, 1);
        user.id = user_of(f, call);
        snprintf(username, sizeof(username), "user%lld", (long long)user.id);
        user.username = username;
        r.user = &user;
        reply_message(out, &r.base);
}

static void answer_login(struct buffer *out)
{
        Socializer__V1__LoginResponse r = SOCIALIZER__V1__LOGIN_RESPONSE__INIT;

        r.access_token = (char *)"token-1";
        reply_message(out, &r.base);
}

static void answer_subscribe(struct chat_fake *f, const struct frame_call *call,
                             const Socializer__V1__SubscribeRequest *req, struct buffer *out)
{
        Socializer__V1__SubscribeResponse r = SOCIALIZER__V1__SUBSCRIBE_RESPONSE__INIT;
        struct events_of of = {.room_id = req->room_id};
        struct events_fake_keys keys;

        atomic_fetch_add(&f->n_subscribes, 1);
        if (req->room_id == 0)
                of.user_id = r.user_id = user_of(f, call);
        else if (!room_of(f, req->room_id)) {
                reply_error(out, STATUS_NOT_FOUND);
                return;
        }
        keys = events_fake_keys(f->events, of);
        r.topic = (ProtobufCBinaryData){sizeof(keys.topic), keys.topic};
        r.key = (ProtobufCBinaryData){sizeof(keys.key), keys.key};
        r.epoch = keys.epoch;
        r.last_seq = req->room_id ? f->rooms[req->room_id].last_seq : 0;
        reply_message(out, &r.base);
}

enum { MOST = 500 };

/* The events of a room from seq on, as many as a page may have. Returns how many. */
static size_t read_page(struct chat_fake *f, int64_t room_id, int64_t seq, int32_t page_size,
                        Socializer__V1__RoomEvent *ret[static MOST])
{
        struct chat_room *r = &f->rooms[room_id];
        size_t most = page_size ? (size_t)page_size : 50, n = 0;

        atomic_fetch_add(&f->n_lists, 1);
        if (f->page_limit && most > f->page_limit)
                most = f->page_limit;
        if (room_id == 1 && seq < f->first_seq)
                seq = f->first_seq;
        for (; seq <= r->last_seq && n < most; seq++) {
                const ProtobufCBinaryData *e = &r->events[seq - 1];

                ret[n++] = socializer__v1__room_event__unpack(NULL, e->len, e->data);
        }
        return n;
}

static void free_page(Socializer__V1__RoomEvent **events, size_t n)
{
        for (size_t i = 0; i < n; i++)
                socializer__v1__room_event__free_unpacked(events[i], NULL);
}

static void answer_events(struct chat_fake *f, const Socializer__V1__ListRoomEventsRequest *req,
                          struct buffer *out)
{
        Socializer__V1__ListRoomEventsResponse r = SOCIALIZER__V1__LIST_ROOM_EVENTS_RESPONSE__INIT;
        Socializer__V1__RoomEvent *events[MOST];

        if (!room_of(f, req->room_id)) {
                reply_error(out, STATUS_NOT_FOUND);
                return;
        }
        r.n_events = read_page(f, req->room_id, req->after_seq + 1, req->page_size, events);
        r.events = events;
        r.last_seq = f->rooms[req->room_id].last_seq;
        r.first_seq = req->room_id == 1 ? f->first_seq : 1;
        reply_message(out, &r.base);
        free_page(events, r.n_events);
}

/* Good for rooms in which there are only messages. */
static void answer_list(struct chat_fake *f, const Socializer__V1__ListRoomMessagesRequest *req,
                        struct buffer *out)
{
        Socializer__V1__ListRoomMessagesResponse r =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_RESPONSE__INIT;
        Socializer__V1__RoomMessage *messages[MOST];
        Socializer__V1__RoomEvent *events[MOST];
        int64_t seq = req->after_seq + 1;
        size_t n;

        if (req->after_set_case == SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET__NOT_SET)
                seq = f->last_seq - (req->page_size ? req->page_size : 50) + 1;
        n = read_page(f, 1, seq, req->page_size, events);
        for (size_t i = 0; i < n; i++)
                if (events[i]->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE)
                        messages[r.n_messages++] = events[i]->message;
        r.messages = messages;
        r.last_seq = f->last_seq;
        r.first_seq = f->first_seq;
        reply_message(out, &r.base);
        free_page(events, n);
}

static Socializer__V1__RoomEvent *unpack(const struct chat_fake *f, int64_t room_id, int64_t seq)
{
        const ProtobufCBinaryData *e = &f->rooms[room_id].events[seq - 1];

        return socializer__v1__room_event__unpack(NULL, e->len, e->data);
}

/* The message that was sent under this name before; 0: none. */
static int64_t find_named(const struct chat_fake *f, int64_t room_id, int64_t user_id,
                          const char *name)
{
        int64_t found = 0;

        for (int64_t seq = 1; name[0] && seq <= f->rooms[room_id].last_seq && !found; seq++) {
                Socializer__V1__RoomEvent *event = unpack(f, room_id, seq);

                if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE &&
                    event->message->user_id == user_id &&
                    strcmp(event->message->client_message_id, name) == 0)
                        found = seq;
                socializer__v1__room_event__free_unpacked(event, NULL);
        }
        return found;
}

void chat_fake_refuse(struct chat_fake *f, enum status refusal)
{
        LOCK(&f->mutex);

        f->refusal = refusal;
}

unsigned chat_fake_count(struct chat_fake *f, const char *content)
{
        unsigned n = 0;
        LOCK(&f->mutex);

        for (int64_t seq = 1; seq <= f->rooms[1].last_seq; seq++) {
                Socializer__V1__RoomEvent *event = unpack(f, 1, seq);

                n += event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE &&
                     strcmp(event->message->content, content) == 0;
                socializer__v1__room_event__free_unpacked(event, NULL);
        }
        return n;
}

static void answer_send(struct chat_fake *f, const struct frame_call *call,
                        const Socializer__V1__SendMessageRequest *req, struct buffer *out)
{
        Socializer__V1__SendMessageResponse r = SOCIALIZER__V1__SEND_MESSAGE_RESPONSE__INIT;
        int64_t user_id = user_of(f, call), seq;
        Socializer__V1__RoomEvent *event;

        atomic_fetch_add(&f->n_sends, 1);
        if (!room_of(f, req->room_id)) {
                reply_error(out, STATUS_NOT_FOUND);
                return;
        }
        seq = find_named(f, req->room_id, user_id, req->client_message_id);
        event = unpack(f, req->room_id, seq ? seq : say(f, req, user_id, f->publishes));
        r.message = event->message;
        reply_message(out, &r.base);
        socializer__v1__room_event__free_unpacked(event, NULL);
}

static bool is_method(const struct frame_call *call, const char *name)
{
        return call->method.n_bytes == strlen(name) &&
               memcmp(call->method.data, name, strlen(name)) == 0;
}

static void answer(struct chat_fake *f, const struct frame_call *call, struct buffer *out)
{
        AUTO_ARENA arena;
        ProtobufCMessage *req = NULL;
        bool is_list = is_method(call, "socializer.v1.ChatService/ListRoomMessages");
        bool is_events = is_method(call, "socializer.v1.ChatService/ListRoomEvents");
        bool is_send = is_method(call, "socializer.v1.ChatService/SendMessage");
        bool is_me = is_method(call, "socializer.v1.UserService/GetMe");
        bool is_login = is_method(call, "socializer.v1.UserService/Login");
        const ProtobufCMessageDescriptor *type =
                is_list     ? &socializer__v1__list_room_messages_request__descriptor
                : is_events ? &socializer__v1__list_room_events_request__descriptor
                : is_send   ? &socializer__v1__send_message_request__descriptor
                : is_me     ? &socializer__v1__get_me_request__descriptor
                            : &socializer__v1__subscribe_request__descriptor;

        arena_init(&arena, 1024 * 1024);
        if (is_login)
                answer_login(out);
        else if (user_of(f, call) == 0)
                reply_error(out, STATUS_UNAUTHENTICATED);
        else if (f->refusal != STATUS_OK && !is_me)
                reply_error(out, (atomic_fetch_add(&f->n_refusals, 1), f->refusal));
        else if (wire_unpack(type, call->payload.data, call->payload.n_bytes, &arena, &req, NULL) !=
                 STATUS_OK)
                reply_error(out, STATUS_INVALID_ARGUMENT);
        else if (is_me)
                answer_me(f, call, out);
        else if (is_list)
                answer_list(f, (const Socializer__V1__ListRoomMessagesRequest *)req, out);
        else if (is_events)
                answer_events(f, (const Socializer__V1__ListRoomEventsRequest *)req, out);
        else if (is_send)
                answer_send(f, call, (const Socializer__V1__SendMessageRequest *)req, out);
        else
                answer_subscribe(f, call, (const Socializer__V1__SubscribeRequest *)req, out);
}

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct chat_fake *f = arg;
        LOCK(&f->mutex);

        for (unsigned i = 0; i < m->n_calls; i++)
                answer(f, &m->calls[i], reply);
        return f->holds ? FAKE_HOLD : FAKE_REPLY;
}

struct chat_fake *chat_fake_new(void)
{
        struct chat_fake *f = calloc(1, sizeof(*f));

        fake_address(f->rpc_url);
        snprintf(f->events_url, sizeof(f->events_url), "%s-events", f->rpc_url);
        pthread_mutex_init(&f->mutex, NULL);
        f->first_seq = 1;
        f->publishes = true;
        f->events = events_fake_new(f->events_url);
        f->rpc = fake_new(f->rpc_url, handle, f);
        return f;
}

void chat_fake_restart_publisher(struct chat_fake *f)
{
        LOCK(&f->mutex);

        events_fake_free(f->events);
        f->events = events_fake_new(f->events_url);
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++)
                if (f->rooms[id].last_seq > 0)
                        events_fake_watermark(f->events, id, f->rooms[id].last_seq);
}

void chat_fake_restart(struct chat_fake *f)
{
        fake_free(f->rpc);
        chat_fake_restart_publisher(f);
        f->rpc = fake_new(f->rpc_url, handle, f);
}

struct chat_fake *chat_fake_free(struct chat_fake *f)
{
        fake_free(f->rpc);
        events_fake_free(f->events);
        unlink(f->events_url + strlen("ipc://"));
        fake_address_free(f->rpc_url);
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++) {
                for (int64_t seq = 1; seq <= f->rooms[id].last_seq; seq++)
                        free(f->rooms[id].events[seq - 1].data);
                free(f->rooms[id].events);
        }
        pthread_mutex_destroy(&f->mutex);
        free(f);
        return NULL;
}
