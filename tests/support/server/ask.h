/* Calls of a service in JSON, by any method's short name. */
#ifndef TESTS_SUPPORT_SERVER_ASK_H
#define TESTS_SUPPORT_SERVER_ASK_H

#include "common/status.h"

#include "socializer.h"

#include <jansson.h>

/* token "" = none. *ret (may be NULL) gets the response, to be released; NULL unless OK. What the
 * service says to it: a request that is none fails the test. */
enum status ask(soc_client *client, const char *token, const char *method, const char *request,
                json_t **ret, struct error *reterr);
/* The same where it must go well. */
json_t *ask_well(soc_client *client, const char *token, const char *method, const char *request);
/* A fresh token of an account; free() it. */
char *ask_login(soc_client *client, const char *username, const char *password);
/* A whole number of an answer; fails when there is none. */
int64_t ask_number(const json_t *object, const char *name);

#endif
