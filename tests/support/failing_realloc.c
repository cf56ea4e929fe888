#include "tests/support/failing_realloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_uint n_left; /* 0: none fails */
static atomic_bool of_others;
static pthread_t armed_by;

/* Of the linker's --wrap. */
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_realloc(void *p, size_t n)
{
        unsigned left = atomic_load(&n_left);

        if (left == 0 || !pthread_equal(pthread_self(), armed_by) != atomic_load(&of_others))
                return __real_realloc(p, n);
        while (left > 0 && !atomic_compare_exchange_weak(&n_left, &left, left - 1))
                continue;
        return left == 1 ? NULL : __real_realloc(p, n);
}

void failing_realloc_arm(unsigned n, bool is_of_others)
{
        armed_by = pthread_self();
        atomic_store(&of_others, is_of_others);
        atomic_store(&n_left, n);
}

bool failing_realloc_disarm(void)
{
        return atomic_exchange(&n_left, 0) == 0;
}
