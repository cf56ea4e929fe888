#include "service/store/evaluation.h"

#include "service/store/memory.h"
#include "service/store/message.h"
#include "service/store/room.h"
#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

#define ALL 1000

static const struct seal_key key = {.is_set = true, .bytes = {1}};

static void say_often(struct scenario *s, int64_t user_id, int n)
{
        char text[32];

        for (int i = 0; i < n; i++) {
                snprintf(text, sizeof(text), "message %d", i);
                store_fixture_say(s, ROOM_GENERAL, user_id, text);
        }
}

/* Takes in what was said; who is due by it. */
static struct evaluation_users count(struct scenario *s, size_t limit, size_t *ret_n_messages)
{
        struct evaluation_scan scan = {0};
        struct evaluation_users users = {0};

        EXPECT(evaluation_scan(s->lease, s->arena, limit, &scan, &s->error) == STATUS_OK);
        if (ret_n_messages)
                *ret_n_messages = scan.n_messages;
        if (scan.n_messages > 0)
                EXPECT(evaluation_take(s->lease, s->arena, &scan, &users, &s->error) == STATUS_OK);
        return users;
}

static struct evaluation pending(struct scenario *s, int64_t user_id)
{
        struct evaluation evaluation = {0};

        EXPECT(evaluation_read(s->lease, s->arena, &key, user_id, &evaluation, &s->error) ==
               STATUS_OK);
        return evaluation;
}

SCENARIO(every_fifth_message_makes_somebody_due)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");

        say_often(s, user, EVALUATION_EVERY - 1);
        say_often(s, other, 1);
        EXPECT(count(s, ALL, NULL).n == 0);
        EXPECT(pending(s, user).n_items == EVALUATION_EVERY - 1);
        say_often(s, user, 1);
        struct evaluation_users due = count(s, ALL, NULL);
        EXPECT(due.n == 1 && due.ids[0] == user);

        EXPECT(evaluation_finish(s->lease, user, pending(s, user).end, &s->error) == STATUS_OK);
        EXPECT(pending(s, user).n_items == 0 && pending(s, user).end == 0);
        say_often(s, user, EVALUATION_EVERY - 1);
        EXPECT(count(s, ALL, NULL).n == 0);
}

SCENARIO(a_message_is_taken_in_once)
{
        int64_t user = store_fixture_user(s, "human");
        size_t n = 0;

        say_often(s, user, 3);
        count(s, 2, &n);
        EXPECT(n == 2 && pending(s, user).n_items == 2);
        count(s, 2, &n);
        EXPECT(n == 1 && pending(s, user).n_items == 3);
        count(s, 2, &n);
        EXPECT(n == 0 && pending(s, user).n_items == 3);
        EXPECT(strcmp(pending(s, user).items[0].text, "message 0") == 0);
}

SCENARIO(what_comes_meanwhile_waits_for_the_next_time)
{
        int64_t user = store_fixture_user(s, "human");

        say_often(s, user, EVALUATION_EVERY);
        count(s, ALL, NULL);
        int64_t end = pending(s, user).end;
        store_fixture_say(s, ROOM_GENERAL, user, "later");
        count(s, ALL, NULL);
        EXPECT(evaluation_finish(s->lease, user, end, &s->error) == STATUS_OK);
        struct evaluation left = pending(s, user);
        EXPECT(left.n_items == 1 && strcmp(left.items[0].text, "later") == 0);
}

SCENARIO(only_the_last_twenty_wait)
{
        int64_t user = store_fixture_user(s, "human");

        say_often(s, user, EVALUATION_MAX + 7);
        EXPECT(count(s, EVALUATION_MAX + 3, NULL).n == 1);
        EXPECT(count(s, ALL, NULL).n == 1);
        struct evaluation evaluation = pending(s, user);
        EXPECT(evaluation.n_items == EVALUATION_MAX);
        EXPECT(strcmp(evaluation.items[0].text, "message 7") == 0);
        EXPECT(strcmp(evaluation.items[EVALUATION_MAX - 1].text, "message 26") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM evaluation_pending") == EVALUATION_MAX);
}

SCENARIO(no_write_takes_in_more_than_a_part)
{
        char name[16];
        size_t n = 0;

        for (int i = 0; i < EVALUATION_PART / EVALUATION_MAX + 1; i++) {
                snprintf(name, sizeof(name), "human%d", i);
                say_often(s, store_fixture_user(s, name), EVALUATION_MAX);
        }
        count(s, ALL, &n);
        EXPECT(n == EVALUATION_PART);
        count(s, ALL, &n);
        EXPECT(n == EVALUATION_MAX);
}

SCENARIO(direct_rooms_are_never_evaluated)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        const struct room_change group = {.name = "group", .description = "", .max_members = 9};
        int64_t pair = 0, room = 0;
        size_t n = 0;
        bool created;

        EXPECT(room_pair(s->lease, user, other, &pair, &created, &s->error) == STATUS_OK);
        EXPECT(room_create(s->lease, &group, &room, &s->error) == STATUS_OK);
        for (int i = 0; i < EVALUATION_EVERY; i++)
                store_fixture_say(s, pair, user, "between us");
        store_fixture_say(s, room, user, "to all of you");
        EXPECT(count(s, ALL, &n).n == 0 && n == EVALUATION_EVERY + 1);
        struct evaluation evaluation = pending(s, user);
        EXPECT(evaluation.n_items == 1 && strcmp(evaluation.items[0].text, "to all of you") == 0);
}

