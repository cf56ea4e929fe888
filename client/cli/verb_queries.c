#include "client/cli/cli.h"

#include <errno.h>
#include <stdio.h>

#define METHOD "socializer.v1.AdminService/ListQueries"

static int print_table(struct cli *cli, const Socializer__V1__ListQueriesResponse *list)
{
        struct output_table t = {.cli = cli, .n_columns = 7};
        static const char *const titles[] = {">CALLS",   ">ROWS",   ">ERRORS", ">TOTAL MS",
                                             ">MEAN MS", ">MAX MS", "SQL"};

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        for (size_t i = 0; i < list->n_queries; i++) {
                const Socializer__V1__Query *q = list->queries[i];

                output_table_addf(&t, "%lld", (long long)q->calls);
                output_table_addf(&t, "%lld", (long long)q->rows);
                output_table_addf(&t, "%lld", (long long)q->errors);
                output_table_addf(&t, "%.1f", q->total_ms);
                output_table_addf(&t, "%.3f", q->mean_ms);
                output_table_addf(&t, "%.3f", q->max_ms);
                output_table_add(&t, output_clean(cli, q->sql));
        }
        return output_table_print(&t);
}

/* How SQLite goes about each, below the table of what they cost. */
static void print_plans(const Socializer__V1__ListQueriesResponse *list)
{
        for (size_t i = 0; i < list->n_queries; i++)
                printf("\n%s\n%s", list->queries[i]->sql, list->queries[i]->plan);
}

static int run(struct cli *cli)
{
        Socializer__V1__ListQueriesRequest request = SOCIALIZER__V1__LIST_QUERIES_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        if (cli->n_arguments) {
                char *end;
                errno = 0;
                long n = strtol(cli->arguments[0], &end, 10);
                if (errno || *end || end == cli->arguments[0] || n < 1 || n > 500)
                        return report_usage(cli, "want 1 to 500 statements, got '%s'",
                                            cli->arguments[0]);
                request.page_size = (int32_t)n;
        }
        request.with_plans = (cli->given & CLI_PLANS) != 0;
        int code = cli_connect(cli, true);
        if (code == CLI_DONE)
                code = cli_call(cli, METHOD, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, METHOD, response);
        code = print_table(cli, (const void *)response);
        if (code == CLI_DONE && request.with_plans)
                print_plans((const void *)response);
        return code;
}

const struct verb verb_queries = {
        .name = "queries",
        .run = run,
        .max_arguments = 1,
        .flags = CLI_PLANS,
        .usage = "queries [N] [--plans]",
        .summary = "Shows the SQL statements that took most time, and how often they ran",
        .help = "The first N (default: 50). For administrators, and for whoever may read\n"
                "operator.token in the data folder. --plans adds how SQLite goes about each.\n"
                "\n"
                "Examples:\n"
                "  socializer queries 10\n"
                "  socializer queries --json\n"
                "  socializer queries 3 --plans\n",
};
