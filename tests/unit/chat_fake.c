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

static void fill(struct chat_fake *f, int64_t seq, Socializer__V1__RoomMessage *m,
                 char username[static 32])
{
        socializer__v1__room_message__init(m);
        snprintf(username, 32, "user%lld", (long long)f->said[seq].user_id);
        m->room_id = 1;
        m->seq = seq;
        m->message_id = 1000 + seq;
        m->user_id = f->said[seq].user_id;
        m->username = username;
        m->content = f->said[seq].content;
        m->client_message_id = f->said[seq].name;
}

static int64_t append(struct chat_fake *f, int64_t user_id, const char *content, const char *name,
                      bool published)
{
        Socializer__V1__RoomMessage m;
        char username[32];
        int64_t seq = ++f->last_seq;

        f->said[seq].content = strdup(content);
        snprintf(f->said[seq].name, sizeof(f->said[seq].name), "%s", name);
        f->said[seq].user_id = user_id;
        if (published) {
                Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

                fill(f, seq, &m, username);
                event.room_id = 1;
                event.seq = seq;
                event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
                event.message = &m;
                publisher_room_event(f->publisher, &event);
        }
        return seq;
}

int64_t chat_fake_say(struct chat_fake *f, const char *content, bool published)
{
        LOCK(&f->mutex);

        return append(f, 9, content, "", published);
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

static void answer_subscribe(struct chat_fake *f, struct buffer *out)
{
        Socializer__V1__SubscribeResponse r = SOCIALIZER__V1__SUBSCRIBE_RESPONSE__INIT;
        struct publisher_keys keys;

        atomic_fetch_add(&f->n_subscribes, 1);
        if (publisher_room_keys(f->publisher, 1, &keys, NULL) != STATUS_OK) {
                reply_error(out, STATUS_INTERNAL);
                return;
        }
        r.topic = (ProtobufCBinaryData){sizeof(keys.topic), keys.topic};
        r.key = (ProtobufCBinaryData){sizeof(keys.key), keys.key};
        r.epoch = keys.epoch;
        r.last_seq = f->last_seq;
        reply_message(out, &r.base);
}

static void answer_list(struct chat_fake *f, const Socializer__V1__ListRoomMessagesRequest *req,
                        struct buffer *out)
{
        enum { MOST = 500 };
        Socializer__V1__ListRoomMessagesResponse r =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_RESPONSE__INIT;
        Socializer__V1__RoomMessage *messages = calloc(MOST, sizeof(*messages));
        Socializer__V1__RoomMessage *pointers[MOST];
        char(*usernames)[32] = calloc(MOST, sizeof(*usernames));
        int64_t n = req->page_size ? req->page_size : 50;
        int64_t seq = req->after_seq + 1;

        atomic_fetch_add(&f->n_lists, 1);
        if (f->page_limit && n > f->page_limit)
                n = f->page_limit;
        if (req->after_set_case == SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET__NOT_SET)
                seq = f->last_seq - n + 1;
        for (seq = seq < f->first_seq ? f->first_seq : seq;
             seq <= f->last_seq && (int64_t)r.n_messages < n; seq++) {
                pointers[r.n_messages] = &messages[r.n_messages];
                fill(f, seq, &messages[r.n_messages], usernames[r.n_messages]);
                r.n_messages++;
        }
        r.messages = pointers;
        r.last_seq = f->last_seq;
        r.first_seq = f->first_seq;
        reply_message(out, &r.base);
        free(usernames);
        free(messages);
}

static void answer_send(struct chat_fake *f, const struct frame_call *call,
                        const Socializer__V1__SendMessageRequest *req, struct buffer *out)
{
        Socializer__V1__SendMessageResponse r = SOCIALIZER__V1__SEND_MESSAGE_RESPONSE__INIT;
        Socializer__V1__RoomMessage m;
        char username[32];

        fill(f, append(f, user_of(f, call), req->content, req->client_message_id, f->publishes), &m,
             username);
        r.message = &m;
        reply_message(out, &r.base);
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
        bool is_send = is_method(call, "socializer.v1.ChatService/SendMessage");
        bool is_me = is_method(call, "socializer.v1.UserService/GetMe");
        const ProtobufCMessageDescriptor *type =
                is_list   ? &socializer__v1__list_room_messages_request__descriptor
                : is_send ? &socializer__v1__send_message_request__descriptor
                          : &socializer__v1__get_me_request__descriptor;

        arena_init(&arena, 1024 * 1024);
        if (user_of(f, call) == 0)
                reply_error(out, STATUS_UNAUTHENTICATED);
        else if (f->refusal != STATUS_OK && !is_me)
                reply_error(out, f->refusal);
        else if (wire_unpack(type, call->payload.data, call->payload.n_bytes, &arena, &req, NULL) !=
                 STATUS_OK)
                reply_error(out, STATUS_INVALID_ARGUMENT);
        else if (is_me)
                answer_me(f, call, out);
        else if (is_list)
                answer_list(f, (const Socializer__V1__ListRoomMessagesRequest *)req, out);
        else if (is_send)
                answer_send(f, call, (const Socializer__V1__SendMessageRequest *)req, out);
        else
                answer_subscribe(f, out);
}

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct chat_fake *f = arg;
        LOCK(&f->mutex);

        for (unsigned i = 0; i < m->n_calls; i++)
                answer(f, &m->calls[i], reply);
        return FAKE_REPLY;
}

struct chat_fake *chat_fake_new(void)
{
        struct chat_fake *f = calloc(1, sizeof(*f));

        fake_address(f->rpc_url);
        snprintf(f->events_url, sizeof(f->events_url), "%s-events", f->rpc_url);
        pthread_mutex_init(&f->mutex, NULL);
        f->first_seq = 1;
        f->publishes = true;
        if (publisher_new(f->events_url, &f->publisher, NULL) != STATUS_OK)
                abort();
        f->rpc = fake_new(f->rpc_url, handle, f);
        return f;
}

void chat_fake_restart_publisher(struct chat_fake *f)
{
        LOCK(&f->mutex);

        publisher_free(f->publisher);
        if (publisher_new(f->events_url, &f->publisher, NULL) != STATUS_OK)
                abort();
}

struct chat_fake *chat_fake_free(struct chat_fake *f)
{
        fake_free(f->rpc);
        publisher_free(f->publisher);
        unlink(f->events_url + strlen("ipc://"));
        fake_address_free(f->rpc_url);
        for (int64_t seq = 1; seq <= f->last_seq; seq++)
                free(f->said[seq].content);
        pthread_mutex_destroy(&f->mutex);
        free(f);
        return NULL;
}
