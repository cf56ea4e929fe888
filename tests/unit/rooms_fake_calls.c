/* What the fake chat service answers. */
#include "common/cleanup.h"
#include "common/wire.h"
#include "tests/unit/rooms_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500 };

/* A call that is being answered. */
struct answer {
        struct rooms_fake *fake;
        int64_t user_id;
        char username[32];
        const ProtobufCMessage *request;
        struct buffer *out;
};

static void refuse(struct answer *a, enum status status, const char *field)
{
        struct frame_reply r = {.status = status};

        error_set(&r.error, status, "the service says no");
        snprintf(r.error.field, sizeof(r.error.field), "%s", field);
        frame_append_reply(a->out, &r);
}

static void reply(struct answer *a, const ProtobufCMessage *message)
{
        size_t n = protobuf_c_message_get_packed_size(message);
        uint8_t *packed = malloc(n + 1);
        struct frame_reply r = {.status = STATUS_OK, .payload = {packed, n}};

        protobuf_c_message_pack(message, packed);
        frame_append_reply(a->out, &r);
        free(packed);
}

static void reply_empty(struct answer *a)
{
        Socializer__V1__MarkReadResponse r = SOCIALIZER__V1__MARK_READ_RESPONSE__INIT;

        reply(a, &r.base);
}

/* The room, if the caller is in it; NULL: refused. */
static struct rooms_fake_room *enter(struct answer *a, int64_t room_id)
{
        struct rooms_fake_room *r = &a->fake->rooms[room_id];

        if (!r->exists ||
            (!r->is_public && !r->is_member[a->user_id] && !r->is_invited[a->user_id]))
                refuse(a, STATUS_NOT_FOUND, "room_id");
        else if (!r->is_member[a->user_id])
                refuse(a, STATUS_PERMISSION_DENIED, "room_id");
        else
                return r;
        return NULL;
}

/* --- who and where --- */

static void get_me(struct answer *a)
{
        Socializer__V1__User user = SOCIALIZER__V1__USER__INIT;
        Socializer__V1__GetMeResponse r = SOCIALIZER__V1__GET_ME_RESPONSE__INIT;

        atomic_fetch_add(&a->fake->n_me, 1);
        user.id = a->user_id;
        user.username = a->username;
        r.user = &user;
        reply(a, &r.base);
}

static void subscribe(struct answer *a)
{
        const Socializer__V1__SubscribeRequest *req = (const void *)a->request;
        Socializer__V1__SubscribeResponse r = SOCIALIZER__V1__SUBSCRIBE_RESPONSE__INIT;
        struct events_fake_keys keys;

        if (req->room_id) {
                struct rooms_fake_room *room = enter(a, req->room_id);

                if (!room)
                        return;
                atomic_fetch_add(&a->fake->n_subscribes, 1);
                r.last_seq = room->last_seq;
        }
        keys = events_fake_keys(a->fake->events,
                                req->room_id ? (struct events_of){.room_id = req->room_id}
                                             : (struct events_of){.user_id = a->user_id});
        r.user_id = req->room_id ? 0 : a->user_id;
        r.topic = (ProtobufCBinaryData){sizeof(keys.topic), keys.topic};
        r.key = (ProtobufCBinaryData){sizeof(keys.key), keys.key};
        r.epoch = keys.epoch;
        reply(a, &r.base);
}

static void join_room(struct answer *a)
{
        const Socializer__V1__JoinRoomRequest *req = (const void *)a->request;
        struct rooms_fake_room *r = &a->fake->rooms[req->room_id];
        Socializer__V1__MemberChange change = SOCIALIZER__V1__MEMBER_CHANGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        bool is_invited = r->is_invited[a->user_id];

        atomic_fetch_add(&a->fake->n_joins, 1);
        if (!r->exists || (!r->is_public && !is_invited)) {
                refuse(a, STATUS_NOT_FOUND, "room_id");
        } else if (!is_invited && strcmp(r->password, req->password) != 0) {
                refuse(a, STATUS_PERMISSION_DENIED, "password");
        } else if (r->is_full) {
                refuse(a, STATUS_FAILED_PRECONDITION, "");
        } else {
                change.kind = SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED;
                change.user_id = a->user_id;
                change.username = a->username;
                event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
                event.member = &change;
                r->is_member[a->user_id] = true;
                rooms_fake_append_locked(a->fake, req->room_id, &event, a->fake->publishes);
                reply_empty(a);
        }
}

/* --- lists --- */

static int64_t page_of(const struct answer *a, int32_t page_size)
{
        int64_t n = page_size ? page_size : 50;

        atomic_fetch_add(&a->fake->n_lists, 1);
        return a->fake->page_limit && n > a->fake->page_limit ? a->fake->page_limit : n;
}

