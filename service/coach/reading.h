/* What can be seen in a message without understanding it: words, sentences, questions, and phrases
 * that tell how somebody talks. English. */
#ifndef SERVICE_COACH_READING_H
#define SERVICE_COACH_READING_H

#include <stdbool.h>
#include <stddef.h>

struct reading {
        size_t n_words;
        size_t n_sentences;
        size_t longest_sentence; /* in words */
        bool asks; /* there is a question mark */
        bool asks_open; /* a question that begins with how, what, why … */
        bool greets;
        bool thanks;
        bool empathises; /* names or acknowledges another's feeling */
        bool speaks_as_i; /* "I feel", "I need", "I would like" */
        bool blames; /* "you always", "you never" */
        bool hedges; /* "sorry to bother", "just wanted to" */
        bool shouts; /* many capitals, or !! */
        char empathy_phrase[32]; /* the one that was found, "" = none */
        char i_phrase[32];
        char blame_phrase[32];
        char hedge_phrase[32];
};

/* text: UTF-8. Letters outside ASCII count as parts of words. */
void reading_of(const char *text, struct reading *ret);
/* The first phrase in text by which somebody makes himself small, and its length; NULL when there
 * is none. */
const char *reading_find_hedge(const char *text, size_t *ret_bytes);

#endif
