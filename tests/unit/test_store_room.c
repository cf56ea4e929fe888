#include "service/store/room.h"

#include "service/store/invite.h"
#include "service/store/prune.h"
#include "service/store/room_event.h"
#include "service/store/search.h"
#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static int64_t make(struct scenario *s, const char *name, bool is_public)
{
        const struct room_change settings = {.name = name,
                                             .description = "",
                                             .is_public = is_public,
                                             .max_members = ROOM_MAX_MEMBERS};
        int64_t id = 0;

        EXPECT(room_create(s->lease, &settings, &id, &s->error) == STATUS_OK);
        return id;
}

static struct room get(struct scenario *s, int64_t id, int64_t user_id)
{
        struct room room = {0};

        EXPECT(room_get(s->lease, s->arena, id, user_id, &room, &s->error) == STATUS_OK);
        return room;
}

static void enter(struct scenario *s, int64_t id, int64_t user_id, enum member_role role)
{
        struct room room = get(s, id, user_id);

        EXPECT(member_enter(s->lease, &room, user_id, role, &s->error) == STATUS_OK);
}

static void note(struct scenario *s, int64_t room_id, int64_t user_id, enum room_event_kind kind,
                 int64_t message_id)
{
        struct room_event event = {
                .room_id = room_id, .kind = kind, .user_id = user_id, .message_id = message_id};

        EXPECT(room_event_append(s->lease, &event, &s->error) == STATUS_OK);
}

static struct room_event_list events(struct scenario *s, int64_t room_id, int64_t after,
                                     size_t limit)
{
        struct room_event_list list = {0};

        EXPECT(room_event_list_after(s->lease, s->arena, room_id, after, limit, &list, &s->error) ==
               STATUS_OK);
        return list;
}

SCENARIO(a_missing_room_is_not_found)
{
        struct room room;

        EXPECT(room_get(s->lease, s->arena, 99, 0, &room, &s->error) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "room 99") == 0);
}

SCENARIO(a_room_knows_how_somebody_stands_to_it)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t id = make(s, "club", false);

        enter(s, id, one, MEMBER_ROLE_CREATOR);
        EXPECT(get(s, id, one).state == MEMBER_ACTIVE && get(s, id, one).n_members == 1);
        EXPECT(get(s, id, one).role == MEMBER_ROLE_CREATOR);
        EXPECT(strcmp(get(s, id, one).username, "one") == 0);
        EXPECT(get(s, id, two).state == MEMBER_NONE && get(s, id, 0).state == MEMBER_NONE);

        struct room room = get(s, id, one);
        struct room_details details;
        store_fixture_say(s, id, one, "mine");
        store_fixture_say(s, id, two, "theirs");
        EXPECT(room_describe(s->lease, s->arena, &room, one, &details, &s->error) == STATUS_OK);
        EXPECT(details.creator_id == one && details.n_unread == 1 && details.last_read_seq == 0);
        int64_t seq = 0;
        EXPECT(room_mark_read(s->lease, id, one, 2, &seq, &s->error) == STATUS_OK && seq == 2);
        EXPECT(room_mark_read(s->lease, id, one, 1, &seq, &s->error) == STATUS_OK && seq == 2);
        EXPECT(room_describe(s->lease, s->arena, &room, one, &details, &s->error) == STATUS_OK);
        EXPECT(details.n_unread == 0 && details.last_read_seq == 2);
}

SCENARIO(who_left_comes_back_and_is_counted_once)
{
        int64_t one = store_fixture_user(s, "one");
        int64_t id = make(s, "club", true);

        enter(s, id, one, MEMBER_ROLE_CREATOR);
        EXPECT(member_exit(s->lease, id, one, MEMBER_LEFT, &s->error) == STATUS_OK);
        EXPECT(member_exit(s->lease, id, one, MEMBER_LEFT, &s->error) == STATUS_OK);
        EXPECT(get(s, id, one).state == MEMBER_LEFT && get(s, id, one).n_members == 0);
        enter(s, id, one, MEMBER_ROLE_MEMBER);
        EXPECT(get(s, id, one).n_members == 1 && get(s, id, one).role == MEMBER_ROLE_MEMBER);
}

