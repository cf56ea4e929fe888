#include "tests/unit/rooms_fake.h"

#include "common/cleanup.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- publishing --- */

void rooms_fake_publish_locked(struct rooms_fake *f, Socializer__V1__RoomEvent *event)
{
        events_fake_room(f->events, event);
        if (event->seq > 0)
                events_fake_watermark(f->events, event->room_id, event->seq);
}

void rooms_fake_publish(struct rooms_fake *f, Socializer__V1__RoomEvent *event)
{
        LOCK(&f->mutex);

        rooms_fake_publish_locked(f, event);
}

void rooms_fake_publish_to_user(struct rooms_fake *f, Socializer__V1__UserEvent *event)
{
        LOCK(&f->mutex);

        events_fake_user(f->events, event);
}

void rooms_fake_restart(struct rooms_fake *f)
{
        LOCK(&f->mutex);

        events_fake_free(f->events);
        f->events = events_fake_new(f->events_url);
}

void rooms_fake_revoke(struct rooms_fake *f, const char *token)
{
        LOCK(&f->mutex);

        snprintf(f->revoked, sizeof(f->revoked), "%s", token);
}

/* --- events --- */

void rooms_fake_replace(struct rooms_fake_room *r, const Socializer__V1__RoomEvent *event)
{
        struct rooms_fake_event *e = &r->events[event->seq];

        free(e->packed);
        e->n_bytes = socializer__v1__room_event__get_packed_size(event);
        e->packed = malloc(e->n_bytes + 1);
        socializer__v1__room_event__pack(event, e->packed);
}

Socializer__V1__RoomEvent *rooms_fake_event(const struct rooms_fake_room *r, int64_t seq)
{
        return socializer__v1__room_event__unpack(NULL, r->events[seq].n_bytes,
                                                  r->events[seq].packed);
}

int64_t rooms_fake_append_locked(struct rooms_fake *f, int64_t room_id,
                                 Socializer__V1__RoomEvent *event, bool published)
{
        struct rooms_fake_room *r = &f->rooms[room_id];
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

        event->room_id = room_id;
        event->seq = ++r->last_seq;
        time.seconds = 1700000000 + event->seq;
        event->timestamp = &time;
        if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE) {
                event->message->room_id = room_id;
                event->message->seq = event->seq;
                event->message->message_id = 1000 * room_id + event->seq;
                event->message->timestamp = &time;
        }
        if ((size_t)event->seq >= r->n_allocated) {
                size_t n = r->n_allocated ? r->n_allocated * 2 : 64;

                r->events = realloc(r->events, n * sizeof(*r->events));
                memset(r->events + r->n_allocated, 0, (n - r->n_allocated) * sizeof(*r->events));
                r->n_allocated = n;
        }
        rooms_fake_replace(r, event);
        if (published)
                rooms_fake_publish_locked(f, event);
        return event->seq;
}

int64_t rooms_fake_append(struct rooms_fake *f, int64_t room_id, Socializer__V1__RoomEvent *event,
                          bool published)
{
        LOCK(&f->mutex);

        return rooms_fake_append_locked(f, room_id, event, published);
}

Socializer__V1__RoomEvent *rooms_fake_find(struct rooms_fake *f, int64_t room_id,
                                           int64_t message_id)
{
        int64_t seq = message_id - 1000 * room_id;
        Socializer__V1__RoomEvent *event = seq < 1 || seq > f->rooms[room_id].last_seq
                                                   ? NULL
                                                   : rooms_fake_event(&f->rooms[room_id], seq);

        if (event && event->event_case != SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE) {
                socializer__v1__room_event__free_unpacked(event, NULL);
                return NULL;
        }
        return event;
}

int64_t rooms_fake_say(struct rooms_fake *f, int64_t room_id, const char *content, bool published)
{
        Socializer__V1__RoomMessage message = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        message.user_id = 9;
        message.username = (char *)"user9";
        message.content = (char *)content;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = &message;
        return rooms_fake_append(f, room_id, &event, published);
}

/* --- rooms --- */

struct rooms_fake_room *rooms_fake_room(struct rooms_fake *f, int64_t room_id, const char *members)
{
        LOCK(&f->mutex);
        struct rooms_fake_room *r = &f->rooms[room_id];
        char *end;

        r->exists = true;
        r->first_seq = 1;
        for (long id = strtol(members, &end, 10); id > 0; id = strtol(end, &end, 10))
                r->is_member[id] = true;
        return r;
}

static void rekey(struct rooms_fake *f, int64_t room_id, bool published)
{
        Socializer__V1__Rekey changed = SOCIALIZER__V1__REKEY__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY;
        event.rekey = &changed;
        if (published)
                rooms_fake_publish_locked(f, &event);
        events_fake_rekey(f->events, (struct events_of){.room_id = room_id});
}

void rooms_fake_rekey(struct rooms_fake *f, int64_t room_id, bool published)
{
        LOCK(&f->mutex);

        rekey(f, room_id, published);
}

int64_t rooms_fake_member(struct rooms_fake *f, int64_t room_id, int64_t user_id,
                          Socializer__V1__MemberChangeKind kind, bool published)
{
        LOCK(&f->mutex);
        Socializer__V1__MemberChange change = SOCIALIZER__V1__MEMBER_CHANGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        char username[32];
        int64_t seq;
        bool ends = kind == SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT ||
                    kind == SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_REMOVED ||
                    kind == SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED;

        snprintf(username, sizeof(username), "user%lld", (long long)user_id);
        change.kind = kind;
        change.user_id = user_id;
        change.username = username;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
        event.member = &change;
        f->rooms[room_id].is_member[user_id] =
                !ends && (f->rooms[room_id].is_member[user_id] ||
                          kind == SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED);
        seq = rooms_fake_append_locked(f, room_id, &event, published);
        if (ends)
                rekey(f, room_id, published);
        return seq;
}

void rooms_fake_delete(struct rooms_fake *f, int64_t room_id, bool published)
{
        LOCK(&f->mutex);
        Socializer__V1__RoomDeleted deleted = SOCIALIZER__V1__ROOM_DELETED__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED;
        event.deleted = &deleted;
        f->rooms[room_id].exists = false;
        if (published)
                rooms_fake_publish_locked(f, &event);
}

/* --- the whole --- */

struct rooms_fake *rooms_fake_new(void)
{
        struct rooms_fake *f = calloc(1, sizeof(*f));

        if (sodium_init() < 0)
                abort();
        fake_address(f->rpc_url);
        snprintf(f->events_url, sizeof(f->events_url), "%s-events", f->rpc_url);
        pthread_mutex_init(&f->mutex, NULL);
        f->publishes = true;
        rooms_fake_room(f, 1, "");
        f->rooms[1].is_public = true;
        for (size_t i = 0; i < ROOMS_FAKE_USERS; i++)
                f->rooms[1].is_member[i] = true;
        f->events = events_fake_new(f->events_url);
        f->rpc = fake_new(f->rpc_url, rooms_fake_handle, f);
        return f;
}

struct rooms_fake *rooms_fake_free(struct rooms_fake *f)
{
        fake_free(f->rpc);
        events_fake_free(f->events);
        unlink(f->events_url + strlen("ipc://"));
        fake_address_free(f->rpc_url);
        for (size_t i = 0; i < ROOMS_FAKE_ROOMS; i++) {
                for (size_t k = 0; k < f->rooms[i].n_allocated; k++)
                        free(f->rooms[i].events[k].packed);
                free(f->rooms[i].events);
        }
        pthread_mutex_destroy(&f->mutex);
        free(f);
        return NULL;
}
