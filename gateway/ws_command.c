/* What a peer says: one function a type, and the fields that it may bring. */
#include "gateway/ws_internal.h"

#include "common/json.h"
#include "common/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GENERAL    "general"
#define GENERAL_ID 1
#define MAX_ID     INT64_C(9007199254740991) /* 2^53 - 1: what every JSON reader can hold */

struct command {
        const char *type;
        enum status (*run)(struct ws_socket *s, json_t *object, struct error *reterr);
        const char *fields[5]; /* besides "type"; NULL ends */
};

/* --- fields --- */

/* A text of at most so many characters; NULL when it is not given. */
static enum status get_text(json_t *object, const char *name, size_t max, const char **ret,
                            struct error *reterr)
{
        json_t *value = json_object_get(object, name);

        *ret = NULL;
        if (!value || json_is_null(value))
                return STATUS_OK;
        if (!json_is_string(value))
                return error_field(reterr, name, "%s: want a text", name);
        if (wire_utf8_length(json_string_value(value)) > max)
                return error_field(reterr, name, "%s: want at most %zu characters, got %zu", name,
                                   max, wire_utf8_length(json_string_value(value)));
        *ret = json_string_value(value);
        return STATUS_OK;
}

static enum status get_number(json_t *object, const char *name, int64_t least, bool *ret_given,
                              int64_t *ret, struct error *reterr)
{
        json_t *value = json_object_get(object, name);

        *ret_given = value && !json_is_null(value);
        if (!*ret_given)
                return STATUS_OK;
        if (!json_is_integer(value) || json_integer_value(value) < least ||
            json_integer_value(value) > MAX_ID)
                return error_field(reterr, name, "%s: want a whole number from %" PRId64 " on",
                                   name, least);
        *ret = json_integer_value(value);
        return STATUS_OK;
}

/* "general", a number, or digits; 0 when it is not given. */
static enum status get_room(json_t *object, int64_t *ret, struct error *reterr)
{
        json_t *value = json_object_get(object, "room_id");
        const char *text = json_string_value(value);
        int64_t id = 0;

        if (!value || json_is_null(value)) {
                *ret = 0;
                return STATUS_OK;
        }
        if (json_is_integer(value)) {
                id = json_integer_value(value);
        } else if (text && strcmp(text, GENERAL) == 0) {
                id = GENERAL_ID;
        } else if (text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 17) {
                id = strtoll(text, NULL, 10);
        }
        if (id < 1 || id > MAX_ID)
                return error_field(reterr, "room_id",
                                   "room_id: want \"" GENERAL "\" or the number of a room");
        *ret = id;
        return STATUS_OK;
}

/* The member that the command is about: of the room that it names, or the one joined last. It may
 * be joining still: a peer need not wait for room_joined before it goes on. NULL: there is none,
 * and reterr says why. */
static struct ws_member *get_place(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m;
        int64_t id = 0;

        if (get_room(object, &id, reterr) != STATUS_OK)
                return NULL;
        if (id == 0)
                id = s->last_room_id;
        m = id ? ws_member_find(s, id) : NULL;
        if (m)
                return m;
        if (id)
                error_set(reterr, STATUS_FAILED_PRECONDITION,
                          "room_id: join room %" PRId64 " first", id);
        else
                error_set(reterr, STATUS_FAILED_PRECONDITION, "room_id: join a room first");
        snprintf(reterr->field, sizeof(reterr->field), "room_id");
        return NULL;
}

/* The same for what the others in the room see or what tells of them: only once the service has
 * said that the peer may be there. */
static struct ws_member *get_member(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = get_place(s, object, reterr);

        if (!m || m->announced)
                return m;
        error_set(reterr, STATUS_FAILED_PRECONDITION,
                  "room_id: wait for room_joined of room %" PRId64 " first", m->room->id);
        snprintf(reterr->field, sizeof(reterr->field), "room_id");
        return NULL;
}

/* --- commands --- */

static enum status run_auth(struct ws_socket *s, json_t *object, struct error *reterr)
{
        const char *token = json_string_value(json_object_get(object, "token"));
        size_t n = token ? strlen(token) : 0;

        if (n == 0 || n > 2048) {
                error_field(reterr, "token", "token: want the access token of your sign-in");
                reterr->status = STATUS_UNAUTHENTICATED;
                return STATUS_UNAUTHENTICATED;
        }
        ws_token_present(s, token);
        return STATUS_OK;
}

