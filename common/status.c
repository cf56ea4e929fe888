#include "common/status.h"

#include "common/utf8.h"

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

bool status_is_final(enum status status)
{
        switch (status) {
        case STATUS_INVALID_ARGUMENT:
        case STATUS_NOT_FOUND:
        case STATUS_PERMISSION_DENIED:
        case STATUS_FAILED_PRECONDITION:
        case STATUS_UNIMPLEMENTED:
        case STATUS_UNAUTHENTICATED:
                return true;
        default:
                return false;
        }
}

/* Makes text valid UTF-8: drops a character that was cut off at the end, and puts '?' for what is
 * none (a "%.40s" may have cut one, too). */
static void clean(char *text)
{
        size_t n = strlen(text);

        for (size_t i = 0; i < n;) {
                size_t k = utf8_char_bytes((const uint8_t *)text + i, n - i);

                if (k == 0 && n - i < 4 && (uint8_t)text[i] >= 0xc2) {
                        text[i] = '\0';
                        return;
                }
                if (k == 0) {
                        text[i] = '?';
                        k = 1;
                }
                i += k;
        }
}

/* The text is made aside first: what it is made of may be the very error that is filled. */
static void set_text(struct error *ret, enum status status, const char *before, const char *middle,
                     const char *after)
{
        struct error e = {.status = status};

        snprintf(e.text, sizeof(e.text), "%s%s%s", before, middle, after);
        clean(e.text);
        *ret = e;
}

static void copy_clean(char *ret, size_t size, const char *text)
{
        snprintf(ret, size, "%.*s", (int)size - 1, text);
        clean(ret);
}

#define FORMAT_TEXT(text, format)                             \
        do {                                                  \
                va_list args_;                                \
                va_start(args_, format);                      \
                vsnprintf(text, sizeof(text), format, args_); \
                va_end(args_);                                \
        } while (0)

enum status error_set(struct error *ret, enum status status, const char *format, ...)
{
        char text[sizeof(ret->text)];

        if (!ret)
                return status;
        FORMAT_TEXT(text, format);
        set_text(ret, status, "", text, "");
        return status;
}

enum status error_field(struct error *ret, const char *field, const char *format, ...)
{
        char text[sizeof(ret->text)], name[sizeof(ret->field)];
        size_t n;

        if (!ret)
                return STATUS_INVALID_ARGUMENT;
        FORMAT_TEXT(text, format);
        copy_clean(name, sizeof(name), field);
        n = strlen(name);
        if (strncmp(text, name, n) == 0 && text[n] == ':')
                set_text(ret, STATUS_INVALID_ARGUMENT, "", text, "");
        else
                set_text(ret, STATUS_INVALID_ARGUMENT, name, ": ", text);
        memcpy(ret->field, name, n + 1);
        return STATUS_INVALID_ARGUMENT;
}

enum status error_resource(struct error *ret, enum status status, const char *type,
                           const char *format, ...)
{
        char name[sizeof(ret->text)], resource[sizeof(ret->text)];

        if (!ret)
                return status;
        FORMAT_TEXT(name, format);
        snprintf(resource, sizeof(resource), "%s %.200s", type, name);
        if (status == STATUS_NOT_FOUND)
                set_text(ret, status, "no ", resource, "");
        else
                set_text(ret, status, resource, "",
                         status == STATUS_ALREADY_EXISTS ? " exists already" : "");
        copy_clean(ret->resource, sizeof(ret->resource), resource);
        return status;
}

enum status error_retry(struct error *ret, enum status status, uint32_t retry_after_ms,
                        const char *format, ...)
{
        char text[sizeof(ret->text)];

        if (!ret)
                return status;
        FORMAT_TEXT(text, format);
        set_text(ret, status, "", text, "");
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
