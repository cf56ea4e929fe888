/* service/coach: what the built-in coach says, and how an engine is asked and stopped. */
#include "common/buffer.h"
#include "service/coach/builtin.h"
#include "service/coach/reading.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static const struct coach_engine *const engines[] = {&coach_builtin};

struct fixture {
        struct arena arena;
        struct coach *coach;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct error err;

        arena_init(&f->arena, 1024 * 1024);
        *state = f;
        return coach_new(engines, 1, &f->coach, &err) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        coach_free(f->coach);
        arena_deinit(&f->arena);
        free(f);
        return 0;
}

static enum status go_on(void *arg, struct error *reterr)
{
        (void)arg;
        (void)reterr;
        return STATUS_OK;
}

static const struct coach_asker patient = {go_on, NULL, NULL};

static const char *ask(struct fixture *f, const struct coach_request *request)
{
        struct coach_answer answer;
        struct error err;

        assert_int_equal(coach_ask(f->coach, request, &patient, &f->arena, &answer, &err),
                         STATUS_OK);
        assert_string_equal(answer.engine, "builtin");
        assert_string_equal(answer.notice, "");
        return answer.text;
}

#define ASSERT_SAYS(answer, text)  assert_non_null(strstr(answer, text))
#define ASSERT_NEVER(answer, text) assert_null(strstr(answer, text))

static void it_says_that_it_is_built_in(void **state)
{
        struct coach_request request = {.username = "human", .message = "Hello AI!"};
        const char *answer = ask(*state, &request);

        ASSERT_SAYS(answer, "Hello, human");
        ASSERT_SAYS(answer, "built-in coach");
        ASSERT_SAYS(answer, "You practise no skill yet");
        ASSERT_NEVER(answer, "I only speak English");
}

static void it_says_that_it_speaks_english_only(void **state)
{
        struct coach_request request = {
                .username = "human",
                .message = "Mein Freund hört mir nie zu und ich weiß nicht, was ich tun soll."};

        ASSERT_SAYS(ask(*state, &request), "another language (\"de\", it seems)");
        request.task = COACH_REHEARSE;
        ASSERT_SAYS(ask(*state, &request), "rules read English");
        request.task = COACH_ROOM;
        request.message = "My friend never listens to me and I don't know what to do.";
        request.language = "fr";
        ASSERT_SAYS(ask(*state, &request), "I only speak English, not \"fr\".");
}

static void who_does_not_greet_is_not_greeted(void **state)
{
        struct coach_request request = {.username = "human", .message = "What now?"};
        static const char start[] = "I am the built-in coach";

        assert_memory_equal(ask(*state, &request), start, sizeof(start) - 1);
}

static void the_same_question_gets_the_same_answer(void **state)
{
        struct coach_request request = {.username = "human", .message = "What now?"};

        assert_string_equal(ask(*state, &request), ask(*state, &request));
}

static void a_closed_question_is_told_from_an_open_one(void **state)
{
        struct coach_request closed = {.username = "h", .message = "Did you like the film?"};
        struct coach_request open = {.username = "h", .message = "So, how was the film for you?"};

        ASSERT_SAYS(ask(*state, &closed), "yes or no. Begin with");
        ASSERT_SAYS(ask(*state, &open), "You ask an open question");
}

static void a_reproach_is_named(void **state)
{
        struct coach_request request = {.username = "h",
                                        .message = "You never listen to me. I feel alone."};
        const char *answer = ask(*state, &request);

        ASSERT_SAYS(answer, "\"you never\" sounds like a verdict");
        ASSERT_NEVER(answer, "hard to argue");
}

static void progress_since_the_last_message_is_seen(void **state)
{
        struct memory_message before[] = {
                {.id = 2, .role = MEMORY_ROLE_ASSISTANT, .content = "…"},
                {.id = 1, .role = MEMORY_ROLE_USER, .content = "You always forget."},
        };
        struct coach_request request = {
                .username = "h",
                .message = "I feel left out. What could we do about it?",
                .history = {before, ARRAY_SIZE(before), false},
        };
        const char *answer = ask(*state, &request);

        ASSERT_SAYS(answer, "reproach of your last message is gone");
        ASSERT_SAYS(answer, "there is an open question now");
}

