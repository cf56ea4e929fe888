/* The end of an account: at once for everybody who looks, bit by bit in the database. */
#include "service/store/erasure.h"

#include "service/store/member.h"
#include "service/store/memory.h"
#include "service/store/message.h"
#include "service/store/room.h"
#include "service/store/search.h"
#include "service/store/session.h"
#include "service/store/user.h"
#include "service/store/user_key.h"
#include "tests/unit/store_fixture.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define N_MESSAGES 1000
#define LIMIT      50

static const uint8_t id[ERASURE_ID_BYTES] = {7, 7};
static int64_t human;

static struct room_message_list newest(struct scenario *s)
{
        struct room_message_list list = {0};

        EXPECT(message_list_before(s->lease, s->arena, 1, INT64_MAX, 1, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1);
        return list;
}

static size_t found(struct scenario *s, int64_t user_id, const char *query)
{
        struct room_message_list list = {0};
        bool more;

        EXPECT(search_find(s->lease, s->arena, user_id, 1, query, 0, 10, &list, &more, &s->error) ==
               STATUS_OK);
        return list.n_items;
}

/* Somebody with more than one step deletes of what there may be much of. */
static void live(struct scenario *s)
{
        const struct memory_message memory = {.content = "secret", .created_at_ms = MEMORY_NOW};
        const struct session_draft session = {.client = "", .expires_at_ms = INT64_MAX};
        struct user_key wrapped = {.master_id = 1};
        struct seal_key key = {.is_set = true};
        uint8_t jti[SESSION_JTI_BYTES] = {1};
        int64_t memory_id;
        bool more = true;

        human = wrapped.user_id = store_fixture_user(s, "human");
        for (int i = 0; i < N_MESSAGES; i++)
                store_fixture_say(s, 1, human, "something remarkable");
        EXPECT(user_key_put(s->lease, &wrapped, &s->error) == STATUS_OK);
        for (int i = 0; i < 20; i++)
                EXPECT(memory_append(s->lease, s->arena, &key, human, &memory, 1, &memory_id,
                                     &s->error) == STATUS_OK);
        EXPECT(session_add(s->lease, jti, human, &session, &s->error) == STATUS_OK);
        while (more && !s->failed)
                EXPECT(search_index(s->lease, N_MESSAGES, &more, &s->error) == STATUS_OK);
}

static enum erasure_progress step(struct scenario *s)
{
        enum erasure_progress progress = ERASURE_OVER;

