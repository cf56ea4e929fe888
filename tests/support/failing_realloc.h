/* A realloc() that fails when a test wants: buffers have their memory from it, and lists that grow.
 */
#ifndef TESTS_SUPPORT_FAILING_REALLOC_H
#define TESTS_SUPPORT_FAILING_REALLOC_H

#include <stdbool.h>

/* The n-th from now on (1 = the next) fails, once: of the calling thread's, or of all others'. */
void failing_realloc_arm(unsigned n, bool is_of_others);
/* Returns whether it has failed. */
bool failing_realloc_disarm(void);

#endif
