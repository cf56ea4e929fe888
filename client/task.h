/* Something to be run later by whoever delivers: the keeper thread, or soc_client_dispatch(). */
#ifndef CLIENT_TASK_H
#define CLIENT_TASK_H

#include <stddef.h>

struct task {
        struct task *next;
        void (*run)(struct task *task);
};

struct task_list {
        struct task *first, *last;
};
#define TASK_LIST_INIT ((struct task_list){NULL, NULL})

static inline void task_append(struct task_list *l, struct task *t)
{
        t->next = NULL;
        if (l->last)
                l->last->next = t;
        else
                l->first = t;
        l->last = t;
}

/* Moves everything of from to the end of to. */
static inline void task_move(struct task_list *to, struct task_list *from)
{
        if (!from->first)
                return;
        if (to->last)
                to->last->next = from->first;
        else
                to->first = from->first;
        to->last = from->last;
        *from = TASK_LIST_INIT;
}

/* Runs and empties the list, in order. A task may be gone once it has run. Returns how many. */
static inline size_t task_run_all(struct task_list *l)
{
        size_t n = 0;

        for (struct task *t = l->first, *next; t; t = next, n++) {
                next = t->next;
                t->run(t);
        }
        *l = TASK_LIST_INIT;
        return n;
}

#endif
