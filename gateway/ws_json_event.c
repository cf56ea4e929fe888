/* What is sent of a room's durable events. Every frame carries the event's number as "seq". */
#include "gateway/ws_internal.h"

#include "common/clock.h"
#include "common/json.h"

#include <inttypes.h>

/* ,"name":"2026-11-23T10:00:00.000Z", or null */
static void time_member(struct buffer *b, const char *name, const Google__Protobuf__Timestamp *t)
{
        char text[32];

        if (!t) {
                buffer_printf(b, ",\"%s\":null", name);
                return;
        }
        clock_format(t->seconds * 1000 + t->nanos / 1000000, text, sizeof(text));
        ws_json_text(b, name, text);
}

static void bool_member(struct buffer *b, const char *name, bool value)
{
        buffer_printf(b, ",\"%s\":%s", name, value ? "true" : "false");
}

static void begin(struct buffer *b, const char *type, const Socializer__V1__RoomEvent *event)
{
        buffer_printf(b, "{\"type\":\"%s\",\"room_id\":%" PRId64 ",\"seq\":%" PRId64, type,
                      event->room_id, event->seq);
}

static void end(struct buffer *b, const Socializer__V1__RoomEvent *event)
{
        time_member(b, "timestamp", event->timestamp);
        buffer_append_char(b, '}');
}

/* --- messages --- */

static void reply_to(struct buffer *b, const Socializer__V1__ReplyTo *r)
{
        if (!r) {
                buffer_append_str(b, ",\"reply_to\":null");
                return;
        }
        buffer_printf(b, ",\"reply_to\":{\"message_id\":%" PRId64 ",\"seq\":%" PRId64,
                      r->message_id, r->seq);
        ws_json_user(b, r->user_id, r->username);
        ws_json_text(b, "excerpt", r->excerpt);
        buffer_append_char(b, '}');
}

static void reaction(struct buffer *b, const Socializer__V1__Reaction *r)
{
        buffer_append_str(b, "{\"emoji\":");
        json_append_string(b, r->emoji);
        buffer_printf(b, ",\"count\":%" PRId32 ",\"user_ids\":[", r->count);
        for (size_t i = 0; i < r->n_user_ids; i++)
                buffer_printf(b, "%s%" PRId64, i == 0 ? "" : ",", r->user_ids[i]);
        buffer_append_str(b, "]}");
}

static void message_members(struct buffer *b, const Socializer__V1__RoomMessage *m)
{
        buffer_printf(b, "\"room_id\":%" PRId64 ",\"seq\":%" PRId64 ",\"message_id\":%" PRId64,
                      m->room_id, m->seq, m->message_id);
        ws_json_user(b, m->user_id, m->username);
        ws_json_text(b, "content", m->content);
        time_member(b, "timestamp", m->timestamp);
        ws_json_text(b, "client_message_id", m->client_message_id);
        reply_to(b, m->reply_to);
        time_member(b, "edited_at", m->edited_at);
        bool_member(b, "is_deleted", m->is_deleted);
        if (m->kind == SOCIALIZER__V1__MESSAGE_KIND__MESSAGE_KIND_COACH) {
                buffer_append_str(b, ",\"kind\":\"coach\"");
                ws_json_text(b, "engine", m->engine);
        } else {
                buffer_append_str(b, ",\"kind\":\"user\"");
        }
        buffer_append_str(b, ",\"reactions\":[");
        for (size_t i = 0; i < m->n_reactions; i++) {
                if (i > 0)
                        buffer_append_char(b, ',');
                reaction(b, m->reactions[i]);
        }
        buffer_append_char(b, ']');
}

void ws_json_history_begin(struct ws *ws, int64_t room_id)
{
        buffer_printf(&ws->text,
                      "{\"type\":\"chat_history\",\"room_id\":%" PRId64 ",\"messages\":[", room_id);
}

void ws_json_history_add(struct ws *ws, const Socializer__V1__RoomMessage *message, bool is_first)
{
        buffer_append_str(&ws->text, is_first ? "{" : ",{");
        message_members(&ws->text, message);
        buffer_append_char(&ws->text, '}');
}

void ws_json_history_end(struct ws *ws)
{
        buffer_append_str(&ws->text, "]}");
}

static void said(struct buffer *b, const Socializer__V1__RoomMessage *message)
{
        buffer_append_str(b, "{\"type\":\"chat_message\",");
        message_members(b, message);
        buffer_append_char(b, '}');
}

/* message: as it is now; NULL content stays unsaid. */
static void changed(struct buffer *b, const char *type, const Socializer__V1__RoomEvent *event,
                    const Socializer__V1__RoomMessage *message, const char *content)
{
        begin(b, type, event);
        buffer_printf(b, ",\"message_seq\":%" PRId64 ",\"message_id\":%" PRId64, message->seq,
                      message->message_id);
        ws_json_user(b, message->user_id, message->username);
        if (content)
                ws_json_text(b, "content", content);
        time_member(b, "edited_at", message->edited_at);
        end(b, event);
}

