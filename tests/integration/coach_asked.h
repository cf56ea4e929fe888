/* A coach with both engines and little patience, and somebody who asks it. */
#ifndef TESTS_INTEGRATION_COACH_ASKED_H
#define TESTS_INTEGRATION_COACH_ASKED_H

#include "common/buffer.h"
#include "service/coach/coach.h"
#include "service/coach/openai.h"

#include "tests/support/t.h"

struct coach_asked {
        struct openai *openai;
        const struct coach_engine *engines[2];
        struct coach *coach;
        struct arena arena;
        struct coach_request request; /* a chat without history; set the endpoint */
        struct buffer heard; /* the pieces, one behind the other */
        size_t n_pieces;
        bool (*gives_up)(void *arg); /* NULL = never */
        void *arg;
        uint64_t gave_up_ns;
        struct coach_answer answer;
        struct error error;
};

/* options: NULL = what suits most tests. */
void coach_asked_init(struct coach_asked *a, const struct openai_options *options);
void coach_asked_deinit(struct coach_asked *a);
/* Fills heard, answer and error. */
enum status coach_asked_ask(struct coach_asked *a, const char *endpoint);

/* The answer is the built-in coach's, and its notice has that text. */
void coach_asked_expect_stand_in(const struct coach_asked *a, const char *text);

#endif
