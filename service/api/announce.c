#include "service/api/announce.h"

#include "service/api/coach_answers.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/events/presence.h"
#include "service/events/publisher.h"
#include "service/service.h"

static void publish(struct service *service, void *arg)
{
        publisher_room_event(service->publisher, arg);
}

static void publish_to_user(struct service *service, void *arg)
{
        publisher_user_event(service->publisher, arg);
}

static enum status publish_later(struct call *call, Socializer__V1__RoomEvent *event,
                                 struct error *reterr)
{
        return event ? call_after_commit(call, publish, event, reterr) : wire_no_memory(reterr);
}

enum status announce_event(struct call *call, struct lease *lease, struct room_event *event,
                           struct error *reterr)
{
        enum status st = room_event_append(lease, event, reterr);

        if (st != STATUS_OK)
                return st;
        return publish_later(call, wire_room_event(call->arena, event, NULL), reterr);
}

enum status announce_settings(struct call *call, struct lease *lease, const struct room *room,
                              struct error *reterr)
{
        struct room_event event = {
                .room_id = room->id,
                .kind = ROOM_EVENT_SETTINGS,
                .actor_id = call->caller.user_id,
        };
        struct room now = *room;
        enum status st = room_event_append(lease, &event, reterr);

        if (st != STATUS_OK)
                return st;
        now.last_seq = event.seq;
        now.last_event_at_ms = event.created_at_ms;
        return publish_later(call, wire_room_event(call->arena, &event, &now), reterr);
}

enum status announce_message(struct call *call, const struct room_message *message,
                             struct error *reterr)
{
        const struct room_event event = {
                .room_id = message->room_id,
                .seq = message->seq,
                .kind = ROOM_EVENT_MESSAGE,
                .created_at_ms = message->created_at_ms,
                .message = *message,
        };

        return publish_later(call, wire_room_event(call->arena, &event, NULL), reterr);
}

static void rekey(struct service *service, void *arg)
{
        publisher_rekey_room(service->publisher, *(const int64_t *)arg);
}

static void end_room(struct service *service, void *arg)
{
        answers_cancel_in_room(service->answers, *(const int64_t *)arg, 0, 0,
                               "the room is deleted");
        publisher_end_room(service->publisher, *(const int64_t *)arg);
}

static void forget_presence(struct service *service, void *arg)
{
        answers_cancel_in_room(service->answers, 0, *(const int64_t *)arg, 0,
                               "whoever asked is gone");
        presence_forget(service->presence, *(const int64_t *)arg);
}

/* Which answers of the coach end. */
struct unasked {
        int64_t room_id, message_id;
        const char *why;
};

static void end_coach(struct service *service, void *arg)
{
        const struct unasked *u = arg;

        answers_cancel_in_room(service->answers, u->room_id, 0, u->message_id, u->why);
}

enum status announce_coach_ends(struct call *call, int64_t room_id, int64_t message_id,
                                const char *why, struct error *reterr)
{
        const struct unasked unasked = {room_id, message_id, why};
        void *arg = arena_memdup(call->arena, &unasked, sizeof(unasked));

        return arg ? call_after_commit(call, end_coach, arg, reterr) : wire_no_memory(reterr);
}

static enum status later_with_id(struct call *call, void (*fn)(struct service *, void *),
                                 int64_t id, struct error *reterr)
{
        int64_t *arg = arena_memdup(call->arena, &id, sizeof(id));

        return arg ? call_after_commit(call, fn, arg, reterr) : wire_no_memory(reterr);
}

enum status announce_rekey(struct call *call, int64_t room_id, struct error *reterr)
{
        return later_with_id(call, rekey, room_id, reterr);
}

enum status announce_end(struct call *call, int64_t room_id, struct error *reterr)
{
        return later_with_id(call, end_room, room_id, reterr);
}

enum status announce_gone(struct call *call, int64_t user_id, struct error *reterr)
{
        return later_with_id(call, forget_presence, user_id, reterr);
}

static Socializer__V1__UserEvent *user_event(struct call *call, int64_t user_id)
{
        Socializer__V1__UserEvent *event = arena_alloc(call->arena, sizeof(*event));

        if (event) {
                socializer__v1__user_event__init(event);
                event->user_id = user_id;
        }
        return event;
}

static enum status read_by_user(struct call *call, int64_t room_id, int64_t seq,
                                struct error *reterr)
{
        Socializer__V1__UserEvent *event = user_event(call, call->caller.user_id);
        Socializer__V1__RoomRead *read = arena_alloc(call->arena, sizeof(*read));

        if (!event || !read)
                return wire_no_memory(reterr);
        socializer__v1__room_read__init(read);
        read->room_id = room_id;
        read->seq = seq;
        event->event_case = SOCIALIZER__V1__USER_EVENT__EVENT_READ;
        event->read = read;
        return call_after_commit(call, publish_to_user, event, reterr);
}

