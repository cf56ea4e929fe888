/* What is sent to peers. Every function appends to ws->text, which whoever sends it clears. */
#include "gateway/ws_internal.h"

#include "common/clock.h"
#include "common/json.h"

#include <inttypes.h>

void ws_json_text(struct buffer *b, const char *name, const char *value)
{
        buffer_printf(b, ",\"%s\":", name);
        json_append_string(b, value);
}

static void time_member(struct buffer *b, int64_t wall_ms)
{
        char text[32];

        clock_format(wall_ms, text, sizeof(text));
        ws_json_text(b, "timestamp", text);
}

void ws_json_user(struct buffer *b, int64_t user_id, const char *username)
{
        buffer_printf(b, ",\"user_id\":%" PRId64, user_id);
        ws_json_text(b, "username", username);
}

void ws_json_error(struct ws *ws, const struct error *error, const struct ws_about *about)
{
        struct buffer *b = &ws->text;

        buffer_printf(b, "{\"type\":\"error\",\"code\":\"%s\"", status_name(error->status));
        ws_json_text(b, "message",
                     error->status == STATUS_INTERNAL ? "something went wrong here" : error->text);
        if (error->field[0])
                ws_json_text(b, "field", error->field);
        if (error->retry_after_ms)
                buffer_printf(b, ",\"retry_after_ms\":%" PRIu32, error->retry_after_ms);
        if (about && about->client_message_id && *about->client_message_id)
                ws_json_text(b, "client_message_id", about->client_message_id);
        if (about && about->room_id)
                buffer_printf(b, ",\"room_id\":%" PRId64, about->room_id);
        if (about && about->message_id)
                buffer_printf(b, ",\"message_id\":%" PRId64, about->message_id);
        if (about && about->answer_id)
                ws_json_text(b, "answer_id", about->answer_id);
        buffer_append_char(b, '}');
}

void ws_json_established(struct ws *ws, const struct ws_user *user)
{
        struct buffer *b = &ws->text;

        buffer_append_str(b, "{\"type\":\"connection_established\"");
        ws_json_user(b, user->id, user->username);
        ws_json_text(b, "message", "Connected");
        time_member(b, clock_wall_ms());
        buffer_append_char(b, '}');
}

void ws_json_message_sent(struct ws *ws, const Socializer__V1__RoomMessage *message)
{
        buffer_printf(&ws->text,
                      "{\"type\":\"message_sent\",\"room_id\":%" PRId64 ",\"seq\":%" PRId64
                      ",\"message_id\":%" PRId64,
                      message->room_id, message->seq, message->message_id);
        ws_json_text(&ws->text, "client_message_id", message->client_message_id);
        buffer_append_char(&ws->text, '}');
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
        ws_json_text(&ws->text, "reason", reason);
        buffer_append_char(&ws->text, '}');
}

void ws_json_presence(struct ws *ws, int64_t room_id, const Socializer__V1__Presence *presence)
{
        buffer_printf(&ws->text, "{\"type\":\"%s\",\"room_id\":%" PRId64,
                      presence->is_online ? "user_joined" : "user_left", room_id);
        ws_json_user(&ws->text, presence->user_id, presence->username);
        time_member(&ws->text, clock_wall_ms());
        buffer_append_char(&ws->text, '}');
}

void ws_json_typing(struct ws *ws, int64_t room_id, int64_t user_id, const char *username,
                    bool is_typing)
{
        buffer_printf(&ws->text, "{\"type\":\"user_typing\",\"room_id\":%" PRId64, room_id);
        ws_json_user(&ws->text, user_id, username);
        buffer_printf(&ws->text, ",\"is_typing\":%s}", is_typing ? "true" : "false");
}

void ws_json_read(struct ws *ws, int64_t room_id, const Socializer__V1__ReadMark *mark)
{
        buffer_printf(&ws->text, "{\"type\":\"message_read\",\"room_id\":%" PRId64, room_id);
        ws_json_user(&ws->text, mark->user_id, mark->username);
        buffer_printf(&ws->text, ",\"seq\":%" PRId64 "}", mark->seq);
}

void ws_json_online(struct ws *ws, int64_t room_id,
                    const Socializer__V1__ListOnlineUsersResponse *online)
{
        struct buffer *b = &ws->text;

        buffer_append_str(b, "{\"type\":\"online_users\"");
        if (room_id)
                buffer_printf(b, ",\"room_id\":%" PRId64, room_id);
        buffer_append_str(b, ",\"users\":[");
        for (size_t i = 0; i < online->n_users; i++) {
                buffer_printf(b, "%s{\"user_id\":%" PRId64, i == 0 ? "" : ",",
                              online->users[i]->user_id);
                ws_json_text(b, "username", online->users[i]->username);
                buffer_append_char(b, '}');
        }
        buffer_printf(b, "],\"count\":%" PRId32 "}", online->count);
}

