#include "service/store/training.h"

#include "service/store/level.h"
#include "service/store/skill.h"
#include "tests/unit/store_fixture.h"

#include <math.h>
#include <string.h>

static struct level_moved moved; /* what came of the last change */

static enum status add(struct scenario *s, int64_t user_id, int64_t skill_id,
                       enum training_status status, double progress, struct training *ret)
{
        const struct training_draft draft = {.status = status, .progress = progress};

        return training_add(s->lease, user_id, skill_id, &draft, ret, &s->error);
}

static struct training added(struct scenario *s, int64_t user_id, int64_t skill_id)
{
        struct training training = {0};

        EXPECT(add(s, user_id, skill_id, TRAINING_PENDING, 0, &training) == STATUS_OK);
        return training;
}

static struct training updated(struct scenario *s, int64_t id, enum training_status status,
                               const double *progress)
{
        struct training training = {0};

        EXPECT(training_update(s->lease, id, TRAINING_ANY_OWNER, status, progress, &training,
                               &s->error) == STATUS_OK);
        return training;
}

SCENARIO(one_training_a_user_and_skill)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        int64_t skill = store_fixture_skill(s, "empathy");
        struct training training = added(s, user, skill), again;

        EXPECT(training.status == TRAINING_PENDING && training.progress == 0);
        EXPECT(training.user_id == user && training.skill_id == skill);
        EXPECT(training.started_at_ms > 0 && !training.is_completed);
        EXPECT(add(s, user, skill, TRAINING_ACTIVE, 0, &again) == STATUS_ALREADY_EXISTS);
        EXPECT(add(s, other, skill, TRAINING_ACTIVE, 0.25, &again) == STATUS_OK);
        EXPECT(again.status == TRAINING_ACTIVE && again.progress == 0.25);
}

SCENARIO(a_training_that_starts_completed_is_complete)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        struct training training = {0};

        EXPECT(add(s, user, skill, TRAINING_COMPLETED, 0, &training) == STATUS_OK);
        EXPECT(training.progress == 1 && training.is_completed && training.completed_at_ms > 0);
}

SCENARIO(completing_sets_date_and_progress_and_leaving_clears_the_date)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        int64_t id = added(s, user, skill).id;
        const double half = 0.5;

        struct training active = updated(s, id, TRAINING_ACTIVE, &half);
        EXPECT(active.status == TRAINING_ACTIVE && active.progress == 0.5 && !active.is_completed);
        EXPECT(updated(s, id, TRAINING_PAUSED, NULL).progress == 0.5);

        struct training done = updated(s, id, TRAINING_COMPLETED, &half);
        EXPECT(done.progress == 1 && done.is_completed && done.completed_at_ms > 0);
        struct training again = updated(s, id, TRAINING_COMPLETED, NULL);
        EXPECT(again.completed_at_ms == done.completed_at_ms);

        struct training reopened = updated(s, id, TRAINING_ACTIVE, NULL);
        EXPECT(!reopened.is_completed && reopened.progress == 1);
}

SCENARIO(bad_status_and_progress_are_refused)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        const double bad[] = {-0.1, 1.1, NAN};
        struct training training = {0};

        EXPECT(add(s, user, skill, (enum training_status)0, 0, &training) ==
               STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "status") == 0);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                EXPECT(add(s, user, skill, TRAINING_ACTIVE, bad[i], &training) ==
                       STATUS_INVALID_ARGUMENT);
                EXPECT(strcmp(s->error.field, "progress") == 0);
        }

        int64_t id = added(s, user, skill).id;
        EXPECT(training_update(s->lease, id, user, (enum training_status)5, NULL, &training,
                               &s->error) == STATUS_INVALID_ARGUMENT);
        EXPECT(training_update(s->lease, id, user, TRAINING_ACTIVE, &bad[1], &training,
                               &s->error) == STATUS_INVALID_ARGUMENT);
        EXPECT(training_get(s->lease, id, user, &training, &s->error) == STATUS_OK);
        EXPECT(training.status == TRAINING_PENDING && training.progress == 0);
}

