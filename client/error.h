/* The library's errors towards its users: soc_error is struct error under a public name. */
#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

#include "client/include/socializer.h"
#include "common/status.h"

/* The same memory under the other name; the layouts are checked in error.c. NULL stays NULL. */
static inline struct error *error_of(soc_error *e)
{
        return (struct error *)e;
}

static inline const soc_error *error_public(const struct error *e)
{
        return (const soc_error *)e;
}

#endif
