#include "common/log.h"

#include "common/clock.h"
#include "common/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX_LINE  4096
#define LOG_MAX_VALUE 1024 /* bytes of one message or value; the rest is cut */
#define LOG_TAIL      32 /* kept free for what ends a line that became too long */
#define N_LEVELS      (LOG_LEVEL_ERROR + 1)

static const char *const level_names[N_LEVELS] = {"debug", "info", "warning", "error"};

static struct {
        const char *program;
        enum log_level level;
        enum log_format format;
        atomic_uint_fast64_t counts[N_LEVELS];
} config = {.program = "", .level = LOG_LEVEL_INFO};

struct line {
        char data[LOG_MAX_LINE];
        size_t n;
        size_t limit;
        bool full; /* something did not fit; data is complete up to it */
};

void log_init(const char *program, enum log_level level, enum log_format format)
{
        config.program = program;
        config.level = level;
        config.format = format;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
        for (int i = 0; i < N_LEVELS; i++) {
                if (strcmp(text, level_names[i]) == 0) {
                        *ret = (enum log_level)i;
                        return true;
                }
        }
        return false;
}

bool log_format_parse(const char *text, enum log_format *ret)
{
        if (strcmp(text, "text") == 0)
                *ret = LOG_FORMAT_TEXT;
        else if (strcmp(text, "json") == 0)
                *ret = LOG_FORMAT_JSON;
        else
                return false;
        return true;
}

bool log_enabled(enum log_level level)
{
        return level >= config.level;
}

uint64_t log_count(enum log_level level)
{
        uint64_t n = 0;

        for (int i = level; i < N_LEVELS; i++)
                n += atomic_load_explicit(&config.counts[i], memory_order_relaxed);
        return n;
}

static void put(struct line *l, const char *text, size_t n)
{
        if (l->full || n > l->limit - l->n) {
                l->full = true;
                return;
        }
        memcpy(l->data + l->n, text, n);
        l->n += n;
}

static void put_str(struct line *l, const char *text)
{
        put(l, text, strlen(text));
}

/* One character, escaped where it could end the value or the line, or be none. Returns its bytes.
 */
static size_t put_escaped(struct line *l, const char *at, size_t n)
{
        uint8_t c = (uint8_t)*at;
        size_t k = utf8_char_bytes((const uint8_t *)at, n);
        char escape[8];

        if (k == 0) {
                put_str(l, "\xef\xbf\xbd"); /* U+FFFD */
                return 1;
        }
        /* C1 controls and the line separators U+2028 and U+2029 end lines somewhere, too. */
        if (k == 2 && c == 0xc2 && (uint8_t)at[1] < 0xa0) {
                snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)(uint8_t)at[1]);
                put_str(l, escape);
        } else if (k == 3 && memcmp(at, "\xe2\x80", 2) == 0 && ((uint8_t)at[2] & 0xfe) == 0xa8) {
                put_str(l, (uint8_t)at[2] == 0xa8 ? "\\u2028" : "\\u2029");
        } else if (c == '"' || c == '\\') {
                escape[0] = '\\';
                escape[1] = (char)c;
                put(l, escape, 2);
        } else if (c == '\n') {
                put_str(l, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
                snprintf(escape, sizeof(escape), "\\u%04x", c);
                put_str(l, escape);
        } else {
                put(l, at, k);
        }
        return k;
}

static void put_quoted(struct line *l, const char *text)
{
        size_t n = strnlen(text, LOG_MAX_VALUE + 1);
        size_t end = n > LOG_MAX_VALUE ? LOG_MAX_VALUE : n;

        put_str(l, "\"");
        for (size_t i = 0; i < end;)
                i += put_escaped(l, text + i, n - i);
        if (end < n)
                put_str(l, "\xe2\x80\xa6"); /* … */
        put_str(l, "\"");
}

/* Whether a value reads well, and safely, without quotes. */
static bool is_plain(const char *text)
{
        size_t n = strnlen(text, LOG_MAX_VALUE + 1);

        if (n == 0 || n > LOG_MAX_VALUE)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\=", text[i]))
                        return false;
        }
        return true;
}

static void put_value(struct line *l, const struct log_field *f, enum log_format format)
{
        const char *text = f->text ? f->text : "";
        char number[32];

        switch (f->kind) {
        case LOG_FIELD_STR:
                if (format == LOG_FORMAT_TEXT && is_plain(text))
                        put_str(l, text);
                else
                        put_quoted(l, text);
                break;
        case LOG_FIELD_INT:
                snprintf(number, sizeof(number), "%lld", (long long)f->number);
                put_str(l, number);
                break;
        case LOG_FIELD_DOUBLE:
                snprintf(number, sizeof(number), "%.6g", f->real);
                put_str(l, isfinite(f->real) || format == LOG_FORMAT_TEXT ? number : "null");
                break;
        }
}

static void put_field(struct line *l, const struct log_field *f, enum log_format format)
{
        size_t before = l->n;

        if (!f->key || l->full)
                return;
        if (format == LOG_FORMAT_JSON) {
                put_str(l, ",");
                put_quoted(l, f->key);
                put_str(l, ":");
        } else {
                put_str(l, " ");
                put_str(l, f->key);
                put_str(l, "=");
        }
        put_value(l, f, format);
        if (l->full)
                l->n = before; /* whole fields only, so that the line can still be read */
}

/* A message is the program's own words, but may quote what came from outside. */
static void put_message(struct line *l, const char *message)
{
        size_t n = strnlen(message, LOG_MAX_VALUE);

        for (size_t i = 0; i < n;)
                i += put_escaped(l, message + i, n - i);
}

static void format_line(struct line *l, enum log_level level, const char *message,
                        const struct log_field *fields, size_t n_fields)
{
        bool json = config.format == LOG_FORMAT_JSON;
        char time[32];

        l->limit = sizeof(l->data) - LOG_TAIL;
        clock_format(clock_wall_ms(), time, sizeof(time));
        put_str(l, json ? "{\"time\":\"" : "");
        put_str(l, time);
        put_str(l, json ? "\",\"level\":\"" : " ");
        put_str(l, level_names[level]);
        if (json) {
                put_str(l, "\",\"program\":");
                put_quoted(l, config.program);
                put_str(l, ",\"message\":");
                put_quoted(l, message);
        } else {
                put_str(l, " ");
                put_message(l, message);
        }
        for (size_t i = 0; i < n_fields; i++)
                put_field(l, &fields[i], config.format);
        l->limit = sizeof(l->data);
        if (l->full) {
                l->full = false;
                put_str(l, json ? ",\"truncated\":true" : " truncated=true");
        }
        put_str(l, json ? "}\n" : "\n");
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields)
{
        struct line l;
        ssize_t rc;

        l.n = 0;
        l.full = false;
        format_line(&l, level, message, fields, n_fields);
        atomic_fetch_add_explicit(&config.counts[level], 1, memory_order_relaxed);
        do {
                rc = write(STDERR_FILENO, l.data, l.n);
        } while (rc < 0 && errno == EINTR);
}