static void an_active_training_comes_before_a_low_level(void **state)
{
        struct user_skill skills[] = {
                {.skill = {.id = 1, .name = "Storytelling"}, .level = 0},
                {.skill = {.id = 2, .name = "Active listening"}, .level = 5},
        };
        struct training trainings[] = {
                {.skill_id = 2, .status = TRAINING_ACTIVE, .progress = 0.25},
        };
        struct coach_request request = {
                .username = "h",
                .message = "What should I do next?",
                .skills = {skills, ARRAY_SIZE(skills)},
                .trainings = {trainings, ARRAY_SIZE(trainings), false},
        };

        ASSERT_SAYS(ask(*state, &request),
                    "your training in Active listening (level 5, 25 % done)");
        request.trainings.n_items = 0;
        ASSERT_SAYS(ask(*state, &request), "for Storytelling (level 0, the lowest of yours)");
}

static void the_next_exercise_differs(void **state)
{
        struct memory_message before[] = {
                {.id = 2, .role = MEMORY_ROLE_ASSISTANT, .content = "…"},
                {.id = 1, .role = MEMORY_ROLE_USER, .content = "What should I do next"},
        };
        struct user_skill skills[] = {{.skill = {.id = 1, .name = "Juggling"}, .level = 8}};
        struct coach_request request = {
                .username = "h", .message = "What should I do next?", .skills = {skills, 1}};
        const char *first = strstr(ask(*state, &request), "Next exercise");

        request.history = (struct memory_list){before, ARRAY_SIZE(before), false};
        const char *second = strstr(ask(*state, &request), "Next exercise");
        assert_non_null(first);
        assert_non_null(second);
        assert_string_not_equal(first, second);
}

static void words_and_sentences_are_counted(void **state)
{
        (void)state;
        struct reading r;

        reading_of("One two. Drei vier fünf! Don't\n\n...", &r);
        assert_int_equal(r.n_words, 6);
        assert_int_equal(r.n_sentences, 3);
        assert_int_equal(r.longest_sentence, 3);
        reading_of("", &r);
        assert_int_equal(r.n_words, 0);
        reading_of("this is a whim, which he showed", &r);
        assert_false(r.greets);
        assert_false(r.asks);
}

/* An engine that answers only when it is cancelled. */
struct slow {
        struct coach_engine engine;
        struct coach_sink sink;
        atomic_bool cancelled, finished;
};

static struct slow slow;

static enum status slow_start(const struct coach_engine *engine,
                              const struct coach_request *request, const struct coach_sink *sink,
                              struct coach_run **ret, struct error *reterr)
{
        (void)engine;
        (void)request;
        (void)reterr;
        slow.sink = *sink;
        *ret = (struct coach_run *)&slow;
        return STATUS_OK;
}

static void *slow_end(void *arg)
{
        struct error err;

        (void)arg;
        error_set(&err, STATUS_CANCELLED, "stopped");
        slow.sink.delta(slow.sink.closure, "half", 4);
        slow.sink.done(slow.sink.closure, STATUS_CANCELLED, &err);
        return NULL;
}

static void slow_cancel(struct coach_run *run)
{
        pthread_t thread;

        (void)run;
        atomic_store(&slow.cancelled, true);
        if (pthread_create(&thread, NULL, slow_end, NULL) == 0)
                pthread_detach(thread);
}

static void slow_finish(struct coach_run *run)
{
        (void)run;
        atomic_store(&slow.finished, true);
}

static enum status give_up(void *arg, struct error *reterr)
{
        (void)arg;
        return error_set(reterr, STATUS_DEADLINE_EXCEEDED, "nobody waits any more");
}

