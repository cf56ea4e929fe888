#include "service/store/skill.h"

#include "service/store/level.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

static struct level_moved moved; /* what came of the last change */

static enum status set(struct scenario *s, int64_t user_id, int64_t skill_id, int level)
{
        struct user_skill stored;

        return user_skill_set(s->lease, s->arena, user_id, skill_id, level, LEVEL_BY_SELF, &stored,
                              &moved, &s->error);
}

static int level(struct scenario *s, int64_t user_id, int64_t skill_id)
{
        int found = -1;

        EXPECT(user_skill_level(s->lease, user_id, skill_id, &found, &s->error) == STATUS_OK);
        return found;
}

SCENARIO(a_skill_is_added_once)
{
        struct skill skill = {.name = ""};

        EXPECT(skill_add(s->lease, s->arena, "Patience", "waiting", &skill, &s->error) ==
               STATUS_OK);
        EXPECT(strcmp(skill.name, "Patience") == 0 && strcmp(skill.description, "waiting") == 0);
        EXPECT(skill_add(s->lease, s->arena, "pATIENCE", "", &skill, &s->error) ==
               STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "name") == 0);
        EXPECT(skill_get(s->lease, s->arena, skill.id, &skill, &s->error) == STATUS_OK);
        EXPECT(skill_get(s->lease, s->arena, 99, &skill, &s->error) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "skill 99") == 0);
}

SCENARIO(capitals_do_not_matter_in_any_script)
{
        struct skill skill;

        EXPECT(skill_add(s->lease, s->arena, "Zuhören ÜBEN", "", &skill, &s->error) == STATUS_OK);
        EXPECT(skill_add(s->lease, s->arena, "zuHÖREN üben", "", &skill, &s->error) ==
               STATUS_ALREADY_EXISTS);
        EXPECT(skill_add(s->lease, s->arena, "Эмпатия", "", &skill, &s->error) == STATUS_OK);
        EXPECT(skill_add(s->lease, s->arena, "эМПАТИЯ", "", &skill, &s->error) ==
               STATUS_ALREADY_EXISTS);
}

SCENARIO(get_or_create_makes_a_skill_the_first_time)
{
        struct skill first = {0}, again = {.description = ""};
        bool created = false;

        EXPECT(skill_get_or_create(s->lease, s->arena, "courage", "first", &first, &created,
                                   &s->error) == STATUS_OK);
        EXPECT(created);
        EXPECT(skill_get_or_create(s->lease, s->arena, "COURAGE", "second", &again, &created,
                                   &s->error) == STATUS_OK);
        EXPECT(!created && again.id == first.id);
        EXPECT(strcmp(again.description, "first") == 0);
}

SCENARIO(a_skill_needs_a_name)
{
        struct skill skill;
        bool created;

        EXPECT(skill_add(s->lease, s->arena, "", "", &skill, &s->error) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "name") == 0);
        EXPECT(skill_add(s->lease, s->arena, " \t ", "", &skill, &s->error) ==
               STATUS_INVALID_ARGUMENT);
        EXPECT(skill_get_or_create(s->lease, s->arena, "", "", &skill, &created, &s->error) ==
               STATUS_INVALID_ARGUMENT);
}

SCENARIO(the_catalogue_is_listed_page_by_page)
{
        struct skill_list list = {0};

        EXPECT(skill_list(s->lease, s->arena, 0, 9, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 4 && !list.more && strcmp(list.items[3].name, "engagement") == 0);
        int64_t last = list.items[3].id;
        store_fixture_skill(s, "a");
        int64_t second = store_fixture_skill(s, "b"), third = store_fixture_skill(s, "c");
        EXPECT(skill_list(s->lease, s->arena, last, 2, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && list.more && list.items[1].id == second);
        EXPECT(skill_list(s->lease, s->arena, second, 2, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && !list.more && list.items[0].id == third);
}

SCENARIO(linking_starts_at_zero_and_never_resets)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        struct user_skill linked = {.level = -1};

        EXPECT(user_skill_link(s->lease, s->arena, user, skill, &linked, &s->error) == STATUS_OK);
        EXPECT(linked.level == 0 && linked.skill.id == skill);
        EXPECT(set(s, user, skill, 7) == STATUS_OK);
        EXPECT(user_skill_link(s->lease, s->arena, user, skill, &linked, &s->error) ==
               STATUS_ALREADY_EXISTS);
        EXPECT(level(s, user, skill) == 7);
}

SCENARIO(a_level_is_set_whether_linked_or_not)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");

        EXPECT(set(s, user, skill, 10) == STATUS_OK);
        EXPECT(level(s, user, skill) == 10);
        EXPECT(set(s, user, skill, 0) == STATUS_OK);
        EXPECT(level(s, user, skill) == 0);
        EXPECT(set(s, user, skill, 11) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "level") == 0);
        EXPECT(set(s, user, skill, -1) == STATUS_INVALID_ARGUMENT);
        EXPECT(level(s, user, skill) == 0);
}

SCENARIO(missing_users_skills_and_links_are_not_found)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        struct user_skill linked;
        struct user_skill_list list;
        int64_t *ids;
        size_t n;
        int found;

        EXPECT(set(s, 99, skill, 1) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "user 99") == 0);
        EXPECT(set(s, user, 99, 1) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "skill 99") == 0);
        EXPECT(user_skill_link(s->lease, s->arena, 99, skill, &linked, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(user_skill_link(s->lease, s->arena, user, 99, &linked, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(user_skill_level(s->lease, user, skill, &found, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_skill_level(s->lease, user, 99, &found, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_skill_list(s->lease, s->arena, 99, &list, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_skill_ids(s->lease, s->arena, 99, &ids, &n, &s->error) == STATUS_NOT_FOUND);
}

SCENARIO(a_users_skills_are_listed_with_levels)
{
        int64_t user = store_fixture_user(s, "human");
        int64_t first = store_fixture_skill(s, "a"), second = store_fixture_skill(s, "b");
        struct user_skill_list list = {0};
        int64_t *ids = NULL;
        size_t n = 99;

        EXPECT(user_skill_ids(s->lease, s->arena, user, &ids, &n, &s->error) == STATUS_OK);
        EXPECT(n == 0);
        EXPECT(user_skill_list(s->lease, s->arena, user, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 0);

        EXPECT(set(s, user, second, 3) == STATUS_OK && set(s, user, first, 1) == STATUS_OK);
        EXPECT(user_skill_ids(s->lease, s->arena, user, &ids, &n, &s->error) == STATUS_OK);
        EXPECT(n == 2 && ids[0] == first && ids[1] == second);
        EXPECT(user_skill_list(s->lease, s->arena, user, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && list.items[0].level == 1 && list.items[1].level == 3 &&
               strcmp(list.items[1].skill.name, "b") == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(a_skill_is_added_once),
                STORE_TEST(capitals_do_not_matter_in_any_script),
                STORE_TEST(get_or_create_makes_a_skill_the_first_time),
                STORE_TEST(a_skill_needs_a_name),
                STORE_TEST(the_catalogue_is_listed_page_by_page),
                STORE_TEST(linking_starts_at_zero_and_never_resets),
                STORE_TEST(a_level_is_set_whether_linked_or_not),
                STORE_TEST(missing_users_skills_and_links_are_not_found),
                STORE_TEST(a_users_skills_are_listed_with_levels),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
