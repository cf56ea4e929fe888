/* What can fail: the n-th allocation of an arena, of the service's own code, of SQLite's; the n-th
 * operation on the disk; the n-th message that is to be sent. One plan at a time, for all threads
 * of the service; nng's own threads and the test's are left alone. */
#ifndef TESTS_FAULTS_KIT_H
#define TESTS_FAULTS_KIT_H

#include "common/status.h"

#include <stdbool.h>

enum kit_fault {
        KIT_ARENA, /* arena_alloc() */
        KIT_MALLOC, /* malloc(), calloc(), realloc() of our code, and of nng's that we call */
        KIT_SQLITE, /* SQLite's memory */
        KIT_READ,
        KIT_WRITE,
        KIT_SHORT_WRITE, /* half of it arrives */
        KIT_FULL, /* the disk */
        KIT_SYNC,
        KIT_LOCK, /* somebody else has it */
        KIT_SEND, /* a reply or an event is lost on its way */
        KIT_COUNT,
};

extern const struct kit_kind {
        const char *name;
        enum status status; /* that a call ends with when it meets the fault and cannot go on */
} kit_kinds[KIT_COUNT];

/* Before there are threads, and before SQLite is used. The calling thread is the test's. */
void kit_init(void);
/* From now on the n-th such thing fails, once (1 = the next). */
void kit_arm(enum kit_fault fault, unsigned n);
/* The fault passes. Returns whether it has struck. */
bool kit_disarm(void);
/* Counts what could fail from now on, instead; kit_count_end() says how often it could have. */
void kit_count(void);
void kit_count_end(unsigned ret[static KIT_COUNT]);
/* Whether a reply has been lost by what is armed. */
bool kit_has_lost_reply(void);
/* Pieces of memory that SQLite holds. */
long kit_sqlite_pieces(void);

#endif
