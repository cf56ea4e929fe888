/* service/coach/document: what engines answer to programs, read strictly. */
#include "service/coach/document.h"

#include "service/coach/completion.h"
#include "service/coach/judge.h"
#include "service/coach/rewrite.h"

#include "tests/support/t.h"

#include <stdlib.h>
#include <string.h>

static struct user_skill two_skills[] = {
        {.skill = {.id = 7, .name = "Empathy"}, .level = 3},
        {.skill = {.id = 9, .name = "Clarity"}, .level = 10},
};
static const struct user_skill_list skills = {two_skills, ARRAY_SIZE(two_skills)};

static int setup(void **state)
{
        struct arena *arena = calloc(1, sizeof(*arena));

        if (!arena)
                return -1;
        arena_init(arena, 1024 * 1024);
        *state = arena;
        return 0;
}

static int teardown(void **state)
{
        arena_deinit(*state);
        free(*state);
        return 0;
}

static void an_evaluation_is_read(void **state)
{
        struct document d;
        struct error err;

        assert_status(document_read_evaluation(
                              "{\"changes\":[{\"skill\":\"empathy\",\"delta\":1,"
                              "\"evidence\":[0,2],\"why\":\"Twice.\"},{\"skill\":\"Clarity\","
                              "\"delta\":0,\"evidence\":[],\"why\":\"No.\"}]}",
                              &skills, 3, *state, &d, &err),
                      STATUS_OK);
        assert_int_equal(d.n_changes, 2);
        assert_int_equal(d.changes[0].skill_id, 7);
        assert_string_equal(d.changes[0].skill, "Empathy");
        assert_int_equal(d.changes[0].delta, 1);
        assert_int_equal(d.changes[0].n_evidence, 2);
        assert_int_equal(d.changes[0].evidence[1], 2);
        assert_string_equal(d.changes[1].why, "No.");
}

static void an_evaluation_that_is_none_is_refused(void **state)
{
        static const struct {
                const char *text;
                const char *says;
        } cases[] = {
                {"", "no JSON object"},
                {"I cannot judge that.", "no JSON object"},
                {"{\"changes\":", "no JSON object"},
                {"{\"changes\":{}}", "changes: want a list"},
                {"{}", "changes: missing"},
                {"{\"changes\":[],\"more\":1}", "unknown member \"more\""},
                {"{\"changes\":[7]}", "changes: want objects"},
                {"{\"changes\":[]} {\"changes\":[]}", "malformed JSON"},
                {"{\"changes\":[],\"changes\":[]}", "malformed JSON"},
#define CHANGE(skill, delta, evidence) \
        "{\"skill\":" skill ",\"delta\":" delta ",\"evidence\":" evidence ",\"why\":\"w\"}"
                {"{\"changes\":[" CHANGE("\"Magic\"", "0", "[]") "]}", "skill: want the name"},
                {"{\"changes\":[" CHANGE("7", "0", "[]") "]}", "skill: want the name"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "2", "[0,1]") "]}", "delta: want 0 or 1"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "-1", "[0,1]") "]}", "delta: want 0 or 1"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1.0", "[0,1]") "]}", "delta: want"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1", "[0]") "]}", "at least 2 messages"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1", "[0,0]") "]}", "ascending"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1", "[0,3]") "]}", "below 3"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1", "[-1,0]") "]}", "below 3"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "1", "\"0,1\"") "]}", "evidence: want"},
                {"{\"changes\":[" CHANGE("\"Empathy\"", "0", "[]") "," CHANGE("\"EMPATHY\"", "0",
                                                                              "[]") "]}",
                 "at most one a skill"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct document d;
                struct error err;

                assert_status(document_read_evaluation(cases[i].text, &skills, 3, *state, &d, &err),
                              STATUS_INVALID_ARGUMENT);
                if (!strstr(err.text, cases[i].says))
                        fail_msg("%s: %s", cases[i].text, err.text);
        }
}

