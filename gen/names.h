/* The names that protoc-c gives to things, and ours that follow them. All of them live in the
 * arena. */
#ifndef GEN_NAMES_H
#define GEN_NAMES_H

#include "common/arena.h"

/* "socializer.v1.UserService" as the prefix of functions: "socializer__v1__user_service". */
const char *names_lower(struct arena *a, const char *full_name);
/* "socializer.v1.UserService" as a type: "Socializer__V1__UserService". */
const char *names_type(struct arena *a, const char *full_name);
/* "GetMe" as "get_me" and "GET_ME". */
const char *names_snake(struct arena *a, const char *camel);
const char *names_upper_snake(struct arena *a, const char *camel);
/* What follows the last dot. */
const char *names_last(const char *full_name);

/* How much of it is UTF-8: all, where the text is fit for JSON. */
size_t names_utf8_bytes(const char *text);

/* Memory or the end of the program: a generator without memory has nothing to say. */
void *names_must(void *memory);

#endif
