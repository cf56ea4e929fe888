#include "tests/bench/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void measure_init(struct measure *m, size_t max)
{
        m->us = malloc(max * sizeof(float));
        if (!m->us) {
                fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
                exit(1);
        }
        m->max = max;
        m->n = 0;
}

void measure_deinit(struct measure *m)
{
        free(m->us);
        m->us = NULL;
}

void measure_add(struct measure *m, uint64_t ns)
{
        size_t i = atomic_fetch_add(&m->n, 1);

        if (i < m->max)
                m->us[i] = (float)ns / 1000.0f;
}

static size_t n_kept(const struct measure *m)
{
        return m->n < m->max ? m->n : m->max;
}

static int by_value(const void *a, const void *b)
{
        float x = *(const float *)a, y = *(const float *)b;

        return (x > y) - (x < y);
}

void measure_sort(struct measure *m)
{
        qsort(m->us, n_kept(m), sizeof(float), by_value);
}

double measure_quantile(const struct measure *m, double q)
{
        size_t n = n_kept(m), i = (size_t)((double)n * q);

        if (n == 0)
                return 0;
        return (double)m->us[i < n ? i : n - 1];
}

double measure_cpu_us(int who)
{
        struct rusage u;

        getrusage(who, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