        EXPECT(erasure_step(s->lease, id, LIMIT, &progress, &s->error) == STATUS_OK);
        return progress;
}

SCENARIO(an_account_is_gone_before_the_first_step)
{
        struct user user;
        struct user_credentials credentials;
        struct user_key key;
        int64_t other = store_fixture_user(s, "other");

        live(s);
        EXPECT(found(s, other, "remarkable") == 10);
        EXPECT(erasure_begin(s->lease, id, human, false, &s->error) == STATUS_OK);
        EXPECT(erasure_begin(s->lease, id, human, false, &s->error) == STATUS_NOT_FOUND);

        EXPECT(user_get(s->lease, s->arena, human, &user, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_get_by_name(s->lease, s->arena, "human", &user, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_get_credentials(s->lease, s->arena, "human", &credentials, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(user_set_password(s->lease, human, "hash", &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_key_get(s->lease, human, &key, &s->error) == STATUS_NOT_FOUND);
        EXPECT(user_key_put(s->lease, &(struct user_key){.user_id = human}, &s->error) ==
               STATUS_FAILED_PRECONDITION);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM session") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM account"
                                      " WHERE username || email || password_hash <> ''"
                                      " AND id <> 1") == 0);

        /* What was said is still there, and nobody sees it. */
        EXPECT(newest(s).items[0].is_deleted && newest(s).items[0].user_id == 0);
        EXPECT(strcmp(newest(s).items[0].content, "") == 0);
        EXPECT(found(s, other, "remarkable") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message WHERE content <> ''") ==
               N_MESSAGES);
        /* The name is free. */
        EXPECT(store_fixture_user(s, "human") != human);
}

SCENARIO(a_step_is_small_and_the_last_one_finishes)
{
        struct erasure erasure = {0};
        int64_t before = N_MESSAGES, n_steps = 0;
        enum erasure_progress progress;

        live(s);
        EXPECT(erasure_begin(s->lease, id, human, true, &s->error) == STATUS_OK);
        while ((progress = step(s)) == ERASURE_MORE && ++n_steps < 1000) {
                int64_t after =
                        store_fixture_count(s, "SELECT count(*) FROM message WHERE content <> ''");

                EXPECT(before - after <= LIMIT);
                before = after;
        }
        EXPECT(progress == ERASURE_FINISHED && n_steps >= N_MESSAGES / LIMIT);
        EXPECT(step(s) == ERASURE_OVER);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM account") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_message") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message"
                                      " WHERE user_id IS NULL AND content = ''") == N_MESSAGES);

        EXPECT(erasure_get(s->lease, s->arena, id, &erasure, &s->error) == STATUS_OK);
        EXPECT(erasure.finished_at_ms != 0 && erasure.by_admin && erasure.user_id == human);
        EXPECT(erasure.n_counts == 3);
        if (erasure.n_counts != 3)
                return;
        EXPECT(strcmp(erasure.counts[0].kind, "memory") == 0 && erasure.counts[0].n == 20);
        EXPECT(strcmp(erasure.counts[1].kind, "room_messages") == 0);
        EXPECT(erasure.counts[1].n == N_MESSAGES);
        EXPECT(strcmp(erasure.counts[2].kind, "sessions") == 0 && erasure.counts[2].n == 1);
}

SCENARIO(what_is_begun_is_found_again)
{
        uint8_t next[ERASURE_ID_BYTES];
        const uint8_t second[ERASURE_ID_BYTES] = {9};
        int64_t n_open = -1, other = store_fixture_user(s, "other");

        EXPECT(erasure_next(s->lease, next, &n_open, &s->error) == STATUS_NOT_FOUND);
        EXPECT(n_open == 0);
        live(s);
        EXPECT(erasure_begin(s->lease, id, human, false, &s->error) == STATUS_OK);
        EXPECT(erasure_begin(s->lease, second, other, false, &s->error) == STATUS_OK);
        EXPECT(erasure_next(s->lease, next, &n_open, &s->error) == STATUS_OK && n_open == 2);
        EXPECT(memcmp(next, id, sizeof(next)) == 0 || memcmp(next, second, sizeof(next)) == 0);
        while (step(s) == ERASURE_MORE)
                continue;
        EXPECT(erasure_next(s->lease, next, &n_open, &s->error) == STATUS_OK && n_open == 1);
        EXPECT(memcmp(next, second, sizeof(next)) == 0);
}

SCENARIO(a_receipt_can_be_checked)
{
        struct erasure_count counts[] = {{"memory", 20}, {"room_messages", 3}};
        const struct erasure erasure = {
                .id = {0xab},
                .user_id = 17,
                .requested_at_ms = 1000,
                .finished_at_ms = 61001,
                .counts = counts,
                .n_counts = 2,
        };
        char sha256[SHA256_CHARS + 1], want[SHA256_CHARS + 1];
        uint8_t hash[crypto_hash_sha256_BYTES];
        const char *statement = erasure_statement(s->arena, &erasure, sha256);
        static const char text[] = "socializer erasure 1\n"
                                   "id ab000000000000000000000000000000\n"
                                   "user 17\n"
                                   "by the user\n"
                                   "requested 1970-01-01T00:00:01.000Z\n"
                                   "finished 1970-01-01T00:01:01.001Z\n"
                                   "memory 20\n"
                                   "room_messages 3\n";

        EXPECT(statement && strcmp(statement, text) == 0);
        crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
        sodium_bin2hex(want, sizeof(want), hash, sizeof(hash));
        EXPECT(strcmp(sha256, want) == 0);
}

SCENARIO(words_stay_in_the_index_until_it_is_compacted)
{
        bool has_words = true;

        live(s);
        EXPECT(erasure_begin(s->lease, id, human, false, &s->error) == STATUS_OK);
        EXPECT(erasure_has_words(s->lease, INT64_MAX, &has_words, &s->error) == STATUS_OK);
        EXPECT(!has_words); /* it is not finished */
        while (step(s) == ERASURE_MORE)
                continue;
        EXPECT(erasure_has_words(s->lease, 1, &has_words, &s->error) == STATUS_OK && !has_words);
        EXPECT(erasure_has_words(s->lease, INT64_MAX, &has_words, &s->error) == STATUS_OK);
        EXPECT(has_words);
        EXPECT(erasure_clear_words(s->lease, INT64_MAX, &s->error) == STATUS_OK);
        EXPECT(erasure_has_words(s->lease, INT64_MAX, &has_words, &s->error) == STATUS_OK);
        EXPECT(!has_words);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(an_account_is_gone_before_the_first_step),
                STORE_TEST(a_step_is_small_and_the_last_one_finishes),
                STORE_TEST(what_is_begun_is_found_again),
                STORE_TEST(a_receipt_can_be_checked),
                STORE_TEST(words_stay_in_the_index_until_it_is_compacted),
        };

        return !!cmocka_run_group_tests_name("store_erasure", tests, NULL, NULL);
}
