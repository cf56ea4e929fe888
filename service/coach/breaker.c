#include "service/coach/breaker.h"

#include <stdlib.h>
#include <string.h>

void breaker_set_deinit(struct breaker_set *set)
{
        for (size_t i = 0; i < BREAKER_MAX_ENDPOINTS; i++)
                free(set->items[i].endpoint);
}

static struct breaker *find(struct breaker_set *set, const char *endpoint)
{
        for (size_t i = 0; i < BREAKER_MAX_ENDPOINTS; i++)
                if (set->items[i].endpoint && strcmp(set->items[i].endpoint, endpoint) == 0)
                        return &set->items[i];
        return NULL;
}

/* A free place, or that of the endpoint that was used longest ago; NULL when there is no memory. */
static struct breaker *add(struct breaker_set *set, const char *endpoint)
{
        struct breaker *oldest = &set->items[0];
        char *copy = strdup(endpoint);

        if (!copy)
                return NULL;
        for (size_t i = 0; i < BREAKER_MAX_ENDPOINTS && oldest->endpoint; i++)
                if (!set->items[i].endpoint || set->items[i].used_ns < oldest->used_ns)
                        oldest = &set->items[i];
        free(oldest->endpoint);
        *oldest = (struct breaker){.endpoint = copy};
        return oldest;
}

bool breaker_admit(struct breaker_set *set, const char *endpoint, uint32_t *ret_wait_ms)
{
        struct breaker *b = find(set, endpoint);

        if (!b)
                return true;
        b->used_ns = clock_mono_ns();
        if (b->open_until == 0)
                return true;
        *ret_wait_ms = deadline_left_ms(b->open_until);
        if (*ret_wait_ms > 0)
                return false;
        if (b->probing) {
                *ret_wait_ms = 1000;
                return false;
        }
        b->probing = true;
        return true;
}

void breaker_report(struct breaker_set *set, const char *endpoint, enum breaker_outcome outcome)
{
        struct breaker *b = find(set, endpoint);

        if (!b && outcome == BREAKER_FAILED)
                b = add(set, endpoint);
        if (!b)
                return;
        b->used_ns = clock_mono_ns();
        b->probing = false;
        if (outcome == BREAKER_WORKED) {
                b->n_failures = 0;
                b->open_until = 0;
        } else if (outcome == BREAKER_FAILED) {
                if (++b->n_failures >= set->max_failures)
                        b->open_until = deadline_in_ms(set->open_ms);
        }
}