enum status announce_read(struct call *call, int64_t room_id, int64_t seq, struct error *reterr)
{
        Socializer__V1__RoomEvent *event = arena_alloc(call->arena, sizeof(*event));
        Socializer__V1__ReadMark *mark = arena_alloc(call->arena, sizeof(*mark));

        if (!event || !mark)
                return wire_no_memory(reterr);
        socializer__v1__room_event__init(event);
        socializer__v1__read_mark__init(mark);
        mark->user_id = call->caller.user_id;
        mark->username = arena_strdup(call->arena, call->caller.username);
        mark->seq = seq;
        event->room_id = room_id;
        event->event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_READ;
        event->read = mark;
        if (!mark->username)
                return wire_no_memory(reterr);
        enum status st = publish_later(call, event, reterr);
        return st == STATUS_OK ? read_by_user(call, room_id, seq, reterr) : st;
}

enum status announce_invite(struct call *call, const Socializer__V1__Invite *invite,
                            struct error *reterr)
{
        Socializer__V1__UserEvent *event = user_event(call, invite->user_id);

        if (!event)
                return wire_no_memory(reterr);
        event->event_case = SOCIALIZER__V1__USER_EVENT__EVENT_INVITE;
        event->invite = (Socializer__V1__Invite *)invite;
        return call_after_commit(call, publish_to_user, event, reterr);
}

/* Who is no member any more is not there either. */
static void take_out(struct service *service, void *arg)
{
        const int64_t *ids = arg;

        answers_cancel_in_room(service->answers, ids[0], ids[1], 0,
                               "whoever asked has left the room");
        presence_leave(service->presence, ids[0], ids[1]);
}

enum status announce_membership(struct call *call, int64_t user_id, int64_t room_id, bool is_member,
                                struct error *reterr)
{
        const int64_t ids[] = {room_id, user_id};
        Socializer__V1__UserEvent *event = user_event(call, user_id);
        Socializer__V1__MembershipChanged *change = arena_alloc(call->arena, sizeof(*change));
        void *gone = arena_memdup(call->arena, ids, sizeof(ids));

        if (!event || !change || !gone)
                return wire_no_memory(reterr);
        socializer__v1__membership_changed__init(change);
        change->room_id = room_id;
        change->is_member = is_member;
        event->event_case = SOCIALIZER__V1__USER_EVENT__EVENT_MEMBERSHIP;
        event->membership = change;
        enum status st = call_after_commit(call, publish_to_user, event, reterr);
        if (st == STATUS_OK && !is_member)
                st = call_after_commit(call, take_out, gone, reterr);
        return st;
}

/* --- levels --- */

static void tell_level(struct service *service, int64_t user_id, const struct level_moved *moved,
                       const char *skill_name)
{
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__LevelMoved level = SOCIALIZER__V1__LEVEL_MOVED__INIT;

        level.skill_id = moved->skill_id;
        level.skill_name = (char *)skill_name;
        level.old_level = moved->old_level;
        level.new_level = moved->new_level;
        level.change_id = moved->change_id;
        level.is_reverted = moved->is_reverted;
        level.is_milestone =
                moved->new_level > moved->old_level && moved->new_level % TRAINING_MILESTONE == 0;
        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_LEVEL;
        event.level = &level;
        publisher_user_event(service->publisher, &event);
}

static void tell_training(struct service *service, int64_t user_id, const struct level_moved *moved,
                          const char *skill_name)
{
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__TrainingCompleted training = SOCIALIZER__V1__TRAINING_COMPLETED__INIT;

        training.training_id = moved->training_id;
        training.skill_id = moved->skill_id;
        training.skill_name = (char *)skill_name;
        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_TRAINING;
        event.training = &training;
        publisher_user_event(service->publisher, &event);
}

void announce_level_now(struct service *service, int64_t user_id, const struct level_moved *moved,
                        const char *skill_name)
{
        if (moved->old_level != moved->new_level)
                tell_level(service, user_id, moved, skill_name);
        if (moved->training_id)
                tell_training(service, user_id, moved, skill_name);
}

/* What has moved, and whose it is. */
struct users_level {
        int64_t user_id;
        struct level_moved moved;
        const char *skill_name;
};

static void tell_users_level(struct service *service, void *arg)
{
        const struct users_level *u = arg;

        announce_level_now(service, u->user_id, &u->moved, u->skill_name);
}

enum status announce_level(struct call *call, int64_t user_id, const struct level_moved *moved,
                           const char *skill_name, struct error *reterr)
{
        const struct users_level level = {user_id, *moved, skill_name};
        void *arg = arena_memdup(call->arena, &level, sizeof(level));

        return arg ? call_after_commit(call, tell_users_level, arg, reterr)
                   : wire_no_memory(reterr);
}
