#include "service/coach/reading.h"

#include "common/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const empathy_phrases[] = {
        "i understand", "i can see",        "i see that you", "sounds like",     "it sounds",
        "must be hard", "must have been",   "must feel",      "sorry to hear",   "sorry that you",
        "i appreciate", "that makes sense", "thank you for",  "how do you feel", "how are you",
        "i hear you",   "you seem",         "i can imagine",
};
static const char *const i_phrases[] = {
        "i feel",    "i need",       "i would like", "i'd like",     "i want",      "i think",
        "i noticed", "i was hoping", "i wish",       "i am worried", "i'm worried", "i prefer",
};
static const char *const blame_phrases[] = {
        "you always",     "you never",   "you should have", "your fault",
        "you don't care", "you make me", "you people",
};
static const char *const hedge_phrases[] = {
        "sorry to bother",
        "just wanted to",
        "this is probably stupid",
        "i might be wrong but",
        "if that's ok",
        "no worries if not",
        "i guess",
        "stupid question",
};
static const char *const open_words[] = {
        "how", "what", "why", "which", "where", "when", "who", "tell me",
};
static const char *const greetings[] = {"hello", "hi", "hey", "good morning", "good evening"};

static bool is_word(unsigned char c)
{
        return isalnum(c) || c == '\'' || c >= 0x80;
}

/* Where phrase stands in text between word boundaries, capitals aside; NULL when it does not. */
static const char *find_phrase(const char *text, const char *phrase)
{
        size_t n = strlen(phrase);

        for (const char *at = strcasestr(text, phrase); at; at = strcasestr(at + 1, phrase)) {
                bool starts = at == text || !is_word((unsigned char)at[-1]);

                if (starts && !is_word((unsigned char)at[n]))
                        return at;
        }
        return NULL;
}

/* The first of the phrases that text has, copied to found. */
static bool find_any(const char *text, const char *const *phrases, size_t n_phrases, char *found,
                     size_t size)
{
        for (size_t i = 0; i < n_phrases; i++) {
                if (find_phrase(text, phrases[i])) {
                        if (found)
                                snprintf(found, size, "%s", phrases[i]);
                        return true;
                }
        }
        return false;
}

static bool starts_with_word(const char *text, const char *word)
{
        size_t n = strlen(word);

        return strncasecmp(text, word, n) == 0 && !is_word((unsigned char)text[n]);
}

/* A sentence from start that ends with a question mark: whether it asks openly, in its beginning or
 * behind a comma. */
static bool is_open_question(const char *start, const char *end)
{
        bool at_clause = true;

        for (const char *at = start; at < end; at++) {
                if (at_clause && is_word((unsigned char)*at)) {
                        for (size_t i = 0; i < ARRAY_SIZE(open_words); i++)
                                if (starts_with_word(at, open_words[i]))
                                        return true;
                        at_clause = starts_with_word(at, "and") || starts_with_word(at, "so") ||
                                    starts_with_word(at, "but");
                        while (at + 1 < end && is_word((unsigned char)at[1]))
                                at++;
                } else if (strchr(",;:-", *at)) {
                        at_clause = true;
                }
        }
        return false;
}

static void read_sentence(const char *start, const char *end, struct reading *r)
{
        size_t n_words = 0;
        bool inside = false;

        for (const char *at = start; at < end; at++) {
                bool word = is_word((unsigned char)*at);

                if (word && !inside)
                        n_words++;
                inside = word;
        }
        if (n_words == 0)
                return;
        r->n_words += n_words;
        r->n_sentences++;
        if (n_words > r->longest_sentence)
                r->longest_sentence = n_words;
        if (*end == '?') {
                r->asks = true;
                if (is_open_question(start, end))
                        r->asks_open = true;
        }
}

static bool is_shouting(const char *text)
{
        size_t n_upper = 0, n_lower = 0;

        for (const char *at = text; *at; at++) {
                if (isupper((unsigned char)*at))
                        n_upper++;
                else if (islower((unsigned char)*at))
                        n_lower++;
        }
        return (n_upper > 8 && n_upper > n_lower) || strstr(text, "!!") != NULL;
}

void reading_of(const char *text, struct reading *ret)
{
        const char *start = text;

        *ret = (struct reading){0};
        for (const char *at = text;; at++) {
                if (*at != '\0' && !strchr(".!?\n", *at))
                        continue;
                read_sentence(start, at, ret);
                if (*at == '\0')
                        break;
                start = at + 1;
        }
        ret->greets = find_any(text, greetings, ARRAY_SIZE(greetings), NULL, 0);
        ret->thanks = find_phrase(text, "thanks") || find_phrase(text, "thank you");
        ret->empathises = find_any(text, empathy_phrases, ARRAY_SIZE(empathy_phrases),
                                   ret->empathy_phrase, sizeof(ret->empathy_phrase));
        ret->speaks_as_i = find_any(text, i_phrases, ARRAY_SIZE(i_phrases), ret->i_phrase,
                                    sizeof(ret->i_phrase));
        ret->blames = find_any(text, blame_phrases, ARRAY_SIZE(blame_phrases), ret->blame_phrase,
                               sizeof(ret->blame_phrase));
        ret->hedges = find_any(text, hedge_phrases, ARRAY_SIZE(hedge_phrases), ret->hedge_phrase,
                               sizeof(ret->hedge_phrase));
        ret->shouts = is_shouting(text);
}

const char *reading_find_hedge(const char *text, size_t *ret_bytes)
{
        const char *first = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(hedge_phrases); i++) {
                const char *at = find_phrase(text, hedge_phrases[i]);

                if (at && (!first || at < first)) {
                        first = at;
                        *ret_bytes = strlen(hedge_phrases[i]);
                }
        }
        return first;
}
