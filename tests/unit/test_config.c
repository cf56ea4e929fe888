/* common/config.c: flags, variables and files, as a program meets them. */
#include "tests/support/t.h"

#include "common/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGS 16

static const char *const formats[] = {"text", "json", NULL};

/* The options of a program, and what it printed while it read them. */
struct fixture {
        char dir[T_PATH_BYTES];
        char file[T_PATH_BYTES + 16];
        const char *data, *format;
        struct config_list rpc;
        unsigned readers;
        bool check;
        struct config_option options[5];
        struct config config;
        char *argv[MAX_ARGS + 1];
        int argc;
        char *out, *err;
};

static const char *const variables[] = {"DATA", "RPC", "READERS", "CHECK", "LOG_FORMAT", "CONFIG"};

static void clear_environment(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
                char name[64];

                snprintf(name, sizeof(name), "SOCIALIZER_%s", variables[i]);
                unsetenv(name);
        }
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        clear_environment();
        t_temp_dir(f->dir);
        snprintf(f->file, sizeof(f->file), "%s/config", f->dir);
        f->data = "./var";
        f->format = "text";
        f->readers = 2;
        f->options[0] = (struct config_option){.name = "data",
                                               .kind = CONFIG_STRING,
                                               .target = &f->data,
                                               .argument = "DIR",
                                               .help = "where the database is",
                                               .fallback = "./var"};
        f->options[1] = (struct config_option){.name = "rpc",
                                               .kind = CONFIG_LIST,
                                               .target = &f->rpc,
                                               .argument = "URL",
                                               .help = "where to listen"};
        f->options[2] = (struct config_option){.name = "readers",
                                               .kind = CONFIG_UNSIGNED,
                                               .target = &f->readers,
                                               .argument = "N",
                                               .help = "reader threads",
                                               .fallback = "2",
                                               .min = 1,
                                               .max = 64};
        f->options[3] = (struct config_option){
                .name = "check", .kind = CONFIG_FLAG, .target = &f->check, .help = "only check"};
        f->options[4] = (struct config_option){.name = "log-format",
                                               .kind = CONFIG_CHOICE,
                                               .target = &f->format,
                                               .argument = "text|json",
                                               .help = "how to log",
                                               .choices = formats};
        f->config = (struct config){.program = "tester",
                                    .usage = "[OPTION…] [FILE…]",
                                    .summary = "Tests.",
                                    .options = f->options,
                                    .n_options = 5};
        f->argv[0] = (char *)"tester";
        f->argc = 1;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        clear_environment();
        config_deinit(&f->config);
        t_remove_dir(f->dir);
        free(f->out);
        free(f->err);
        free(f);
        return 0;
}

static char *redirect(struct fixture *f, FILE *stream, const char *name, int *ret_saved)
{
        char path[T_PATH_BYTES + 16];

        snprintf(path, sizeof(path), "%s/%s", f->dir, name);
        fflush(stream);
        *ret_saved = dup(fileno(stream));
        if (!freopen(path, "we", stream))
                fail_msg("no %s", path);
        return strdup(path);
}

static char *restore(FILE *stream, char *path, int saved)
{
        char *text;

        fflush(stream);
        dup2(saved, fileno(stream));
        close(saved);
        text = t_read_file(path, NULL);
        free(path);
        return text;
}

static enum config_result read_config(struct fixture *f, bool stop_at_positional)
{
        enum config_result result;
        int saved_out, saved_err;
        char *out = redirect(f, stdout, "out", &saved_out);
        char *err = redirect(f, stderr, "err", &saved_err);

        result = config_read(&f->config, f->argc, f->argv, stop_at_positional);
        free(f->out);
        free(f->err);
        f->out = restore(stdout, out, saved_out);
        f->err = restore(stderr, err, saved_err);
        return result;
}

static void add(struct fixture *f, const char *arg)
{
        assert_true(f->argc < MAX_ARGS);
        f->argv[f->argc++] = (char *)arg;
}

static void write_config(struct fixture *f, const char *text)
{
        t_write_file(f->file, text, strlen(text));
        add(f, "--config");
        add(f, f->file);
}

/* One line on standard error that says this; nothing on standard output. */
static void assert_wrong(struct fixture *f, const char *says)
{
        assert_int_equal(read_config(f, false), CONFIG_WRONG);
        assert_string_equal(f->out, "");
        if (!strstr(f->err, says))
                fail_msg("'%s' is not in: %s", says, f->err);
        assert_ptr_equal(strchr(f->err, '\n'), f->err + strlen(f->err) - 1);
        assert_memory_equal(f->err, "tester: ", 8);
}

