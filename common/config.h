/* A program's options: a flag beats an environment variable beats the config file.
 *
 *     --log-level LEVEL    SOCIALIZER_LOG_LEVEL=…    log-level = …   (in the file of --config)
 *
 * --help, --version and --config FILE come by themselves. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

enum config_kind {
        CONFIG_STRING, /* target: const char * */
        CONFIG_LIST, /* target: struct config_list; a variable or file separates by spaces */
        CONFIG_UNSIGNED, /* target: unsigned, min to max */
        CONFIG_FLAG, /* target: bool; a variable or file says true or false */
        CONFIG_CHOICE, /* target: const char *, one of choices */
};

struct config_list {
        const char **items; /* owned by the config, as are all texts */
        size_t n_items;
};

struct config_option {
        const char *name; /* "log-level" */
        enum config_kind kind;
        void *target; /* holds the default beforehand */
        const char *argument; /* "LEVEL"; unused for a flag */
        const char *help; /* one line */
        const char *fallback; /* what --help calls the default; NULL = nothing to say */
        const char *const *choices; /* CONFIG_CHOICE, NULL ends */
        unsigned min, max; /* CONFIG_UNSIGNED */
};

struct config {
        const char *program; /* "socializerd" */
        const char *usage; /* "[OPTION…]" */
        const char *summary; /* a sentence or two for --help */
        const char *epilogue; /* printed at the end of --help, may be NULL */
        const struct config_option *options;
        size_t n_options;
        /* The rest is config_read()'s. */
        char **texts; /* what targets point into */
        size_t n_texts;
        int first_positional; /* index into argv of the first argument that is no option */
};

enum config_result {
        CONFIG_READ, /* go on */
        CONFIG_SHOWN, /* --help or --version was printed: exit 0 */
        CONFIG_WRONG, /* one line on standard error says what: exit 2 */
};

/* Reads flags, environment and file into the targets. Arguments that are no options end up behind
 * first_positional (argv is reordered unless stop_at_positional). */
enum config_result config_read(struct config *config, int argc, char **argv,
                               bool stop_at_positional) MUST_CHECK;
/* Frees what the targets point at. */
void config_deinit(struct config *config);

#endif
