/* What somebody practises, and how far it has come. */
#include "client/cli/cli.h"

#include <stdio.h>

#define SKILLS    "socializer.v1.SkillService/ListUserSkills"
#define TRAININGS "socializer.v1.TrainingService/ListUserTrainings"

static const Socializer__V1__Training *training_in(
        const Socializer__V1__ListUserTrainingsResponse *trainings, int64_t skill_id)
{
        for (size_t i = 0; i < trainings->n_trainings; i++)
                if (trainings->trainings[i]->skill_id == skill_id)
                        return trainings->trainings[i];
        return NULL;
}

static const char *status_word(const Socializer__V1__Training *t)
{
        switch (t->status) {
        case SOCIALIZER__V1__TRAINING_STATUS__TRAINING_STATUS_PENDING:
                return "pending";
        case SOCIALIZER__V1__TRAINING_STATUS__TRAINING_STATUS_ACTIVE:
                return "active";
        case SOCIALIZER__V1__TRAINING_STATUS__TRAINING_STATUS_COMPLETED:
                return "completed";
        case SOCIALIZER__V1__TRAINING_STATUS__TRAINING_STATUS_PAUSED:
                return "paused";
        default:
                return "-";
        }
}

static void add_row(struct output_table *t, const Socializer__V1__UserSkill *s,
                    const Socializer__V1__Training *training)
{
        output_table_add(t, s->skill ? output_clean(t->cli, s->skill->name) : "-");
        output_table_addf(t, "%d", s->level);
        if (!training) {
                for (int i = 0; i < 4; i++)
                        output_table_add(t, "-");
                return;
        }
        output_table_add(t, status_word(training));
        output_table_addf(t, "%.0f %%", training->progress * 100);
        if (training->next_milestone)
                output_table_addf(t, "level %d", training->next_milestone);
        else
                output_table_add(t, "-");
        output_table_add(t, output_time(t->cli, training->due_at));
}

static int print_table(struct cli *cli, const Socializer__V1__ListUserSkillsResponse *skills,
                       const Socializer__V1__ListUserTrainingsResponse *trainings)
{
        static const char *const titles[] = {"SKILL",     ">LEVEL",         "TRAINING",
                                             ">PROGRESS", "NEXT MILESTONE", "UNTIL"};
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        for (size_t i = 0; i < skills->n_skills; i++) {
                const Socializer__V1__UserSkill *s = skills->skills[i];

                add_row(&t, s, s->skill ? training_in(trainings, s->skill->id) : NULL);
        }
        return output_table_print(&t);
}

static int run(struct cli *cli)
{
        Socializer__V1__ListUserSkillsRequest skills_request =
                SOCIALIZER__V1__LIST_USER_SKILLS_REQUEST__INIT;
        Socializer__V1__ListUserTrainingsRequest trainings_request =
                SOCIALIZER__V1__LIST_USER_TRAININGS_REQUEST__INIT;
        const ProtobufCMessage *skills = NULL, *trainings = NULL;
        const Socializer__V1__User *user;
        int code = cli_connect(cli, cli->n_arguments > 0);

        if (code == CLI_DONE && cli->n_arguments > 0) {
                code = request_find_user(cli, cli->arguments[0], &user);
                if (code == CLI_DONE)
                        skills_request.user_id = trainings_request.user_id = user->id;
        }
        if (code == CLI_DONE)
                code = cli_call(cli, SKILLS, &skills_request.base, &skills);
        if (code == CLI_DONE)
                code = cli_call(cli, TRAININGS, &trainings_request.base, &trainings);
        if (code == CLI_DONE && cli->json) {
                code = output_message(cli, SKILLS, skills);
                return code == CLI_DONE ? output_message(cli, TRAININGS, trainings) : code;
        }
        return code == CLI_DONE ? print_table(cli, (const void *)skills, (const void *)trainings)
                                : code;
}

const struct verb verb_skills = {
        .name = "skills",
        .run = run,
        .max_arguments = 1,
        .usage = "skills [USER]",
        .summary = "Shows levels, trainings and the next milestones",
        .help = "Your own, or, for administrators, those of USER, a number or a name. With --json\n"
                "the skills come first, then the trainings.\n"
                "\n"
                "Examples:\n"
                "  socializer skills\n"
                "  socializer skills ada\n",
};