SCENARIO(who_is_banned_counts_nothing)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        struct room_details details;

        store_fixture_say(s, ROOM_GENERAL, one, "hello");
        struct room room = get(s, ROOM_GENERAL, two);
        EXPECT(room_describe(s->lease, s->arena, &room, two, &details, &s->error) == STATUS_OK);
        EXPECT(details.n_unread == 1);
        EXPECT(member_exit(s->lease, ROOM_GENERAL, two, MEMBER_BANNED, &s->error) == STATUS_OK);
        room = get(s, ROOM_GENERAL, two);
        EXPECT(room_describe(s->lease, s->arena, &room, two, &details, &s->error) == STATUS_OK);
        EXPECT(details.n_unread == 0);
}

SCENARIO(rooms_with_long_descriptions_come_in_parts)
{
        char *text = arena_alloc(s->arena, 4001);
        struct room_list list;
        int64_t after = 0;
        int n = 0;

        EXPECT(text != NULL);
        if (!text)
                return;
        memset(text, 'x', 4000);
        for (int i = 0; i < 200; i++) {
                const struct room_change settings = {
                        .name = "r", .description = text, .is_public = true, .max_members = 9};
                int64_t id;

                EXPECT(room_create(s->lease, &settings, &id, &s->error) == STATUS_OK);
        }
        do {
                EXPECT(room_list_public(s->lease, s->arena, 0, "", after, 500, &list, &s->error) ==
                       STATUS_OK);
                EXPECT(list.n_items > 0 && list.n_items < 140);
                if (list.n_items == 0)
                        return;
                n += (int)list.n_items;
                after = list.items[list.n_items - 1].id;
        } while (list.more);
        EXPECT(n == 200);
}

SCENARIO(a_full_room_takes_nobody)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t id = make(s, "club", true);
        const struct room_change change = {.has_max_members = true, .max_members = 1};

        EXPECT(room_update(s->lease, id, &change, &s->error) == STATUS_OK);
        enter(s, id, one, MEMBER_ROLE_CREATOR);
        struct room room = get(s, id, two);
        EXPECT(member_enter(s->lease, &room, two, MEMBER_ROLE_MEMBER, &s->error) ==
               STATUS_FAILED_PRECONDITION);
}

SCENARIO(an_update_changes_what_it_names)
{
        int64_t id = make(s, "club", false);
        const struct room_change lock = {.has_password = true, .password_hash = "hash"};
        const struct room_change rename = {.name = "other"};
        const struct room_change open = {.has_password = true};

        EXPECT(room_update(s->lease, id, &lock, &s->error) == STATUS_OK);
        EXPECT(room_update(s->lease, id, &rename, &s->error) == STATUS_OK);
        EXPECT(strcmp(get(s, id, 0).name, "other") == 0);
        EXPECT(strcmp(get(s, id, 0).password_hash, "hash") == 0 && !get(s, id, 0).is_public);
        EXPECT(room_update(s->lease, id, &open, &s->error) == STATUS_OK);
        EXPECT(get(s, id, 0).password_hash == NULL);
}