static void giving_up_cancels_the_engine(void **state)
{
        struct fixture *f = *state;
        struct coach_request request = {.username = "h", .message = "m"};
        const struct coach_asker impatient = {give_up, NULL, NULL};
        const struct coach_engine *const list[] = {&slow.engine};
        struct coach_answer answer;
        struct coach *coach;
        struct error err;

        slow.engine = (struct coach_engine){"slow", slow_start, slow_cancel, slow_finish};
        assert_int_equal(coach_new(list, 1, &coach, &err), STATUS_OK);
        assert_int_equal(coach_ask(coach, &request, &impatient, &f->arena, &answer, &err),
                         STATUS_DEADLINE_EXCEEDED);
        assert_string_equal(err.text, "nobody waits any more");
        assert_string_equal(answer.text, "half");
        assert_true(atomic_load(&slow.cancelled));
        assert_true(atomic_load(&slow.finished));
        coach_free(coach);
}

/* An engine that says its lines, then ends with a status. */
struct scripted {
        struct coach_engine engine;
        const char *lines[3];
        enum status status;
};

static struct scripted scripted;

static enum status scripted_start(const struct coach_engine *engine,
                                  const struct coach_request *request,
                                  const struct coach_sink *sink, struct coach_run **ret,
                                  struct error *reterr)
{
        const struct scripted *s = (const struct scripted *)engine;
        struct error err;

        (void)request;
        (void)reterr;
        for (size_t i = 0; s->lines[i]; i++)
                sink->delta(sink->closure, s->lines[i], strlen(s->lines[i]));
        error_set(&err, s->status, "it is broken");
        sink->done(sink->closure, s->status, &err);
        *ret = NULL;
        return STATUS_OK;
}

static void scripted_nothing(struct coach_run *run)
{
        (void)run;
}

/* What an asker was given piece by piece. */
static struct buffer heard;

static void hear(void *arg, const char *text, size_t n)
{
        (void)arg;
        buffer_append(&heard, text, n);
}

static enum status ask_scripted(struct fixture *f, struct coach_request *request,
                                struct coach_answer *ret, struct error *reterr)
{
        const struct coach_engine *const list[] = {&coach_builtin, &scripted.engine};
        const struct coach_asker asker = {go_on, hear, NULL};
        struct coach *coach;
        enum status st;

        scripted.engine =
                (struct coach_engine){"model", scripted_start, scripted_nothing, scripted_nothing};
        request->settings.provider = "model";
        buffer_clear(&heard);
        assert_int_equal(coach_new(list, ARRAY_SIZE(list), &coach, reterr), STATUS_OK);
        st = coach_ask(coach, request, &asker, &f->arena, ret, reterr);
        coach_free(coach);
        return st;
}

static void an_answer_is_handed_on_as_it_comes(void **state)
{
        struct coach_request request = {.username = "h", .message = "m"};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){.lines = {"Hello, ", "you."}, .status = STATUS_OK};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_OK);
        assert_string_equal(answer.text, "Hello, you.");
        assert_string_equal(answer.engine, "model");
        assert_string_equal(answer.notice, "");
        assert_string_equal(buffer_str(&heard), "Hello, you.");
        buffer_deinit(&heard);
}

static void the_builtin_coach_stands_in_and_says_so_first(void **state)
{
        static const char start[] = "The built-in coach answers, because it is broken. I am the";
        struct coach_request request = {.username = "h", .message = "What now?"};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){.status = STATUS_UNAVAILABLE};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_OK);
        assert_memory_equal(answer.text, start, sizeof(start) - 1);
        assert_string_equal(answer.engine, "builtin");
        assert_string_equal(answer.notice, "The built-in coach answers, because it is broken.");
        assert_string_equal(buffer_str(&heard), answer.text);
        buffer_deinit(&heard);
}

static void what_was_said_before_a_failure_is_kept(void **state)
{
        struct coach_request request = {.username = "h", .message = "What now?"};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){.lines = {"Well, "}, .status = STATUS_UNAVAILABLE};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_UNAVAILABLE);
        assert_string_equal(err.text, "it is broken");
        assert_string_equal(answer.text, "Well, ");
        assert_string_equal(answer.engine, "model");
        buffer_deinit(&heard);
}

