#include "client/timers.h"

#include "client/pending.h"

void timers_deinit(struct timers *t)
{
        free(t->at);
        *t = (struct timers){0};
}

static void put(struct timers *t, size_t i, struct soc_pending *p)
{
        t->at[i] = p;
        p->heap_index = i;
}

static void sift_up(struct timers *t, size_t i, struct soc_pending *p)
{
        while (i > 0) {
                size_t parent = (i - 1) / 2;

                if (t->at[parent]->wake_at <= p->wake_at)
                        break;
                put(t, i, t->at[parent]);
                i = parent;
        }
        put(t, i, p);
}

static void sift_down(struct timers *t, size_t i, struct soc_pending *p)
{
        for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
                if (child + 1 < t->n && t->at[child + 1]->wake_at < t->at[child]->wake_at)
                        child++;
                if (p->wake_at <= t->at[child]->wake_at)
                        break;
                put(t, i, t->at[child]);
        }
        put(t, i, p);
}

bool timers_push(struct timers *t, struct soc_pending *p)
{
        if (t->n == t->capacity) {
                size_t capacity = t->capacity ? 2 * t->capacity : 64;
                struct soc_pending **at =
                        reallocarray(t->at, capacity, sizeof(struct soc_pending *));

                if (!at)
                        return false;
                t->at = at;
                t->capacity = capacity;
        }
        sift_up(t, t->n++, p);
        return true;
}

void timers_remove(struct timers *t, struct soc_pending *p)
{
        size_t i = p->heap_index;

        if (i == TIMERS_NOWHERE)
                return;
        p->heap_index = TIMERS_NOWHERE;
        struct soc_pending *last = t->at[--t->n];
        if (last == p)
                return;
        if (i > 0 && last->wake_at < t->at[(i - 1) / 2]->wake_at)
                sift_up(t, i, last);
        else
                sift_down(t, i, last);
}