SCENARIO(deleted_messages_are_not_evaluated)
{
        int64_t user = store_fixture_user(s, "human");
        struct room_message before = store_fixture_say(s, ROOM_GENERAL, user, "gone before");
        struct room_message after = store_fixture_say(s, ROOM_GENERAL, user, "gone after");

        store_fixture_say(s, ROOM_GENERAL, user, "stays");
        EXPECT(message_delete(s->lease, &before, &s->error) == STATUS_OK);
        count(s, ALL, NULL);
        EXPECT(message_delete(s->lease, &after, &s->error) == STATUS_OK);
        struct evaluation evaluation = pending(s, user);
        EXPECT(evaluation.n_items == 1 && strcmp(evaluation.items[0].text, "stays") == 0);
}

SCENARIO(a_deleted_account_does_not_stop_the_others)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        struct evaluation_scan scan = {0};
        struct evaluation_users due = {0};

        say_often(s, user, EVALUATION_EVERY);
        say_often(s, other, EVALUATION_EVERY);
        EXPECT(evaluation_scan(s->lease, s->arena, ALL, &scan, &s->error) == STATUS_OK);
        store_fixture_delete(s, user);
        EXPECT(evaluation_take(s->lease, s->arena, &scan, &due, &s->error) == STATUS_OK);
        EXPECT(due.n == 1 && due.ids[0] == other);
}

SCENARIO(what_is_said_to_the_coach_counts)
{
        int64_t user = store_fixture_user(s, "human");
        const struct memory_message memory = {.content = "private", .created_at_ms = MEMORY_NOW};
        int64_t id = 0;
        bool due = true;

        say_often(s, user, EVALUATION_EVERY - 2);
        count(s, ALL, NULL);
        for (int i = 0; i < 2; i++) {
                EXPECT(memory_append(s->lease, s->arena, &key, user, &memory, 1, &id, &s->error) ==
                       STATUS_OK);
                EXPECT(evaluation_note(s->lease, user, id, &due, &s->error) == STATUS_OK);
                EXPECT(due == (i == 1));
        }
        struct evaluation evaluation = pending(s, user);
        EXPECT(evaluation.n_items == EVALUATION_EVERY);
        EXPECT(strcmp(evaluation.items[EVALUATION_EVERY - 1].text, "private") == 0);
}

SCENARIO(who_is_due_is_listed_page_by_page)
{
        int64_t ids[3] = {store_fixture_user(s, "a"), store_fixture_user(s, "b"),
                          store_fixture_user(s, "c")};
        struct evaluation_users due = {0};

        for (int i = 0; i < 3; i++)
                say_often(s, ids[i], i == 1 ? 1 : EVALUATION_EVERY);
        count(s, ALL, NULL);
        EXPECT(evaluation_list_due(s->lease, s->arena, 0, 1, &due, &s->error) == STATUS_OK);
        EXPECT(due.n == 1 && due.ids[0] == ids[0]);
        EXPECT(evaluation_list_due(s->lease, s->arena, ids[0], 1, &due, &s->error) == STATUS_OK);
        EXPECT(due.n == 1 && due.ids[0] == ids[2]);
        EXPECT(evaluation_list_due(s->lease, s->arena, ids[2], 1, &due, &s->error) == STATUS_OK);
        EXPECT(due.n == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(every_fifth_message_makes_somebody_due),
                STORE_TEST(a_message_is_taken_in_once),
                STORE_TEST(what_comes_meanwhile_waits_for_the_next_time),
                STORE_TEST(only_the_last_twenty_wait),
                STORE_TEST(no_write_takes_in_more_than_a_part),
                STORE_TEST(direct_rooms_are_never_evaluated),
                STORE_TEST(deleted_messages_are_not_evaluated),
                STORE_TEST(a_deleted_account_does_not_stop_the_others),
                STORE_TEST(what_is_said_to_the_coach_counts),
                STORE_TEST(who_is_due_is_listed_page_by_page),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
