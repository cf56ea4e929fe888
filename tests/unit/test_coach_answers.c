/* Answers of the coach in the making: who may have one, what is told of it, how long it is kept. */
#include "service/api/coach_answers.h"

#include "service/events/publisher.h"
#include "tests/support/t.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
        char dir[T_PATH_BYTES];
        struct publisher *publisher;
        struct answers *answers;
        struct arena arena;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        char url[T_PATH_BYTES + 16];

        if (!f)
                return -1;
        *state = f;
        t_temp_dir(f->dir);
        snprintf(url, sizeof(url), "ipc://%s/e", f->dir);
        arena_init(&f->arena, 1 << 20);
        assert_status(publisher_new(url, &f->publisher, NULL), STATUS_OK);
        assert_status(answers_new(f->publisher, &f->answers, NULL), STATUS_OK);
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        answers_free(f->answers);
        publisher_free(f->publisher);
        arena_deinit(&f->arena);
        t_remove_dir(f->dir);
        free(f);
        return 0;
}

static enum status begin(struct fixture *f, int64_t user_id, const char *id, struct answer **ret,
                         struct error *reterr)
{
        const struct answer_start start = {
                .user_id = user_id, .id = id, .thread_id = "t", .requests_per_minute = 1000};

        return answers_begin(f->answers, &start, ret, reterr);
}

static void end_well(struct answer *a, const char *text)
{
        const struct answer_end end = {.text = text, .engine = "builtin", .notice = ""};

        answer_end(a, &end);
}

static enum status get(struct fixture *f, int64_t user_id, const char *id, size_t after,
                       struct answer_view *ret)
{
        return answers_get(f->answers, user_id, id, after, &f->arena, ret, NULL);
}

static void what_is_said_can_be_read_from_anywhere(void **state)
{
        struct fixture *f = *state;
        struct answer_view view;
        struct answer *a;
        struct error error;

        assert_status(begin(f, 1, "a", &a, NULL), STATUS_OK);
        assert_status(get(f, 1, "a", 0, &view), STATUS_OK);
        assert_string_equal(view.text, "");
        answer_say(a, "Gr\xc3\xbc", 4);
        answer_say(a, "n", 1);
        assert_status(get(f, 1, "a", 2, &view), STATUS_OK);
        assert_string_equal(view.text, "\xc3\xbcn");
        assert_false(view.is_done);
        assert_status(answers_get(f->answers, 1, "a", 3, &f->arena, &view, &error),
                      STATUS_INVALID_ARGUMENT);
        assert_string_equal(error.field, "after");
        assert_status(get(f, 1, "a", 6, &view), STATUS_INVALID_ARGUMENT);
        assert_status(get(f, 2, "a", 0, &view), STATUS_NOT_FOUND);
        end_well(a, "Gr\xc3\xbcn.");
        assert_status(get(f, 1, "a", 5, &view), STATUS_OK);
        assert_string_equal(view.text, ".");
        assert_true(view.is_done);
        assert_string_equal(view.engine, "builtin");
}

static void why_an_answer_failed_is_kept(void **state)
{
        struct fixture *f = *state;
        const struct error gone = {.status = STATUS_UNAVAILABLE, .text = "it is away"};
        const struct error secret = {.status = STATUS_INTERNAL, .text = "line 12 is broken"};
        struct answer_end end = {.status = STATUS_UNAVAILABLE, .error = &gone, .text = "So far"};
        struct answer_view view;
        struct answer *a;

        assert_status(begin(f, 1, "a", &a, NULL), STATUS_OK);
        answer_end(a, &end);
        assert_status(get(f, 1, "a", 0, &view), STATUS_OK);
        assert_int_equal(view.status, STATUS_UNAVAILABLE);
        assert_string_equal(view.message, "it is away");
        assert_string_equal(view.text, "So far");

        assert_status(begin(f, 1, "b", &a, NULL), STATUS_OK);
        end = (struct answer_end){.status = STATUS_INTERNAL, .error = &secret, .text = ""};
        answer_end(a, &end);
        assert_status(get(f, 1, "b", 0, &view), STATUS_OK);
        assert_null(strstr(view.message, "line"));
}

static void a_name_is_free_again_after_the_end(void **state)
{
        struct fixture *f = *state;
        struct answer *first, *second;
        struct answer_view view;

        assert_status(begin(f, 1, "a", &first, NULL), STATUS_OK);
        assert_status(begin(f, 1, "a", &second, NULL), STATUS_ALREADY_EXISTS);
        assert_status(begin(f, 2, "a", &second, NULL), STATUS_OK);
        end_well(second, "of two");
        end_well(first, "of one");
        assert_status(begin(f, 1, "a", &first, NULL), STATUS_OK);
        assert_status(get(f, 1, "a", 0, &view), STATUS_OK);
        assert_string_equal(view.text, "");
        end_well(first, "again");
        assert_status(get(f, 2, "a", 0, &view), STATUS_OK);
        assert_string_equal(view.text, "of two");
}

static void cancelling_is_seen_by_the_maker(void **state)
{
        struct fixture *f = *state;
        struct answer *a;

        assert_status(begin(f, 1, "a", &a, NULL), STATUS_OK);
        assert_status(answer_check(a, NULL), STATUS_OK);
        assert_status(answers_cancel(f->answers, 2, "a", NULL), STATUS_NOT_FOUND);
        assert_status(answer_check(a, NULL), STATUS_OK);
        assert_status(answers_cancel(f->answers, 1, "a", NULL), STATUS_OK);
        assert_status(answer_check(a, NULL), STATUS_CANCELLED);
        end_well(a, "");
        assert_status(answers_cancel(f->answers, 1, "a", NULL), STATUS_OK);
}

