/* Threads that work through a bounded queue of tasks, oldest first. */
#ifndef SERVICE_RPC_POOL_H
#define SERVICE_RPC_POOL_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* Embedded in what is to be worked on; free for the next use when run() is called. */
struct task {
        void (*run)(struct task *task);
        struct task *next, *previous; /* the queue's */
        bool queued;
};

struct pool_options {
        const char *name; /* of its threads, at most 10 characters */
        unsigned n_threads; /* started at once */
        unsigned max_threads; /* started when tasks wait and nobody is free; >= n_threads */
        unsigned max_queued;
        size_t stack_bytes; /* 0 = the system's */
};

enum status pool_new(const struct pool_options *options, struct pool **ret,
                     struct error *reterr) MUST_CHECK;
/* Works through what is queued and ends the threads. Nothing is queued any more after it. Accepts
 * NULL. */
void pool_stop(struct pool *p);
/* Stops if that has not been done, frees. Accepts NULL, returns NULL. */
struct pool *pool_free(struct pool *p);

/* False when the queue is full or the pool has stopped. Any thread. */
bool pool_submit(struct pool *p, struct task *task) MUST_CHECK;
/* The same without a bound, for work that is bounded elsewhere and quick. */
bool pool_submit_always(struct pool *p, struct task *task) MUST_CHECK;
/* Takes a task out of the queue. False when it is not in it (any more). */
bool pool_remove(struct pool *p, struct task *task) MUST_CHECK;
unsigned pool_n_queued(struct pool *p);
unsigned pool_n_threads(struct pool *p);

#endif
