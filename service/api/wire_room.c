#include "service/api/wire_room.h"

#include "service/api/room_access.h"
#include "service/api/wire.h"

/* protobuf-c's messages have no const texts; nobody writes to these. */
static char *text(const char *t)
{
        return (char *)(t ? t : "");
}

/* A time that may be unset; false when there is no memory. */
static bool set_time(struct arena *arena, int64_t wall_ms, Google__Protobuf__Timestamp **ret)
{
        *ret = wall_ms ? wire_timestamp(arena, wall_ms) : NULL;
        return !wall_ms || *ret;
}

static bool set_callers(struct arena *arena, const struct room *room,
                        const struct room_details *details, Socializer__V1__Room *message)
{
        message->is_member = room_is_in(room);
        if (message->is_member)
                message->my_role = room->role ? (Socializer__V1__MemberRole)room->role
                                              : SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MEMBER;
        message->last_read_seq = details->last_read_seq;
        message->unread_count = (int32_t)details->n_unread;
        message->is_invited = details->is_invited;
        message->coach_consent = details->has_consented;
        return set_time(arena, room->muted_until_ms, &message->muted_until);
}

Socializer__V1__Room *wire_room(struct arena *arena, const struct room *room,
                                const struct room_details *details)
{
        Socializer__V1__Room *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__room__init(message);
        message->id = room->id;
        message->name = text(room->name);
        message->description = text(room->description);
        message->type = (Socializer__V1__RoomType)room->kind;
        message->is_public = room->is_public;
        message->has_password = room->password_hash != NULL;
        message->coach_enabled = room->coach_enabled;
        message->coach = (Socializer__V1__RoomCoach)room->coach;
        message->coach_hears = (Socializer__V1__CoachHears)room->coach_hears;
        message->max_members = (int32_t)room->max_members;
        message->member_count = room->kind == ROOM_KIND_GENERAL ? 0 : (int32_t)room->n_members;
        message->creator_id = details ? details->creator_id : 0;
        message->retention_seconds = room->retention_s;
        message->first_seq = room->pruned_seq + 1;
        message->last_seq = room->last_seq;
        if (!set_time(arena, room->created_at_ms, &message->created_at) ||
            !set_time(arena, room->last_event_at_ms, &message->last_event_at))
                return NULL;
        return !details || set_callers(arena, room, details, message) ? message : NULL;
}

Socializer__V1__Member *wire_member(struct arena *arena, const struct member *member)
{
        Socializer__V1__Member *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__member__init(message);
        message->user_id = member->user_id;
        message->username = text(member->username);
        message->role = (Socializer__V1__MemberRole)member->role;
        message->state = (Socializer__V1__MemberState)member->state;
        message->last_read_seq = member->last_read_seq;
        return set_time(arena, member->joined_at_ms, &message->joined_at) &&
                               set_time(arena, member->muted_until_ms, &message->muted_until)
                       ? message
                       : NULL;
}

Socializer__V1__Invite *wire_invite(struct arena *arena, const struct invite *invite)
{
        Socializer__V1__Invite *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__invite__init(message);
        message->id = invite->id;
        message->room_id = invite->room_id;
        message->room_name = text(invite->room_name);
        message->user_id = invite->user_id;
        message->username = text(invite->username);
        message->inviter_id = invite->inviter_id;
        message->inviter_username = text(invite->inviter_username);
        message->status = (Socializer__V1__InviteStatus)invite->status;
        return set_time(arena, invite->created_at_ms, &message->created_at) &&
                               set_time(arena, invite->answered_at_ms, &message->answered_at)
                       ? message
                       : NULL;
}

/* --- messages --- */

static bool set_reply(struct arena *arena, const struct message_reply *reply,
                      Socializer__V1__RoomMessage *message)
{
        if (reply->message_id == 0)
                return true;
        message->reply_to = arena_alloc(arena, sizeof(*message->reply_to));
        if (!message->reply_to)
                return false;
        socializer__v1__reply_to__init(message->reply_to);
        message->reply_to->message_id = reply->message_id;
        message->reply_to->seq = reply->seq;
        message->reply_to->user_id = reply->user_id;
        message->reply_to->username = text(reply->username);
        message->reply_to->excerpt = text(reply->excerpt);
        return true;
}

static bool set_reactions(struct arena *arena, const struct room_message *m,
                          Socializer__V1__RoomMessage *message)
{
        if (m->n_reactions == 0)
                return true;
        message->reactions = wire_list(arena, m->n_reactions);
        for (size_t i = 0; message->reactions && i < m->n_reactions; i++) {
                Socializer__V1__Reaction *r = arena_alloc(arena, sizeof(*r));

                if (!r)
                        return false;
                socializer__v1__reaction__init(r);
                r->emoji = text(m->reactions[i].emoji);
                r->count = (int32_t)m->reactions[i].count;
                r->user_ids = m->reactions[i].user_ids;
                r->n_user_ids = m->reactions[i].n_user_ids;
                message->reactions[message->n_reactions++] = r;
        }
        return message->reactions != NULL;
}

