/* Who may do what to whose: every method, called by everybody, on an object of OWNER's. */
#ifndef TESTS_INTEGRATION_MATRIX_H
#define TESTS_INTEGRATION_MATRIX_H

#include <stdbool.h>

enum matrix_caller {
        CALLER_NOBODY, /* no token */
        CALLER_REVOKED, /* a token whose session has ended */
        CALLER_STRANGER, /* has nothing to do with OWNER */
        CALLER_MEMBER, /* of OWNER's room */
        CALLER_MODERATOR, /* of it */
        CALLER_OWNER,
        CALLER_ADMIN, /* of the server; in no room of OWNER's */
        N_CALLERS
};

/* One letter a caller, in their order:
 *     x  goes well, and what not even administrators may read is in the answer: conversations,
 *        messages
 *     s  goes well, and what else is OWNER's own is in the answer: e-mail, preferences, rooms
 *     p  goes well without either
 *     -  UNAUTHENTICATED    D  PERMISSION_DENIED    M  NOT_FOUND
 *     C  FAILED_PRECONDITION    B  INVALID_ARGUMENT    T  ALREADY_EXISTS */
struct matrix_row {
        const char *method;
        /* JSON. $user, $session, $change, $training, $thread and $answer are OWNER's; $room is
         * hidden and OWNER's, with $message in it, an $invite of somebody else, and $member. $guest
         * is somebody outside of it, $banned is who is shut out. $new is a name not yet used. */
        const char *request;
        const char *outcomes;
        bool ends_accounts; /* what OWNER or the caller signs in with may be gone afterwards */
};

extern const struct matrix_row matrix_rows[];
extern const unsigned n_matrix_rows;

#endif
