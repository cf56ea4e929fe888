#include "common/log.h"

#include "common/buffer.h"
#include "common/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX_VALUE_BYTES 2048

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static struct {
        const char *program;
        enum log_level level;
        enum log_format format;
        atomic_uint_fast64_t counts[LOG_LEVEL_ERROR + 1];
} logger = {.program = "socializer", .level = LOG_LEVEL_INFO};

void log_init(const char *program, enum log_level level, enum log_format format)
{
        logger.program = program;
        logger.level = level;
        logger.format = format;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
                if (!strcmp(text, level_names[i])) {
                        *ret = (enum log_level)i;
                        return true;
                }
        }
        return false;
}

bool log_format_parse(const char *text, enum log_format *ret)
{
        if (!strcmp(text, "text"))
                *ret = LOG_FORMAT_TEXT;
        else if (!strcmp(text, "json"))
                *ret = LOG_FORMAT_JSON;
        else
                return false;
        return true;
}

bool log_enabled(enum log_level level)
{
        return level >= logger.level;
}

uint64_t log_count(enum log_level level)
{
        uint64_t n = 0;

        for (size_t i = level; i < ARRAY_SIZE(logger.counts); i++)
                n += atomic_load_explicit(&logger.counts[i], memory_order_relaxed);
        return n;
}

/* Quoted, with everything escaped that could end the line or the quotes. */
static void append_quoted(struct buffer *out, const char *text)
{
        size_t n = strlen(text);

        buffer_append_char(out, '"');
        for (size_t i = 0; i < n && i < LOG_MAX_VALUE_BYTES; i++) {
                unsigned char c = (unsigned char)text[i];
                if (c == '"' || c == '\\')
                        buffer_printf(out, "\\%c", c);
                else if (c == '\n')
                        buffer_append_str(out, "\\n");
                else if (c < 0x20 || c == 0x7f)
                        buffer_printf(out, "\\u%04x", c);
                else
                        buffer_append_char(out, (char)c);
        }
        if (n > LOG_MAX_VALUE_BYTES)
                buffer_append_str(out, "...");
        buffer_append_char(out, '"');
}

static bool needs_quotes(const char *text)
{
        if (!*text || strlen(text) > LOG_MAX_VALUE_BYTES)
                return true;
        for (const char *p = text; *p; p++) {
                if ((unsigned char)*p <= 0x20 || *p == '"' || *p == '\\' || *p == '=' || *p == 0x7f)
                        return true;
        }
        return false;
}

static void append_value(struct buffer *out, const struct log_field *field, bool always_quoted)
{
        const char *text = field->text ? field->text : "";

        switch (field->kind) {
        case LOG_FIELD_STR:
                if (always_quoted || needs_quotes(text))
                        append_quoted(out, text);
                else
                        buffer_append_str(out, text);
                break;
        case LOG_FIELD_INT:
                buffer_printf(out, "%lld", (long long)field->number);
                break;
        case LOG_FIELD_DOUBLE:
                buffer_printf(out, "%.6g", field->real);
                break;
        }
}

static void append_text(struct buffer *out, const char *time, enum log_level level,
                        const char *message, const struct log_field *fields, size_t n)
{
        buffer_printf(out, "%s %s %s: %s", time, level_names[level], logger.program, message);
        for (size_t i = 0; i < n; i++) {
                if (!fields[i].key)
                        continue;
                buffer_printf(out, " %s=", fields[i].key);
                append_value(out, &fields[i], false);
        }
}

static void append_json(struct buffer *out, const char *time, enum log_level level,
                        const char *message, const struct log_field *fields, size_t n)
{
        buffer_printf(out,
                      "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":", time,
                      level_names[level], logger.program);
        append_quoted(out, message);
        for (size_t i = 0; i < n; i++) {
                if (!fields[i].key)
                        continue;
                buffer_printf(out, ",\"%s\":", fields[i].key);
                append_value(out, &fields[i], true);
        }
        buffer_append_char(out, '}');
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields)
{
        AUTO_BUFFER line = BUFFER_INIT;
        char time[32];

        atomic_fetch_add_explicit(&logger.counts[level], 1, memory_order_relaxed);
        clock_format(clock_wall_ms(), time, sizeof(time));
        if (logger.format == LOG_FORMAT_JSON)
                append_json(&line, time, level, message, fields, n_fields);
        else
                append_text(&line, time, level, message, fields, n_fields);
        buffer_append_char(&line, '\n');
        if (buffer_failed(&line))
                return;
        /* A log that cannot be written has nowhere to complain. */
        ssize_t written = write(STDERR_FILENO, line.data, line.n_bytes);
        (void)written;
}
