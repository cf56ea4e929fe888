/* An export in parts, as the pages of one come, and what must not be taken for one. */
#include "common/json_join.h"

#include "tests/support/t.h"

#include "socializer/v1/export.pb-c.h"

#include <stdlib.h>
#include <string.h>

static const Socializer__V1__UserExport nothing = SOCIALIZER__V1__USER_EXPORT__INIT;

static void begin(struct json_join *j, struct buffer *out)
{
        json_join_begin(j, contract_rules(&socializer__v1__user_export__descriptor), out);
}

/* A part with this many items of two lists, numbered from first on. */
static bool take(struct json_join *j, struct buffer *out, size_t n_memory, size_t n_sessions)
{
        Socializer__V1__MemoryMessage message = SOCIALIZER__V1__MEMORY_MESSAGE__INIT;
        Socializer__V1__Session session = SOCIALIZER__V1__SESSION__INIT;
        Socializer__V1__MemoryMessage *messages[] = {&message, &message, &message};
        Socializer__V1__Session *sessions[] = {&session, &session, &session};
        Socializer__V1__UserExport part = SOCIALIZER__V1__USER_EXPORT__INIT;

        part.memory = messages;
        part.n_memory = n_memory;
        part.sessions = sessions;
        part.n_sessions = n_sessions;
        return json_join_part(j, &part.base, out);
}

static json_t *end(struct json_join *j, struct buffer *out)
{
        json_join_end(j, &nothing.base, out);
        json_t *all = json_loads(buffer_str(out), JSON_REJECT_DUPLICATES, NULL);

        if (!all)
                fail_msg("no JSON: %s", buffer_str(out));
        /* Every member is there, in the order of the contract. */
        assert_int_equal(json_object_size(all), nothing.base.descriptor->n_fields);
        return all;
}

static size_t n_items(const json_t *all, const char *name)
{
        return json_array_size(json_object_get(all, name));
}

static void a_list_goes_on_from_part_to_part(void **state)
{
        (void)state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct json_join j;

        begin(&j, &out);
        assert_true(take(&j, &out, 2, 0));
        assert_true(take(&j, &out, 0, 0));
        assert_true(take(&j, &out, 1, 3));
        assert_true(take(&j, &out, 0, 1));
        json_t *all = end(&j, &out);
        assert_int_equal(n_items(all, "memory"), 3);
        assert_int_equal(n_items(all, "sessions"), 4);
        assert_true(json_is_array(json_object_get(all, "trainings")));
        assert_true(json_is_null(json_object_get(all, "user")));
        json_decref(all);
}

static void nothing_is_a_document_too(void **state)
{
        (void)state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct json_join j;

        begin(&j, &out);
        json_decref(end(&j, &out));
}

static void a_part_that_comes_late_does_not_fit(void **state)
{
        (void)state;
        AUTO_BUFFER out = BUFFER_INIT;
        Socializer__V1__UserExport head = SOCIALIZER__V1__USER_EXPORT__INIT;
        struct json_join j;

        begin(&j, &out);
        assert_true(take(&j, &out, 0, 1));
        assert_false(take(&j, &out, 1, 0));

        buffer_clear(&out);
        begin(&j, &out);
        head.format = (char[]){"one"};
        assert_true(json_join_part(&j, &head.base, &out));
        assert_false(json_join_part(&j, &head.base, &out)); /* no list: it cannot go on */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_list_goes_on_from_part_to_part),
                cmocka_unit_test(nothing_is_a_document_too),
                cmocka_unit_test(a_part_that_comes_late_does_not_fit),
        };

        return !!cmocka_run_group_tests_name("json_join", tests, NULL, NULL);
}