static void without_any_the_defaults_stand(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_string_equal(f->data, "./var");
        assert_int_equal(f->rpc.n_items, 0);
        assert_int_equal(f->readers, 2);
        assert_false(f->check);
        assert_string_equal(f->format, "text");
        assert_string_equal(f->err, "");
}

static void flags_of_every_kind_are_read(void **state)
{
        struct fixture *f = *state;

        add(f, "--data");
        add(f, "/srv");
        add(f, "--rpc=ipc:///a b");
        add(f, "--rpc");
        add(f, "tcp://127.0.0.1:1");
        add(f, "--readers=64");
        add(f, "--check");
        add(f, "--log-format=json");
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_string_equal(f->data, "/srv");
        assert_int_equal(f->rpc.n_items, 2);
        assert_string_equal(f->rpc.items[0], "ipc:///a b");
        assert_string_equal(f->rpc.items[1], "tcp://127.0.0.1:1");
        assert_int_equal(f->readers, 64);
        assert_true(f->check);
        assert_string_equal(f->format, "json");
}

static void variables_are_read(void **state)
{
        struct fixture *f = *state;

        setenv("SOCIALIZER_DATA", "/env", 1);
        setenv("SOCIALIZER_RPC", "ipc:///a  ipc:///b", 1);
        setenv("SOCIALIZER_READERS", "3", 1);
        setenv("SOCIALIZER_CHECK", "true", 1);
        setenv("SOCIALIZER_LOG_FORMAT", "json", 1);
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_string_equal(f->data, "/env");
        assert_int_equal(f->rpc.n_items, 2);
        assert_string_equal(f->rpc.items[1], "ipc:///b");
        assert_int_equal(f->readers, 3);
        assert_true(f->check);
        assert_string_equal(f->format, "json");
}

static void the_file_is_read(void **state)
{
        struct fixture *f = *state;

        write_config(f, "# how it runs\n\ndata = /file\nrpc = ipc:///a ipc:///b\nreaders=5\n"
                        "check = false\nlog-format = json\n");
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_string_equal(f->data, "/file");
        assert_int_equal(f->rpc.n_items, 2);
        assert_int_equal(f->readers, 5);
        assert_string_equal(f->format, "json");
}

static void a_flag_beats_a_variable_beats_the_file(void **state)
{
        struct fixture *f = *state;

        write_config(f, "data = /file\nreaders = 5\nlog-format = json\nrpc = ipc:///file\n");
        setenv("SOCIALIZER_DATA", "/env", 1);
        setenv("SOCIALIZER_READERS", "6", 1);
        setenv("SOCIALIZER_RPC", "ipc:///env", 1);
        add(f, "--data=/flag");
        add(f, "--rpc=ipc:///flag");
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_string_equal(f->data, "/flag");
        assert_int_equal(f->readers, 6);
        assert_string_equal(f->format, "json");
        assert_int_equal(f->rpc.n_items, 1);
        assert_string_equal(f->rpc.items[0], "ipc:///flag");
}

static void a_variable_can_name_the_file(void **state)
{
        struct fixture *f = *state;

        write_config(f, "readers = 7\n");
        f->argc = 1;
        f->argv[1] = NULL;
        setenv("SOCIALIZER_CONFIG", f->file, 1);
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_int_equal(f->readers, 7);
}

static void positional_arguments_are_left(void **state)
{
        struct fixture *f = *state;

        add(f, "one");
        add(f, "--check");
        add(f, "two");
        add(f, "--");
        add(f, "--three");
        assert_int_equal(read_config(f, false), CONFIG_READ);
        assert_true(f->check);
        assert_int_equal(f->argc - f->config.first_positional, 3);
        assert_string_equal(f->argv[f->config.first_positional], "one");
        assert_string_equal(f->argv[f->config.first_positional + 2], "--three");
}

static void a_command_keeps_its_own_flags(void **state)
{
        struct fixture *f = *state;

        add(f, "--readers=9");
        add(f, "call");
        add(f, "--theirs");
        assert_int_equal(read_config(f, true), CONFIG_READ);
        assert_int_equal(f->readers, 9);
        assert_string_equal(f->argv[f->config.first_positional], "call");
}