static void reacted(struct buffer *b, const Socializer__V1__RoomEvent *event)
{
        const Socializer__V1__ReactionChange *r = event->reaction;

        begin(b, "message_reaction", event);
        buffer_printf(b, ",\"message_id\":%" PRId64, r->message_id);
        ws_json_user(b, r->user_id, r->username);
        ws_json_text(b, "emoji", r->emoji);
        bool_member(b, "is_added", r->is_added);
        end(b, event);
}

/* --- members and settings --- */

static const char *change_name(Socializer__V1__MemberChangeKind kind)
{
        switch (kind) {
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED:
                return "joined";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT:
                return "left";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_REMOVED:
                return "removed";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED:
                return "banned";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_UNBANNED:
                return "unbanned";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_ROLE:
                return "role";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_MUTED:
                return "muted";
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_UNMUTED:
                return "unmuted";
        default:
                return "unspecified";
        }
}

/* NULL: none is said. */
static const char *role_name(Socializer__V1__MemberRole role)
{
        switch (role) {
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MEMBER:
                return "member";
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MODERATOR:
                return "moderator";
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_CREATOR:
                return "creator";
        default:
                return NULL;
        }
}

static void member_changed(struct buffer *b, const Socializer__V1__RoomEvent *event)
{
        const Socializer__V1__MemberChange *m = event->member;
        const char *role = role_name(m->role);

        begin(b, "member_changed", event);
        ws_json_user(b, m->user_id, m->username);
        ws_json_text(b, "change", change_name(m->kind));
        buffer_printf(b, ",\"by_user_id\":%" PRId64, m->by_user_id);
        ws_json_text(b, "by_username", m->by_username);
        if (role)
                ws_json_text(b, "role", role);
        else
                buffer_append_str(b, ",\"role\":null");
        time_member(b, "muted_until", m->muted_until);
        end(b, event);
}

static void room_updated(struct buffer *b, const Socializer__V1__RoomEvent *event)
{
        const Socializer__V1__Room *r = event->room;

        begin(b, "room_updated", event);
        ws_json_text(b, "name", r->name);
        ws_json_text(b, "description", r->description);
        bool_member(b, "is_public", r->is_public);
        bool_member(b, "has_password", r->has_password);
        bool_member(b, "coach_enabled", r->coach_enabled);
        ws_json_text(b, "coach",
                     r->coach == SOCIALIZER__V1__ROOM_COACH__ROOM_COACH_SERVER ? "server"
                                                                               : "builtin");
        ws_json_text(b, "coach_hears",
                     r->coach_hears == SOCIALIZER__V1__COACH_HEARS__COACH_HEARS_CONVERSATION
                             ? "conversation"
                             : "message");
        buffer_printf(b, ",\"max_members\":%" PRId32 ",\"retention_seconds\":%" PRId64,
                      r->max_members, r->retention_seconds);
        end(b, event);
}

/* --- the coach, who is not durable before it has done --- */

static void begin_coach(struct buffer *b, const char *type, int64_t room_id, const char *answer_id,
                        int64_t message_id)
{
        buffer_printf(b, "{\"type\":\"%s\",\"room_id\":%" PRId64, type, room_id);
        ws_json_text(b, "answer_id", answer_id);
        buffer_printf(b, ",\"message_id\":%" PRId64, message_id);
}

void ws_json_room_coach_delta(struct ws *ws, int64_t room_id,
                              const Socializer__V1__RoomCoachDelta *delta)
{
        struct buffer *b = &ws->text;

        begin_coach(b, "coach_delta", room_id, delta->answer_id, delta->message_id);
        ws_json_user(b, delta->user_id, delta->username);
        buffer_printf(b, ",\"offset\":%" PRId32, delta->offset);
        ws_json_text(b, "text", delta->text);
        buffer_append_char(b, '}');
}

void ws_json_room_coach_done(struct ws *ws, int64_t room_id,
                             const Socializer__V1__RoomCoachDone *done)
{
        enum status status = status_from_wire((uint32_t)done->code);
        struct buffer *b = &ws->text;

        begin_coach(b, "coach_done", room_id, done->answer_id, done->message_id);
        ws_json_user(b, done->user_id, done->username);
        ws_json_text(b, "code", status_name(status));
        if (status == STATUS_OK) {
                ws_json_text(b, "engine", done->engine);
                ws_json_text(b, "notice", done->notice);
        } else {
                ws_json_text(b, "message", done->message);
        }
        buffer_append_char(b, '}');
}

void ws_json_event(struct ws *ws, const Socializer__V1__RoomEvent *event)
{
        struct buffer *b = &ws->text;

        switch (event->event_case) {
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE:
                said(b, event->message);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED:
                changed(b, "message_edited", event, event->message_edited,
                        event->message_edited->content);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED:
                changed(b, "message_deleted", event, event->message_deleted, NULL);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION:
                reacted(b, event);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER:
                member_changed(b, event);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM:
                room_updated(b, event);
                break;
        default:
                /* A service newer than we are: the number is told, so that no hole shows. */
                begin(b, "room_event", event);
                end(b, event);
                break;
        }
}
