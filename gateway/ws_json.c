/* What is sent to peers. Every function appends to ws->text, which whoever sends it clears. */
#include "gateway/ws_internal.h"

#include "common/clock.h"
#include "common/json.h"

#include <inttypes.h>

/* ,"name":"value" */
static void member(struct buffer *b, const char *name, const char *value)
{
        buffer_printf(b, ",\"%s\":", name);
        json_append_string(b, value);
}

static void time_member(struct buffer *b, int64_t wall_ms)
{
        char text[32];

        clock_format(wall_ms, text, sizeof(text));
        member(b, "timestamp", text);
}

static void user_members(struct buffer *b, int64_t user_id, const char *username)
{
        buffer_printf(b, ",\"user_id\":%" PRId64, user_id);
        member(b, "username", username);
}

void ws_json_error(struct ws *ws, const struct error *error, const char *client_message_id)
{
        struct buffer *b = &ws->text;

        buffer_printf(b, "{\"type\":\"error\",\"code\":\"%s\"", status_name(error->status));
        member(b, "message",
               error->status == STATUS_INTERNAL ? "something went wrong here" : error->text);
        if (error->field[0])
                member(b, "field", error->field);
        if (error->retry_after_ms)
                buffer_printf(b, ",\"retry_after_ms\":%" PRIu32, error->retry_after_ms);
        if (client_message_id && *client_message_id)
                member(b, "client_message_id", client_message_id);
        buffer_append_char(b, '}');
}

void ws_json_established(struct ws *ws, const struct ws_user *user)
{
        struct buffer *b = &ws->text;

        buffer_append_str(b, "{\"type\":\"connection_established\"");
        user_members(b, user->id, user->username);
        member(b, "message", "Connected");
        time_member(b, clock_wall_ms());
        buffer_append_char(b, '}');
}

void ws_json_pong(struct ws *ws)
{
        buffer_append_str(&ws->text, "{\"type\":\"pong\"");
        time_member(&ws->text, clock_wall_ms());
        buffer_append_char(&ws->text, '}');
}

void ws_json_room_joined(struct ws *ws, int64_t room_id, int64_t last_seq, bool recovered,
                         int64_t first_seq)
{
        buffer_printf(&ws->text,
                      "{\"type\":\"room_joined\",\"room_id\":%" PRId64 ",\"last_seq\":%" PRId64
                      ",\"recovered\":%s,\"first_seq\":%" PRId64 "}",
                      room_id, last_seq, recovered ? "true" : "false", first_seq);
}

void ws_json_room_left(struct ws *ws, int64_t room_id, const char *reason)
{
        buffer_printf(&ws->text, "{\"type\":\"room_left\",\"room_id\":%" PRId64, room_id);
        member(&ws->text, "reason", reason);
        buffer_append_char(&ws->text, '}');
}

static int64_t message_ms(const Socializer__V1__RoomMessage *m)
{
        return m->timestamp ? m->timestamp->seconds * 1000 + m->timestamp->nanos / 1000000 : 0;
}

static void message_members(struct buffer *b, const Socializer__V1__RoomMessage *m)
{
        buffer_printf(b, "\"room_id\":%" PRId64 ",\"seq\":%" PRId64 ",\"message_id\":%" PRId64,
                      m->room_id, m->seq, m->message_id);
        user_members(b, m->user_id, m->username);
        member(b, "content", m->content);
        time_member(b, message_ms(m));
        member(b, "client_message_id", m->client_message_id);
}

void ws_json_message(struct ws *ws, const Socializer__V1__RoomMessage *message)
{
        buffer_append_str(&ws->text, "{\"type\":\"chat_message\",");
        message_members(&ws->text, message);
        buffer_append_char(&ws->text, '}');
}

void ws_json_history(struct ws *ws, int64_t room_id, Socializer__V1__RoomMessage *const *messages,
                     size_t n)
{
        struct buffer *b = &ws->text;

        buffer_printf(b, "{\"type\":\"chat_history\",\"room_id\":%" PRId64 ",\"messages\":[",
                      room_id);
        for (size_t i = 0; i < n; i++) {
                buffer_append_str(b, i == 0 ? "{" : ",{");
                message_members(b, messages[i]);
                buffer_append_char(b, '}');
        }
        buffer_append_str(b, "]}");
}

void ws_json_presence(struct ws *ws, const char *type, int64_t room_id, const struct ws_user *user)
{
        buffer_printf(&ws->text, "{\"type\":\"%s\",\"room_id\":%" PRId64, type, room_id);
        user_members(&ws->text, user->id, user->username);
        time_member(&ws->text, clock_wall_ms());
        buffer_append_char(&ws->text, '}');
}

void ws_json_typing(struct ws *ws, int64_t room_id, int64_t user_id, const char *username,
                    bool is_typing)
{
        buffer_printf(&ws->text, "{\"type\":\"user_typing\",\"room_id\":%" PRId64, room_id);
        user_members(&ws->text, user_id, username);
        buffer_printf(&ws->text, ",\"is_typing\":%s}", is_typing ? "true" : "false");
}

void ws_json_read(struct ws *ws, int64_t room_id, const struct ws_user *user, int64_t seq)
{
        buffer_printf(&ws->text, "{\"type\":\"message_read\",\"room_id\":%" PRId64, room_id);
        user_members(&ws->text, user->id, user->username);
        buffer_printf(&ws->text, ",\"seq\":%" PRId64 "}", seq);
}

/* Appends a user to the list, as long as it is short enough. */
static void online_user(struct buffer *b, const struct ws_user *user, size_t *n)
{
        if ((*n)++ >= WS_MAX_ONLINE)
                return;
        buffer_printf(b, "%s{\"user_id\":%" PRId64, *n == 1 ? "" : ",", user->id);
        member(b, "username", user->username);
        buffer_append_char(b, '}');
}

void ws_json_online(struct ws *ws, const struct ws_room *room)
{
        struct buffer *b = &ws->text;
        size_t n = 0;

        buffer_append_str(b, "{\"type\":\"online_users\"");
        if (room)
                buffer_printf(b, ",\"room_id\":%" PRId64, room->id);
        buffer_append_str(b, ",\"users\":[");
        if (room) {
                for (struct ws_member *m = room->members; m; m = m->next)
                        if (m->present && ws_member_is_first(m))
                                online_user(b, m->socket->user, &n);
        } else {
                for (size_t i = 0; i < WS_BUCKETS; i++)
                        for (struct ws_user *u = ws->users[i]; u; u = u->next)
                                if (u->n_sockets > 0)
                                        online_user(b, u, &n);
        }
        buffer_printf(b, "],\"count\":%zu}", n);
}
