/* What every method does, said once: the same rows run over RPC and over HTTP. */
#ifndef TESTS_INTEGRATION_BEHAVIOUR_H
#define TESTS_INTEGRATION_BEHAVIOUR_H

#include "common/status.h"

enum who { NOBODY, HUMAN, OTHER, GUEST, LATE, ADMIN };

struct behaviour {
        const char *what; /* a sentence */
        enum who who;
        const char *method; /* "UserService/GetMe" */
        const char *request; /* JSON */
        enum status status;
        /* On success: JSON whose members the answer has (arrays are whole). On INVALID_ARGUMENT and
         * ALREADY_EXISTS: the field that the error names. NULL: not looked at. */
        const char *want;
};

/* Runs from top to bottom on an empty database in which ADMIN is user 1. The first rows make HUMAN
 * user 2 and OTHER user 3. */
extern const struct behaviour behaviours[];
extern const unsigned n_behaviours;

/* The same for rooms, on a database of its own; GUEST is user 4 and LATE user 5. */
extern const struct behaviour chat_behaviours[];
extern const unsigned n_chat_behaviours;

#endif