SCENARIO(lists_show_what_is_ones_own_and_what_is_public)
{
        int64_t one = store_fixture_user(s, "one");
        int64_t hidden = make(s, "hidden", false), open = make(s, "100% open", true);
        struct room_list list;

        enter(s, hidden, one, MEMBER_ROLE_CREATOR);
        EXPECT(room_list_mine(s->lease, s->arena, one, "", 0, 10, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && list.items[0].id == ROOM_GENERAL && list.items[1].id == hidden);
        EXPECT(room_list_mine(s->lease, s->arena, one, "", 0, 1, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && list.more);
        EXPECT(room_list_public(s->lease, s->arena, one, "", 0, 10, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && list.items[0].id == open);
        EXPECT(room_list_public(s->lease, s->arena, one, "0%", 0, 10, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1);
        EXPECT(room_list_public(s->lease, s->arena, one, "_pen", 0, 10, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 0);
}

SCENARIO(two_have_one_direct_room)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t id = 0, again = 0;
        bool created = false;

        EXPECT(room_pair(s->lease, one, two, &id, &created, &s->error) == STATUS_OK && created);
        EXPECT(room_pair(s->lease, two, one, &again, &created, &s->error) == STATUS_OK);
        EXPECT(!created && again == id);
        enter(s, id, one, MEMBER_ROLE_MEMBER);
        enter(s, id, two, MEMBER_ROLE_MEMBER);
        struct room room = get(s, id, one);
        struct room_details details;
        EXPECT(room_describe(s->lease, s->arena, &room, one, &details, &s->error) == STATUS_OK);
        EXPECT(strcmp(room.name, "two") == 0 && room.kind == ROOM_KIND_DIRECT);
}

SCENARIO(who_declined_can_be_invited_again)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t id = make(s, "club", false);
        struct invite first, again, none;
        bool created;

        EXPECT(invite_add(s->lease, s->arena, id, two, one, &first, &created, &s->error) ==
               STATUS_OK);
        EXPECT(created && first.status == INVITE_PENDING && strcmp(first.room_name, "club") == 0);
        EXPECT(invite_add(s->lease, s->arena, id, two, one, &again, &created, &s->error) ==
               STATUS_OK);
        EXPECT(!created && again.id == first.id);
        EXPECT(invite_answer(s->lease, first.id, INVITE_DECLINED, &s->error) == STATUS_OK);
        EXPECT(invite_find(s->lease, s->arena, id, two, &none, NULL) == STATUS_NOT_FOUND);
        EXPECT(invite_add(s->lease, s->arena, id, two, one, &again, &created, &s->error) ==
               STATUS_OK);
        EXPECT(created && again.id != first.id);

        struct invite_list list;
        EXPECT(invite_list_of_user(s->lease, s->arena, two, 0, 10, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && list.items[0].id == again.id);
        EXPECT(room_delete(s->lease, id, &s->error) == STATUS_OK);
        EXPECT(invite_list_of_user(s->lease, s->arena, two, 0, 10, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 0);
}

SCENARIO(the_room_goes_to_the_moderator_there_longest)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t three = store_fixture_user(s, "three"), heir = 0;
        int64_t id = make(s, "club", false);

        enter(s, id, one, MEMBER_ROLE_CREATOR);
        EXPECT(member_successor(s->lease, id, one, &heir, &s->error) == STATUS_OK && heir == 0);
        enter(s, id, two, MEMBER_ROLE_MEMBER);
        EXPECT(member_successor(s->lease, id, one, &heir, &s->error) == STATUS_OK && heir == two);
        enter(s, id, three, MEMBER_ROLE_MODERATOR);
        EXPECT(member_successor(s->lease, id, one, &heir, &s->error) == STATUS_OK && heir == three);
}

SCENARIO(messages_and_other_events_share_one_order)
{
        int64_t one = store_fixture_user(s, "one");
        int64_t id = make(s, "club", false);

        note(s, id, one, ROOM_EVENT_JOINED, 0);
        store_fixture_say(s, id, one, "a");
        store_fixture_say(s, id, one, "b");
        int64_t b = store_fixture_count(s, "SELECT max(id) FROM message");
        note(s, id, one, ROOM_EVENT_EDITED, b);
        store_fixture_say(s, id, one, "c");
        note(s, id, one, ROOM_EVENT_EDITED, 12345);

        struct room_event_list list = events(s, id, 0, 10);
        EXPECT(list.n_items == 6);
        for (size_t i = 0; i < list.n_items; i++)
                EXPECT(list.items[i].seq == (int64_t)i + 1);
        EXPECT(list.items[0].kind == ROOM_EVENT_JOINED && list.items[0].user_id == one);
        EXPECT(strcmp(list.items[0].username, "one") == 0);
        EXPECT(list.items[3].kind == ROOM_EVENT_EDITED);
        EXPECT(strcmp(list.items[3].message.content, "b") == 0);
        EXPECT(list.items[5].message.id == 12345 && list.items[5].message.is_deleted);
        for (int64_t after = 0; after < 6; after++) {
                list = events(s, id, after, 2);
                EXPECT(list.n_items == (after < 5 ? 2 : 1) && list.items[0].seq == after + 1);
        }
        store_fixture_delete(s, one);
        EXPECT(events(s, id, 0, 1).items[0].user_id == 0);
}

SCENARIO(long_events_come_in_parts_without_holes)
{
        int64_t one = store_fixture_user(s, "one"), seq = 0;
        char *content = arena_alloc(s->arena, 20001);

        EXPECT(content != NULL);
        if (!content)
                return;
        memset(content, 'x', 20000);
        for (int i = 0; i < 60; i++) {
                store_fixture_say(s, ROOM_GENERAL, one, content);
                note(s, ROOM_GENERAL, one, ROOM_EVENT_UNMUTED, 0);
        }
        while (seq < 120) {
                struct room_event_list list = events(s, ROOM_GENERAL, seq, 500);

                EXPECT(list.n_items > 0);
                if (list.n_items == 0)
                        return;
                for (size_t i = 0; i < list.n_items; i++)
                        EXPECT(list.items[i].seq == ++seq);
        }
}

/* 20 long emojis of 20 people each, which every edit of the message carries along. */
SCENARIO(events_with_many_reactions_come_in_parts)
{
        int64_t one = store_fixture_user(s, "one");
        char emoji[64], name[16];
        bool added;
        size_t n_bytes = 0;

        store_fixture_say(s, ROOM_GENERAL, one, "like it?");
        int64_t id = store_fixture_count(s, "SELECT max(id) FROM message");
        for (int u = 0; u < 20; u++) {
                snprintf(name, sizeof(name), "friend%d", u);
                int64_t user = store_fixture_user(s, name);
                for (int i = 0; i < 20; i++) {
                        snprintf(emoji, sizeof(emoji), "%060d", i);
                        EXPECT(message_react(s->lease, id, user, emoji, &added, &s->error) ==
                               STATUS_OK);
                }
        }
        for (int i = 0; i < 300; i++)
                note(s, ROOM_GENERAL, one, ROOM_EVENT_EDITED, id);
        struct room_event_list list = events(s, ROOM_GENERAL, 0, 500);
        for (size_t i = 0; i < list.n_items; i++)
                n_bytes += message_bytes(&list.items[i].message);
        EXPECT(list.n_items > 10 && n_bytes > MESSAGE_LIST_BYTES / 2);
        EXPECT(n_bytes < MESSAGE_LIST_BYTES + 10000);
}

SCENARIO(what_is_too_old_goes_from_the_beginning)
{
        int64_t one = store_fixture_user(s, "one");
        int64_t id = make(s, "club", false), now_ms = clock_wall_ms();
        const struct room_change change = {.has_retention = true, .retention_s = 10};
        size_t n = 0;
        bool more;

        EXPECT(room_update(s->lease, id, &change, &s->error) == STATUS_OK);
        for (int i = 0; i < 3; i++)
                store_fixture_say(s, id, one, "old words");
        note(s, id, one, ROOM_EVENT_JOINED, 0);
        store_fixture_say(s, ROOM_GENERAL, one, "kept for good");
        EXPECT(search_index(s->lease, 100, &more, &s->error) == STATUS_OK);

        EXPECT(prune_old(s->lease, now_ms + 9000, 100, &n, &s->error) == STATUS_OK && n == 0);
        EXPECT(prune_old(s->lease, now_ms + 20000, 2, &n, &s->error) == STATUS_OK && n == 2);
        EXPECT(get(s, id, 0).pruned_seq == 2 && events(s, id, 0, 10).items[0].seq == 3);
        EXPECT(prune_old(s->lease, now_ms + 20000, 100, &n, &s->error) == STATUS_OK && n == 2);
        EXPECT(get(s, id, 0).pruned_seq == 4 && events(s, id, 0, 10).n_items == 0);
        EXPECT(get(s, id, 0).last_seq == 4);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message") == 1);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message_text"
                                      " WHERE message_text MATCH 'words'") == 0);
        store_fixture_say(s, id, one, "goes on");
        EXPECT(events(s, id, 0, 10).items[0].seq == 5);
}

SCENARIO(a_deleted_room_goes_bit_by_bit)
{
        int64_t one = store_fixture_user(s, "one");
        int64_t id = make(s, "club", true);
        struct room room;
        size_t n = 0;

        enter(s, id, one, MEMBER_ROLE_CREATOR);
        for (int i = 0; i < 5; i++)
                store_fixture_say(s, id, one, "x");
        EXPECT(room_delete(s->lease, id, &s->error) == STATUS_OK);
        EXPECT(room_get(s->lease, s->arena, id, one, &room, &s->error) == STATUS_NOT_FOUND);
        EXPECT(prune_deleted(s->lease, 3, &n, &s->error) == STATUS_OK && n == 3);
        EXPECT(prune_deleted(s->lease, 3, &n, &s->error) == STATUS_OK && n == 2);
        EXPECT(prune_deleted(s->lease, 3, &n, &s->error) == STATUS_OK && n == 1);
        EXPECT(prune_deleted(s->lease, 3, &n, &s->error) == STATUS_OK && n == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM room") == 1);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message") == 0);
}

SCENARIO(a_search_finds_only_what_one_may_read)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        int64_t id = make(s, "club", true);
        struct room_message_list list;
        bool more;

        enter(s, id, one, MEMBER_ROLE_CREATOR);
        enter(s, id, two, MEMBER_ROLE_MEMBER);
        store_fixture_say(s, id, one, "secret plan");
        store_fixture_say(s, ROOM_GENERAL, one, "open plan");
        EXPECT(search_index(s->lease, 100, &more, &s->error) == STATUS_OK);
        EXPECT(search_find(s->lease, s->arena, two, 0, "plan", 0, 10, &list, &more, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 2 && list.items[0].id > list.items[1].id);
        EXPECT(search_find(s->lease, s->arena, two, 0, "plan", 0, 1, &list, &more, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1 && more);
        EXPECT(member_exit(s->lease, id, two, MEMBER_LEFT, &s->error) == STATUS_OK);
        EXPECT(search_find(s->lease, s->arena, two, 0, "plan", 0, 10, &list, &more, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1 && list.items[0].room_id == ROOM_GENERAL);
        EXPECT(member_exit(s->lease, ROOM_GENERAL, two, MEMBER_BANNED, &s->error) == STATUS_OK);
        EXPECT(search_find(s->lease, s->arena, two, 0, "plan", 0, 10, &list, &more, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(a_missing_room_is_not_found),
                STORE_TEST(a_room_knows_how_somebody_stands_to_it),
                STORE_TEST(who_left_comes_back_and_is_counted_once),
                STORE_TEST(who_is_banned_counts_nothing),
                STORE_TEST(rooms_with_long_descriptions_come_in_parts),
                STORE_TEST(events_with_many_reactions_come_in_parts),
                STORE_TEST(a_full_room_takes_nobody),
                STORE_TEST(an_update_changes_what_it_names),
                STORE_TEST(lists_show_what_is_ones_own_and_what_is_public),
                STORE_TEST(two_have_one_direct_room),
                STORE_TEST(who_declined_can_be_invited_again),
                STORE_TEST(the_room_goes_to_the_moderator_there_longest),
                STORE_TEST(messages_and_other_events_share_one_order),
                STORE_TEST(long_events_come_in_parts_without_holes),
                STORE_TEST(what_is_too_old_goes_from_the_beginning),
                STORE_TEST(a_deleted_room_goes_bit_by_bit),
                STORE_TEST(a_search_finds_only_what_one_may_read),
        };
        return !!cmocka_run_group_tests_name("store_room", tests, NULL, NULL);
}
