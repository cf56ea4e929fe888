#include "service/store/disclosure.h"

#include "tests/unit/store_fixture.h"

#include <string.h>

static const struct seal_key key = {.is_set = true, .bytes = {1}};

static enum status append(struct scenario *s, int64_t user_id, const void *data, size_t n)
{
        return disclosure_append(s->lease, s->arena, &key, user_id, (struct frame_bytes){data, n},
                                 &s->error);
}

static struct disclosure_list listed(struct scenario *s, int64_t user_id, int64_t before_id,
                                     size_t limit)
{
        struct disclosure_list list = {0};

        EXPECT(disclosure_list(s->lease, s->arena, &key, user_id, before_id, limit, &list,
                               &s->error) == STATUS_OK);
        return list;
}

SCENARIO(entries_come_back_newest_first_and_by_pages)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        struct disclosure_list list;

        EXPECT(append(s, user, "one", 3) == STATUS_OK);
        EXPECT(append(s, other, "not mine", 8) == STATUS_OK);
        EXPECT(append(s, user, "", 0) == STATUS_OK);
        EXPECT(append(s, user, "three", 5) == STATUS_OK);
        list = listed(s, user, 0, 2);
        EXPECT(list.n_items == 2 && list.more);
        EXPECT(list.n_items == 2 && list.items[0].content.n_bytes == 5 &&
               memcmp(list.items[0].content.data, "three", 5) == 0);
        EXPECT(list.n_items == 2 && list.items[1].content.n_bytes == 0 &&
               list.items[1].created_at_ms > 0);
        if (list.n_items == 2)
                list = listed(s, user, list.items[1].id, 2);
        EXPECT(list.n_items == 1 && !list.more &&
               memcmp(list.items[0].content.data, "one", 3) == 0);
}

SCENARIO(an_entry_opens_for_its_user_only)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        struct disclosure_list list = {0};
        const struct seal_key none = SEAL_KEY_INIT, wrong = {.is_set = true, .bytes = {2}};

        EXPECT(append(s, user, "secret", 6) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM coach_disclosure"
                                      " WHERE instr(content, CAST('secret' AS BLOB)) > 0") == 0);
        EXPECT(disclosure_list(s->lease, s->arena, &none, user, 0, 9, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 0);
        EXPECT(disclosure_list(s->lease, s->arena, &wrong, user, 0, 9, &list, &s->error) ==
               STATUS_DATA_LOSS);
        STMT(move, s->lease, "UPDATE coach_disclosure SET user_id = $1");
        stmt_bind_int(&move, 1, other);
        EXPECT(stmt_run(&move, &s->error) == STATUS_OK);
        EXPECT(disclosure_list(s->lease, s->arena, &key, other, 0, 9, &list, &s->error) ==
               STATUS_DATA_LOSS);
        EXPECT(append(s, 99, "x", 1) == STATUS_NOT_FOUND);
}

SCENARIO(the_oldest_go)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        int64_t n = 0;

        EXPECT(append(s, other, "stays", 5) == STATUS_OK);
        for (int i = 0; i < DISCLOSURE_MAX + 3; i++)
                EXPECT(append(s, user, &i, sizeof(i)) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM coach_disclosure") ==
               DISCLOSURE_MAX + 1);
        struct disclosure_list list = listed(s, user, 0, 1);
        int newest = DISCLOSURE_MAX + 2;
        EXPECT(list.n_items == 1 &&
               memcmp(list.items[0].content.data, &newest, sizeof(newest)) == 0);
        EXPECT(listed(s, other, 0, 9).n_items == 1);
        EXPECT(disclosure_delete_all(s->lease, user, &n, &s->error) == STATUS_OK);
        EXPECT(n == DISCLOSURE_MAX && listed(s, user, 0, 9).n_items == 0);
}

SCENARIO(so_do_those_that_take_too_much)
{
        static uint8_t large[DISCLOSURE_MAX_BYTES / 4];
        int64_t user = store_fixture_user(s, "human");

        for (int i = 0; i < 5; i++)
                EXPECT(append(s, user, large, sizeof(large)) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM coach_disclosure") == 3);
        /* A list ends early for them, too. */
        struct disclosure_list list = listed(s, user, 0, 9);
        EXPECT(list.n_items == 1 && list.more);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(entries_come_back_newest_first_and_by_pages),
                STORE_TEST(an_entry_opens_for_its_user_only),
                STORE_TEST(the_oldest_go),
                STORE_TEST(so_do_those_that_take_too_much),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
