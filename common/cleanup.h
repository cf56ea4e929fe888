/* Scope guards: a variable marked with one of these is released when it goes out of scope, on every
 * path. Declare and acquire in one statement. A function uses guards or goto, never both. */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define MUST_CHECK  __attribute__((warn_unused_result))

static inline void cleanup_free(void *pp)
{
        free(*(void **)pp);
}

static inline void cleanup_close(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
        if (*f)
                fclose(*f);
}

static inline void cleanup_unlock(pthread_mutex_t **mutex)
{
        if (*mutex)
                pthread_mutex_unlock(*mutex);
}

static inline pthread_mutex_t *cleanup_lock(pthread_mutex_t *mutex)
{
        pthread_mutex_lock(mutex);
        return mutex;
}

#define AUTO_FREE   CLEANUP(cleanup_free)
#define AUTO_CLOSE  CLEANUP(cleanup_close)
#define AUTO_FCLOSE CLEANUP(cleanup_fclose)

/* Holds a mutex until the end of the scope. */
#define LOCK_JOIN_(a, b) a##b
#define LOCK_NAME_(line) LOCK_JOIN_(lock_, line)
#define LOCK(mutex)             \
        CLEANUP(cleanup_unlock) \
        __attribute__((unused)) pthread_mutex_t *LOCK_NAME_(__LINE__) = cleanup_lock(mutex)

/* The value of a guarded pointer, which is disarmed: ownership goes to the caller. */
#define TAKE(p)                            \
        __extension__({                    \
                __typeof__(p) take_ = (p); \
                (p) = NULL;                \
                take_;                     \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
