/* What a peer says: one function a type, and the fields that it may bring. */
#include "gateway/ws_internal.h"

#include "common/json.h"
#include "gateway/token.h"

#include <inttypes.h>
#include <string.h>

struct command {
        const char *type;
        enum status (*run)(struct ws_socket *s, json_t *object, struct error *reterr);
        const char *fields[5]; /* besides "type"; NULL ends */
};

static enum status run_auth(struct ws_socket *s, json_t *object, struct error *reterr)
{
        const char *token = json_string_value(json_object_get(object, "token"));
        size_t n = token ? strlen(token) : 0;

        if (n == 0 || n > 2048) {
                error_field(reterr, "token", "token: want the access token of your sign-in");
                reterr->status = STATUS_UNAUTHENTICATED;
                return STATUS_UNAUTHENTICATED;
        }
        if (token_is_operators(token)) {
                error_field(reterr, "token", "token: the operator's is not for WebSockets; log in");
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
        enum status st = ws_field_room(object, &id, reterr);

        if (st == STATUS_OK && id == 0)
                st = error_field(reterr, "room_id", "room_id: say which room");
        if (st == STATUS_OK)
                st = ws_field_text(object, "password", WS_MAX_PASSWORD, &password, reterr);
        if (st == STATUS_OK)
                st = ws_field_number(object, "after_seq", 0, &given, &after_seq, reterr);
        if (st == STATUS_OK)
                ws_member_join(s, id, password, after_seq);
        return st;
}

static enum status run_leave(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = ws_field_place(s, object, reterr);

        if (!m)
                return reterr->status;
        ws_member_leave(m, "left");
        return STATUS_OK;
}

static enum status run_typing(struct ws_socket *s, json_t *object, struct error *reterr)
{
        json_t *value = json_object_get(object, "is_typing");
        struct ws_member *m;

        if (!json_is_boolean(value))
                return error_field(reterr, "is_typing", "is_typing: want true or false");
        m = ws_field_member(s, object, reterr);
        if (!m)
                return reterr->status;
        ws_typing_set(m, json_is_true(value));
        return STATUS_OK;
}

static enum status run_read(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = ws_field_member(s, object, reterr);
        int64_t seq = 0, last;
        bool given = false;
        enum status st;

        if (!m)
                return reterr->status;
        st = ws_field_number(object, "seq", 1, &given, &seq, reterr);
        if (st != STATUS_OK)
                return st;
        last = m->room->live && m->room->last_seq > m->cursor ? m->room->last_seq : m->cursor;
        if (!given || seq > last)
                return error_field(reterr, "seq",
                                   "seq: want the number of an event of the room, up to %" PRId64,
                                   last);
        ws_member_read(m, seq);
        return STATUS_OK;
}

static enum status run_online(struct ws_socket *s, json_t *object, struct error *reterr)
{
        int64_t id = 0;
        enum status st = ws_field_room(object, &id, reterr);

        if (st == STATUS_OK && id != 0 && !ws_field_member(s, object, reterr))
                st = reterr->status;
        return st == STATUS_OK ? ws_presence_list(s, id, reterr) : st;
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
        {"chat_message", ws_talk_message, {"content", "room_id", "client_message_id", "reply_to"}},
        {"edit_message", ws_talk_edit, {"room_id", "message_id", "content"}},
        {"delete_message", ws_talk_delete, {"room_id", "message_id"}},
        {"react", ws_talk_react, {"room_id", "message_id", "emoji", "is_added"}},
        {"typing", run_typing, {"room_id", "is_typing"}},
        {"read", run_read, {"room_id", "seq"}},
        {"coach_message",
         ws_coach_message,
         {"content", "thread_id", "client_message_id", "answer_id"}},
        {"coach_cancel", ws_coach_cancel, {"answer_id"}},
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

static enum status run(struct ws_socket *s, json_t *object, struct error *reterr)
{
        const struct command *c = find(object, reterr);
        enum status st;

        if (!c)
                return reterr->status;
        st = check_fields(c, object, reterr);
        if (st == STATUS_OK && s->state == WS_NEW && c->run != run_auth)
                st = error_set(reterr, STATUS_UNAUTHENTICATED,
                               "sign in first: {\"type\":\"auth\",\"token\":…}");
        return st == STATUS_OK ? c->run(s, object, reterr) : st;
}

/* What the peer knows its words by, so that it can tell which of them an error is about. */
static struct ws_about about(json_t *object)
{
        struct ws_about ret = {
                .client_message_id =
                        json_string_value(json_object_get(object, "client_message_id")),
                .message_id = json_integer_value(json_object_get(object, "message_id")),
        };

        if (ws_field_room(object, &ret.room_id, NULL) != STATUS_OK)
                ret.room_id = 0;
        return ret;
}

void ws_command_run(struct ws_socket *s, const char *text, size_t n)
{
        struct error error;
        json_t *object = NULL;
        enum status st = json_parse_text(text, n, &object, &error);
        struct ws_about what;

        if (st == STATUS_OK)
                st = run(s, object, &error);
        if (st != STATUS_OK) {
                what = about(object);
                ws_send_error(s, &error, &what);
                if (s->state == WS_NEW)
                        ws_socket_close(s, WS_CODE_AUTH, "sign in first");
        }
        json_decref(object);
}
