#include "client/cli/cli.h"
#include "common/buffer.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>

static const char *const access_names[] = {
        [ACCESS_PUBLIC] = "public", [ACCESS_USER] = "user", [ACCESS_ADMIN] = "admin"};

static void print_names(void)
{
        for (size_t i = 0; i < contract_n_methods; i++)
                printf("%s/%s\n", contract_methods[i].service, contract_methods[i].method);
}

static int print_json(struct cli *cli)
{
        AUTO_BUFFER out = BUFFER_INIT;
        const char *end = cli->compact ? "" : "\n";

        buffer_printf(&out, "[%s", end);
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                buffer_append_str(&out, "{\"method\": ");
                json_append_string(&out, m->name);
                buffer_printf(&out, ", \"access\": \"%s\", \"http\": [", access_names[m->access]);
                for (size_t r = 0; r < m->n_routes; r++)
                        buffer_printf(&out, "%s\"%s %s\"", r ? ", " : "", m->routes[r].verb,
                                      m->routes[r].path);
                buffer_printf(&out, "]}%s%s", i + 1 < contract_n_methods ? "," : "", end);
        }
        buffer_append_str(&out, "]");
        if (buffer_failed(&out))
                return report_failed("no memory");
        printf("%s\n", buffer_str(&out));
        return CLI_DONE;
}

static int run(struct cli *cli)
{
        if (cli->given & CLI_NAMES) {
                print_names();
                return CLI_DONE;
        }
        if (cli->json)
                return print_json(cli);
        struct output_table t = {.cli = cli, .n_columns = 3};
        output_table_add(&t, "METHOD");
        output_table_add(&t, "ACCESS");
        output_table_add(&t, "HTTP");
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                output_table_addf(&t, "%s/%s", m->service, m->method);
                output_table_add(&t, access_names[m->access]);
                if (m->n_routes)
                        output_table_addf(&t, "%s %s", m->routes[0].verb, m->routes[0].path);
                else
                        output_table_add(&t, "-");
        }
        return output_table_print(&t);
}

const struct verb verb_list = {
        .name = "list",
        .run = run,
        .max_arguments = 0,
        .flags = CLI_NAMES,
        .usage = "list [--names]",
        .summary = "Lists the methods, who may call them, and where they are over HTTP",
        .help = "  --names  only the names, one a line\n"
                "\n"
                "Examples:\n"
                "  socializer list\n"
                "  socializer list --names | grep Room\n"
                "  socializer list --json\n",
};
