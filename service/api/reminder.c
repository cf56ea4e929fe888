/* TrainingService: what to say to somebody who comes back. */
#include "common/buffer.h"
#include "common/clock.h"
#include "common/contract.h"
#include "service/api/wire.h"
#include "service/service.h"

#include "handlers.gen.h"

#define DAY_MS INT64_C(86400000)

static char hint[] = "No training of yours is active. Choose a skill and start one: it gives you a "
                     "plan and a milestone at every other level.";

static const char *skill_name(const struct user_skill_list *skills, int64_t skill_id)
{
        for (size_t i = 0; i < skills->n_items; i++)
                if (skills->items[i].skill.id == skill_id)
                        return skills->items[i].skill.name;
        return "";
}

/* A day that has begun counts. */
static int32_t days_left(const struct training *training)
{
        int64_t left_ms = training->due_at_ms - clock_wall_ms();

        return left_ms > 0 ? (int32_t)((left_ms + DAY_MS - 1) / DAY_MS) : 0;
}

static Socializer__V1__ReminderPlan *wire_plan(struct arena *arena, const struct training *training,
                                               const struct user_skill_list *skills)
{
        Socializer__V1__ReminderPlan *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__reminder_plan__init(message);
        message->training = wire_training(arena, training);
        message->skill_name = (char *)skill_name(skills, training->skill_id);
        message->days_left = days_left(training);
        return message->training ? message : NULL;
}

static void say_plan(struct buffer *out, const Socializer__V1__ReminderPlan *plan)
{
        const Socializer__V1__Training *t = plan->training;

        buffer_printf(out, "\n%s: level %d of %d, ", plan->skill_name, t->level, SKILL_MAX_LEVEL);
        if (t->next_milestone)
                buffer_printf(out, "next milestone at level %d, ", t->next_milestone);
        if (plan->days_left == 0)
                buffer_printf(out, "its %d days are over.", t->days);
        else
                buffer_printf(out, "%d day%s left.", plan->days_left,
                              plan->days_left == 1 ? "" : "s");
}

static enum status say(struct call *call, Socializer__V1__GetReminderResponse *rsp,
                       struct error *reterr)
{
        AUTO_BUFFER text = BUFFER_INIT;

        buffer_printf(&text, "Welcome back, %s!", rsp->username);
        for (size_t i = 0; i < rsp->n_plans; i++)
                say_plan(&text, rsp->plans[i]);
        if (rsp->n_plans == 0)
                buffer_printf(&text, "\n%s", hint);
        rsp->text = buffer_str(&text) ? arena_strdup(call->arena, buffer_str(&text)) : NULL;
        return rsp->text ? STATUS_OK : wire_no_memory(reterr);
}

enum status training_service_get_reminder(struct call *call,
                                          const Socializer__V1__GetReminderRequest *req,
                                          Socializer__V1__GetReminderResponse *rsp,
                                          struct error *reterr)
{
        struct user user;
        struct user_skill_list skills = {0};
        struct training_list trainings = {0};
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = user_get(&lease, call->arena, user_id, &user, reterr);
        if (st == STATUS_OK)
                st = user_skill_list(&lease, call->arena, user_id, &skills, reterr);
        if (st == STATUS_OK)
                st = training_list_of_user(&lease, call->arena, user_id, &trainings, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->username = (char *)user.username;
        rsp->plans = wire_list(call->arena, trainings.n_items);
        if (!rsp->plans)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < trainings.n_items; i++) {
                if (trainings.items[i].status != TRAINING_ACTIVE)
                        continue;
                rsp->plans[rsp->n_plans] = wire_plan(call->arena, &trainings.items[i], &skills);
                if (!rsp->plans[rsp->n_plans++])
                        return wire_no_memory(reterr);
        }
        if (rsp->n_plans == 0)
                rsp->hint = hint;
        return say(call, rsp, reterr);
}
