#include "service/store/level.h"

#include "service/store/memory.h"
#include "service/store/message.h"
#include "service/store/room.h"
#include "service/store/skill.h"
#include "service/store/training.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

static struct level_moved moved; /* what came of the last change */

/* A user who trains empathy. */
struct person {
        int64_t user, skill, training;
};

static const struct seal_key key = {.is_set = true, .bytes = {1}};

static struct person new_person(struct scenario *s, const char *name)
{
        const struct training_draft draft = {.status = TRAINING_ACTIVE};
        struct person p = {store_fixture_user(s, name), store_fixture_skill(s, "empathy"), 0};
        struct training training = {0};

        EXPECT(training_add(s->lease, p.user, p.skill, &draft, &training, &s->error) == STATUS_OK);
        p.training = training.id;
        return p;
}

static int64_t tell_coach(struct scenario *s, int64_t user_id, const char *content)
{
        const struct memory_message memory = {.content = content, .created_at_ms = MEMORY_NOW};
        int64_t id = 0;

        EXPECT(memory_append(s->lease, s->arena, &key, user_id, &memory, 1, &id, &s->error) ==
               STATUS_OK);
        return id;
}

/* The newest change of the person, with the level as an engine saw it. */
static struct level_change judge(struct scenario *s, const struct person *p, int level,
                                 const struct said *evidence, size_t n)
{
        const struct level_reason reason = {"builtin", "[1]", evidence, n};
        struct level_change_list list = {0};

        EXPECT(level_set(s->lease, p->user, p->skill, level, &reason, &moved, &s->error) ==
               STATUS_OK);
        EXPECT(level_list(s->lease, s->arena, &key, p->user, 0, 0, 1, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1);
        return list.n_items ? list.items[0] : (struct level_change){.engine = ""};
}

static void set_by_self(struct scenario *s, const struct person *p, int level)
{
        struct user_skill stored;

        EXPECT(user_skill_set(s->lease, s->arena, p->user, p->skill, level, LEVEL_BY_SELF, &stored,
                              &moved, &s->error) == STATUS_OK);
}

static int level_of(struct scenario *s, const struct person *p)
{
        int level = -1;

        EXPECT(user_skill_level(s->lease, p->user, p->skill, &level, &s->error) == STATUS_OK);
        return level;
}

static struct training training_of(struct scenario *s, const struct person *p)
{
        struct training training = {0};

        EXPECT(training_get(s->lease, p->training, p->user, &training, &s->error) == STATUS_OK);
        return training;
}

SCENARIO(a_change_shows_the_messages_that_earned_it)
{
        struct person p = new_person(s, "human");
        struct room_message first = store_fixture_say(s, ROOM_GENERAL, p.user, "I hear you.");
        const struct said evidence[] = {
                {.source = SAID_IN_ROOM, .id = first.id},
                {.source = SAID_TO_COACH, .id = tell_coach(s, p.user, "I can imagine.")},
        };
        struct level_change change = judge(s, &p, 1, evidence, 2);

        EXPECT(change.old_level == 0 && change.new_level == 1 && change.n_evidence == 2);
        EXPECT(strcmp(change.engine, "builtin") == 0 && strcmp(change.skill_name, "empathy") == 0);
        EXPECT(change.disputed_at_ms == 0 && !change.is_reverted);
        if (change.n_evidence != 2)
                return;
        EXPECT(strcmp(change.evidence[0].text, "I hear you.") == 0);
        EXPECT(change.evidence[0].room_id == ROOM_GENERAL && change.evidence[0].seq == first.seq);
        EXPECT(strcmp(change.evidence[1].text, "I can imagine.") == 0);
        EXPECT(change.evidence[1].room_id == 0 && change.evidence[1].created_at_ms > 0);
        EXPECT(level_of(s, &p) == 1 && training_of(s, &p).progress == 0.1);
}

SCENARIO(a_deleted_message_is_gone_from_the_evidence)
{
        struct person p = new_person(s, "human");
        struct room_message message = store_fixture_say(s, ROOM_GENERAL, p.user, "I hear you.");
        const struct said evidence = {.source = SAID_IN_ROOM, .id = message.id};
        struct level_change change = judge(s, &p, 1, &evidence, 1);

        EXPECT(message_delete(s->lease, &message, &s->error) == STATUS_OK);
        EXPECT(level_get(s->lease, s->arena, &key, p.user, change.id, &change, &s->error) ==
               STATUS_OK);
        EXPECT(change.n_evidence == 1 && change.evidence[0].is_gone);
        EXPECT(strcmp(change.evidence[0].text, "") == 0);
        EXPECT(level_of(s, &p) == 1);
}

SCENARIO(what_somebody_else_said_is_no_evidence)
{
        struct person p = new_person(s, "human");
        int64_t other = store_fixture_user(s, "other");
        const struct said evidence[] = {
                {.source = SAID_IN_ROOM,
                 .id = store_fixture_say(s, ROOM_GENERAL, other, "not mine").id},
                {.source = SAID_TO_COACH, .id = tell_coach(s, other, "nor this")},
        };
        struct level_change change = judge(s, &p, 1, evidence, 2);

        EXPECT(change.n_evidence == 2 && change.evidence[0].is_gone && change.evidence[1].is_gone);
}

SCENARIO(the_highest_level_completes_the_training)
{
        struct person p = new_person(s, "human");
        const struct said evidence = {.source = SAID_IN_ROOM,
                                      .id = store_fixture_say(s, ROOM_GENERAL, p.user, "a").id};

        set_by_self(s, &p, 9);
        EXPECT(training_of(s, &p).progress == 0.9);
        judge(s, &p, 10, &evidence, 1);
        struct training training = training_of(s, &p);
        EXPECT(moved.old_level == 9 && moved.new_level == 10 && moved.training_id == training.id);
        EXPECT(training.status == TRAINING_COMPLETED && training.progress == 1);
        EXPECT(training.is_completed && training.completed_at_ms > 0);
        EXPECT(training.next_milestone == 0);
}

SCENARIO(a_disputed_change_is_taken_back_with_what_hangs_on_it)
{
        struct person p = new_person(s, "human");
        const struct said evidence = {.source = SAID_IN_ROOM,
                                      .id = store_fixture_say(s, ROOM_GENERAL, p.user, "a").id};

        set_by_self(s, &p, 9);
        struct level_change change = judge(s, &p, 10, &evidence, 1);
        EXPECT(level_dispute(s->lease, s->arena, &key, p.user, change.id, "a quotation", &change,
                             &moved, &s->error) == STATUS_OK);
        EXPECT(change.is_reverted && change.disputed_at_ms > 0);
        EXPECT(moved.is_reverted && moved.change_id == change.id && moved.old_level == 10 &&
               moved.new_level == 9 && moved.training_id == 0);
        EXPECT(strcmp(change.dispute_reason, "a quotation") == 0);
        EXPECT(level_of(s, &p) == 9);
        struct training training = training_of(s, &p);
        EXPECT(training.status == TRAINING_ACTIVE && training.progress == 0.9);
        EXPECT(!training.is_completed && training.next_milestone == 10);
        EXPECT(level_dispute(s->lease, s->arena, &key, p.user, change.id, "again", &change, &moved,
                             &s->error) == STATUS_FAILED_PRECONDITION);
        EXPECT(level_of(s, &p) == 9);
}

SCENARIO(a_dispute_takes_back_one_step_and_never_below_zero)
{
        struct person p = new_person(s, "human");
        const struct said evidence = {.source = SAID_IN_ROOM,
                                      .id = store_fixture_say(s, ROOM_GENERAL, p.user, "a").id};
        struct level_change first = judge(s, &p, 1, &evidence, 1);
        struct level_change second = judge(s, &p, 2, &evidence, 1);

        EXPECT(level_dispute(s->lease, s->arena, &key, p.user, first.id, "no", &first, &moved,
                             &s->error) == STATUS_OK);
        EXPECT(level_of(s, &p) == 1 && training_of(s, &p).progress == 0.1);
        set_by_self(s, &p, 0);
        EXPECT(level_dispute(s->lease, s->arena, &key, p.user, second.id, "no", &second, &moved,
                             &s->error) == STATUS_OK);
        EXPECT(level_of(s, &p) == 0 && training_of(s, &p).progress == 0);
}

SCENARIO(peoples_own_changes_are_recorded_and_not_disputed)
{
        struct person p = new_person(s, "human");
        struct level_change_list list = {0};
        struct level_change change;
        struct user_skill stored;

        set_by_self(s, &p, 4);
        set_by_self(s, &p, 4);
        EXPECT(user_skill_set(s->lease, s->arena, p.user, p.skill, 6, LEVEL_BY_ADMIN, &stored,
                              &moved, &s->error) == STATUS_OK);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, p.skill, 0, 9, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 2);
        for (size_t i = 0; i < list.n_items; i++) {
                EXPECT(list.items[i].n_evidence == 0);
                EXPECT(level_dispute(s->lease, s->arena, &key, p.user, list.items[i].id, "no",
                                     &change, &moved, &s->error) == STATUS_FAILED_PRECONDITION);
        }
        EXPECT(list.n_items == 2 && strcmp(list.items[0].engine, LEVEL_BY_ADMIN) == 0 &&
               strcmp(list.items[1].engine, LEVEL_BY_SELF) == 0);
        EXPECT(level_of(s, &p) == 6);
}