static void a_refusal_is_no_reason_to_stand_in(void **state)
{
        struct coach_request request = {.username = "h", .message = "What now?"};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){.status = STATUS_FAILED_PRECONDITION};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_FAILED_PRECONDITION);
        assert_string_equal(answer.text, "");
        buffer_deinit(&heard);
}

static void a_document_is_read_and_not_handed_on(void **state)
{
        struct coach_request request = {
                .task = COACH_REHEARSE, .username = "h", .message = "Come, will you?"};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){
                .lines = {"Sure:\n```json\n{\"score\": 4, ",
                          "\"reasons\": [\"Curt.\"], \"better\": \"Please come.\"}\n```"},
                .status = STATUS_OK};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_OK);
        assert_string_equal(answer.engine, "model");
        assert_int_equal(answer.document.score, 4);
        assert_string_equal(answer.document.better, "Please come.");
        assert_int_equal(heard.n_bytes, 0);
        buffer_deinit(&heard);
}

static void for_a_document_that_cannot_be_read_there_is_another(void **state)
{
        struct coach_request request = {
                .task = COACH_REHEARSE, .username = "h", .message = "You never call me."};
        struct coach_answer answer;
        struct error err;

        scripted = (struct scripted){.lines = {"I'd rather ", "not."}, .status = STATUS_OK};
        assert_int_equal(ask_scripted(*state, &request, &answer, &err), STATUS_OK);
        assert_string_equal(answer.engine, "builtin");
        ASSERT_SAYS(answer.notice, "cannot be read");
        ASSERT_SAYS(answer.document.reasons.items[0], "you never");
        assert_int_equal(answer.text[0], '{');
        assert_int_equal(heard.n_bytes, 0);
        buffer_deinit(&heard);
}

static void an_unknown_provider_is_refused(void **state)
{
        struct fixture *f = *state;
        struct coach_request request = {
                .settings = {.provider = "oracle"}, .username = "h", .message = "m"};
        struct coach_answer answer;
        struct error err;

        assert_int_equal(coach_ask(f->coach, &request, &patient, &f->arena, &answer, &err),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "provider");
}

static void in_a_room_nothing_is_said_of_levels(void **state)
{
        struct user_skill skills[] = {{.skill = {.id = 1, .name = "Juggling"}, .level = 8}};
        struct coach_request request = {.task = COACH_ROOM,
                                        .username = "human",
                                        .message = "What do you all think?",
                                        .skills = {skills, 1}};
        const char *answer = ask(*state, &request);

        ASSERT_SAYS(answer, "human, I am the built-in coach");
        ASSERT_SAYS(answer, "open question");
        ASSERT_NEVER(answer, "Juggling");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(it_says_that_it_is_built_in),
                CASE(it_says_that_it_speaks_english_only),
                CASE(who_does_not_greet_is_not_greeted),
                CASE(the_same_question_gets_the_same_answer),
                CASE(a_closed_question_is_told_from_an_open_one),
                CASE(a_reproach_is_named),
                CASE(progress_since_the_last_message_is_seen),
                CASE(an_active_training_comes_before_a_low_level),
                CASE(the_next_exercise_differs),
                cmocka_unit_test(words_and_sentences_are_counted),
                CASE(giving_up_cancels_the_engine),
                CASE(an_answer_is_handed_on_as_it_comes),
                CASE(the_builtin_coach_stands_in_and_says_so_first),
                CASE(what_was_said_before_a_failure_is_kept),
                CASE(a_refusal_is_no_reason_to_stand_in),
                CASE(a_document_is_read_and_not_handed_on),
                CASE(for_a_document_that_cannot_be_read_there_is_another),
                CASE(an_unknown_provider_is_refused),
                CASE(in_a_room_nothing_is_said_of_levels),
        };
        return !!cmocka_run_group_tests_name("coach", tests, NULL, NULL);
}