static struct rooms_fake_room *enter_to_list(struct answer *a, int64_t room_id)
{
        if (a->fake->list_refusal == STATUS_OK)
                return enter(a, room_id);
        refuse(a, a->fake->list_refusal, "");
        return NULL;
}

static void list_messages(struct answer *a)
{
        const Socializer__V1__ListRoomMessagesRequest *req = (const void *)a->request;
        Socializer__V1__ListRoomMessagesResponse r =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_RESPONSE__INIT;
        struct rooms_fake_room *room = enter_to_list(a, req->room_id);
        Socializer__V1__RoomEvent *events[PAGE];
        Socializer__V1__RoomMessage *messages[PAGE];
        size_t n = 0, most = (size_t)page_of(a, req->page_size);

        if (!room)
                return;
        for (int64_t seq = room->last_seq; seq >= room->first_seq && n < most; seq--) {
                events[n] = rooms_fake_event(room, seq);
                if (events[n]->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE)
                        n++;
                else
                        socializer__v1__room_event__free_unpacked(events[n], NULL);
        }
        for (size_t i = 0; i < n; i++)
                messages[i] = events[n - 1 - i]->message;
        r.messages = messages;
        r.n_messages = n;
        r.last_seq = room->last_seq;
        r.first_seq = room->first_seq;
        reply(a, &r.base);
        for (size_t i = 0; i < n; i++)
                socializer__v1__room_event__free_unpacked(events[i], NULL);
}

static void list_events(struct answer *a)
{
        const Socializer__V1__ListRoomEventsRequest *req = (const void *)a->request;
        Socializer__V1__ListRoomEventsResponse r = SOCIALIZER__V1__LIST_ROOM_EVENTS_RESPONSE__INIT;
        struct rooms_fake_room *room = enter_to_list(a, req->room_id);
        Socializer__V1__RoomEvent *events[PAGE];
        int64_t most = page_of(a, req->page_size);

        if (!room)
                return;
        for (int64_t seq = req->after_seq < room->first_seq ? room->first_seq : req->after_seq + 1;
             seq <= room->last_seq && (int64_t)r.n_events < most; seq++)
                events[r.n_events++] = rooms_fake_event(room, seq);
        r.events = events;
        r.last_seq = room->last_seq;
        r.first_seq = room->first_seq;
        reply(a, &r.base);
        for (size_t i = 0; i < r.n_events; i++)
                socializer__v1__room_event__free_unpacked(events[i], NULL);
}

/* --- messages --- */

static void send_message(struct answer *a)
{
        const Socializer__V1__SendMessageRequest *req = (const void *)a->request;
        Socializer__V1__RoomMessage message = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__ReplyTo reply_to = SOCIALIZER__V1__REPLY_TO__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Socializer__V1__RoomEvent *answered = NULL;

        if (!enter(a, req->room_id))
                return;
        if (req->reply_to) {
                answered = rooms_fake_find(a->fake, req->room_id, req->reply_to);
                if (!answered) {
                        refuse(a, STATUS_NOT_FOUND, "reply_to");
                        return;
                }
                reply_to.message_id = req->reply_to;
                reply_to.seq = answered->seq;
                reply_to.user_id = answered->message->user_id;
                reply_to.username = answered->message->username;
                reply_to.excerpt = answered->message->content;
                message.reply_to = &reply_to;
        }
        message.user_id = a->user_id;
        message.username = a->username;
        message.content = req->content;
        message.client_message_id = req->client_message_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = &message;
        rooms_fake_append_locked(a->fake, req->room_id, &event, a->fake->publishes);
        if (answered)
                socializer__v1__room_event__free_unpacked(answered, NULL);
        reply_empty(a);
}

/* Changes the message as it is kept, and tells of it. */
static void change_message(struct answer *a, int64_t room_id, int64_t message_id,
                           const char *content)
{
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT, *old;
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Socializer__V1__RoomMessage message;

        if (!enter(a, room_id))
                return;
        old = rooms_fake_find(a->fake, room_id, message_id);
        if (!old) {
                refuse(a, STATUS_NOT_FOUND, "message_id");
                return;
        }
        time.seconds = 1800000000;
        message = *old->message;
        message.content = (char *)(content ? content : "");
        message.is_deleted = !content;
        message.edited_at = content ? &time : NULL;
        event = *old;
        event.message = &message;
        rooms_fake_replace(&a->fake->rooms[room_id], &event);
        event.event_case = content ? SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED
                                   : SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED;
        rooms_fake_append_locked(a->fake, room_id, &event, a->fake->publishes);
        socializer__v1__room_event__free_unpacked(old, NULL);
        reply_empty(a);
}