SCENARIO(what_is_missing_or_anothers_is_not_found)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "empathy");
        struct training training = added(s, user, skill);
        struct training_list list;
        int64_t id = training.id;

        EXPECT(add(s, 99, skill, TRAINING_ACTIVE, 0, &training) == STATUS_NOT_FOUND);
        EXPECT(add(s, user, 99, TRAINING_ACTIVE, 0, &training) == STATUS_NOT_FOUND);
        EXPECT(training_get(s->lease, 99, TRAINING_ANY_OWNER, &training, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(training_get(s->lease, id, user + 1, &training, &s->error) == STATUS_NOT_FOUND);
        EXPECT(training_update(s->lease, id, user + 1, TRAINING_PAUSED, NULL, &training,
                               &s->error) == STATUS_NOT_FOUND);
        EXPECT(training_update(s->lease, 99, TRAINING_ANY_OWNER, TRAINING_PAUSED, NULL, &training,
                               &s->error) == STATUS_NOT_FOUND);
        EXPECT(training_list_of_user(s->lease, s->arena, 99, &list, &s->error) == STATUS_NOT_FOUND);
        EXPECT(training_list_of_skill(s->lease, s->arena, 99, 0, 0, 5, &list, &s->error) ==
               STATUS_NOT_FOUND);
}

SCENARIO(a_training_links_its_skill_and_knows_its_milestones)
{
        static const int milestones[] = {2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 0};
        const struct training_draft draft = {.status = TRAINING_ACTIVE, .days = 7};
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "a");
        struct training training = {0};
        struct user_skill stored;

        EXPECT(training_add(s->lease, user, skill, &draft, &training, &s->error) == STATUS_OK);
        EXPECT(training.days == 7 && training.level == 0 && training.next_milestone == 2);
        EXPECT(training.due_at_ms == training.started_at_ms + INT64_C(7) * 86400000);
        for (int level = 0; level <= SKILL_MAX_LEVEL; level++) {
                EXPECT(user_skill_set(s->lease, s->arena, user, skill, level, LEVEL_BY_SELF,
                                      &stored, &moved, &s->error) == STATUS_OK);
                EXPECT(training_get(s->lease, training.id, user, &training, &s->error) ==
                       STATUS_OK);
                EXPECT(training.level == level && training.progress == level / 10.0);
                EXPECT(training.next_milestone == milestones[level]);
        }
        EXPECT(training.status == TRAINING_COMPLETED && training.is_completed);
}

SCENARIO(a_training_lasts_thirty_days_unless_said_otherwise)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "a");
        const int bad[] = {-1, TRAINING_MAX_DAYS + 1};
        struct training training;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                const struct training_draft draft = {.status = TRAINING_ACTIVE, .days = bad[i]};

                EXPECT(training_add(s->lease, user, skill, &draft, &training, &s->error) ==
                       STATUS_INVALID_ARGUMENT);
                EXPECT(strcmp(s->error.field, "days") == 0);
        }
        EXPECT(added(s, user, skill).days == TRAINING_DAYS);
}

SCENARIO(a_training_starts_where_the_level_is)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "a");
        struct user_skill stored;

        EXPECT(user_skill_set(s->lease, s->arena, user, skill, 6, LEVEL_BY_SELF, &stored, &moved,
                              &s->error) == STATUS_OK);
        EXPECT(added(s, user, skill).progress == 0.6);
}

