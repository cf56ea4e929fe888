#include "service/store/memory.h"

#include "tests/unit/store_fixture.h"

#include <string.h>

static const struct seal_key key = {.is_set = true, .bytes = {1}};

static struct memory_list listed(struct scenario *s, int64_t id, const char *thread,
                                 int64_t before_id, size_t limit)
{
        struct memory_list list = {0};

        EXPECT(memory_list(s->lease, s->arena, &key, id, thread, before_id, limit, &list,
                           &s->error) == STATUS_OK);
        return list;
}

static enum status append(struct scenario *s, int64_t id, const struct memory_message *messages,
                          size_t n)
{
        int64_t ids[MEMORY_MAX_BATCH];

        return memory_append(s->lease, s->arena, &key, id, messages, n, ids, &s->error);
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

        EXPECT(memory_append(s->lease, s->arena, &key, id, messages, 2, ids, &s->error) ==
               STATUS_OK);
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

SCENARIO(long_messages_come_in_smaller_pages)
{
        int64_t id = store_fixture_user(s, "human");
        struct memory_message batch[60];
        static char content[16001];
        size_t n = 0, n_pages = 0;
        bool more = true;

        memset(content, 'x', sizeof(content) - 1);
        for (size_t i = 0; i < 60; i++)
                batch[i] = (struct memory_message){.content = content, .created_at_ms = MEMORY_NOW};
        EXPECT(append(s, id, batch, 60) == STATUS_OK);
        for (int64_t before = 0; more && n < 1000; n_pages++) {
                struct memory_list page = listed(s, id, "", before, 500);

                EXPECT(page.n_items * sizeof(content) < MEMORY_LIST_BYTES + 2 * sizeof(content));
                n += page.n_items;
                more = page.more;
                before = page.n_items > 0 ? page.items[page.n_items - 1].id : 0;
        }
        EXPECT(n == 60 && n_pages == 2);
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

/* Puts what is kept of one message in the place of another. */
#define MOVE(sql, from, to)                                       \
        do {                                                      \
                STMT(move_, s->lease, sql);                       \
                stmt_bind_int(&move_, 1, from);                   \
                stmt_bind_int(&move_, 2, to);                     \
                EXPECT(stmt_run(&move_, &s->error) == STATUS_OK); \
        } while (0)

static enum status list_status(struct scenario *s, int64_t id)
{
        struct memory_list list;

        return memory_list(s->lease, s->arena, &key, id, "", 0, 50, &list, &s->error);
}

SCENARIO(a_text_is_not_there_and_opens_only_where_it_was_said)
{
        int64_t human = store_fixture_user(s, "human"), friend = store_fixture_user(s, "friend");
        const struct memory_message messages[] = {
                {.content = "a private word", .created_at_ms = MEMORY_NOW},
                {.content = "another one", .created_at_ms = MEMORY_NOW},
        };
        int64_t ids[2] = {0};

        EXPECT(memory_append(s->lease, s->arena, &key, human, messages, 2, ids, &s->error) ==
               STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_message WHERE"
                                      " instr(content, CAST('private' AS BLOB)) > 0") == 0);
        MOVE("UPDATE memory_message SET role = $2 WHERE id = $1", ids[0], MEMORY_ROLE_SYSTEM);
        EXPECT(list_status(s, human) == STATUS_DATA_LOSS);
        EXPECT(!strstr(s->error.text, "private"));
        MOVE("UPDATE memory_message SET role = $2 WHERE id = $1", ids[0], MEMORY_ROLE_USER);
        EXPECT(list_status(s, human) == STATUS_OK);
        MOVE("UPDATE memory_message SET user_id = $2 WHERE id = $1", ids[0], friend);
        EXPECT(list_status(s, friend) == STATUS_DATA_LOSS);
        MOVE("UPDATE memory_message SET user_id = $2 WHERE id = $1", ids[0], human);
        MOVE("UPDATE memory_message SET content ="
             " (SELECT content FROM memory_message WHERE id = $1) WHERE id = $2",
             ids[0], ids[1]);
        EXPECT(list_status(s, human) == STATUS_DATA_LOSS);
}

SCENARIO(another_key_opens_nothing)
{
        const struct seal_key other = {.is_set = true, .bytes = {2}};
        const struct memory_message message = {.content = "x", .created_at_ms = MEMORY_NOW};
        int64_t id = store_fixture_user(s, "human");
        struct memory_list list;

        EXPECT(append(s, id, &message, 1) == STATUS_OK);
        EXPECT(memory_list(s->lease, s->arena, &other, id, "", 0, 1, &list, &s->error) ==
               STATUS_DATA_LOSS);
}

/* Three conversations; "b" has the newest message. */
static int64_t add_threads(struct scenario *s)
{
        static const struct memory_message messages[] = {
                {.content = "x", .thread_id = "b", .created_at_ms = 1},
                {.content = "x", .thread_id = "a", .created_at_ms = 2},
                {.content = "x", .created_at_ms = 3},
                {.content = "x", .thread_id = "a", .created_at_ms = 4},
                {.content = "x", .thread_id = "b", .created_at_ms = 5},
                {.content = "x", .thread_id = "b", .created_at_ms = 6},
        };
        int64_t id = store_fixture_user(s, "human");

        EXPECT(append(s, store_fixture_user(s, "other"), messages, 2) == STATUS_OK);
        EXPECT(append(s, id, messages, ARRAY_SIZE(messages)) == STATUS_OK);
        return id;
}

SCENARIO(threads_are_listed_newest_first)
{
        int64_t id = add_threads(s);
        struct memory_threads all = {0}, page = {0};

        EXPECT(memory_list_threads(s->lease, s->arena, id, 0, 3, &all, &s->error) == STATUS_OK);
        EXPECT(all.n_items == 3 && !all.more);
        if (all.n_items == 3) {
                EXPECT(strcmp(all.items[0].id, "b") == 0 && all.items[0].n_messages == 3);
                EXPECT(all.items[0].last_at_ms == 6);
                EXPECT(strcmp(all.items[1].id, "a") == 0 && all.items[1].n_messages == 2);
                EXPECT(strcmp(all.items[2].id, "default") == 0);
        }
        EXPECT(memory_list_threads(s->lease, s->arena, id, 0, 1, &page, &s->error) == STATUS_OK);
        EXPECT(page.n_items == 1 && page.more);
        EXPECT(memory_list_threads(s->lease, s->arena, id, page.items[0].last_id, 5, &page,
                                   &s->error) == STATUS_OK);
        EXPECT(page.n_items == 2 && !page.more && strcmp(page.items[0].id, "a") == 0);
        EXPECT(memory_list_threads(s->lease, s->arena, 99, 0, 1, &page, &s->error) ==
               STATUS_NOT_FOUND);
}

SCENARIO(what_is_deleted_is_gone_and_nothing_else)
{
        int64_t id = add_threads(s), n = 0;

        EXPECT(memory_delete_thread(s->lease, id, "b", &n, &s->error) == STATUS_OK && n == 3);
        EXPECT(memory_delete_thread(s->lease, id, "b", &n, &s->error) == STATUS_NOT_FOUND);
        EXPECT(listed(s, id, "", 0, 50).n_items == 3);
        EXPECT(memory_delete_all(s->lease, id, &n, &s->error) == STATUS_OK && n == 3);
        EXPECT(memory_delete_all(s->lease, id, &n, &s->error) == STATUS_OK && n == 0);
        EXPECT(memory_delete_all(s->lease, 99, &n, &s->error) == STATUS_NOT_FOUND);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_message") == 2);
}

SCENARIO(without_memory_that_is_said)
{
        const struct memory_message message = {.content = "x", .created_at_ms = MEMORY_NOW};
        int64_t id = store_fixture_user(s, "human");
        struct memory_list list;

        EXPECT(append(s, id, &message, 1) == STATUS_OK);
        for (unsigned n = 1;; n++) {
                AUTO_ARENA arena;

                arena_init(&arena, 1024 * 1024);
                arena_fail_after(n);
                enum status st =
                        memory_list(s->lease, &arena, &key, id, "", 0, 1, &list, &s->error);
                arena_fail_after(0);
                if (st == STATUS_OK || n == 100) {
                        EXPECT(st == STATUS_OK && n == 4);
                        break;
                }
                EXPECT(st == STATUS_RESOURCE_EXHAUSTED);
        }
        arena_fail_after(1);
        EXPECT(append(s, id, &message, 1) == STATUS_RESOURCE_EXHAUSTED);
        arena_fail_after(0);
}

SCENARIO(memory_of_nobody_is_not_found)
{
        const struct memory_message message = {.content = "x", .created_at_ms = MEMORY_NOW};
        struct memory_list list;

        EXPECT(append(s, 99, &message, 1) == STATUS_NOT_FOUND);
        EXPECT(memory_list(s->lease, s->arena, &key, 99, "", 0, 1, &list, &s->error) ==
               STATUS_NOT_FOUND);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(messages_come_back_newest_first_and_as_they_were),
                STORE_TEST(older_history_stays),
                STORE_TEST(long_messages_come_in_smaller_pages),
                STORE_TEST(a_batch_is_kept_whole_or_not_at_all),
                STORE_TEST(a_batch_has_one_to_a_hundred_messages),
                STORE_TEST(a_text_is_not_there_and_opens_only_where_it_was_said),
                STORE_TEST(another_key_opens_nothing),
                STORE_TEST(threads_are_listed_newest_first),
                STORE_TEST(what_is_deleted_is_gone_and_nothing_else),
                STORE_TEST(without_memory_that_is_said),
                STORE_TEST(memory_of_nobody_is_not_found),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
