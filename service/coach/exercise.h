/* Exercises for skills, from easy to hard. */
#ifndef SERVICE_COACH_EXERCISE_H
#define SERVICE_COACH_EXERCISE_H

#include <stddef.h>

/* An exercise for a skill of that name at that level (0 to 10); turn picks among those that fit, so
 * that the next one differs. Static. */
const char *exercise_for(const char *skill_name, int level, size_t turn);

#endif