static void fences_and_prose_are_skipped(void **state)
{
        static const char *const wrapped[] = {
                "{\"score\":7,\"reasons\":[\"a\",\"b\"],\"better\":\"c\"}",
                "```json\n{\"score\":7,\"reasons\":[\"a\",\"b\"],\"better\":\"c\"}\n```",
                "Here you are:\n\n{\"score\":7,\"reasons\":[\"a\",\"b\"],\"better\":\"c\"}\nBye!",
        };

        for (size_t i = 0; i < ARRAY_SIZE(wrapped); i++) {
                struct document d;
                struct error err;

                assert_status(document_read_rehearsal(wrapped[i], *state, &d, &err), STATUS_OK);
                assert_int_equal(d.score, 7);
                assert_int_equal(d.reasons.n_items, 2);
                assert_string_equal(d.reasons.items[1], "b");
                assert_string_equal(d.better, "c");
        }
}

static void a_rehearsal_has_its_ranges(void **state)
{
        static const char *const bad[] = {
                "{\"score\":11,\"reasons\":[],\"better\":\"c\"}",
                "{\"score\":-1,\"reasons\":[],\"better\":\"c\"}",
                "{\"score\":\"7\",\"reasons\":[],\"better\":\"c\"}",
                "{\"score\":7,\"reasons\":\"a\",\"better\":\"c\"}",
                "{\"score\":7,\"reasons\":[\"\"],\"better\":\"c\"}",
                "{\"score\":7,\"reasons\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\","
                "\"10\",\"11\"],\"better\":\"c\"}",
                "{\"score\":7,\"reasons\":[],\"better\":null}",
                "{\"score\":7,\"reasons\":[]}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct document d;
                struct error err;

                assert_status(document_read_rehearsal(bad[i], *state, &d, &err),
                              STATUS_INVALID_ARGUMENT);
        }
}

static void running_out_of_memory_is_said(void **state)
{
        static const char text[] = "{\"text\":\"t\",\"notes\":[\"a\",\"b\"]}";
        struct document d;
        struct error err;
        unsigned n = 1;

        for (;; n++) {
                arena_fail_after(n);
                enum status st = document_read_clarification(text, *state, &d, &err);
                arena_fail_after(0);
                if (st == STATUS_OK)
                        break;
                assert_status(st, STATUS_RESOURCE_EXHAUSTED);
        }
        assert_int_equal(n, 5);
        assert_string_equal(d.text, "t");
}

/* What the built-in coach says for the request, read. */
static struct document judge(struct arena *arena, const struct coach_request *request)
{
        AUTO_BUFFER out = BUFFER_INIT;
        struct document d = {0};
        struct error err;
        enum status st;

        if (request->task == COACH_EVALUATE) {
                judge_messages(&out, request);
                st = document_read_evaluation(buffer_str(&out), &request->skills,
                                              request->n_messages, arena, &d, &err);
        } else if (request->task == COACH_REHEARSE) {
                judge_draft(&out, request);
                st = document_read_rehearsal(buffer_str(&out), arena, &d, &err);
        } else {
                judge_clarity(&out, request);
                st = document_read_clarification(buffer_str(&out), arena, &d, &err);
        }
        if (st != STATUS_OK)
                fail_msg("%s: %s", err.text, buffer_str(&out));
        return d;
}

static void a_level_rises_on_two_different_messages(void **state)
{
        static const char *const messages[] = {
                "That must be hard for you.",
                "THAT MUST be hard for you.",
                "See you on Monday",
                "You never listen, but I understand.",
                "It sounds like a long week. How was it?",
        };
        struct coach_request request = {
                .task = COACH_EVALUATE, .skills = {two_skills, 1}, .messages = messages};

        request.n_messages = 4;
        struct document one = judge(*state, &request);
        assert_int_equal(one.n_changes, 1);
        assert_int_equal(one.changes[0].delta, 0);
        assert_int_equal(one.changes[0].n_evidence, 1);
        assert_non_null(strstr(one.changes[0].why, "2 different messages"));

        request.n_messages = 5;
        struct document two = judge(*state, &request);
        assert_int_equal(two.changes[0].delta, 1);
        assert_int_equal(two.changes[0].n_evidence, 2);
        assert_int_equal(two.changes[0].evidence[0], 0);
        assert_int_equal(two.changes[0].evidence[1], 4);
        assert_non_null(strstr(two.changes[0].why, "\"That must be hard for you.\""));
}