Socializer__V1__RoomMessage *wire_room_message(struct arena *arena, const struct room_message *m)
{
        Socializer__V1__RoomMessage *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__room_message__init(message);
        message->room_id = m->room_id;
        message->seq = m->seq;
        message->message_id = m->id;
        message->user_id = m->user_id;
        message->username = text(m->username);
        message->content = text(m->content);
        message->client_message_id = text(m->client_message_id);
        message->is_deleted = m->is_deleted;
        message->kind = SOCIALIZER__V1__MESSAGE_KIND__MESSAGE_KIND_USER;
        if (m->coach_engine && *m->coach_engine) {
                message->kind = SOCIALIZER__V1__MESSAGE_KIND__MESSAGE_KIND_COACH;
                message->engine = text(m->coach_engine);
        }
        return set_time(arena, m->created_at_ms, &message->timestamp) &&
                               set_time(arena, m->edited_at_ms, &message->edited_at) &&
                               set_reply(arena, &m->reply, message) &&
                               set_reactions(arena, m, message)
                       ? message
                       : NULL;
}

/* --- events --- */

static bool set_message(struct arena *arena, const struct room_event *event,
                        Socializer__V1__RoomEvent *message)
{
        /* One oneof: they share their place. */
        message->message = wire_room_message(arena, &event->message);
        if (event->kind == ROOM_EVENT_EDITED)
                message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED;
        else if (event->kind == ROOM_EVENT_DELETED)
                message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED;
        else
                message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        return message->message != NULL;
}

static bool set_reaction(struct arena *arena, const struct room_event *event,
                         Socializer__V1__RoomEvent *message)
{
        Socializer__V1__ReactionChange *change = arena_alloc(arena, sizeof(*change));

        if (!change)
                return false;
        socializer__v1__reaction_change__init(change);
        change->message_id = event->message_id;
        change->user_id = event->user_id;
        change->username = text(event->username);
        change->emoji = text(event->detail);
        change->is_added = event->kind == ROOM_EVENT_REACTION_ADDED;
        message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION;
        message->reaction = change;
        return true;
}

static Socializer__V1__MemberChangeKind member_change_kind(enum room_event_kind kind)
{
        switch (kind) {
        case ROOM_EVENT_JOINED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED;
        case ROOM_EVENT_LEFT:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT;
        case ROOM_EVENT_REMOVED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_REMOVED;
        case ROOM_EVENT_BANNED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED;
        case ROOM_EVENT_UNBANNED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_UNBANNED;
        case ROOM_EVENT_ROLE:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_ROLE;
        case ROOM_EVENT_MUTED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_MUTED;
        case ROOM_EVENT_UNMUTED:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_UNMUTED;
        default:
                return SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_UNSPECIFIED;
        }
}

static bool set_member(struct arena *arena, const struct room_event *event,
                       Socializer__V1__RoomEvent *message)
{
        Socializer__V1__MemberChange *change = arena_alloc(arena, sizeof(*change));

        if (!change)
                return false;
        socializer__v1__member_change__init(change);
        change->kind = member_change_kind(event->kind);
        change->user_id = event->user_id;
        change->username = text(event->username);
        change->by_user_id = event->actor_id;
        change->by_username = text(event->actor_username);
        if (event->kind == ROOM_EVENT_ROLE)
                change->role = (Socializer__V1__MemberRole)event->value;
        message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
        message->member = change;
        return event->kind != ROOM_EVENT_MUTED ||
               set_time(arena, event->value, &change->muted_until);
}

static bool set_room(struct arena *arena, const struct room *room,
                     Socializer__V1__RoomEvent *message)
{
        message->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM;
        message->room = wire_room(arena, room, NULL);
        return message->room != NULL;
}

Socializer__V1__RoomEvent *wire_room_event(struct arena *arena, const struct room_event *event,
                                           const struct room *room)
{
        Socializer__V1__RoomEvent *message = arena_alloc(arena, sizeof(*message));
        bool is_set;

        if (!message)
                return NULL;
        socializer__v1__room_event__init(message);
        message->room_id = event->room_id;
        message->seq = event->seq;
        switch (event->kind) {
        case ROOM_EVENT_MESSAGE:
        case ROOM_EVENT_EDITED:
        case ROOM_EVENT_DELETED:
                is_set = set_message(arena, event, message);
                break;
        case ROOM_EVENT_REACTION_ADDED:
        case ROOM_EVENT_REACTION_REMOVED:
                is_set = set_reaction(arena, event, message);
                break;
        case ROOM_EVENT_SETTINGS:
                is_set = set_room(arena, room, message);
                break;
        default:
                is_set = set_member(arena, event, message);
                break;
        }
        return is_set && set_time(arena, event->created_at_ms, &message->timestamp) ? message
                                                                                    : NULL;
}