static void edit_message(struct answer *a)
{
        const Socializer__V1__EditMessageRequest *req = (const void *)a->request;

        change_message(a, req->room_id, req->message_id, req->content);
}

static void delete_message(struct answer *a)
{
        const Socializer__V1__DeleteMessageRequest *req = (const void *)a->request;

        change_message(a, req->room_id, req->message_id, NULL);
}

static void react(struct answer *a, int64_t room_id, int64_t message_id, char *emoji, bool is_added)
{
        Socializer__V1__ReactionChange change = SOCIALIZER__V1__REACTION_CHANGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT, *found;

        if (!enter(a, room_id))
                return;
        found = rooms_fake_find(a->fake, room_id, message_id);
        if (!found) {
                refuse(a, STATUS_NOT_FOUND, "message_id");
                return;
        }
        socializer__v1__room_event__free_unpacked(found, NULL);
        change.message_id = message_id;
        change.user_id = a->user_id;
        change.username = a->username;
        change.emoji = emoji;
        change.is_added = is_added;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION;
        event.reaction = &change;
        rooms_fake_append_locked(a->fake, room_id, &event, a->fake->publishes);
        reply_empty(a);
}

static void add_reaction(struct answer *a)
{
        const Socializer__V1__AddReactionRequest *req = (const void *)a->request;

        react(a, req->room_id, req->message_id, req->emoji, true);
}

static void remove_reaction(struct answer *a)
{
        const Socializer__V1__RemoveReactionRequest *req = (const void *)a->request;

        react(a, req->room_id, req->message_id, req->emoji, false);
}

/* --- what passes --- */

static void mark_read(struct answer *a)
{
        const Socializer__V1__MarkReadRequest *req = (const void *)a->request;
        Socializer__V1__ReadMark mark = SOCIALIZER__V1__READ_MARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        if (!enter(a, req->room_id))
                return;
        atomic_fetch_add(&a->fake->n_reads, 1);
        atomic_store(&a->fake->last_read, req->seq);
        mark.user_id = a->user_id;
        mark.username = a->username;
        mark.seq = req->seq;
        event.room_id = req->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_READ;
        event.read = &mark;
        rooms_fake_publish_locked(a->fake, &event);
        reply_empty(a);
}

static void set_typing(struct answer *a)
{
        const Socializer__V1__SetTypingRequest *req = (const void *)a->request;
        Socializer__V1__Typing typing = SOCIALIZER__V1__TYPING__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        if (!enter(a, req->room_id))
                return;
        atomic_fetch_add(&a->fake->n_typing, 1);
        typing.user_id = a->user_id;
        typing.username = a->username;
        typing.is_typing = req->is_typing;
        event.room_id = req->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING;
        event.typing = &typing;
        rooms_fake_publish_locked(a->fake, &event);
        reply_empty(a);
}

/* room_id 0: anywhere. */
static bool is_online(const struct rooms_fake *f, int64_t user_id, int64_t room_id)
{
        for (unsigned i = 0; i < f->n_connections; i++)
                for (int64_t k = 1; k < ROOMS_FAKE_ROOMS; k++)
                        if (f->connections[i].user_id == user_id && f->connections[i].in[k] &&
                            (room_id == 0 || k == room_id))
                                return true;
        return false;
}

static struct rooms_fake_connection *connection(struct answer *a, const char *name)
{
        struct rooms_fake *f = a->fake;
        unsigned i = 0;

        while (i < f->n_connections && (strcmp(f->connections[i].name, name) != 0 ||
                                        f->connections[i].user_id != a->user_id))
                i++;
        if (i == ROOMS_FAKE_CONNECTIONS)
                abort();
        if (i == f->n_connections) {
                f->n_connections++;
                snprintf(f->connections[i].name, sizeof(f->connections[i].name), "%s", name);
                f->connections[i].user_id = a->user_id;
        }
        return &f->connections[i];
}

static void set_presence(struct answer *a)
{
        const Socializer__V1__SetPresenceRequest *req = (const void *)a->request;
        struct rooms_fake_connection *c = connection(a, req->connection);
        bool was[ROOMS_FAKE_ROOMS] = {false};

        atomic_fetch_add(&a->fake->n_presence, 1);
        if (req->n_room_ids > atomic_load(&a->fake->biggest_report))
                atomic_store(&a->fake->biggest_report, (unsigned)req->n_room_ids);
        for (int64_t id = 1; id < ROOMS_FAKE_ROOMS; id++)
                was[id] = is_online(a->fake, a->user_id, id);
        memset(c->in, 0, sizeof(c->in));
        for (size_t i = 0; i < req->n_room_ids; i++)
                c->in[req->room_ids[i]] = true;
        for (int64_t id = 1; id < ROOMS_FAKE_ROOMS; id++) {
                Socializer__V1__Presence presence = SOCIALIZER__V1__PRESENCE__INIT;
                Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

                if (was[id] == is_online(a->fake, a->user_id, id))
                        continue;
                presence.user_id = a->user_id;
                presence.username = a->username;
                presence.is_online = !was[id];
                event.room_id = id;
                event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_PRESENCE;
                event.presence = &presence;
                rooms_fake_publish_locked(a->fake, &event);
        }
        reply_empty(a);
}

