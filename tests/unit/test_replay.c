#include "service/store/replay.h"

#include "tests/unit/store_fixture.h"

#include <sodium.h>
#include <string.h>

#define NOW INT64_C(1800000000000)

static const uint8_t secret[REPLAY_HASH_BYTES] = "of the data folder";

static struct frame_bytes text(const char *t)
{
        return (struct frame_bytes){(const uint8_t *)t, strlen(t)};
}

static struct replay_key make_key(int64_t caller_id, uint8_t id, const char *method,
                                  const char *request)
{
        uint8_t ids[FRAME_CALL_ID_BYTES];
        struct replay_key key;

        memset(ids, id, sizeof(ids));
        replay_key_init(&key, secret, caller_id, ids, method, text(request));
        return key;
}

static bool finds(struct scenario *s, struct replay_key key, int64_t now_ms, const char *want)
{
        struct frame_bytes reply = {0};
        bool found = false;

        if (replay_find(s->lease, &key, now_ms, s->arena, &found, &reply, &s->error) != STATUS_OK)
                return false;
        if (!want)
                return !found;
        return found && reply.n_bytes == strlen(want) && !memcmp(reply.data, want, reply.n_bytes);
}

static void put(struct scenario *s, struct replay_key key, int64_t now_ms, const char *reply)
{
        EXPECT(replay_put(s->lease, &key, now_ms, text(reply), false, &s->error) == STATUS_OK);
}

SCENARIO(a_call_that_never_was_has_no_reply)
{
        EXPECT(finds(s, make_key(1, 7, "m", "request"), NOW, NULL));
}

SCENARIO(a_repeat_finds_the_first_reply)
{
        put(s, make_key(1, 7, "m", "request"), NOW, "reply");
        EXPECT(finds(s, make_key(1, 7, "m", "request"), NOW + 1000, "reply"));
}

/* A request may be a password; its hash is in every backup. */
SCENARIO(a_request_cannot_be_guessed_from_its_hash)
{
        const uint8_t other[REPLAY_HASH_BYTES] = {1};
        const uint8_t id[FRAME_CALL_ID_BYTES] = {7};
        struct replay_key key = make_key(1, 7, "m", "password123"), elsewhere;
        uint8_t open_hash[REPLAY_HASH_BYTES];

        (void)s;
        crypto_generichash(open_hash, sizeof(open_hash), (const uint8_t *)"password123", 11, NULL,
                           0);
        EXPECT(memcmp(key.request_hash, open_hash, sizeof(open_hash)) != 0);
        replay_key_init(&elsewhere, other, 1, id, "m", text("password123"));
        EXPECT(memcmp(key.request_hash, elsewhere.request_hash, sizeof(open_hash)) != 0);
}

SCENARIO(an_empty_reply_is_a_reply)
{
        put(s, make_key(0, 7, "m", ""), NOW, "");
        EXPECT(finds(s, make_key(0, 7, "m", ""), NOW, ""));
}

SCENARIO(another_caller_has_ids_of_its_own)
{
        put(s, make_key(1, 7, "m", "request"), NOW, "reply");
        EXPECT(finds(s, make_key(2, 7, "m", "request"), NOW, NULL));
        put(s, make_key(2, 7, "m", "request"), NOW, "other");
        EXPECT(finds(s, make_key(1, 7, "m", "request"), NOW, "reply"));
}

static void expect_refused(struct scenario *s, struct replay_key key)
{
        struct frame_bytes reply;
        bool found;

        EXPECT(replay_find(s->lease, &key, NOW, s->arena, &found, &reply, &s->error) ==
               STATUS_ALREADY_EXISTS);
        EXPECT(strstr(s->error.text, "another request"));
}

SCENARIO(an_id_that_was_used_for_something_else_is_refused)
{
        put(s, make_key(1, 7, "m", "request"), NOW, "reply");
        expect_refused(s, make_key(1, 7, "m", "another"));
        expect_refused(s, make_key(1, 7, "n", "request"));
}

SCENARIO(a_second_write_of_a_call_replaces_its_reply)
{
        put(s, make_key(1, 7, "m", "request"), NOW, "half");
        put(s, make_key(1, 7, "m", "request"), NOW, "whole");
        EXPECT(finds(s, make_key(1, 7, "m", "request"), NOW, "whole"));
}

SCENARIO(after_a_day_a_reply_is_forgotten)
{
        put(s, make_key(1, 7, "m", "request"), NOW, "reply");
        EXPECT(finds(s, make_key(1, 7, "m", "request"), NOW + REPLAY_KEEP_MS - 1, "reply"));
        EXPECT(finds(s, make_key(1, 7, "m", "another"), NOW + REPLAY_KEEP_MS, NULL));
        put(s, make_key(1, 7, "m", "another"), NOW + REPLAY_KEEP_MS, "anew");
        EXPECT(finds(s, make_key(1, 7, "m", "another"), NOW + REPLAY_KEEP_MS, "anew"));
}

SCENARIO(pruning_takes_the_oldest_first_and_no_more_than_asked)
{
        for (uint8_t i = 0; i < 5; i++)
                put(s, make_key(1, i, "m", "request"), NOW + i, "reply");
        EXPECT(replay_prune(s->lease, NOW + REPLAY_KEEP_MS + 3, 2, &s->error) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM replay") == 3);
        EXPECT(finds(s, make_key(1, 2, "m", "request"), NOW, "reply"));
        EXPECT(replay_prune(s->lease, NOW + REPLAY_KEEP_MS + 3, 100, &s->error) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM replay") == 1);
        EXPECT(finds(s, make_key(1, 4, "m", "request"), NOW, "reply"));
}

SCENARIO(what_is_private_can_be_forgotten_before)
{
        const struct replay_key mine = make_key(1, 1, "m", "request");
        const struct replay_key others = make_key(2, 1, "m", "request");

        EXPECT(replay_put(s->lease, &mine, NOW, text("sealed"), true, &s->error) == STATUS_OK);
        EXPECT(replay_put(s->lease, &others, NOW, text("sealed"), true, &s->error) == STATUS_OK);
        put(s, make_key(1, 2, "m", "request"), NOW, "open");
        EXPECT(replay_forget_sealed(s->lease, 1, &s->error) == STATUS_OK);
        EXPECT(finds(s, mine, NOW, NULL));
        EXPECT(finds(s, others, NOW, "sealed"));
        EXPECT(finds(s, make_key(1, 2, "m", "request"), NOW, "open"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(a_call_that_never_was_has_no_reply),
                STORE_TEST(a_repeat_finds_the_first_reply),
                STORE_TEST(a_request_cannot_be_guessed_from_its_hash),
                STORE_TEST(an_empty_reply_is_a_reply),
                STORE_TEST(another_caller_has_ids_of_its_own),
                STORE_TEST(an_id_that_was_used_for_something_else_is_refused),
                STORE_TEST(a_second_write_of_a_call_replaces_its_reply),
                STORE_TEST(after_a_day_a_reply_is_forgotten),
                STORE_TEST(what_is_private_can_be_forgotten_before),
                STORE_TEST(pruning_takes_the_oldest_first_and_no_more_than_asked),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
