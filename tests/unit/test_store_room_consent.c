#include "service/store/room_consent.h"

#include "service/store/member.h"
#include "service/store/room.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

static struct room_message answer(struct scenario *s, const struct room_message *question)
{
        const struct message_draft draft = {.room_id = ROOM_GENERAL,
                                            .username = MESSAGE_COACH,
                                            .content = "You are right.",
                                            .client_message_id = "message-1",
                                            .reply_to = question->id,
                                            .coach_engine = "builtin",
                                            .asker_id = question->user_id};
        struct room_message message = {.content = ""};
        bool repeated;

        EXPECT(message_append(s->lease, s->arena, &draft, &message, &repeated, &s->error) ==
               STATUS_OK);
        return message;
}

static void consent(struct scenario *s, int64_t user_id, bool is_given)
{
        EXPECT(room_consent_set(s->lease, ROOM_GENERAL, user_id, is_given, &s->error) == STATUS_OK);
}

/* What may be sent when the next message asks, "newest|…|oldest". */
static const char *heard(struct scenario *s, size_t limit)
{
        static char all[512];
        struct room_message_list list = {0};
        int64_t next = store_fixture_count(s, "SELECT last_seq FROM room WHERE id = 1") + 1;

        EXPECT(room_consent_messages(s->lease, s->arena, ROOM_GENERAL, next, limit, &list,
                                     &s->error) == STATUS_OK);
        all[0] = '\0';
        for (size_t i = 0; i < list.n_items; i++) {
                strcat(all, i ? "|" : "");
                strcat(all, list.items[i].content);
        }
        return all;
}

/* A consent of now is younger than a message of this very millisecond. */
static void make_older(struct scenario *s)
{
        STMT(q, s->lease, "UPDATE message SET created_at = created_at - 1000");
        EXPECT(stmt_run(&q, &s->error) == STATUS_OK);
}

SCENARIO(only_what_was_said_since_by_those_who_did)
{
        int64_t ada = store_fixture_user(s, "ada"), bob = store_fixture_user(s, "bob");

        store_fixture_say(s, ROOM_GENERAL, ada, "early");
        make_older(s);
        consent(s, ada, true);
        store_fixture_say(s, ROOM_GENERAL, ada, "one");
        store_fixture_say(s, ROOM_GENERAL, bob, "silent");
        store_fixture_say(s, ROOM_GENERAL, ada, "two");
        EXPECT(strcmp(heard(s, 20), "two|one") == 0);
        EXPECT(strcmp(heard(s, 1), "two") == 0);
        consent(s, ada, true); /* again: it stays as old as it is */
        EXPECT(strcmp(heard(s, 20), "two|one") == 0);
        consent(s, ada, false);
        EXPECT(strcmp(heard(s, 20), "") == 0);
}

SCENARIO(an_answer_is_heard_with_the_consent_of_its_asker)
{
        int64_t ada = store_fixture_user(s, "ada"), bob = store_fixture_user(s, "bob");
        struct room_message question = store_fixture_say(s, ROOM_GENERAL, ada, "@coach I am late");
        struct room_message said = answer(s, &question);

        EXPECT(said.user_id == 0 && strcmp(said.username, "coach") == 0 && !said.is_deleted);
        consent(s, bob, true);
        EXPECT(strcmp(heard(s, 20), "") == 0);
        consent(s, ada, true);
        STMT(q, s->lease, "UPDATE room_consent SET since = 0");
        EXPECT(stmt_run(&q, &s->error) == STATUS_OK);
        EXPECT(strcmp(heard(s, 20), "You are right.|@coach I am late") == 0);
}

SCENARIO(leaving_takes_it_back)
{
        int64_t ada = store_fixture_user(s, "ada"), bob = store_fixture_user(s, "bob");
        int64_t *ids;
        size_t n;

        consent(s, ada, true);
        consent(s, bob, true);
        EXPECT(room_consent_list(s->lease, s->arena, ada, &ids, &n, &s->error) == STATUS_OK);
        EXPECT(n == 1 && ids[0] == ROOM_GENERAL);
        EXPECT(member_exit(s->lease, ROOM_GENERAL, ada, MEMBER_BANNED, &s->error) == STATUS_OK);
        EXPECT(room_consent_list(s->lease, s->arena, ada, &ids, &n, &s->error) == STATUS_OK);
        EXPECT(n == 0);
        EXPECT(room_consent_clear(s->lease, ROOM_GENERAL, &s->error) == STATUS_OK);
        EXPECT(room_consent_list(s->lease, s->arena, bob, &ids, &n, &s->error) == STATUS_OK);
        EXPECT(n == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(only_what_was_said_since_by_those_who_did),
                STORE_TEST(an_answer_is_heard_with_the_consent_of_its_asker),
                STORE_TEST(leaving_takes_it_back),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
