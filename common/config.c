#include "common/config.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define VARIABLE_PREFIX "SOCIALIZER_"

enum { CODE_OPTION = 1000, CODE_HELP = 'h', CODE_VERSION = 'V', CODE_CONFIG = 'c' };

/* The file and the line that a value came from, or the variable, or the flag: for error texts. */
struct source {
        struct config *config;
        const char *path;
        bool *is_set; /* options that a flag or a variable has set already */
        bool wrong;
};

static void complain(const struct config *config, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void complain(const struct config *config, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fprintf(stderr, "%s: ", config->program);
        vfprintf(stderr, format, args);
        fprintf(stderr, "; see %s --help\n", config->program);
        va_end(args);
}

/* Copies n bytes of text into the config's keeping; NULL when there is no memory. */
static char *keep(struct config *config, const char *text, size_t n)
{
        char **grown = realloc(config->texts, (config->n_texts + 1) * sizeof(*grown));
        char *copy = strndup(text, n);

        if (grown)
                config->texts = grown;
        if (!grown || !copy) {
                complain(config, "out of memory");
                free(copy);
                return NULL;
        }
        return config->texts[config->n_texts++] = copy;
}

void config_deinit(struct config *config)
{
        for (size_t i = 0; i < config->n_options; i++) {
                struct config_list *list = config->options[i].target;
                if (config->options[i].kind == CONFIG_LIST) {
                        free(list->items);
                        *list = (struct config_list){0};
                }
        }
        for (size_t i = 0; i < config->n_texts; i++)
                free(config->texts[i]);
        free(config->texts);
        config->texts = NULL;
        config->n_texts = 0;
}

static bool set_string(struct config *config, const struct config_option *o, const char *text)
{
        const char *kept = keep(config, text, strlen(text));

        if (kept)
                *(const char **)o->target = kept;
        return kept;
}

static bool add_item(struct config *config, const struct config_option *o, const char *text,
                     size_t n)
{
        struct config_list *list = o->target;
        const char *kept = keep(config, text, n);
        const char **grown = realloc(list->items, (list->n_items + 1) * sizeof(*grown));

        if (grown)
                list->items = grown;
        if (!grown || !kept)
                return false;
        list->items[list->n_items++] = kept;
        return true;
}

/* A variable or a line of the file holds all items, with spaces between. */
static bool add_items(struct config *config, const struct config_option *o, const char *text)
{
        static const char spaces[] = " \t";

        for (text += strspn(text, spaces); *text; text += strspn(text, spaces)) {
                size_t n = strcspn(text, spaces);

                if (!add_item(config, o, text, n))
                        return false;
                text += n;
        }
        return true;
}

static bool set_unsigned(struct config *config, const struct config_option *o, const char *text,
                         const char *from)
{
        char *end;
        unsigned long value;

        errno = 0;
        value = strtoul(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end || errno || value < o->min || value > o->max) {
                complain(config, "%s: want a number from %u to %u, got '%s'", from, o->min, o->max,
                         text);
                return false;
        }
        *(unsigned *)o->target = (unsigned)value;
        return true;
}

static bool set_flag(struct config *config, const struct config_option *o, const char *text,
                     const char *from)
{
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
                complain(config, "%s: want true or false, got '%s'", from, text);
                return false;
        }
        *(bool *)o->target = *text == 't';
        return true;
}

static bool set_choice(struct config *config, const struct config_option *o, const char *text,
                       const char *from)
{
        char all[128] = "";
        size_t n = 0;

        for (const char *const *choice = o->choices; *choice; choice++) {
                if (!strcmp(*choice, text))
                        return set_string(config, o, text);
                snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "", *choice);
                n = strlen(all);
        }
        complain(config, "%s: want one of %s, got '%s'", from, all, text);
        return false;
}

static bool set_option(struct config *config, const struct config_option *o, const char *text,
                       const char *from, bool is_flag)
{
        switch (o->kind) {
        case CONFIG_STRING:
                return set_string(config, o, text);
        case CONFIG_LIST:
                return is_flag ? add_item(config, o, text, strlen(text))
                               : add_items(config, o, text);
        case CONFIG_UNSIGNED:
                return set_unsigned(config, o, text, from);
        case CONFIG_FLAG:
                return set_flag(config, o, text, from);
        case CONFIG_CHOICE:
                return set_choice(config, o, text, from);
        }
        return false;
}

/* "log-level" as SOCIALIZER_LOG_LEVEL */
static void variable_name(const char *option, char ret[static 64])
{
        size_t n = sizeof(VARIABLE_PREFIX) - 1;

        memcpy(ret, VARIABLE_PREFIX, n);
        for (; *option && n < 63; option++)
                ret[n++] = *option == '-' ? '_' : (char)toupper((unsigned char)*option);
        ret[n] = '\0';
}

static void show_help(const struct config *config)
{
        printf("usage: %s %s\n\n%s\n\n", config->program, config->usage, config->summary);
        for (size_t i = 0; i < config->n_options; i++) {
                const struct config_option *o = &config->options[i];
                char variable[64], left[64];
                variable_name(o->name, variable);
                snprintf(left, sizeof(left), "--%s%s%s", o->name, o->kind == CONFIG_FLAG ? "" : " ",
                         o->kind == CONFIG_FLAG ? "" : o->argument);
                printf("  %-26s %s\n  %-26s   [%s", left, o->help, "", variable);
                if (o->fallback)
                        printf("; default: %s", o->fallback);
                printf("%s]\n", o->kind == CONFIG_LIST ? "; repeatable" : "");
        }
        printf("  %-26s %s\n", "--config FILE", "options as lines 'name = value'");
        printf("  %-26s %s\n", "--help, --version", "");
        if (config->epilogue)
                printf("\n%s", config->epilogue);
}