SCENARIO(changes_are_listed_newest_first_and_page_by_page)
{
        struct person p = new_person(s, "human");
        int64_t clarity = store_fixture_skill(s, "clarity");
        struct level_change_list list = {0};

        for (int level = 1; level <= 3; level++)
                set_by_self(s, &p, level);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, 0, 0, 2, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 2 && list.more && list.items[0].new_level == 3);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, p.skill, list.items[1].id, 2, &list,
                          &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && !list.more && list.items[0].new_level == 1);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, clarity, 0, 2, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 0);
}

SCENARIO(what_is_missing_or_anothers_is_not_found)
{
        struct person p = new_person(s, "human");
        int64_t other = store_fixture_user(s, "other");
        struct level_change_list list;
        struct level_change change;

        set_by_self(s, &p, 1);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, 0, 0, 1, &list, &s->error) ==
               STATUS_OK);
        int64_t id = list.items[0].id;
        EXPECT(level_get(s->lease, s->arena, &key, other, id, &change, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(level_get(s->lease, s->arena, &key, p.user, 99, &change, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "level_change 99") == 0);
        EXPECT(level_dispute(s->lease, s->arena, &key, other, id, "no", &change, &moved,
                             &s->error) == STATUS_NOT_FOUND);
        EXPECT(level_list(s->lease, s->arena, &key, 99, 0, 0, 1, &list, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(level_list(s->lease, s->arena, &key, p.user, 99, 0, 1, &list, &s->error) ==
               STATUS_NOT_FOUND);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(a_change_shows_the_messages_that_earned_it),
                STORE_TEST(a_deleted_message_is_gone_from_the_evidence),
                STORE_TEST(what_somebody_else_said_is_no_evidence),
                STORE_TEST(the_highest_level_completes_the_training),
                STORE_TEST(a_disputed_change_is_taken_back_with_what_hangs_on_it),
                STORE_TEST(a_dispute_takes_back_one_step_and_never_below_zero),
                STORE_TEST(peoples_own_changes_are_recorded_and_not_disputed),
                STORE_TEST(changes_are_listed_newest_first_and_page_by_page),
                STORE_TEST(what_is_missing_or_anothers_is_not_found),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
