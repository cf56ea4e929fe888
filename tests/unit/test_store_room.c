#include "service/store/room.h"

#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static struct room_message say(struct scenario *s, int64_t user_id, const char *content,
                               const char *name)
{
        struct room_message message = {0};
        bool repeated = true;

        EXPECT(room_append(s->lease, s->arena, ROOM_GENERAL, user_id, content, name, &message,
                           &repeated, &s->error) == STATUS_OK);
        EXPECT(!repeated);
        return message;
}

static struct room_message_list after(struct scenario *s, int64_t seq, size_t limit)
{
        struct room_message_list list = {0};

        EXPECT(room_list_after(s->lease, s->arena, ROOM_GENERAL, seq, limit, &list, &s->error) ==
               STATUS_OK);
        return list;
}

static struct room_message_list before(struct scenario *s, int64_t seq, size_t limit)
{
        struct room_message_list list = {0};

        EXPECT(room_list_before(s->lease, s->arena, ROOM_GENERAL, seq, limit, &list, &s->error) ==
               STATUS_OK);
        return list;
}

SCENARIO(messages_are_numbered_without_holes)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        EXPECT(say(s, one, "a", NULL).seq == 1);
        EXPECT(say(s, two, "b", "").seq == 2);

        struct room_message third = say(s, one, "c ☃", "n3");
        EXPECT(third.seq == 3 && third.id > 0 && third.room_id == ROOM_GENERAL);
        EXPECT(third.user_id == one && strcmp(third.username, "one") == 0);
        EXPECT(strcmp(third.content, "c ☃") == 0 && strcmp(third.client_message_id, "n3") == 0);

        struct room room;
        EXPECT(room_get(s->lease, s->arena, ROOM_GENERAL, &room, &s->error) == STATUS_OK);
        EXPECT(room.last_seq == 3 && room.kind == ROOM_KIND_GENERAL);
}

SCENARIO(a_repeat_is_the_first_message)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message first = say(s, one, "hello", "n1"), again = {0};
        bool repeated = false;

        EXPECT(room_append(s->lease, s->arena, ROOM_GENERAL, one, "hello", "n1", &again, &repeated,
                           &s->error) == STATUS_OK);
        EXPECT(repeated && again.id == first.id && again.seq == first.seq);
        EXPECT(again.created_at_ms == first.created_at_ms);
        EXPECT(say(s, one, "next", NULL).seq == 2);
}

SCENARIO(a_repeat_with_other_content_is_refused)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message again;
        bool repeated;

        say(s, one, "hello", "n1");
        EXPECT(room_append(s->lease, s->arena, ROOM_GENERAL, one, "bye", "n1", &again, &repeated,
                           &s->error) == STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "client_message_id") == 0);
        EXPECT(after(s, 0, 10).n_items == 1);
}

SCENARIO(names_of_messages_are_each_users_own)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        EXPECT(say(s, one, "hello", "same").seq == 1);
        EXPECT(say(s, two, "other", "same").seq == 2);
}

SCENARIO(a_missing_room_is_not_found)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message message;
        struct room_message_list list;
        struct room room;
        bool repeated;

        EXPECT(room_get(s->lease, s->arena, 99, &room, &s->error) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "room 99") == 0);
        EXPECT(room_append(s->lease, s->arena, 99, one, "x", NULL, &message, &repeated,
                           &s->error) == STATUS_NOT_FOUND);
        EXPECT(room_list_after(s->lease, s->arena, 99, 0, 10, &list, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(room_list_before(s->lease, s->arena, 99, INT64_MAX, 10, &list, &s->error) ==
               STATUS_NOT_FOUND);
}

SCENARIO(a_missing_user_says_nothing)
{
        struct room_message message;
        bool repeated;

        EXPECT(room_append(s->lease, s->arena, ROOM_GENERAL, 77, "x", NULL, &message, &repeated,
                           &s->error) == STATUS_NOT_FOUND);
        EXPECT(after(s, 0, 10).last_seq == 0);
}

SCENARIO(an_empty_room_lists_nothing)
{
        struct room_message_list list = before(s, INT64_MAX, 10);

        EXPECT(list.n_items == 0 && list.first_seq == 0 && list.last_seq == 0);
}

SCENARIO(lists_go_forward_and_backward)
{
        int64_t one = store_fixture_user(s, "one");
        char content[16];

        for (int i = 1; i <= 10; i++) {
                snprintf(content, sizeof(content), "m%d", i);
                say(s, one, content, NULL);
        }
        struct room_message_list list = after(s, 3, 4);
        EXPECT(list.n_items == 4 && list.items[0].seq == 4 && list.items[3].seq == 7);
        EXPECT(list.first_seq == 1 && list.last_seq == 10);
        EXPECT(after(s, 10, 4).n_items == 0);
        EXPECT(after(s, 99, 4).n_items == 0);

        list = before(s, INT64_MAX, 3);
        EXPECT(list.n_items == 3 && list.items[0].seq == 8 && list.items[2].seq == 10);
        EXPECT(strcmp(list.items[2].content, "m10") == 0);
        list = before(s, 3, 10);
        EXPECT(list.n_items == 2 && list.items[0].seq == 1 && list.items[1].seq == 2);
}

SCENARIO(a_list_of_long_messages_ends_early_but_never_empty)
{
        int64_t one = store_fixture_user(s, "one");
        char *content = arena_alloc(s->arena, 20001);

        EXPECT(content != NULL);
        if (!content)
                return;
        memset(content, 'x', 20000);
        for (int i = 0; i < 40; i++)
                say(s, one, content, NULL);

        struct room_message_list list = after(s, 0, 500);
        EXPECT(list.n_items > 20 && list.n_items < 30);
        EXPECT(list.items[0].seq == 1 && list.last_seq == 40);
        list = before(s, INT64_MAX, 500);
        EXPECT(list.n_items > 20 && list.n_items < 30);
        EXPECT(list.items[list.n_items - 1].seq == 40);
}

SCENARIO(a_deleted_users_messages_keep_their_places)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        say(s, one, "mine", "n1");
        say(s, two, "theirs", NULL);
        EXPECT(user_delete(s->lease, one, &s->error) == STATUS_OK);

        struct room_message_list list = after(s, 0, 10);
        EXPECT(list.n_items == 2 && list.items[0].seq == 1 && list.items[0].user_id == 0);
        EXPECT(strcmp(list.items[0].content, "") == 0 && strcmp(list.items[0].username, "") == 0);
        EXPECT(strcmp(list.items[1].content, "theirs") == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(messages_are_numbered_without_holes),
                STORE_TEST(a_repeat_is_the_first_message),
                STORE_TEST(a_repeat_with_other_content_is_refused),
                STORE_TEST(names_of_messages_are_each_users_own),
                STORE_TEST(a_missing_room_is_not_found),
                STORE_TEST(a_missing_user_says_nothing),
                STORE_TEST(an_empty_room_lists_nothing),
                STORE_TEST(lists_go_forward_and_backward),
                STORE_TEST(a_list_of_long_messages_ends_early_but_never_empty),
                STORE_TEST(a_deleted_users_messages_keep_their_places),
        };
        return !!cmocka_run_group_tests_name("store_room", tests, NULL, NULL);
}
