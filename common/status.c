#include "common/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *status_name(enum status status)
{
        switch (status) {
#define X(name, number, http) \
        case STATUS_##name:   \
                return #name;
                STATUS_LIST(X)
#undef X
        }
        return "UNKNOWN";
}

unsigned status_http(enum status status)
{
        switch (status) {
#define X(name, number, http) \
        case STATUS_##name:   \
                return http;
                STATUS_LIST(X)
#undef X
        }
        return 500;
}

enum status status_from_wire(uint32_t number)
{
        return number <= STATUS_UNAUTHENTICATED ? (enum status)number : STATUS_UNKNOWN;
}

/* vsnprintf that cuts what does not fit before the character it would have split. */
static void format_cut(char *ret, size_t size, const char *format, va_list args)
{
        int wanted = vsnprintf(ret, size, format, args);
        size_t n = size - 1;

        if (wanted < 0) {
                ret[0] = '\0';
                return;
        }
        if ((size_t)wanted < size)
                return;
        while (n && ((unsigned char)ret[n - 1] & 0xc0) == 0x80)
                n--;
        if (n && (unsigned char)ret[n - 1] >= 0xc0)
                n--;
        ret[n] = '\0';
}

static void error_fill(struct error *ret, enum status status, const char *format, va_list args)
{
        *ret = (struct error){.status = status};
        format_cut(ret->text, sizeof(ret->text), format, args);
}

enum status error_set(struct error *ret, enum status status, const char *format, ...)
{
        va_list args;

        if (!ret)
                return status;
        va_start(args, format);
        error_fill(ret, status, format, args);
        va_end(args);
        return status;
}

enum status error_field(struct error *ret, const char *field, const char *format, ...)
{
        char text[192];
        va_list args;

        if (!ret)
                return STATUS_INVALID_ARGUMENT;
        va_start(args, format);
        format_cut(text, sizeof(text), format, args);
        va_end(args);
        error_set(ret, STATUS_INVALID_ARGUMENT, "%s: %s", field, text);
        snprintf(ret->field, sizeof(ret->field), "%s", field);
        return STATUS_INVALID_ARGUMENT;
}

enum status error_resource(struct error *ret, enum status status, const char *type,
                           const char *format, ...)
{
        char name[64];
        va_list args;

        if (!ret)
                return status;
        va_start(args, format);
        format_cut(name, sizeof(name), format, args);
        va_end(args);
        error_set(ret, status,
                  status == STATUS_ALREADY_EXISTS ? "%s %s exists already" : "no %s %s", type,
                  name);
        snprintf(ret->resource, sizeof(ret->resource), "%s %.40s", type, name);
        return status;
}

enum status error_retry(struct error *ret, enum status status, uint32_t retry_after_ms,
                        const char *format, ...)
{
        va_list args;

        if (!ret)
                return status;
        va_start(args, format);
        error_fill(ret, status, format, args);
        va_end(args);
        ret->retry_after_ms = retry_after_ms;
        return status;
}

const char *error_description(const struct error *error)
{
        size_t n = strlen(error->field);

        if (!strncmp(error->text, error->field, n) && !strncmp(error->text + n, ": ", 2))
                return error->text + n + 2;
        return error->text;
}
