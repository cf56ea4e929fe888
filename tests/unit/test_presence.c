#include "service/events/presence.h"

#include "tests/support/t.h"

#include <stdio.h>
#include <string.h>

#define MAX_CHANGES 4096

struct change {
        int64_t room_id, user_id;
        bool is_online;
};

struct fixture {
        struct presence *presence;
        struct change changes[MAX_CHANGES];
        size_t n_changes;
};

static void on_change(void *closure, int64_t room_id, const struct presence_user *user,
                      bool is_online)
{
        struct fixture *f = closure;

        if (f->n_changes < MAX_CHANGES)
                f->changes[f->n_changes++] = (struct change){room_id, user->id, is_online};
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_int_equal(presence_new(on_change, f, &f->presence, NULL), STATUS_OK);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        presence_free(f->presence);
        free(f);
        return 0;
}

/* rooms: a digit for each. */
static void set(struct fixture *f, int64_t user_id, const char *connection, const char *rooms,
                uint64_t now_ms)
{
        const struct presence_user user = {user_id, "somebody"};
        int64_t ids[8];
        size_t n = strlen(rooms);

        for (size_t i = 0; i < n; i++)
                ids[i] = rooms[i] - '0';
        assert_int_equal(presence_set(f->presence, &user, connection, ids, n, now_ms, NULL),
                         STATUS_OK);
}

static size_t online(struct fixture *f, int64_t room_id)
{
        AUTO_ARENA arena;
        struct presence_list list;

        arena_init(&arena, 1 << 20);
        assert_int_equal(presence_list(f->presence, room_id, &arena, &list, NULL), STATUS_OK);
        for (size_t i = 1; i < list.n_items; i++)
                assert_true(list.items[i - 1].id < list.items[i].id);
        return list.n_online;
}

static void expect_change(struct fixture *f, size_t i, int64_t room_id, int64_t user_id,
                          bool is_online)
{
        assert_true(i < f->n_changes);
        assert_int_equal(f->changes[i].room_id, room_id);
        assert_int_equal(f->changes[i].user_id, user_id);
        assert_int_equal(f->changes[i].is_online, is_online);
}

static void the_first_connection_comes_and_the_last_one_goes(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "12", 0);
        set(f, 7, "b", "1", 0);
        assert_int_equal(f->n_changes, 2);
        expect_change(f, 0, 1, 7, true);
        expect_change(f, 1, 2, 7, true);
        assert_int_equal(online(f, 1), 1);
        set(f, 7, "a", "", 0);
        assert_int_equal(f->n_changes, 3);
        expect_change(f, 2, 2, 7, false);
        set(f, 7, "b", "", 0);
        assert_int_equal(f->n_changes, 4);
        expect_change(f, 3, 1, 7, false);
        assert_int_equal(online(f, PRESENCE_ANYWHERE), 0);
}

static void who_says_it_again_stays_without_a_word(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "12", 0);
        set(f, 7, "a", "23", PRESENCE_MS - 1);
        assert_int_equal(f->n_changes, 4);
        expect_change(f, 2, 3, 7, true);
        expect_change(f, 3, 1, 7, false);
        presence_expire(f->presence, PRESENCE_MS);
        assert_int_equal(online(f, 2), 1);
}

static void who_is_not_heard_of_is_gone(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "1", 0);
        set(f, 8, "a", "1", 10);
        presence_expire(f->presence, PRESENCE_MS);
        assert_int_equal(online(f, 1), 1);
        presence_expire(f->presence, PRESENCE_MS + 10);
        assert_int_equal(online(f, 1), 0);
        assert_int_equal(online(f, PRESENCE_ANYWHERE), 0);
}

static void who_leaves_the_room_leaves_it_with_all_connections(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "12", 0);
        set(f, 7, "b", "2", 0);
        presence_leave(f->presence, 2, 7);
        presence_leave(f->presence, 2, 7);
        presence_leave(f->presence, 2, 99);
        assert_int_equal(online(f, 2), 0);
        assert_int_equal(online(f, 1), 1);
        assert_int_equal(online(f, PRESENCE_ANYWHERE), 1);
        expect_change(f, 2, 2, 7, false);
        assert_int_equal(f->n_changes, 3);
}

static void in_a_full_room_nobody_is_told(void **state)
{
        struct fixture *f = *state;

        for (int64_t id = 1; id <= PRESENCE_MAX_TOLD + 100; id++)
                set(f, id, "a", "1", 0);
        assert_int_equal(f->n_changes, PRESENCE_MAX_TOLD);
        assert_int_equal(online(f, 1), PRESENCE_MAX_TOLD + 100);
        /* Who was told to have come is told to go, and nobody else. */
        set(f, 5, "a", "", 0);
        set(f, PRESENCE_MAX_TOLD + 5, "a", "", 0);
        assert_int_equal(f->n_changes, PRESENCE_MAX_TOLD + 1);
        expect_change(f, PRESENCE_MAX_TOLD, 1, 5, false);
}

static void a_room_named_twice_is_one(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "121", 0);
        assert_int_equal(f->n_changes, 2);
        presence_leave(f->presence, 1, 7);
        assert_int_equal(online(f, 1), 0);
        assert_int_equal(f->n_changes, 3);
}

static void a_long_name_of_a_connection_is_known_again(void **state)
{
        struct fixture *f = *state;
        char name[129] = "";

        for (int i = 0; i < 64; i++)
                memcpy(name + (ptrdiff_t)2 * i, "é", 2);
        set(f, 7, name, "1", 0);
        set(f, 7, name, "1", 10);
        set(f, 7, name, "", 20);
        assert_int_equal(online(f, 1), 0);
        assert_int_equal(f->n_changes, 2);
}

static void who_is_forgotten_is_nowhere(void **state)
{
        struct fixture *f = *state;

        set(f, 7, "a", "12", 0);
        set(f, 7, "b", "2", 0);
        set(f, 8, "a", "2", 0);
        presence_forget(f->presence, 7);
        presence_forget(f->presence, 99);
        assert_int_equal(online(f, 1), 0);
        assert_int_equal(online(f, 2), 1);
        assert_int_equal(online(f, PRESENCE_ANYWHERE), 1);
}

static void a_user_has_only_so_many_connections(void **state)
{
        struct fixture *f = *state;
        const struct presence_user user = {7, "somebody"};
        const int64_t room = 1;
        char name[16];
        struct error err;

        for (int i = 0; i < PRESENCE_MAX_CONNECTIONS; i++) {
                snprintf(name, sizeof(name), "c%d", i);
                set(f, 7, name, "1", 0);
        }
        assert_int_equal(presence_set(f->presence, &user, "more", &room, 1, 0, &err),
                         STATUS_RESOURCE_EXHAUSTED);
        set(f, 7, "c3", "1", 0);
        set(f, 7, "unknown", "", 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(the_first_connection_comes_and_the_last_one_goes),
                CASE(who_says_it_again_stays_without_a_word),
                CASE(who_is_not_heard_of_is_gone),
                CASE(who_leaves_the_room_leaves_it_with_all_connections),
                CASE(in_a_full_room_nobody_is_told),
                CASE(a_room_named_twice_is_one),
                CASE(a_long_name_of_a_connection_is_known_again),
                CASE(who_is_forgotten_is_nowhere),
                CASE(a_user_has_only_so_many_connections),
        };
        return !!cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}
