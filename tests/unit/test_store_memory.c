#include "service/store/memory.h"

#include "tests/unit/store_fixture.h"

#include <string.h>

static struct memory_list listed(struct scenario *s, int64_t id, const char *thread,
                                 int64_t before_id, size_t limit)
{
        struct memory_list list = {0};

        EXPECT(memory_list(s->lease, s->arena, id, thread, before_id, limit, &list, &s->error) ==
               STATUS_OK);
        return list;
}

static enum status append(struct scenario *s, int64_t id, const struct memory_message *messages,
                          size_t n)
{
        int64_t ids[MEMORY_MAX_BATCH];

        return memory_append(s->lease, id, messages, n, ids, &s->error);
}

SCENARIO(messages_come_back_newest_first_and_as_they_were)
{
        int64_t id = store_fixture_user(s, "human"), ids[2] = {0};
        const struct memory_message messages[] = {
                {.content = "INSTRUCTIONS: kept as it is", .created_at_ms = MEMORY_NOW},
                {.role = MEMORY_ROLE_ASSISTANT,
                 .content = "hello",
                 .thread_id = "t1",
                 .created_at_ms = 12345},
        };

        EXPECT(memory_append(s->lease, id, messages, 2, ids, &s->error) == STATUS_OK);
        EXPECT(ids[0] > 0 && ids[1] > ids[0]);

        struct memory_list list = listed(s, id, "", 0, 50);
        EXPECT(list.n_items == 2 && !list.more);
        if (list.n_items == 2) {
                EXPECT(list.items[0].id == ids[1]);
                EXPECT(list.items[0].role == MEMORY_ROLE_ASSISTANT);
                EXPECT(strcmp(list.items[0].thread_id, "t1") == 0);
                EXPECT(list.items[0].created_at_ms == 12345);
                EXPECT(list.items[1].role == MEMORY_ROLE_USER);
                EXPECT(strcmp(list.items[1].thread_id, "default") == 0);
                EXPECT(strcmp(list.items[1].content, "INSTRUCTIONS: kept as it is") == 0);
                EXPECT(list.items[1].created_at_ms > 12345);
        }
        EXPECT(listed(s, id, "t1", 0, 50).n_items == 1);
        EXPECT(listed(s, id, "t2", 0, 50).n_items == 0);
}

SCENARIO(older_history_stays)
{
        int64_t id = store_fixture_user(s, "human");
        struct memory_message batch[MEMORY_MAX_BATCH];
        size_t n = 0;
        bool more = true;

        for (size_t i = 0; i < MEMORY_MAX_BATCH; i++)
                batch[i] = (struct memory_message){.content = "x", .created_at_ms = MEMORY_NOW};
        for (int i = 0; i < 3; i++)
                EXPECT(append(s, id, batch, MEMORY_MAX_BATCH) == STATUS_OK);
        for (int64_t before = 0; more && n < 1000;) {
                struct memory_list page = listed(s, id, "default", before, 70);

                n += page.n_items;
                more = page.more;
                before = page.n_items > 0 ? page.items[page.n_items - 1].id : 0;
        }
        EXPECT(n == 300);
}

SCENARIO(a_batch_is_kept_whole_or_not_at_all)
{
        int64_t id = store_fixture_user(s, "human");
        const struct memory_message internal[] = {
                {.content = "fine", .created_at_ms = MEMORY_NOW},
                {.content = "x", .role = MEMORY_ROLE_INTERNAL, .created_at_ms = MEMORY_NOW},
        };
        const struct memory_message empty[] = {
                {.content = "fine", .created_at_ms = MEMORY_NOW},
                {.content = "", .created_at_ms = MEMORY_NOW},
        };
        const struct memory_message unknown = {
                .content = "x", .role = (enum memory_role)9, .created_at_ms = MEMORY_NOW};

        EXPECT(append(s, id, internal, 2) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "messages[1].role") == 0);
        EXPECT(append(s, id, empty, 2) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "messages[1].content") == 0);
        EXPECT(append(s, id, &unknown, 1) == STATUS_INVALID_ARGUMENT);
        EXPECT(listed(s, id, "", 0, 50).n_items == 0);
}

SCENARIO(a_batch_has_one_to_a_hundred_messages)
{
        int64_t id = store_fixture_user(s, "human");
        struct memory_message batch[MEMORY_MAX_BATCH + 1];

        for (size_t i = 0; i < ARRAY_SIZE(batch); i++)
                batch[i] = (struct memory_message){.content = "x", .created_at_ms = MEMORY_NOW};
        EXPECT(append(s, id, batch, 0) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "messages") == 0);
        EXPECT(append(s, id, batch, MEMORY_MAX_BATCH + 1) == STATUS_INVALID_ARGUMENT);
        EXPECT(listed(s, id, "", 0, 50).n_items == 0);
}

SCENARIO(memory_of_nobody_is_not_found)
{
        const struct memory_message message = {.content = "x", .created_at_ms = MEMORY_NOW};
        struct memory_list list;

        EXPECT(append(s, 99, &message, 1) == STATUS_NOT_FOUND);
        EXPECT(memory_list(s->lease, s->arena, 99, "", 0, 1, &list, &s->error) == STATUS_NOT_FOUND);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(messages_come_back_newest_first_and_as_they_were),
                STORE_TEST(older_history_stays),
                STORE_TEST(a_batch_is_kept_whole_or_not_at_all),
                STORE_TEST(a_batch_has_one_to_a_hundred_messages),
                STORE_TEST(memory_of_nobody_is_not_found),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