static void list_online(struct answer *a)
{
        const Socializer__V1__ListOnlineUsersRequest *req = (const void *)a->request;
        Socializer__V1__ListOnlineUsersResponse r =
                SOCIALIZER__V1__LIST_ONLINE_USERS_RESPONSE__INIT;
        Socializer__V1__OnlineUser users[ROOMS_FAKE_USERS], *pointers[ROOMS_FAKE_USERS];
        char names[ROOMS_FAKE_USERS][32];

        for (int64_t id = 1; id < ROOMS_FAKE_USERS; id++) {
                Socializer__V1__OnlineUser *u = &users[r.n_users];

                if (!is_online(a->fake, id, req->room_id))
                        continue;
                socializer__v1__online_user__init(u);
                snprintf(names[id], sizeof(names[id]), "user%lld", (long long)id);
                u->user_id = id;
                u->username = names[id];
                pointers[r.n_users++] = u;
        }
        r.users = pointers;
        r.count = (int32_t)r.n_users;
        reply(a, &r.base);
}

/* --- all of them --- */

#define CHAT(name, type, run)                                                                     \
        {                                                                                         \
                "socializer.v1.ChatService/" name, &socializer__v1__##type##_request__descriptor, \
                        run                                                                       \
        }

static const struct {
        const char *name;
        const ProtobufCMessageDescriptor *type;
        void (*run)(struct answer *a);
} methods[] = {
        {"socializer.v1.UserService/GetMe", &socializer__v1__get_me_request__descriptor, get_me},
        CHAT("Subscribe", subscribe, subscribe),
        CHAT("JoinRoom", join_room, join_room),
        CHAT("ListRoomMessages", list_room_messages, list_messages),
        CHAT("ListRoomEvents", list_room_events, list_events),
        CHAT("SendMessage", send_message, send_message),
        CHAT("EditMessage", edit_message, edit_message),
        CHAT("DeleteMessage", delete_message, delete_message),
        CHAT("AddReaction", add_reaction, add_reaction),
        CHAT("RemoveReaction", remove_reaction, remove_reaction),
        CHAT("MarkRead", mark_read, mark_read),
        CHAT("SetTyping", set_typing, set_typing),
        CHAT("SetPresence", set_presence, set_presence),
        CHAT("ListOnlineUsers", list_online_users, list_online),
};

/* 0: none that counts. */
static int64_t user_of(const struct rooms_fake *f, const struct frame_call *call)
{
        char token[32];
        int64_t id;

        snprintf(token, sizeof(token), "%.*s", (int)call->token.n_bytes,
                 (const char *)call->token.data);
        if (strcmp(f->revoked, token) == 0 || strncmp(token, "token-", 6) != 0)
                return 0;
        id = atoll(token + 6);
        return id < ROOMS_FAKE_USERS ? id : 0;
}

static void answer(struct rooms_fake *f, const struct frame_call *call, struct buffer *out)
{
        AUTO_ARENA arena;
        ProtobufCMessage *request;
        struct answer a = {.fake = f, .user_id = user_of(f, call), .out = out};
        size_t i = 0;

        while (i < ARRAY_SIZE(methods) &&
               (call->method.n_bytes != strlen(methods[i].name) ||
                memcmp(call->method.data, methods[i].name, call->method.n_bytes) != 0))
                i++;
        arena_init(&arena, 1024 * 1024);
        if (a.user_id == 0) {
                refuse(&a, STATUS_UNAUTHENTICATED, "");
        } else if (i == ARRAY_SIZE(methods)) {
                refuse(&a, STATUS_UNIMPLEMENTED, "");
        } else if (wire_unpack(methods[i].type, call->payload.data, call->payload.n_bytes, &arena,
                               &request, NULL) != STATUS_OK) {
                refuse(&a, STATUS_INVALID_ARGUMENT, "");
        } else {
                snprintf(a.username, sizeof(a.username), "user%lld", (long long)a.user_id);
                a.request = request;
                methods[i].run(&a);
        }
}

enum fake_do rooms_fake_handle(void *arg, const struct fake_message *m, struct buffer *reply_out)
{
        struct rooms_fake *f = arg;
        LOCK(&f->mutex);

        for (unsigned i = 0; i < m->n_calls; i++)
                answer(f, &m->calls[i], reply_out);
        return FAKE_REPLY;
}
