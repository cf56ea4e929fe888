/* The engine that is always there: fixed rules, no network, the same answer to the same question.
 * It says openly what it is. */
#ifndef SERVICE_COACH_BUILTIN_H
#define SERVICE_COACH_BUILTIN_H

#include "service/coach/coach.h"

#define COACH_BUILTIN "builtin"

extern const struct coach_engine coach_builtin;

/* Whether that provider is it; "" and NULL are. */
bool coach_engine_is_builtin(const char *provider);

#endif
