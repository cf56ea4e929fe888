#include "client/cli/cli.h"

#include <stdio.h>

#define METHOD "socializer.v1.AdminService/GetPool"

static int print_table(struct cli *cli, const Socializer__V1__GetPoolResponse *pool)
{
        struct output_table t = {.cli = cli, .n_columns = 9};
        static const char *const titles[] = {">ID",     "MODE",    "STATE",   "HOLDER",     "SINCE",
                                             ">FOR MS", "REQUEST", ">LEASES", ">STATEMENTS"};

        printf("%d connections, %d leased, %d threads waiting; %lld leases since the start, "
               "%lld timed out, %lld took long\n\n",
               pool->size, pool->leased, pool->waiting, (long long)pool->leases_total,
               (long long)pool->timeouts_total, (long long)pool->long_leases_total);
        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        for (size_t i = 0; i < pool->n_connections; i++) {
                const Socializer__V1__PoolConnection *c = pool->connections[i];

                output_table_addf(&t, "%d", c->id);
                output_table_add(&t, c->mode == SOCIALIZER__V1__LEASE_MODE__LEASE_MODE_WRITE
                                             ? "write"
                                             : "read");
                output_table_add(&t, c->leased ? "leased" : "free");
                output_table_add(&t, output_clean(cli, c->holder));
                output_table_add(&t, output_time(cli, c->leased_at));
                output_table_addf(&t, "%.1f", c->held_seconds * 1000);
                output_table_add(&t, output_clean(cli, c->request_id));
                output_table_addf(&t, "%lld", (long long)c->leases);
                output_table_addf(&t, "%d", c->cached_statements);
        }
        return output_table_print(&t);
}

static int run(struct cli *cli)
{
        Socializer__V1__GetPoolRequest request = SOCIALIZER__V1__GET_POOL_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = cli_connect(cli, true);

        if (code == CLI_DONE)
                code = cli_call(cli, METHOD, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, METHOD, response);
        return print_table(cli, (const void *)response);
}

const struct verb verb_pool = {
        .name = "pool",
        .run = run,
        .max_arguments = 0,
        .usage = "pool",
        .summary = "Shows the database connections: who holds which, since when",
        .help = "For administrators, and for whoever may read operator.token in the data folder.\n"
                "\n"
                "Examples:\n"
                "  socializer pool\n"
                "  socializer pool --data /var/lib/socializer --json\n",
};
