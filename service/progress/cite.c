#include "service/progress/cite.h"

#include "common/buffer.h"
#include "common/utf8.h"

#include <string.h>

/* So many bytes in a row that a message has too are no coincidence. */
#define TELLING_BYTES 20

static const struct quotes {
        const char *open, *close;
} kinds[] = {
        {"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"»", "«"}, {"‘", "’"}, {"`", "`"},
};

/* The quotation that begins here, if one does: its words, and how long it is with its marks. */
static size_t quotation_at(const char *text, const char **ret_words, size_t *ret_n)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                size_t n_open = strlen(kinds[i].open);

                if (strncmp(text, kinds[i].open, n_open) != 0)
                        continue;
                const char *end = strstr(text + n_open, kinds[i].close);
                if (!end)
                        continue;
                *ret_words = text + n_open;
                *ret_n = (size_t)(end - *ret_words);
                return n_open + *ret_n + strlen(kinds[i].close);
        }
        return 0;
}

/* Which message of the evidence has these words, from 1; 0 = none. An ellipsis at the end is no
 * part of them. */
static size_t find_words(const char *words, size_t n, const struct document_change *change,
                         const char *const *messages)
{
        static const char ellipsis[] = "…";
        size_t n_ellipsis = strlen(ellipsis);

        if (n >= n_ellipsis && memcmp(words + n - n_ellipsis, ellipsis, n_ellipsis) == 0)
                n -= n_ellipsis;
        for (size_t i = 0; n > 0 && i < change->n_evidence; i++) {
                const char *message = messages[change->evidence[i]];

                if (memmem(message, strlen(message), words, n))
                        return i + 1;
        }
        return 0;
}

static void replace_quotations(struct buffer *out, const struct document_change *change,
                               const char *const *messages)
{
        for (const char *at = change->why; *at;) {
                const char *words;
                size_t n_words;
                size_t n = quotation_at(at, &words, &n_words);

                if (n == 0) {
                        buffer_append_char(out, *at++);
                        continue;
                }
                size_t number = find_words(words, n_words, change, messages);
                if (number)
                        buffer_printf(out, "[%zu]", number);
                else
                        buffer_append_str(out, "[…]");
                at += n;
        }
}

static bool has_words_of(const char *text, const char *message)
{
        size_t n = strlen(text), n_message = strlen(message);

        for (size_t i = 0; i + TELLING_BYTES <= n; i++)
                if (memmem(message, n_message, text + i, TELLING_BYTES))
                        return true;
        return false;
}

const char *cite_messages(struct arena *arena, const struct document_change *change,
                          const char *const *messages, size_t n_messages)
{
        AUTO_BUFFER text = BUFFER_INIT;

        replace_quotations(&text, change, messages);
        const char *why = buffer_str(&text);
        if (!why)
                return NULL;
        why = arena_strndup(arena, why, utf8_fitting(why, CITE_MAX_BYTES));
        for (size_t i = 0; why && i < n_messages; i++)
                if (has_words_of(why, messages[i]))
                        return arena_printf(arena, "%zu messages show %s.", change->n_evidence,
                                            change->skill);
        return why;
}
