/* A request of every method that is granted in a new world. */
#ifndef TESTS_FAULTS_CASES_H
#define TESTS_FAULTS_CASES_H

#include "tests/faults/world.h"

enum {
        VARIES = 1, /* the answer is another one each time: it has times, secrets, counters */
        STEPS = 2, /* it does its work in several commits, each of which stays */
        ENDS = 4, /* the caller's session: who gets no answer cannot ask again */
        HEALTH = 8, /* it may say UNAVAILABLE whatever is wrong with the database */
        BACKUP = 16, /* of a disk that fails it may say FAILED_PRECONDITION, or DATA_LOSS of a copy
                        that cannot be read */
};

struct fault_case {
        const char *method; /* "UserService/GetMe" */
        enum who who;
        const char *request; /* JSON with ' for " */
        unsigned flags;
        /* A call before it, for what the service has in memory only: method and request. */
        const char *first;
};

extern const struct fault_case fault_cases[];
extern const unsigned n_fault_cases;

#endif
