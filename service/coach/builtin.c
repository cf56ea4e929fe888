#include "service/coach/builtin.h"

#include "common/buffer.h"
#include "service/coach/exercise.h"
#include "service/coach/judge.h"
#include "service/coach/language.h"
#include "service/coach/reading.h"
#include "service/coach/remark.h"

#include <string.h>

/* What is practised next, and why. */
struct focus {
        const struct skill *skill; /* NULL: nothing is practised */
        int level;
        const struct training *training; /* NULL: the skill with the lowest level */
};

static const struct user_skill *skill_by_id(const struct user_skill_list *skills, int64_t id)
{
        for (size_t i = 0; i < skills->n_items; i++)
                if (skills->items[i].skill.id == id)
                        return &skills->items[i];
        return NULL;
}

/* The active training that is least advanced; without one, the skill with the lowest level. */
static struct focus choose_focus(const struct coach_request *request)
{
        struct focus focus = {0};

        for (size_t i = 0; i < request->trainings.n_items; i++) {
                const struct training *t = &request->trainings.items[i];
                const struct user_skill *s = skill_by_id(&request->skills, t->skill_id);

                if (t->status != TRAINING_ACTIVE || !s)
                        continue;
                if (!focus.training || t->progress < focus.training->progress)
                        focus = (struct focus){&s->skill, s->level, t};
        }
        if (focus.training)
                return focus;
        for (size_t i = 0; i < request->skills.n_items; i++) {
                const struct user_skill *s = &request->skills.items[i];

                if (!focus.skill || s->level < focus.level)
                        focus = (struct focus){&s->skill, s->level, NULL};
        }
        return focus;
}

/* What the user said last in this conversation; NULL when it is new. */
static const char *previous_message(const struct coach_request *request)
{
        for (size_t i = 0; i < request->history.n_items; i++) {
                enum memory_role role = request->history.items[i].role;

                if (role == MEMORY_ROLE_USER || role == MEMORY_ROLE_UNSPECIFIED)
                        return request->history.items[i].content;
        }
        return NULL;
}

static size_t n_turns(const struct coach_request *request)
{
        size_t n = 0;

        for (size_t i = 0; i < request->history.n_items; i++)
                n += request->history.items[i].role == MEMORY_ROLE_ASSISTANT;
        return n;
}

/* What there is to remark on a message, as a list. before: the one before it, NULL = none. */
static void say_remarks(struct buffer *out, const char *message, const char *before,
                        const struct reading *r)
{
        AUTO_BUFFER remarks = BUFFER_INIT;

        remark_strengths(&remarks, r);
        remark_wording(&remarks, r);
        remark_shape(&remarks, r);
        if (before)
                remark_change(&remarks, before, message);
        if (r->n_words < SHORT_MESSAGE_WORDS && !r->greets)
                buffer_append_str(&remarks,
                                  "That is very short. Tell me what happened, with whom, and what "
                                  "you would like to be different.\n");
        if (remarks.n_bytes == 0)
                buffer_append_str(&remarks,
                                  "Clear and friendly. Now tell me about a conversation that you "
                                  "would like to go better: with whom is it, and what do you want "
                                  "to say?\n");
        if (!buffer_str(&remarks)) {
                out->failed = true;
                return;
        }
        for (const char *line = buffer_str(&remarks); *line; line = strchr(line, '\n') + 1)
                buffer_printf(out, "- %.*s\n", (int)strcspn(line, "\n"), line);
}

static void say_trainings(struct buffer *out, const struct coach_request *request)
{
        for (size_t i = 0; i < request->trainings.n_items; i++) {
                const struct training *t = &request->trainings.items[i];
                const struct user_skill *s = skill_by_id(&request->skills, t->skill_id);

                if (s && t->status == TRAINING_PAUSED) {
                        buffer_printf(out,
                                      "Your training in %s is paused at %d %%; resume it when you "
                                      "are ready.\n",
                                      s->skill.name, (int)(t->progress * 100));
                        return;
                }
        }
}

