/* service/coach/document: what an engine answers to programs. The first byte says what it was
 * asked for: 'e'valuation, 'r'ehearsal, 'c'larification. */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"
#include "service/coach/document.h"

#include <string.h>

#define ARENA_BYTES (1u << 20)
#define N_MESSAGES  5

static void check_text(const char *text)
{
        fuzz_must(text && wire_utf8_valid(text, strlen(text)));
        fuzz_must(strlen(text) <= DOCUMENT_MAX_TEXT_BYTES);
}

static void check_lines(const struct document_lines *lines)
{
        fuzz_must(lines->n_items <= DOCUMENT_MAX_LINES);
        for (size_t i = 0; i < lines->n_items; i++)
                check_text(lines->items[i]);
}

static void check_changes(const struct document *d)
{
        fuzz_must(d->n_changes <= 2); /* one a skill */
        for (size_t i = 0; i < d->n_changes; i++) {
                const struct document_change *c = &d->changes[i];

                check_text(c->why);
                fuzz_must(c->skill_id == 7 || c->skill_id == 9);
                fuzz_must(c->delta == 0 ||
                          (c->delta == 1 && c->n_evidence >= DOCUMENT_MIN_EVIDENCE));
                for (size_t k = 0; k < c->n_evidence; k++)
                        fuzz_must(c->evidence[k] < N_MESSAGES &&
                                  (k == 0 || c->evidence[k] > c->evidence[k - 1]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        static struct user_skill items[] = {
                {.skill = {.id = 7, .name = "Empathy"}, .level = 3},
                {.skill = {.id = 9, .name = "Clarity"}, .level = 10},
        };
        static const struct user_skill_list skills = {items, ARRAY_SIZE(items)};
        AUTO_ARENA arena;
        struct document d = {0};
        struct error error = ERROR_INIT;
        enum status st;
        uint8_t task = fuzz_byte(&data, &n);
        AUTO_FREE char *text = fuzz_text(data, n);

        arena_init(&arena, ARENA_BYTES);
        if (task == 'e')
                st = document_read_evaluation(text, &skills, N_MESSAGES, &arena, &d, &error);
        else if (task == 'r')
                st = document_read_rehearsal(text, &arena, &d, &error);
        else
                st = document_read_clarification(text, &arena, &d, &error);
        fuzz_check_error(st, &error);
        if (st != STATUS_OK)
                return 0;
        if (task == 'e') {
                check_changes(&d);
        } else if (task == 'r') {
                fuzz_must(d.score >= 0 && d.score <= DOCUMENT_MAX_SCORE);
                check_lines(&d.reasons);
                check_text(d.better);
        } else {
                check_text(d.text);
                check_lines(&d.notes);
        }
        return 0;
}