static void there_are_only_so_many_at_once(void **state)
{
        struct fixture *f = *state;
        struct answer *a[ANSWERS_MAX], *more;
        struct error error;

        for (unsigned i = 0; i < ANSWERS_MAX; i++)
                assert_status(begin(f, 1 + i / ANSWERS_PER_USER, "", &a[i], NULL), STATUS_OK);
        assert_status(begin(f, 1, "", &more, &error), STATUS_RESOURCE_EXHAUSTED);
        assert_true(error.retry_after_ms > 0);
        assert_non_null(strstr(error.text, "3 questions of yours"));
        assert_status(begin(f, 1000, "", &more, &error), STATUS_RESOURCE_EXHAUSTED);
        assert_non_null(strstr(error.text, "busy"));
        end_well(a[0], "");
        assert_status(begin(f, 1000, "", &more, NULL), STATUS_OK);
        end_well(more, "");
        for (unsigned i = 1; i < ANSWERS_MAX; i++)
                end_well(a[i], "");
}

static void those_that_ended_are_kept_within_bounds(void **state)
{
        struct fixture *f = *state;
        enum { N = 600, BYTES = 64 * 1024 }; /* more than ANSWERS_MAX_BYTES */
        char *text = malloc(BYTES + 1);
        struct answer_view view;
        char id[16];

        assert_non_null(text);
        memset(text, 'x', BYTES);
        text[BYTES] = '\0';
        for (unsigned i = 0; i < N; i++) {
                struct answer *a;

                snprintf(id, sizeof(id), "a%u", i);
                assert_status(begin(f, 1 + i, id, &a, NULL), STATUS_OK);
                end_well(a, text);
        }
        free(text);
        assert_status(get(f, 1, "a0", 0, &view), STATUS_NOT_FOUND);
        assert_status(get(f, N, id, BYTES, &view), STATUS_OK);
}

static void a_user_asks_only_so_often(void **state)
{
        struct fixture *f = *state;
        const struct answer_start start = {
                .user_id = 1, .id = "", .thread_id = "", .requests_per_minute = 2};
        struct answer *a;
        struct error error;

        for (unsigned i = 0; i < 2; i++) {
                assert_status(answers_begin(f->answers, &start, &a, NULL), STATUS_OK);
                end_well(a, "");
        }
        assert_status(answers_begin(f->answers, &start, &a, &error), STATUS_RESOURCE_EXHAUSTED);
        assert_true(error.retry_after_ms > 20000 && error.retry_after_ms <= 30001);
        assert_non_null(strstr(error.text, "2 questions"));
}

/* --- in rooms --- */

static struct answer *begin_in_room(struct fixture *f, int64_t user_id, int64_t room_id,
                                    int64_t message_id, const char *id)
{
        const struct answer_start start = {
                .user_id = user_id,
                .id = id,
                .thread_id = "",
                .requests_per_minute = 1000,
                .room_id = room_id,
                .message_id = message_id,
                .username = "human",
        };
        struct answer *a;

        assert_status(answers_begin(f->answers, &start, &a, NULL), STATUS_OK);
        return a;
}

static void what_ends_in_a_room_ends_there_alone(void **state)
{
        struct fixture *f = *state;
        struct answer *all[] = {
                begin_in_room(f, 1, 7, 70, "message-70"), begin_in_room(f, 2, 7, 71, "message-71"),
                begin_in_room(f, 1, 8, 80, "message-80"), begin_in_room(f, 3, 8, 81, "message-81")};
        struct answer *own;
        struct error error;

        assert_status(begin(f, 1, "own", &own, NULL), STATUS_OK);
        answers_cancel_in_room(f->answers, 7, 2, 0, "left");
        assert_status(answer_check(all[1], &error), STATUS_CANCELLED);
        assert_string_equal(error.text, "left");
        answers_cancel_in_room(f->answers, 8, 0, 81, "deleted");
        assert_status(answer_check(all[3], NULL), STATUS_CANCELLED);
        assert_status(answer_check(all[0], NULL), STATUS_OK);
        assert_status(answer_check(all[2], NULL), STATUS_OK);
        answers_cancel_in_room(f->answers, 0, 1, 0, "gone");
        assert_status(answer_check(all[0], NULL), STATUS_CANCELLED);
        assert_status(answer_check(all[2], NULL), STATUS_CANCELLED);
        assert_status(answer_check(own, NULL), STATUS_OK);
        /* Whoever asked sees it as any other of theirs. */
        struct answer_view view;
        answer_say(all[0], "So far", 6);
        assert_status(get(f, 1, "message-70", 0, &view), STATUS_OK);
        assert_string_equal(view.text, "So far");
        assert_status(get(f, 2, "message-70", 0, &view), STATUS_NOT_FOUND);
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                end_well(all[i], "x");
        end_well(own, "x");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(what_is_said_can_be_read_from_anywhere),
                TEST(why_an_answer_failed_is_kept),
                TEST(a_name_is_free_again_after_the_end),
                TEST(cancelling_is_seen_by_the_maker),
                TEST(there_are_only_so_many_at_once),
                TEST(those_that_ended_are_kept_within_bounds),
                TEST(a_user_asks_only_so_often),
                TEST(what_ends_in_a_room_ends_there_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
