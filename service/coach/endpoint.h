/* Where a language model is: its base URL, as "https://api.openai.com/v1". */
#ifndef SERVICE_COACH_ENDPOINT_H
#define SERVICE_COACH_ENDPOINT_H

#include "common/status.h"

#include <stddef.h>

#define ENDPOINT_MAX_BYTES 512

/* Checks a user's endpoint. allowed: what administrators allow, each a scheme, a host, maybe a port
 * and maybe the beginning of a path ("https://api.openai.com", "http://10.0.0.7:11434/v1"); what
 * is not said means the scheme's port and any path. Hosts match whole, paths by whole segments. An
 * empty list allows nothing; NULL asks for the form only.
 * INVALID_ARGUMENT, field "endpoint": no http or https URL, one with a user, a query or a fragment,
 * or too long. PERMISSION_DENIED, field "endpoint": not allowed. */
enum status coach_endpoint_check(const char *endpoint, const char *const *allowed, size_t n_allowed,
                                 struct error *reterr) MUST_CHECK;

/* The URL to post chat completions to, in one spelling whatever the endpoint's; free() it.
 * INVALID_ARGUMENT as above. */
enum status endpoint_completions_url(const char *endpoint, char **ret,
                                     struct error *reterr) MUST_CHECK;

#endif