static const char *invite_status(Socializer__V1__InviteStatus status)
{
        switch (status) {
        case SOCIALIZER__V1__INVITE_STATUS__INVITE_STATUS_PENDING:
                return "pending";
        case SOCIALIZER__V1__INVITE_STATUS__INVITE_STATUS_ACCEPTED:
                return "accepted";
        case SOCIALIZER__V1__INVITE_STATUS__INVITE_STATUS_DECLINED:
                return "declined";
        case SOCIALIZER__V1__INVITE_STATUS__INVITE_STATUS_REVOKED:
                return "revoked";
        default:
                return "unspecified";
        }
}

static void json_invite(struct buffer *b, const Socializer__V1__Invite *invite)
{
        buffer_printf(b, "{\"type\":\"invite\",\"invite_id\":%" PRId64 ",\"room_id\":%" PRId64,
                      invite->id, invite->room_id);
        ws_json_text(b, "room_name", invite->room_name);
        buffer_printf(b, ",\"inviter_id\":%" PRId64, invite->inviter_id);
        ws_json_text(b, "inviter_username", invite->inviter_username);
        ws_json_text(b, "status", invite_status(invite->status));
        buffer_append_char(b, '}');
}

void ws_json_coach_answer(struct ws *ws, const Socializer__V1__ChatResponse *response,
                          const char *client_message_id)
{
        struct buffer *b = &ws->text;

        buffer_append_str(b, "{\"type\":\"coach_done\"");
        ws_json_text(b, "answer_id", response->answer_id);
        ws_json_text(b, "thread_id", response->thread_id);
        ws_json_text(b, "code", status_name(STATUS_OK));
        ws_json_text(b, "response", response->response);
        ws_json_text(b, "engine", response->engine);
        ws_json_text(b, "notice", response->notice);
        if (*client_message_id)
                ws_json_text(b, "client_message_id", client_message_id);
        buffer_append_char(b, '}');
}

static void json_coach_done(struct buffer *b, const Socializer__V1__CoachDone *done)
{
        enum status status = status_from_wire((uint32_t)done->code);

        buffer_append_str(b, "{\"type\":\"coach_done\"");
        ws_json_text(b, "answer_id", done->answer_id);
        ws_json_text(b, "thread_id", done->thread_id);
        ws_json_text(b, "code", status_name(status));
        if (status == STATUS_OK) {
                ws_json_text(b, "response", done->response);
                ws_json_text(b, "engine", done->engine);
                ws_json_text(b, "notice", done->notice);
        } else {
                ws_json_text(b, "message", done->message);
        }
        buffer_append_char(b, '}');
}

static void json_coach_delta(struct buffer *b, const Socializer__V1__CoachDelta *delta)
{
        buffer_append_str(b, "{\"type\":\"coach_delta\"");
        ws_json_text(b, "answer_id", delta->answer_id);
        ws_json_text(b, "thread_id", delta->thread_id);
        buffer_printf(b, ",\"offset\":%" PRId32, delta->offset);
        ws_json_text(b, "text", delta->text);
        buffer_append_char(b, '}');
}

static void json_level(struct buffer *b, const Socializer__V1__LevelMoved *level)
{
        buffer_printf(b, "{\"type\":\"level_changed\",\"skill_id\":%" PRId64, level->skill_id);
        ws_json_text(b, "skill_name", level->skill_name);
        buffer_printf(b,
                      ",\"old_level\":%" PRId32 ",\"new_level\":%" PRId32 ",\"change_id\":%" PRId64
                      ",\"is_reverted\":%s,\"is_milestone\":%s}",
                      level->old_level, level->new_level, level->change_id,
                      level->is_reverted ? "true" : "false",
                      level->is_milestone ? "true" : "false");
}

static void json_training(struct buffer *b, const Socializer__V1__TrainingCompleted *training)
{
        buffer_printf(b,
                      "{\"type\":\"training_completed\",\"training_id\":%" PRId64
                      ",\"skill_id\":%" PRId64,
                      training->training_id, training->skill_id);
        ws_json_text(b, "skill_name", training->skill_name);
        buffer_append_char(b, '}');
}

bool ws_json_user_event(struct ws *ws, const Socializer__V1__UserEvent *event)
{
        struct buffer *b = &ws->text;

        switch (event->event_case) {
        case SOCIALIZER__V1__USER_EVENT__EVENT_INVITE:
                json_invite(b, event->invite);
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_MEMBERSHIP:
                buffer_printf(b,
                              "{\"type\":\"membership_changed\",\"room_id\":%" PRId64
                              ",\"is_member\":%s}",
                              event->membership->room_id,
                              event->membership->is_member ? "true" : "false");
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_READ:
                buffer_printf(
                        b, "{\"type\":\"room_read\",\"room_id\":%" PRId64 ",\"seq\":%" PRId64 "}",
                        event->read->room_id, event->read->seq);
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DELTA:
                json_coach_delta(b, event->coach_delta);
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DONE:
                json_coach_done(b, event->coach_done);
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_LEVEL:
                json_level(b, event->level);
                return true;
        case SOCIALIZER__V1__USER_EVENT__EVENT_TRAINING:
                json_training(b, event->training);
                return true;
        default:
                return false;
        }
}
