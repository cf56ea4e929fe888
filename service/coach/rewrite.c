#include "service/coach/rewrite.h"

#include "service/coach/reading.h"
#include "service/coach/remark.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool ends_sentence(char c)
{
        return c == '.' || c == '!' || c == '?' || c == '\n';
}

/* What connects a dropped phrase with what follows it goes as well. */
static const char *skip_joint(const char *at)
{
        at += strspn(at, " ,;:.");
        if (strncasecmp(at, "but ", 4) == 0)
                at += 4;
        return at + strspn(at, " ");
}

static bool drop_hedges(struct buffer *out, const char *text)
{
        const char *hedge;
        size_t n;
        bool dropped = false;

        while ((hedge = reading_find_hedge(text, &n))) {
                buffer_append(out, text, (size_t)(hedge - text));
                text = skip_joint(hedge + n);
                dropped = true;
        }
        buffer_append_str(out, text);
        return dropped;
}

/* Whether most letters are capitals. */
static bool is_in_capitals(const char *text)
{
        size_t n_upper = 0, n_lower = 0;

        for (const char *at = text; *at; at++) {
                n_upper += isupper((unsigned char)*at) != 0;
                n_lower += islower((unsigned char)*at) != 0;
        }
        return n_upper > n_lower;
}

/* Lower case but for "I", and one mark where there were several. */
static void calm(struct buffer *out, const char *text)
{
        bool lower = is_in_capitals(text);

        for (const char *at = text; *at; at++) {
                size_t n_marks = strspn(at, "!?");

                if (n_marks > 1) {
                        buffer_append_char(out, memchr(at, '?', n_marks) ? '?' : '.');
                        at += n_marks - 1;
                        continue;
                }
                bool alone = (at == text || !isalnum((unsigned char)at[-1])) &&
                             !isalnum((unsigned char)at[1]);
                bool keep = !lower || (*at == 'I' && alone);

                buffer_append_char(out, keep ? *at : (char)tolower((unsigned char)*at));
        }
}

static size_t words_of_sentence(const char *at)
{
        size_t n = 0;

        while (*at && !ends_sentence(*at)) {
                at += strspn(at, " ");
                n += *at && !ends_sentence(*at);
                while (*at && *at != ' ' && !ends_sentence(*at))
                        at++;
        }
        return n;
}

/* Cuts long sentences where a new thought begins. */
static bool split_sentences(struct buffer *out, const char *text)
{
        static const char *const joints[] = {"; ", ", and ", ", so ", ", but "};
        bool is_long = words_of_sentence(text) > LONG_SENTENCE_WORDS;
        bool split = false;

        for (const char *at = text; *at; at++) {
                size_t n = 0;

                if (ends_sentence(*at))
                        is_long = words_of_sentence(at + 1) > LONG_SENTENCE_WORDS;
                for (size_t i = 0; is_long && i < ARRAY_SIZE(joints) && n == 0; i++)
                        if (strncasecmp(at, joints[i], strlen(joints[i])) == 0)
                                n = strlen(joints[i]);
                if (n == 0) {
                        buffer_append_char(out, *at);
                        continue;
                }
                /* "and" only joins; "so" and "but" mean something and stay. */
                buffer_append_str(out, ". ");
                at += strncasecmp(at, ", and ", 6) == 0 ? 5 : 1;
                split = true;
        }
        return split;
}

/* One space between words, and a capital at the start of each sentence. */
static void tidy(struct buffer *out, const char *text)
{
        bool at_start = true;

        for (const char *at = text + strspn(text, " \t\r\n"); *at; at++) {
                bool blank = *at == ' ' || *at == '\t' || *at == '\r';

                if (blank && (at[1] == '\0' || strchr(" \t\r\n", at[1])))
                        continue;
                if (at_start && isalpha((unsigned char)*at))
                        buffer_append_char(out, (char)toupper((unsigned char)*at));
                else
                        buffer_append_char(out, blank ? ' ' : *at);
                if (ends_sentence(*at))
                        at_start = true;
                else if (!blank)
                        at_start = false;
        }
}

void rewrite_text(struct buffer *out, const char *text, struct rewrite *ret)
{
        AUTO_BUFFER plain = BUFFER_INIT;
        AUTO_BUFFER calmed = BUFFER_INIT;
        AUTO_BUFFER cut = BUFFER_INIT;
        size_t n_before = out->n_bytes;
        struct reading r;

        *ret = (struct rewrite){0};
        reading_of(text, &r);
        ret->unhedged = drop_hedges(&plain, text);
        if (buffer_str(&plain) && r.shouts) {
                calm(&calmed, buffer_str(&plain));
                ret->calmed = true;
        } else if (buffer_str(&plain)) {
                buffer_append_str(&calmed, buffer_str(&plain));
        }
        if (buffer_str(&calmed))
                ret->split = split_sentences(&cut, buffer_str(&calmed));
        if (buffer_str(&cut))
                tidy(out, buffer_str(&cut));
        if (buffer_failed(&plain) || buffer_failed(&calmed) || buffer_failed(&cut))
                out->failed = true;
        if (out->n_bytes == n_before) {
                *ret = (struct rewrite){0};
                buffer_append_str(out, text);
        }
}