static void the_builtin_coach_says_what_it_cannot_judge(void **state)
{
        static const char *const messages[] = {"I would like to meet at nine.",
                                               "I think we can do without it."};
        struct user_skill mine[] = {
                {.skill = {.id = 1, .name = "Juggling"}, .level = 2},
                {.skill = {.id = 2, .name = "Clarity of speech"}, .level = 2},
                {.skill = {.id = 3, .name = "Clarity"}, .level = 10},
                {.skill = {.id = 4, .name = "Active Listening"}, .level = 0},
        };
        struct coach_request request = {.task = COACH_EVALUATE,
                                        .skills = {mine, ARRAY_SIZE(mine)},
                                        .messages = messages,
                                        .n_messages = ARRAY_SIZE(messages)};
        struct document d = judge(*state, &request);

        assert_int_equal(d.n_changes, 4);
        assert_int_equal(d.changes[0].delta, 0);
        assert_non_null(strstr(d.changes[0].why, "cannot judge this skill"));
        assert_int_equal(d.changes[1].delta, 1);
        assert_int_equal(d.changes[2].delta, 0);
        assert_non_null(strstr(d.changes[2].why, "highest level"));
        assert_int_equal(d.changes[3].delta, 0);
        assert_non_null(strstr(d.changes[3].why, "None of 2 messages asks an open question"));
}

static void a_draft_is_scored_with_reasons(void **state)
{
        struct coach_request good = {
                .task = COACH_REHEARSE,
                .message = "I can see that you had a lot to do. How could we share it?"};
        struct coach_request bad = {.task = COACH_REHEARSE,
                                    .message = "YOU NEVER HELP ME!! I DO IT ALL ALONE!!"};
        struct coach_request meek = {
                .task = COACH_REHEARSE,
                .message = "Sorry to bother, but I would like to leave at four. I guess."};
        struct document g = judge(*state, &good), b = judge(*state, &bad), m = judge(*state, &meek);

        assert_int_equal(g.score, 9);
        assert_string_equal(g.better, good.message);
        assert_int_equal(b.score, 0);
        assert_non_null(strstr(b.reasons.items[0], "\"you never\" sounds like a verdict"));
        assert_non_null(strstr(b.better, "When [what happened], I felt"));
        assert_non_null(strstr(m.reasons.items[1], "\"sorry to bother\" makes you smaller"));
        assert_string_equal(m.better, "I would like to leave at four. How do you see it?");
}

static void a_text_is_made_clearer_by_rules(void **state)
{
        struct coach_request loud = {.task = COACH_CLARIFY,
                                     .message = "where ARE THE KEYS, SAID I?!?"};
        struct coach_request plain = {.task = COACH_CLARIFY, .message = "I will come at six."};
        struct coach_request german = {
                .task = COACH_CLARIFY, .language = "de", .message = "I will come at six."};
        struct document l = judge(*state, &loud), p = judge(*state, &plain),
                        g = judge(*state, &german);

        assert_string_equal(l.text, "Where are the keys, said I?");
        assert_non_null(strstr(l.notes.items[0], "shouting"));
        assert_string_equal(p.text, plain.message);
        assert_non_null(strstr(p.notes.items[0], "for English, there is nothing to make clearer"));
        assert_string_equal(g.text, german.message);
        assert_non_null(strstr(g.notes.items[0], "cannot translate into \"de\""));
}

static void long_sentences_are_cut_where_a_thought_begins(void **state)
{
        struct rewrite done;
        AUTO_BUFFER out = BUFFER_INIT;

        (void)state;
        rewrite_text(&out,
                     "we went to the lake in the morning with all of the children and their "
                     "friends from school,  and when the rain began we ran to the car, but the "
                     "keys were gone. Fine, but short.",
                     &done);
        assert_true(done.split);
        assert_false(done.calmed);
        assert_string_equal(buffer_str(&out),
                            "We went to the lake in the morning with all of the children and "
                            "their friends from school, and when the rain began we ran to the "
                            "car. But the keys were gone. Fine, but short.");
        buffer_clear(&out);
        rewrite_text(&out, "I guess", &done);
        assert_string_equal(buffer_str(&out), "I guess");
        assert_false(done.unhedged);
}

