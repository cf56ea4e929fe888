#include "service/rpc/pool.h"

#include "common/cleanup.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_thread {
        struct pool *pool;
        unsigned number;
        pthread_t thread;
};

struct pool {
        char name[11];
        unsigned max_threads;
        unsigned max_queued;
        size_t stack_bytes;
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        /* Below: under the mutex. */
        struct task *first, *last;
        unsigned n_queued;
        unsigned n_threads;
        unsigned n_busy; /* threads that work on a task; the others wait, or are about to ask */
        bool stopping;
        struct pool_thread threads[];
};

static void push(struct pool *p, struct task *task)
{
        task->next = NULL;
        task->previous = p->last;
        if (p->last)
                p->last->next = task;
        else
                p->first = task;
        p->last = task;
        p->n_queued++;
        task->queued = true;
}

static void unlink_task(struct pool *p, struct task *task)
{
        if (task->previous)
                task->previous->next = task->next;
        else
                p->first = task->next;
        if (task->next)
                task->next->previous = task->previous;
        else
                p->last = task->previous;
        p->n_queued--;
        task->queued = false;
}

/* The first task that there is. NULL when the pool stops and nothing is left. */
static struct task *next_task(struct pool *p, bool was_busy)
{
        LOCK(&p->mutex);

        if (was_busy)
                p->n_busy--;
        while (!p->first && !p->stopping)
                pthread_cond_wait(&p->wake, &p->mutex);
        struct task *task = p->first;
        if (task) {
                unlink_task(p, task);
                p->n_busy++;
        }
        return task;
}

static void *thread_main(void *arg)
{
        struct pool_thread *t = arg;
        bool was_busy = false;
        struct task *task;

        while ((task = next_task(t->pool, was_busy))) {
                task->run(task);
                was_busy = true;
        }
        return NULL;
}

/* Under the mutex. */
static int start_thread(struct pool *p)
{
        struct pool_thread *t = &p->threads[p->n_threads];
        char name[16];
        pthread_attr_t attributes;
        sigset_t all, before;
        int rv;

        t->pool = p;
        t->number = p->n_threads;
        rv = pthread_attr_init(&attributes);
        if (rv != 0)
                return rv;
        if (p->stack_bytes)
                pthread_attr_setstacksize(&attributes, p->stack_bytes);
        /* Signals are the main thread's. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rv = pthread_create(&t->thread, &attributes, thread_main, t);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (rv != 0)
                return rv;
        snprintf(name, sizeof(name), "%s-%u", p->name, t->number % 1000);
        pthread_setname_np(t->thread, name);
        p->n_threads++;
        return 0;
}

enum status pool_new(const struct pool_options *options, struct pool **ret, struct error *reterr)
{
        struct pool *p = calloc(1, sizeof(*p) + options->max_threads * sizeof(struct pool_thread));

        if (!p)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        snprintf(p->name, sizeof(p->name), "%s", options->name);
        p->max_threads = options->max_threads;
        p->max_queued = options->max_queued;
        p->stack_bytes = options->stack_bytes;
        pthread_mutex_init(&p->mutex, NULL);
        pthread_cond_init(&p->wake, NULL);
        for (unsigned i = 0; i < options->n_threads; i++) {
                pthread_mutex_lock(&p->mutex);
                int rv = start_thread(p);
                pthread_mutex_unlock(&p->mutex);
                if (rv != 0) {
                        pool_free(p);
                        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                         "cannot start a thread: %s", strerror(rv));
                }
        }
        *ret = p;
        return STATUS_OK;
}

void pool_stop(struct pool *p)
{
        unsigned n;

        if (!p)
                return;
        pthread_mutex_lock(&p->mutex);
        n = p->stopping ? 0 : p->n_threads;
        p->stopping = true;
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->mutex);
        /* No thread is started once stopping is set. */
        for (unsigned i = 0; i < n; i++)
                pthread_join(p->threads[i].thread, NULL);
}

struct pool *pool_free(struct pool *p)
{
        if (!p)
                return NULL;
        pool_stop(p);
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}

static bool submit(struct pool *p, struct task *task, bool bounded)
{
        LOCK(&p->mutex);

        if (p->stopping)
                return false;
        /* A thread that cannot be started only means that the task waits for another one:
         * pool_new() has started at least one. */
        if (p->n_threads - p->n_busy <= p->n_queued && p->n_threads < p->max_threads)
                (void)start_thread(p);
        if (bounded && p->n_queued >= p->max_queued + (p->n_threads - p->n_busy))
                return false;
        push(p, task);
        pthread_cond_signal(&p->wake);
        return true;
}

bool pool_submit(struct pool *p, struct task *task)
{
        return submit(p, task, true);
}

bool pool_submit_always(struct pool *p, struct task *task)
{
        return submit(p, task, false);
}

bool pool_remove(struct pool *p, struct task *task)
{
        LOCK(&p->mutex);

        if (!task->queued)
                return false;
        unlink_task(p, task);
        return true;
}

unsigned pool_n_queued(struct pool *p)
{
        LOCK(&p->mutex);
        return p->n_queued;
}

unsigned pool_n_threads(struct pool *p)
{
        LOCK(&p->mutex);
        return p->n_threads;
}