static void say_exercise(struct buffer *out, const struct coach_request *request)
{
        struct focus focus = choose_focus(request);

        if (!focus.skill) {
                buffer_printf(out,
                              "\nYou practise no skill yet. Add one, such as active listening, "
                              "and I will fit the exercises to it. For a start: %s\n",
                              exercise_for("listening", 0, n_turns(request)));
                return;
        }
        if (focus.training)
                buffer_printf(
                        out, "\nNext exercise, for your training in %s (level %d, %d %% done): ",
                        focus.skill->name, focus.level, (int)(focus.training->progress * 100));
        else
                buffer_printf(out, "\nNext exercise, for %s (level %d, the lowest of yours): ",
                              focus.skill->name, focus.level);
        buffer_printf(out, "%s\n", exercise_for(focus.skill->name, focus.level, n_turns(request)));
}

/* What it cannot do, it says. */
static void say_language(struct buffer *out, const struct coach_request *request)
{
        if (!language_is_english(request->detected))
                buffer_printf(out,
                              "I only speak English, and my rules read English: of a text in "
                              "another language (\"%s\", it seems) I see little.\n",
                              request->detected);
        else if (!language_is_english(request->language))
                buffer_printf(out, "I only speak English, not \"%s\".\n", request->language);
}

static void say_chat(struct buffer *out, const struct coach_request *request)
{
        struct reading r;

        reading_of(request->message, &r);
        if (r.greets)
                buffer_printf(out, "Hello, %s. ", request->username);
        buffer_append_str(out,
                          "I am the built-in coach: I work by fixed rules, without an AI model.\n");
        say_language(out, request);
        buffer_append_str(out, "\nAbout your message:\n");
        say_remarks(out, request->message, previous_message(request), &r);
        say_exercise(out, request);
        say_trainings(out, request);
}

/* Others read along: nothing of somebody's levels and trainings is said there. */
static void say_in_room(struct buffer *out, const struct coach_request *request)
{
        struct reading r;

        reading_of(request->message, &r);
        buffer_printf(out,
                      "%s, I am the built-in coach: I work by fixed rules, without an AI "
                      "model.\n",
                      request->username);
        say_language(out, request);
        buffer_append_str(out, "What I see in your message:\n");
        say_remarks(out, request->message, NULL, &r);
}

static void write_answer(struct buffer *out, const struct coach_request *request)
{
        switch (request->task) {
        case COACH_CHAT:
                say_chat(out, request);
                break;
        case COACH_ROOM:
                say_in_room(out, request);
                break;
        case COACH_EVALUATE:
                judge_messages(out, request);
                break;
        case COACH_REHEARSE:
                judge_draft(out, request);
                break;
        case COACH_CLARIFY:
                judge_clarity(out, request);
                break;
        }
}

static enum status start(const struct coach_engine *engine, const struct coach_request *request,
                         const struct coach_sink *sink, struct coach_run **ret,
                         struct error *reterr)
{
        (void)engine;
        AUTO_BUFFER out = BUFFER_INIT;

        write_answer(&out, request);
        if (buffer_failed(&out))
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        sink->delta(sink->closure, (const char *)out.data, out.n_bytes);
        sink->done(sink->closure, STATUS_OK, NULL);
        *ret = NULL;
        return STATUS_OK;
}

/* The answer is there when start() returns: nothing is left to cancel or to give back. */
static void nothing_left(struct coach_run *run)
{
        (void)run;
}

const struct coach_engine coach_builtin = {
        .name = COACH_BUILTIN,
        .start = start,
        .cancel = nothing_left,
        .finish = nothing_left,
};

bool coach_engine_is_builtin(const char *provider)
{
        return !provider || *provider == '\0' || strcmp(provider, COACH_BUILTIN) == 0;
}
