/* What went wrong. The codes are google.rpc.Code; every layer, from SQLite to HTTP, uses them. */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, number on the wire, HTTP status) */
#define STATUS_LIST(X)                 \
        X(OK, 0, 200)                  \
        X(CANCELLED, 1, 499)           \
        X(UNKNOWN, 2, 500)             \
        X(INVALID_ARGUMENT, 3, 422)    \
        X(DEADLINE_EXCEEDED, 4, 504)   \
        X(NOT_FOUND, 5, 404)           \
        X(ALREADY_EXISTS, 6, 409)      \
        X(PERMISSION_DENIED, 7, 403)   \
        X(RESOURCE_EXHAUSTED, 8, 429)  \
        X(FAILED_PRECONDITION, 9, 400) \
        X(ABORTED, 10, 409)            \
        X(OUT_OF_RANGE, 11, 400)       \
        X(UNIMPLEMENTED, 12, 501)      \
        X(INTERNAL, 13, 500)           \
        X(UNAVAILABLE, 14, 503)        \
        X(DATA_LOSS, 15, 500)          \
        X(UNAUTHENTICATED, 16, 401)

enum status {
#define X(name, number, http) STATUS_##name = number,
        STATUS_LIST(X)
#undef X
};

/* "NOT_FOUND"; "UNKNOWN" for a number that is none of them. Static. */
const char *status_name(enum status status);
/* The HTTP status that goes with it. */
unsigned status_http(enum status status);
/* Any number from the wire as a status; UNKNOWN for what is none of them. */
enum status status_from_wire(uint32_t number);
/* Whether there is no use in asking a running service again. CANCELLED is not final: a service that
 * stops ends its calls with it. */
bool status_is_final(enum status status);

/* An error by value, so that reporting one cannot itself run out of memory. Only read after a
 * function has returned something else than STATUS_OK. */
struct error {
        enum status status;
        uint32_t retry_after_ms; /* when to try again; 0 = not said */
        char field[64]; /* the request field that is wrong, "" = none */
        char resource[64]; /* "user 12": the thing that is missing or taken, "" = none */
        char text[256]; /* fit for a user, but for INTERNAL: that stays in the log */
};

#define ERROR_INIT ((struct error){.status = STATUS_OK})

/* Fill an error and return its status. ret may be NULL: only the status is returned then. Text that
 * does not fit is cut at a character boundary. */
enum status error_set(struct error *ret, enum status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* INVALID_ARGUMENT of a field: the format says the limit and what was found. The text becomes
 * "FIELD: …", unless it starts so already. */
enum status error_field(struct error *ret, const char *field, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* NOT_FOUND or ALREADY_EXISTS of a thing: type "user", name "12". The text becomes "no user 12" or
 * "user 12 exists already". */
enum status error_resource(struct error *ret, enum status status, const char *type,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* RESOURCE_EXHAUSTED or UNAVAILABLE with the time to wait. */
enum status error_retry(struct error *ret, enum status status, uint32_t retry_after_ms,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The text of a field error without the field's name in front. */
const char *error_description(const struct error *error);

#endif
