#include "service/coach/builtin.h"

#include "common/buffer.h"
#include "service/coach/exercise.h"
#include "service/coach/reading.h"

#include <string.h>

/* Longer sentences are hard to follow, shorter messages leave nothing to answer to. */
#define LONG_SENTENCE_WORDS 28
#define LONG_MESSAGE_WORDS  150
#define SHORT_MESSAGE_WORDS 4

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

static void point(struct buffer *out, const char *text)
{
        buffer_printf(out, "- %s\n", text);
}

static void say_strengths(struct buffer *out, const struct reading *r)
{
        if (r->asks_open)
                point(out, "You ask an open question: it invites more than yes or no.");
        if (r->empathises)
                buffer_printf(out, "- \"%s\" shows that you see the other one's side. Keep that.\n",
                              r->empathy_phrase);
        if (r->speaks_as_i && !r->blames)
                buffer_printf(out,
                              "- \"%s\": you speak for yourself, which is hard to argue "
                              "with.\n",
                              r->i_phrase);
        if (r->thanks && !r->empathises)
                point(out, "You say thank you. Say for what, and it counts double.");
}

static void say_wording(struct buffer *out, const struct reading *r)
{
        if (r->blames)
                buffer_printf(out,
                              "- \"%s\" sounds like a verdict, and people defend themselves "
                              "against verdicts. Say what happened and what it did to you: \"I "
                              "felt … when …\".\n",
                              r->blame_phrase);
        if (r->hedges)
                buffer_printf(out,
                              "- \"%s\" makes you smaller than you are. Leave it out and "
                              "read the message again.\n",
                              r->hedge_phrase);
        if (r->shouts)
                point(out, "Capitals and exclamation marks read as shouting. Let the words carry "
                           "the weight.");
}

static void say_shape(struct buffer *out, const struct reading *r)
{
        if (r->asks && !r->asks_open)
                point(out, "Your question can be answered with yes or no. Begin with \"how\" or "
                           "\"what\" to hear more.");
        else if (!r->asks && !r->greets)
                point(out, "There is no question in it. One open question at the end hands the "
                           "talk over.");
        if (!r->empathises && !r->greets && r->n_words > 12)
                point(out, "Nothing in it speaks to how the other one feels. One such sentence "
                           "first, as in \"It sounds as if …\", opens doors.");
        if (r->longest_sentence > LONG_SENTENCE_WORDS)
                buffer_printf(out, "- One sentence has %zu words. Cut it in two: a thought each.\n",
                              r->longest_sentence);
        if (r->n_words > LONG_MESSAGE_WORDS)
                buffer_printf(out,
                              "- %zu words are a lot to answer. What are the two things that "
                              "matter most?\n",
                              r->n_words);
        if (r->n_words < SHORT_MESSAGE_WORDS && !r->greets)
                point(out, "That is very short. Tell me what happened, with whom, and what you "
                           "would like to be different.");
}

static void say_change(struct buffer *out, const struct coach_request *request,
                       const struct reading *now)
{
        const char *before = previous_message(request);
        struct reading then;

        if (!before)
                return;
        if (strcmp(before, request->message) == 0) {
                point(out, "You wrote the same as the last time. Try it with other words: what "
                           "would you say to a friend?");
                return;
        }
        reading_of(before, &then);
        if (now->asks_open && !then.asks_open)
                point(out, "Compared with your last message there is an open question now. "
                           "That is progress.");
        if (now->empathises && !then.empathises)
                point(out, "Unlike the last time you speak to the other one's feelings. Well "
                           "done.");
        if (then.blames && !now->blames)
                point(out, "The reproach of your last message is gone. That reads much better.");
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

static void write_answer(struct buffer *out, const struct coach_request *request)
{
        struct reading r;
        size_t n_before;

        reading_of(request->message, &r);
        if (r.greets)
                buffer_printf(out, "Hello, %s. ", request->username);
        buffer_append_str(out,
                          "I am the built-in coach: I work by fixed rules, without an AI model.\n");
        buffer_append_str(out, "\nAbout your message:\n");
        n_before = out->n_bytes;
        say_strengths(out, &r);
        say_wording(out, &r);
        say_shape(out, &r);
        say_change(out, request, &r);
        if (out->n_bytes == n_before)
                point(out, "Clear and friendly. Now tell me about a conversation that you would "
                           "like to go better: with whom is it, and what do you want to say?");
        say_exercise(out, request);
        say_trainings(out, request);
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
        .name = "builtin",
        .start = start,
        .cancel = nothing_left,
        .finish = nothing_left,
};
