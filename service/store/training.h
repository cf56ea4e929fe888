/* Trainings: a user's plan for one skill; one a user and skill. Inside the caller's lease. */
#ifndef SERVICE_STORE_TRAINING_H
#define SERVICE_STORE_TRAINING_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of socializer.v1.TrainingStatus. */
enum training_status {
        TRAINING_PENDING = 1,
        TRAINING_ACTIVE = 2,
        TRAINING_COMPLETED = 3,
        TRAINING_PAUSED = 4,
};

#define TRAINING_DAYS     30 /* unless the user says otherwise */
#define TRAINING_MAX_DAYS 365
/* A milestone every so many levels. */
#define TRAINING_MILESTONE 2

struct training {
        int64_t id;
        int64_t user_id;
        int64_t skill_id;
        enum training_status status;
        double progress; /* 0 to 1 */
        int64_t started_at_ms;
        bool is_completed; /* completed_at_ms is set */
        int64_t completed_at_ms;
        int days; /* that it is planned for */
        int64_t due_at_ms;
        int level; /* the user's in the skill */
        int next_milestone; /* the next level worth a pause: 2, 4 … 10; 0 = it is done */
};

struct training_list {
        struct training *items;
        size_t n_items;
        bool more; /* there are trainings behind the last one */
};

/* Anybody's, where a function asks for an owner. */
#define TRAINING_ANY_OWNER 0

/* What a training starts with. */
struct training_draft {
        enum training_status status;
        double progress; /* 0: what the level says */
        int days; /* 0: TRAINING_DAYS */
};

/* Also links the skill where it is not linked. A training that starts completed has progress 1.
 * NOT_FOUND: no such user or skill. ALREADY_EXISTS: the user has one for this skill.
 * INVALID_ARGUMENT, field "status", "progress" or "days". */
enum status training_add(struct lease *lease, int64_t user_id, int64_t skill_id,
                         const struct training_draft *draft, struct training *ret,
                         struct error *reterr) MUST_CHECK;
/* Gives a user without any training the two that everybody begins with, active: empathy and active
 * listening. Does nothing for others. */
enum status training_add_defaults(struct lease *lease, int64_t user_id,
                                  struct error *reterr) MUST_CHECK;
/* NOT_FOUND, also for another owner's. */
enum status training_get(struct lease *lease, int64_t id, int64_t owner_id, struct training *ret,
                         struct error *reterr) MUST_CHECK;
/* In the order they were started; maybe none. NOT_FOUND: no such user. */
enum status training_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                  struct training_list *ret, struct error *reterr) MUST_CHECK;
/* At most limit in a skill with ids above after_id, of one owner or of all. NOT_FOUND: no such
 * skill. */
enum status training_list_of_skill(struct lease *lease, struct arena *arena, int64_t skill_id,
                                   int64_t owner_id, int64_t after_id, size_t limit,
                                   struct training_list *ret, struct error *reterr) MUST_CHECK;
/* Completing sets the date, once, and progress to 1; leaving completed clears the date. progress
 * NULL: stays. NOT_FOUND, also for another owner's. INVALID_ARGUMENT as above. */
enum status training_update(struct lease *lease, int64_t id, int64_t owner_id,
                            enum training_status status, const double *progress,
                            struct training *ret, struct error *reterr) MUST_CHECK;
/* What a new level means for the user's training in the skill: its progress is that of the level,
 * the highest level completes it, and losing that level opens it again. One that was completed at a
 * lower level stays so. *ret_completed_id: the training that this completes; 0 = none. */
enum status training_follow(struct lease *lease, int64_t user_id, int64_t skill_id, int old_level,
                            int new_level, int64_t *ret_completed_id,
                            struct error *reterr) MUST_CHECK;

#endif
