/* Time: wall clock for what people read, monotonic clock for deadlines. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds since 1970, UTC. */
int64_t clock_wall_ms(void);
/* Nanoseconds of a clock that never jumps. */
uint64_t clock_mono_ns(void);
/* A moment on the monotonic clock, in nanoseconds; DEADLINE_NEVER does not come. */
typedef uint64_t deadline_ns;
#define DEADLINE_NEVER UINT64_MAX

deadline_ns deadline_in_ms(uint64_t ms);
bool deadline_passed(deadline_ns deadline);
/* Milliseconds left, rounded up; 0 when it has passed, UINT32_MAX at most. */
uint32_t deadline_left_ms(deadline_ns deadline);

/* A condition that can be waited for until such a moment. */
void clock_cond_init(pthread_cond_t *cond);
/* False once the deadline has passed. Like every condition, it may also wake for no reason. */
bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, deadline_ns deadline);

/* RFC 3339 in UTC with milliseconds: "2026-11-23T10:00:00.000Z". size >= 32. Returns the length. */
size_t clock_format(int64_t wall_ms, char *ret, size_t size);
/* The same in the basic format of ISO 8601, for names of files: "20261123T100000.000Z". */
void clock_format_basic(int64_t wall_ms, char *ret, size_t size);
/* Reads RFC 3339 (any offset, fractions cut to milliseconds). False when it is none. */
bool clock_parse(const char *text, int64_t *ret_wall_ms);

#endif
