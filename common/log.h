/* Structured log lines on standard error, as text or as JSON, one line an event.
 *
 * Library code returns errors; only the edges (a program's main, the dispatcher, the gateway's
 * request end) log, once. Never log a password, a token, a key or what somebody wrote.
 *
 *     LOG(INFO, "listening", LOG_STR("url", url), LOG_INT("readers", n));
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
        const char *key; /* NULL: no field */
        enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_DOUBLE } kind;
        const char *text; /* any bytes: escaped where needed; NULL is "" */
        int64_t number;
        double real;
};

#define LOG_STR(k, v)    ((struct log_field){.key = (k), .kind = LOG_FIELD_STR, .text = (v)})
#define LOG_INT(k, v)    ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .number = (v)})
#define LOG_DOUBLE(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_DOUBLE, .real = (v)})

/* Called before threads start. program: "socializerd". */
void log_init(const char *program, enum log_level level, enum log_format format);
bool log_level_parse(const char *text, enum log_level *ret);
bool log_format_parse(const char *text, enum log_format *ret);
bool log_enabled(enum log_level level);
/* One event. Any thread; one write(2) a line, so that lines do not mix. */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields);
/* How many lines of at least this level have been written; tests use it. */
uint64_t log_count(enum log_level level);

#define LOG(level, message, ...)                                                       \
        do {                                                                           \
                if (log_enabled(LOG_LEVEL_##level)) {                                  \
                        const struct log_field log_fields_[] = {(struct log_field){0}, \
                                                                ##__VA_ARGS__};        \
                        log_write(LOG_LEVEL_##level, message, log_fields_ + 1,         \
                                  sizeof(log_fields_) / sizeof(log_fields_[0]) - 1);   \
                }                                                                      \
        } while (0)

#endif
