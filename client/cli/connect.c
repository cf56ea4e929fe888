#include "client/cli/cli.h"
#include "common/clock.h"

#include <string.h>
#include <time.h>

/* A service that is there answers in much less; one that is being started gets this long. */
#define CONNECT_MS 2000u

static const char *operator_token(struct cli *cli)
{
        const char *token = NULL;
        const char *path = arena_printf(&cli->arena, "%s/operator.token", cli->data);

        if (!path || login_file_read_line(path, &cli->arena, &token, NULL) != STATUS_OK)
                return NULL;
        return token;
}

static const char *saved_token(struct cli *cli)
{
        const char *token = NULL;

        return login_file_read(&cli->arena, &token, NULL) == STATUS_OK ? token : NULL;
}

static const char *choose_token(struct cli *cli, bool as_admin)
{
        if (cli->token)
                return cli->token;
        const char *token = as_admin ? operator_token(cli) : saved_token(cli);
        if (!token)
                token = as_admin ? saved_token(cli) : operator_token(cli);
        return token;
}

static bool wait_connected(soc_client *c, uint32_t ms)
{
        const struct timespec pause = {.tv_nsec = 5000000};
        deadline_ns end = deadline_in_ms(ms);

        while (!soc_client_connected(c)) {
                if (deadline_passed(end))
                        return false;
                nanosleep(&pause, NULL);
        }
        return true;
}

int cli_connect(struct cli *cli, bool as_admin)
{
        const soc_client_options options = {.token = choose_token(cli, as_admin)};
        const char *url =
                cli->rpc ? cli->rpc : arena_printf(&cli->arena, "ipc://%s/rpc.ipc", cli->data);
        uint32_t wait_ms =
                cli->timeout_ms && cli->timeout_ms < CONNECT_MS ? cli->timeout_ms : CONNECT_MS;
        soc_error error;

        if (!url)
                return report_failed("no memory");
        soc_status st = soc_client_new(url, &options, &cli->client, &error);
        if (st == SOC_INVALID_ARGUMENT)
                return report_usage(NULL, "%s", error.text);
        if (st != SOC_OK)
                return report_error(error_of(&error));
        if (!wait_connected(cli->client, wait_ms))
                return report_failed("no service at %s; start socializerd, or say where it is with "
                                     "--rpc or --data",
                                     url);
        return CLI_DONE;
}

struct answer {
        struct answer *next;
        ProtobufCMessage *message;
};

int cli_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessage **ret)
{
        const soc_call_options options = {.timeout_ms = cli->timeout_ms};
        struct answer *answer = arena_alloc(&cli->arena, sizeof(*answer));
        soc_error error;

        if (!answer)
                return report_failed("no memory");
        if (soc_call(cli->client, method, request, &options, &answer->message, &error) != SOC_OK)
                return report_error(error_of(&error));
        answer->next = cli->answers;
        cli->answers = answer;
        *ret = answer->message;
        return CLI_DONE;
}

void cli_forget_answers(struct cli *cli)
{
        for (struct answer *a = cli->answers; a; a = a->next)
                protobuf_c_message_free_unpacked(a->message, NULL);
        cli->answers = NULL;
}

void cli_disconnect(struct cli *cli)
{
        cli_forget_answers(cli);
        cli->client = soc_client_free(cli->client);
}