static void help_names_every_option_its_default_and_variable(void **state)
{
        struct fixture *f = *state;

        add(f, "--help");
        assert_int_equal(read_config(f, false), CONFIG_SHOWN);
        assert_string_equal(f->err, "");
        for (size_t i = 0; i < ARRAY_SIZE(f->options); i++) {
                assert_non_null(strstr(f->out, f->options[i].name));
                assert_non_null(strstr(f->out, f->options[i].help));
        }
        assert_non_null(strstr(f->out, "usage: tester [OPTION…] [FILE…]"));
        assert_non_null(strstr(f->out, "SOCIALIZER_LOG_FORMAT"));
        assert_non_null(strstr(f->out, "default: ./var"));
        assert_non_null(strstr(f->out, "--config FILE"));
}

static void version_is_shown(void **state)
{
        struct fixture *f = *state;

        add(f, "--version");
        assert_int_equal(read_config(f, false), CONFIG_SHOWN);
        assert_string_equal(f->out, "tester " SOCIALIZER_VERSION "\n");
}

static void wrong_flags_are_named(void **state)
{
        static const struct {
                const char *flag, *says;
        } cases[] = {
                {"--nonsense", "--nonsense"},
                {"--nonsense=1", "--nonsense"},
                {"-x", "-x"},
                {"--data", "--data needs a value"},
                {"--readers=0", "--readers: want a number from 1 to 64, got '0'"},
                {"--readers=65", "--readers: want a number from 1 to 64, got '65'"},
                {"--readers=-1", "got '-1'"},
                {"--readers=", "got ''"},
                {"--readers=2x", "got '2x'"},
                {"--readers= 2", "got ' 2'"},
                {"--readers=4294967298", "got '4294967298'"},
                {"--readers=99999999999999999999", "--readers: want a number"},
                {"--log-format=xml", "--log-format: want one of text, json, got 'xml'"},
                {"--check=yes", "--check"},
                {"--config=/nowhere/at/all", "/nowhere/at/all"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                f->argc = 1;
                add(f, cases[i].flag);
                f->argv[f->argc] = NULL;
                assert_wrong(f, cases[i].says);
        }
}

static void wrong_variables_are_named(void **state)
{
        struct fixture *f = *state;

        setenv("SOCIALIZER_READERS", "many", 1);
        assert_wrong(f, "SOCIALIZER_READERS: want a number");
        unsetenv("SOCIALIZER_READERS");
        setenv("SOCIALIZER_CHECK", "maybe", 1);
        assert_wrong(f, "SOCIALIZER_CHECK: want true or false, got 'maybe'");
}

static void wrong_files_are_named_with_the_line(void **state)
{
        static const struct {
                const char *text, *says;
        } cases[] = {
                {"colour = red\n", "unknown option 'colour'"},
                {"readers = many\n", "readers: want a number from 1 to 64, got 'many'"},
                {"data = /x\nnonsense\n", "line 2"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                f->argc = 1;
                write_config(f, cases[i].text);
                f->argv[f->argc] = NULL;
                assert_wrong(f, cases[i].says);
                assert_non_null(strstr(f->err, f->file));
        }
}

static void a_long_line_of_the_file_is_never_cut_silently(void **state)
{
        struct fixture *f = *state;
        char text[1024], value[601];

        memset(value, 'x', 600);
        value[600] = '\0';
        snprintf(text, sizeof(text), "data = %s\n", value);
        write_config(f, text);
        if (read_config(f, false) == CONFIG_READ)
                assert_string_equal(f->data, value);
        else
                assert_true(strlen(f->err) > 0);
        /* Spaces must not make the rest of a line a line of its own. */
        memset(value + 150, ' ', 100);
        memset(value + 400, ' ', 100);
        f->argc = 1;
        snprintf(text, sizeof(text), "data = %s\n", value);
        write_config(f, text);
        if (read_config(f, false) == CONFIG_READ)
                assert_string_equal(f->data, value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(without_any_the_defaults_stand),
                TEST(flags_of_every_kind_are_read),
                TEST(variables_are_read),
                TEST(the_file_is_read),
                TEST(a_flag_beats_a_variable_beats_the_file),
                TEST(a_variable_can_name_the_file),
                TEST(positional_arguments_are_left),
                TEST(a_command_keeps_its_own_flags),
                TEST(help_names_every_option_its_default_and_variable),
                TEST(version_is_shown),
                TEST(wrong_flags_are_named),
                TEST(wrong_variables_are_named),
                TEST(wrong_files_are_named_with_the_line),
                TEST(a_long_line_of_the_file_is_never_cut_silently),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