SCENARIO(everybody_begins_with_two_trainings_once)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        struct training_list list = {0};

        for (int i = 0; i < 2; i++)
                EXPECT(training_add_defaults(s->lease, user, &s->error) == STATUS_OK);
        EXPECT(training_list_of_user(s->lease, s->arena, user, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2);
        for (size_t i = 0; i < list.n_items; i++)
                EXPECT(list.items[i].status == TRAINING_ACTIVE && list.items[i].progress == 0 &&
                       list.items[i].days == TRAINING_DAYS && list.items[i].next_milestone == 2);
        EXPECT(list.items[0].skill_id == store_fixture_skill(s, "empathy"));
        EXPECT(list.items[1].skill_id == store_fixture_skill(s, "active listening"));

        /* Whoever has one has chosen. */
        added(s, other, store_fixture_skill(s, "clarity"));
        EXPECT(training_add_defaults(s->lease, other, &s->error) == STATUS_OK);
        EXPECT(training_list_of_user(s->lease, s->arena, other, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1);
}

SCENARIO(a_training_completed_by_hand_stays_so)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "a");
        int64_t id = added(s, user, skill).id;
        struct training training = {0};
        struct user_skill stored;

        updated(s, id, TRAINING_COMPLETED, NULL);
        EXPECT(user_skill_set(s->lease, s->arena, user, skill, 3, LEVEL_BY_SELF, &stored, &moved,
                              &s->error) == STATUS_OK);
        EXPECT(training_get(s->lease, id, user, &training, &s->error) == STATUS_OK);
        EXPECT(training.status == TRAINING_COMPLETED && training.progress == 1 &&
               training.is_completed && training.next_milestone == 0);
}

SCENARIO(losing_the_highest_level_opens_the_training_again)
{
        int64_t user = store_fixture_user(s, "human"), skill = store_fixture_skill(s, "a");
        int64_t id = added(s, user, skill).id;
        struct training training = {0};
        struct user_skill stored;

        for (int level = 10; level >= 9; level--)
                EXPECT(user_skill_set(s->lease, s->arena, user, skill, level, LEVEL_BY_SELF,
                                      &stored, &moved, &s->error) == STATUS_OK);
        EXPECT(training_get(s->lease, id, user, &training, &s->error) == STATUS_OK);
        EXPECT(training.status == TRAINING_ACTIVE && training.progress == 0.9 &&
               !training.is_completed && training.next_milestone == 10);
}

SCENARIO(trainings_are_listed_by_user_and_by_skill)
{
        int64_t user = store_fixture_user(s, "human"), other = store_fixture_user(s, "other");
        int64_t first = store_fixture_skill(s, "a"), second = store_fixture_skill(s, "b");
        struct training_list list = {0};

        EXPECT(training_list_of_user(s->lease, s->arena, user, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 0);
        EXPECT(training_list_of_skill(s->lease, s->arena, first, 0, 0, 5, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 0);

        int64_t id = added(s, user, first).id;
        added(s, user, second);
        added(s, other, first);
        EXPECT(training_list_of_user(s->lease, s->arena, user, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && list.items[0].id == id);
        EXPECT(training_list_of_skill(s->lease, s->arena, first, 0, 0, 1, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1 && list.more);
        EXPECT(training_list_of_skill(s->lease, s->arena, first, 0, id, 1, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1 && !list.more && list.items[0].user_id == other);
        EXPECT(training_list_of_skill(s->lease, s->arena, first, user, 0, 5, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 1 && list.items[0].user_id == user);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(one_training_a_user_and_skill),
                STORE_TEST(a_training_that_starts_completed_is_complete),
                STORE_TEST(completing_sets_date_and_progress_and_leaving_clears_the_date),
                STORE_TEST(bad_status_and_progress_are_refused),
                STORE_TEST(what_is_missing_or_anothers_is_not_found),
                STORE_TEST(a_training_links_its_skill_and_knows_its_milestones),
                STORE_TEST(a_training_lasts_thirty_days_unless_said_otherwise),
                STORE_TEST(a_training_starts_where_the_level_is),
                STORE_TEST(everybody_begins_with_two_trainings_once),
                STORE_TEST(a_training_completed_by_hand_stays_so),
                STORE_TEST(losing_the_highest_level_opens_the_training_again),
                STORE_TEST(trainings_are_listed_by_user_and_by_skill),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
