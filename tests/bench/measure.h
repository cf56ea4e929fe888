/* What load programs measure: how long single operations take, and the CPU time of their own. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

/* Times of operations; those beyond max are counted but not kept. */
struct measure {
        float *us;
        size_t max;
        atomic_size_t n;
};

/* Ends the program when there is no memory. */
void measure_init(struct measure *m, size_t max);
void measure_deinit(struct measure *m);
/* Any thread. */
void measure_add(struct measure *m, uint64_t ns);
/* Once nothing is added any more. */
void measure_sort(struct measure *m);
/* Of the sorted times, in microseconds: 0.5 is the median, 1 the longest. 0 when there is none. */
double measure_quantile(const struct measure *m, double q);

/* RUSAGE_SELF or RUSAGE_THREAD, in microseconds. */
double measure_cpu_us(int who);

#endif