static void chunks_and_errors_are_told_apart(void **state)
{
        static const struct {
                const char *json;
                const char *text;
                enum completion_finish finish;
                const char *error;
        } good[] = {
                {"{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}", "Hi", COMPLETION_GOES_ON,
                 NULL},
                {"{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null},"
                 "\"finish_reason\":null}]}",
                 "", COMPLETION_GOES_ON, NULL},
                {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", "", COMPLETION_CUT,
                 NULL},
                {"{\"choices\":[{\"message\":{\"content\":\"All\"},\"finish_reason\":\"stop\"}]}",
                 "All", COMPLETION_STOPPED, NULL},
                {"{\"choices\":[],\"usage\":{}}", "", COMPLETION_GOES_ON, NULL},
                {"{\"error\":{\"message\":\"no\"}}", "", COMPLETION_GOES_ON, "no"},
                {"{\"error\":{}}", "", COMPLETION_GOES_ON, "no reason given"},
                {"{\"error\":\"no\"}", "", COMPLETION_GOES_ON, "no"},
                {"{\"object\":\"error\",\"message\":\"no\"}", "", COMPLETION_GOES_ON, "no"},
                {"{\"detail\":\"no\"}", "", COMPLETION_GOES_ON, "no"},
        };
        static const char *const bad[] = {
                "",
                "[]",
                "7",
                "{}",
                "{\"choices\":7}",
                "{\"choices\":[7]}",
                "{\"choices\":[{}]}",
                "{\"choices\":[{\"delta\":{\"content\":7}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"\\ud800\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\\u0000b\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]",
        };
        struct completion c;
        struct error err;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_status(completion_read(good[i].json, strlen(good[i].json), &c, &err),
                              STATUS_OK);
                assert_string_equal(c.text, good[i].text);
                assert_int_equal(c.finish, good[i].finish);
                if (good[i].error)
                        assert_string_equal(c.error, good[i].error);
                else
                        assert_null(c.error);
                completion_deinit(&c);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_status(completion_read(bad[i], strlen(bad[i]), &c, &err),
                              STATUS_INVALID_ARGUMENT);
}

static void halves_of_characters_are_put_together(void **state)
{
        static const struct {
                const char *in;
                const char *out;
        } steps[] = {
                {"plain \\n \\u00e4", "plain \\n \\u00e4"},
                {"\\ud83d\\uDE00", "\\ud83d\\uDE00"},
                {"a\\uD83D", "a"},
                {"{\"x\":\"\\ude00b\"}", "{\"x\":\"\\ud83d\\ude00b\"}"},
                {"\\ude00", "\\ufffd"},
                {"\\ud83dc", "c"},
                {"d", "d"},
                {"\\\\ud83d", "\\\\ud83d"},
                {"\\ude00\\", "\\ud83d\\ude00\\"},
        };
        unsigned high = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                AUTO_BUFFER out = BUFFER_INIT;

                completion_mend(&out, steps[i].in, &high);
                assert_string_equal(buffer_str(&out), steps[i].out);
        }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(an_evaluation_is_read),
                CASE(an_evaluation_that_is_none_is_refused),
                CASE(fences_and_prose_are_skipped),
                CASE(a_rehearsal_has_its_ranges),
                CASE(running_out_of_memory_is_said),
                CASE(a_level_rises_on_two_different_messages),
                CASE(the_builtin_coach_says_what_it_cannot_judge),
                CASE(a_draft_is_scored_with_reasons),
                CASE(a_text_is_made_clearer_by_rules),
                CASE(long_sentences_are_cut_where_a_thought_begins),
                CASE(chunks_and_errors_are_told_apart),
                cmocka_unit_test(halves_of_characters_are_put_together),
        };
        return !!cmocka_run_group_tests_name("coach_document", tests, NULL, NULL);
}