static enum status run_join(struct ws_socket *s, json_t *object, struct error *reterr)
{
        const char *password = NULL;
        int64_t id = 0, after_seq = -1;
        bool given = false;
        enum status st = get_room(object, &id, reterr);

        if (st == STATUS_OK && id == 0)
                st = error_field(reterr, "room_id", "room_id: say which room");
        if (st == STATUS_OK)
                st = get_text(object, "password", 1024, &password, reterr);
        if (st == STATUS_OK)
                st = get_number(object, "after_seq", 0, &given, &after_seq, reterr);
        if (st == STATUS_OK)
                ws_member_join(s, id, after_seq);
        return st;
}

static enum status run_leave(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = get_place(s, object, reterr);

        if (!m)
                return reterr->status;
        ws_member_leave(m, "left");
        return STATUS_OK;
}

/* A message on its way to the service. */
struct sending {
        struct ws_socket *socket;
        char client_message_id[WS_MAX_CLIENT_ID * 4 + 1];
};

static void on_sent(void *closure, soc_status status, const ProtobufCMessage *response,
                    const soc_error *error)
{
        struct sending *sending = closure;
        struct ws_socket *s = sending->socket;

        (void)response; /* its sender hears of it as everybody does */
        if (status != SOC_OK) {
                ws_send_error(s, (const struct error *)error, sending->client_message_id);
                if (status == SOC_UNAUTHENTICATED && s->token)
                        ws_token_refused(s->token);
        }
        ws_socket_unref(s);
        free(sending);
}

static enum status send_message(struct ws_socket *s, const Socializer__V1__SendMessageRequest *m,
                                struct error *reterr)
{
        const soc_call_options options = {.token = s->token->text,
                                          .client_address = s->client_address};
        struct sending *sending = malloc(sizeof(*sending));
        soc_error error;

        if (!sending)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        sending->socket = s;
        snprintf(sending->client_message_id, sizeof(sending->client_message_id), "%s",
                 m->client_message_id);
        ws_socket_ref(s);
        if (soc_call_start(s->ws->gateway->client, "socializer.v1.ChatService/SendMessage",
                           &m->base, &options, on_sent, sending, NULL, &error) != SOC_OK)
                on_sent(sending, error.status, NULL, &error);
        return STATUS_OK;
}

static enum status run_message(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        const char *content = NULL, *name = NULL;
        struct ws_member *m;
        enum status st = get_text(object, "client_message_id", WS_MAX_CLIENT_ID, &name, reterr);

        if (st == STATUS_OK)
                st = get_text(object, "content", WS_MAX_CONTENT, &content, reterr);
        if (st == STATUS_OK && (!content || *content == '\0'))
                st = error_field(reterr, "content", "content: want 1 to %d characters, got none",
                                 WS_MAX_CONTENT);
        if (st != STATUS_OK)
                return st;
        m = get_place(s, object, reterr); /* whether it may speak there, the service knows */
        if (!m)
                return reterr->status;
        if (m->typing_until_ms)
                ws_member_type(m, false);
        request.room_id = m->room->id;
        request.content = (char *)content;
        request.client_message_id = (char *)(name ? name : "");
        return send_message(s, &request, reterr);
}

static enum status run_typing(struct ws_socket *s, json_t *object, struct error *reterr)
{
        json_t *value = json_object_get(object, "is_typing");
        struct ws_member *m;

        if (!json_is_boolean(value))
                return error_field(reterr, "is_typing", "is_typing: want true or false");
        m = get_member(s, object, reterr);
        if (!m)
                return reterr->status;
        ws_member_type(m, json_is_true(value));
        return STATUS_OK;
}

static enum status run_read(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = get_member(s, object, reterr);
        int64_t seq = 0, last;
        bool given = false;
        enum status st;

        if (!m)
                return reterr->status;
        st = get_number(object, "seq", 1, &given, &seq, reterr);
        if (st != STATUS_OK)
                return st;
        last = m->room->live && m->room->last_seq > m->cursor ? m->room->last_seq : m->cursor;
        if (!given || seq > last)
                return error_field(reterr, "seq",
                                   "seq: want the number of a message, up to %" PRId64, last);
        if (seq > m->read_seq) {
                m->read_seq = seq;
                ws_json_read(s->ws, m->room->id, s->user, seq);
                ws_room_broadcast_text(m->room, s);
        }
        return STATUS_OK;
}

