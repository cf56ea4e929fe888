#include "service/store/preference.h"

#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <math.h>
#include <string.h>

static enum status set(struct scenario *s, int64_t id, const char *type, const char *key,
                       const char *value, double confidence)
{
        const struct preference wanted = {
                .type = type, .key = key, .value = value, .confidence = confidence};
        struct preference stored;

        return preference_set(s->lease, s->arena, id, &wanted, &stored, &s->error);
}

static struct preference_list listed(struct scenario *s, int64_t id, const char *type)
{
        struct preference_list list = {0};

        EXPECT(preference_list(s->lease, s->arena, id, type, &list, &s->error) == STATUS_OK);
        return list;
}

SCENARIO(a_preference_is_set_replaced_and_listed)
{
        int64_t id = store_fixture_user(s, "human");

        EXPECT(listed(s, id, "").n_items == 0);
        EXPECT(set(s, id, "ui", "theme", "\"dark\"", 1) == STATUS_OK);
        EXPECT(set(s, id, "chat", "sound", "null", 0) == STATUS_OK);
        EXPECT(set(s, id, "ui", "theme", "{\"name\":\"light\"}", 0.5) == STATUS_OK);

        struct preference_list list = listed(s, id, "");
        EXPECT(list.n_items == 2);
        if (list.n_items == 2) {
                EXPECT(strcmp(list.items[0].type, "chat") == 0);
                EXPECT(strcmp(list.items[0].value, "null") == 0);
                EXPECT(list.items[0].confidence == 0);
                EXPECT(strcmp(list.items[1].value, "{\"name\":\"light\"}") == 0);
                EXPECT(list.items[1].confidence == 0.5);
                EXPECT(list.items[1].updated_at_ms > 0);
        }
        EXPECT(listed(s, id, "chat").n_items == 1);
        EXPECT(listed(s, id, "none").n_items == 0);
}

SCENARIO(names_with_dots_do_not_collide)
{
        int64_t id = store_fixture_user(s, "human");

        EXPECT(set(s, id, "a.b", "c", "1", 1) == STATUS_OK);
        EXPECT(set(s, id, "a", "b.c", "2", 1) == STATUS_OK);
        EXPECT(listed(s, id, "").n_items == 2);
}

SCENARIO(preferences_of_nobody_are_not_found)
{
        struct preference_list list;
        int64_t n;

        EXPECT(set(s, 99, "ui", "theme", "1", 1) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "user 99") == 0);
        EXPECT(preference_list(s->lease, s->arena, 99, "", &list, &s->error) == STATUS_NOT_FOUND);
        EXPECT(preference_delete(s->lease, 99, "", "", &n, &s->error) == STATUS_NOT_FOUND);
}

SCENARIO(bad_preferences_are_refused_by_field)
{
        int64_t id = store_fixture_user(s, "human");
        const double bad[] = {-0.1, 1.1, NAN};

        EXPECT(set(s, id, "", "theme", "1", 1) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "type") == 0);
        EXPECT(set(s, id, "ui", "", "1", 1) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "key") == 0);
        EXPECT(set(s, id, "ui", "theme", "", 1) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "value") == 0);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                EXPECT(set(s, id, "ui", "theme", "1", bad[i]) == STATUS_INVALID_ARGUMENT);
                EXPECT(strcmp(s->error.field, "confidence") == 0);
        }
        EXPECT(listed(s, id, "").n_items == 0);
}

SCENARIO(one_too_many_is_refused_and_a_replacement_is_not)
{
        int64_t id = store_fixture_user(s, "human");

        for (int i = 0; i < PREFERENCE_MAX; i++)
                EXPECT(set(s, id, "t", arena_printf(s->arena, "%d", i), "1", 1) == STATUS_OK);
        EXPECT(set(s, id, "t", "more", "1", 1) == STATUS_RESOURCE_EXHAUSTED);
        EXPECT(set(s, id, "t", "0", "2", 1) == STATUS_OK);
        EXPECT(listed(s, id, "").n_items == PREFERENCE_MAX);
        EXPECT(set(s, store_fixture_user(s, "other"), "t", "0", "1", 1) == STATUS_OK);
}

/* One answer has to hold them. */
SCENARIO(values_take_so_much_together)
{
        enum { N = 64, EACH = PREFERENCE_MAX_BYTES / N };
        int64_t id = store_fixture_user(s, "human");
        char *value = arena_alloc(s->arena, EACH + 1);

        memset(value, '1', EACH);
        value[EACH] = '\0';
        for (int i = 0; i < N; i++)
                EXPECT(set(s, id, "t", arena_printf(s->arena, "%d", i), value, 1) == STATUS_OK);
        EXPECT(set(s, id, "t", "more", "1", 1) == STATUS_RESOURCE_EXHAUSTED);
        EXPECT(strstr(s->error.text, "2097152 bytes together"));
        EXPECT(set(s, id, "t", "0", value, 1) == STATUS_OK);
        EXPECT(set(s, id, "t", "0", "2", 1) == STATUS_OK);
        EXPECT(set(s, id, "t", "more", "1", 1) == STATUS_OK);
        EXPECT(listed(s, id, "").n_items == N + 1);
}

SCENARIO(one_a_type_or_all_are_deleted)
{
        int64_t id = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        int64_t n = 0;

        EXPECT(set(s, other, "a", "1", "1", 1) == STATUS_OK);
        for (const char *type = "abc"; *type; type++)
                for (const char *key = "12"; *key; key++)
                        EXPECT(set(s, id, (char[]){*type, 0}, (char[]){*key, 0}, "1", 1) ==
                               STATUS_OK);
        EXPECT(preference_delete(s->lease, id, "a", "1", &n, &s->error) == STATUS_OK && n == 1);
        EXPECT(preference_delete(s->lease, id, "a", "1", &n, &s->error) == STATUS_NOT_FOUND);
        EXPECT(preference_delete(s->lease, id, "b", "", &n, &s->error) == STATUS_OK && n == 2);
        EXPECT(preference_delete(s->lease, id, "b", "", &n, &s->error) == STATUS_NOT_FOUND);
        EXPECT(preference_delete(s->lease, id, "", "1", &n, &s->error) == STATUS_INVALID_ARGUMENT);
        EXPECT(preference_delete(s->lease, id, "", "", &n, &s->error) == STATUS_OK && n == 3);
        EXPECT(preference_delete(s->lease, id, "", "", &n, &s->error) == STATUS_OK && n == 0);
        EXPECT(listed(s, other, "").n_items == 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(a_preference_is_set_replaced_and_listed),
                STORE_TEST(names_with_dots_do_not_collide),
                STORE_TEST(preferences_of_nobody_are_not_found),
                STORE_TEST(bad_preferences_are_refused_by_field),
                STORE_TEST(one_too_many_is_refused_and_a_replacement_is_not),
                STORE_TEST(values_take_so_much_together),
                STORE_TEST(one_a_type_or_all_are_deleted),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