static int ini_line(void *user, const char *section, const char *name, const char *value)
{
        struct source *source = user;
        struct config *config = source->config;

        (void)section;
        for (size_t i = 0; i < config->n_options; i++) {
                const struct config_option *o = &config->options[i];
                if (strcmp(o->name, name) != 0)
                        continue;
                if (source->is_set[i])
                        return 1;
                char from[128];
                snprintf(from, sizeof(from), "%s: %s", source->path, name);
                source->wrong = !set_option(config, o, value, from, false);
                return !source->wrong;
        }
        complain(config, "%s: unknown option '%s'", source->path, name);
        source->wrong = true;
        return 0;
}

static bool read_file(struct config *config, const char *path, bool *is_set)
{
        struct source source = {.config = config, .path = path, .is_set = is_set};
        struct stat st;

        /* A folder can be opened, and reads as if it were empty. */
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
                complain(config, "cannot read %s: %s", path, strerror(EISDIR));
                return false;
        }
        int line = ini_parse(path, ini_line, &source);

        if (source.wrong)
                return false;
        if (line < 0)
                complain(config, "cannot read %s: %s", path, strerror(errno));
        else if (line > 0)
                complain(config, "%s: line %d is not 'name = value'", path, line);
        return line == 0;
}

static bool read_environment(struct config *config, bool *is_set)
{
        for (size_t i = 0; i < config->n_options; i++) {
                const struct config_option *o = &config->options[i];
                char name[64];
                variable_name(o->name, name);
                const char *value = getenv(name);
                if (!value || is_set[i])
                        continue;
                if (!set_option(config, o, value, name, false))
                        return false;
                is_set[i] = true;
        }
        return true;
}

/* Longest-first is getopt's work; here is only what it found. */
static bool read_flag(struct config *config, size_t i, const char *value, bool *is_set)
{
        const struct config_option *o = &config->options[i];
        char from[64];

        is_set[i] = true;
        if (o->kind == CONFIG_FLAG) {
                *(bool *)o->target = true;
                return true;
        }
        snprintf(from, sizeof(from), "--%s", o->name);
        return set_option(config, o, value, from, true);
}

static enum config_result read_flags(struct config *config, int argc, char **argv,
                                     const struct option *longs, const char *shorts, bool *is_set,
                                     const char **ret_path)
{
        int code;

        optind = 0; /* glibc: start anew, also when called again */
        opterr = 0;
        while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
                if (code == CODE_HELP) {
                        show_help(config);
                        return CONFIG_SHOWN;
                }
                if (code == CODE_VERSION) {
                        printf("%s %s\n", config->program, SOCIALIZER_VERSION);
                        return CONFIG_SHOWN;
                }
                if (code == CODE_CONFIG) {
                        *ret_path = optarg;
                } else if (code >= CODE_OPTION) {
                        if (!read_flag(config, (size_t)(code - CODE_OPTION), optarg, is_set))
                                return CONFIG_WRONG;
                } else {
                        complain(config,
                                 code == ':' ? "%s needs a value" : "unknown or unclear option %s",
                                 argv[optind - 1]);
                        return CONFIG_WRONG;
                }
        }
        config->first_positional = optind;
        return CONFIG_READ;
}

static void list_longs(const struct config *config, struct option *longs)
{
        for (size_t i = 0; i < config->n_options; i++) {
                const struct config_option *o = &config->options[i];
                longs[i] = (struct option){o->name,
                                           o->kind == CONFIG_FLAG ? no_argument : required_argument,
                                           NULL, CODE_OPTION + (int)i};
        }
        struct option *rest = longs + config->n_options;
        rest[0] = (struct option){"help", no_argument, NULL, CODE_HELP};
        rest[1] = (struct option){"version", no_argument, NULL, CODE_VERSION};
        rest[2] = (struct option){"config", required_argument, NULL, CODE_CONFIG};
}

static enum config_result read_all(struct config *config, int argc, char **argv,
                                   const struct option *longs, const char *shorts, bool *is_set)
{
        const char *path = NULL;
        enum config_result result = read_flags(config, argc, argv, longs, shorts, is_set, &path);

        if (result != CONFIG_READ)
                return result;
        if (!read_environment(config, is_set))
                return CONFIG_WRONG;
        if (!path)
                path = getenv(VARIABLE_PREFIX "CONFIG");
        if (path && !read_file(config, path, is_set))
                return CONFIG_WRONG;
        return CONFIG_READ;
}

enum config_result config_read(struct config *config, int argc, char **argv,
                               bool stop_at_positional)
{
        bool *is_set = calloc(config->n_options + 1, sizeof(*is_set));
        struct option *longs = calloc(config->n_options + 4, sizeof(*longs));
        enum config_result result = CONFIG_WRONG;

        if (is_set && longs) {
                list_longs(config, longs);
                result = read_all(config, argc, argv, longs, stop_at_positional ? "+:h" : ":h",
                                  is_set);
        } else {
                complain(config, "out of memory");
        }
        free(is_set);
        free(longs);
        return result;
}