static enum status run_online(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = NULL;
        int64_t id = 0;
        enum status st = get_room(object, &id, reterr);

        if (st != STATUS_OK)
                return st;
        if (id != 0) {
                m = get_member(s, object, reterr);
                if (!m)
                        return reterr->status;
        }
        ws_json_online(s->ws, m ? m->room : NULL);
        ws_socket_send_text(s);
        return STATUS_OK;
}

static enum status run_ping(struct ws_socket *s, json_t *object, struct error *reterr)
{
        (void)object;
        (void)reterr;
        ws_json_pong(s->ws);
        ws_socket_send_text(s);
        return STATUS_OK;
}

static const struct command commands[] = {
        {"auth", run_auth, {"token"}},
        {"join_room", run_join, {"room_id", "password", "after_seq"}},
        {"leave_room", run_leave, {"room_id"}},
        {"chat_message", run_message, {"content", "room_id", "client_message_id"}},
        {"typing", run_typing, {"room_id", "is_typing"}},
        {"read", run_read, {"room_id", "seq"}},
        {"get_online_users", run_online, {"room_id"}},
        {"ping", run_ping, {NULL}},
};

/* NULL: there is no such command, and reterr says so. */
static const struct command *find(json_t *object, struct error *reterr)
{
        const char *type = json_string_value(json_object_get(object, "type"));

        if (!json_is_object(object)) {
                error_set(reterr, STATUS_INVALID_ARGUMENT, "want a JSON object");
                return NULL;
        }
        for (size_t i = 0; type && i < ARRAY_SIZE(commands); i++)
                if (strcmp(commands[i].type, type) == 0)
                        return &commands[i];
        if (type)
                error_field(reterr, "type", "'%.64s' is none that is known here", type);
        else
                error_field(reterr, "type", "want a text that says what this is");
        return NULL;
}

static bool has_field(const struct command *c, const char *name)
{
        if (strcmp(name, "type") == 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(c->fields) && c->fields[i]; i++)
                if (strcmp(c->fields[i], name) == 0)
                        return true;
        return false;
}

static enum status check_fields(const struct command *c, json_t *object, struct error *reterr)
{
        for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
                const char *name = json_object_iter_key(at);

                if (!has_field(c, name))
                        return error_field(reterr, name, "%s has no such field", c->type);
        }
        return STATUS_OK;
}

/* A bucket that fills by messages_per_second up to twice as many. */
static enum status allow(struct ws_socket *s, struct error *reterr)
{
        double rate = s->ws->messages_per_second;
        uint64_t now = ws_now(s->ws);

        s->allowance += (double)(now - s->allowance_ms) / 1000 * rate;
        s->allowance_ms = now;
        if (s->allowance > 2 * rate)
                s->allowance = 2 * rate;
        if (s->allowance < 1)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED,
                                   (uint32_t)((1 - s->allowance) / rate * 1000) + 1,
                                   "too many messages: at most %u a second",
                                   s->ws->messages_per_second);
        s->allowance -= 1;
        return STATUS_OK;
}

static enum status run(struct ws_socket *s, json_t *object, struct error *reterr)
{
        const struct command *c;
        enum status st = allow(s, reterr);

        if (st != STATUS_OK)
                return st;
        c = find(object, reterr);
        if (!c)
                return reterr->status;
        st = check_fields(c, object, reterr);
        if (st == STATUS_OK && s->state == WS_NEW && c->run != run_auth)
                st = error_set(reterr, STATUS_UNAUTHENTICATED,
                               "sign in first: {\"type\":\"auth\",\"token\":…}");
        return st == STATUS_OK ? c->run(s, object, reterr) : st;
}

void ws_command_run(struct ws_socket *s, const char *text, size_t n)
{
        struct error error;
        json_t *object = NULL;
        enum status st = json_parse_text(text, n, &object, &error);
        const char *client_message_id;

        if (st == STATUS_OK)
                st = run(s, object, &error);
        if (st != STATUS_OK) {
                client_message_id = json_string_value(json_object_get(object, "client_message_id"));
                ws_send_error(s, &error, client_message_id);
                if (s->state == WS_NEW)
                        ws_socket_close(s, WS_CODE_AUTH, "sign in first");
        }
        json_decref(object);
}
