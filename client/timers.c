#include "client/timers.h"

void timers_deinit(struct timers *t)
{
        free(t->heap);
        *t = (struct timers){0};
}

static void put(struct timers *t, size_t i, struct timer *timer)
{
        t->heap[i] = timer;
        timer->index = i;
}

static void sift_up(struct timers *t, size_t i, struct timer *timer)
{
        while (i > 0) {
                size_t parent = (i - 1) / 2;

                if (t->heap[parent]->at <= timer->at)
                        break;
                put(t, i, t->heap[parent]);
                i = parent;
        }
        put(t, i, timer);
}

static void sift_down(struct timers *t, size_t i, struct timer *timer)
{
        for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
                if (child + 1 < t->n && t->heap[child + 1]->at < t->heap[child]->at)
                        child++;
                if (timer->at <= t->heap[child]->at)
                        break;
                put(t, i, t->heap[child]);
        }
        put(t, i, timer);
}

/* Puts a timer where it belongs, from place i. */
static void sift(struct timers *t, size_t i, struct timer *timer)
{
        if (i > 0 && timer->at < t->heap[(i - 1) / 2]->at)
                sift_up(t, i, timer);
        else
                sift_down(t, i, timer);
}

bool timers_push(struct timers *t, struct timer *timer)
{
        if (t->n == t->capacity) {
                size_t capacity = t->capacity ? 2 * t->capacity : 64;
                struct timer **heap = reallocarray(t->heap, capacity, sizeof(struct timer *));

                if (!heap)
                        return false;
                t->heap = heap;
                t->capacity = capacity;
        }
        sift_up(t, t->n++, timer);
        return true;
}

void timers_remove(struct timers *t, struct timer *timer)
{
        size_t i = timer->index;

        if (i == TIMERS_NOWHERE)
                return;
        timer->index = TIMERS_NOWHERE;
        struct timer *last = t->heap[--t->n];
        if (last != timer)
                sift(t, i, last);
}

void timers_move(struct timers *t, struct timer *timer, deadline_ns at)
{
        timer->at = at;
        sift(t, timer->index, timer);
}
