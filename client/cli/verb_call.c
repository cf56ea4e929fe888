#include "client/cli/cli.h"
#include "common/json.h"

#include <string.h>

/* The JSON of the command line as a request; NULL, having said why, when it is none. */
static ProtobufCMessage *read_request(struct cli *cli, const struct method *m)
{
        const char *text = cli->n_arguments > 1 ? cli->arguments[1] : "{}";
        size_t n = strlen(text);
        struct error err = ERROR_INIT;
        json_t *tree = NULL;

        if (strcmp(text, "-") == 0) {
                text = input_all(cli, &n);
                if (!text)
                        return NULL;
        }
        ProtobufCMessage *request = json_new_message(m->input->descriptor, &cli->arena);
        if (!request) {
                report_failed("no memory");
                return NULL;
        }
        enum status st = json_parse_text(text, n, &tree, &err);
        if (st == STATUS_OK)
                st = json_to_message(m->input, tree, &cli->arena, request, &err);
        json_decref(tree);
        if (st != STATUS_OK) {
                report_usage(cli, "the request is no %s: %s", m->input->descriptor->short_name,
                             err.text);
                return NULL;
        }
        return request;
}

static int run(struct cli *cli)
{
        const struct method *m = contract_find_short(cli->arguments[0]);
        const ProtobufCMessage *response = NULL;

        if (!m)
                return report_unknown_method(cli->arguments[0]);
        ProtobufCMessage *request = read_request(cli, m);
        if (!request)
                return CLI_USAGE;
        int code = cli_connect(cli, m->access == ACCESS_ADMIN);
        if (code == CLI_DONE)
                code = cli_call(cli, m->name, request, &response);
        if (code == CLI_DONE)
                code = output_message(cli, m->name, response);
        return code;
}

const struct verb verb_call = {
        .name = "call",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 2,
        .usage = "call METHOD [JSON|-]",
        .summary = "Calls a method, with a request in JSON, and prints the answer",
        .help = "METHOD is GetMe, UserService/GetMe or socializer.v1.UserService/GetMe; 'list' "
                "shows\n"
                "them and 'describe METHOD' the shape of their requests. '-' reads the JSON from\n"
                "standard input.\n"
                "\n"
                "Examples:\n"
                "  socializer call GetMe\n"
                "  socializer call GetUser '{\"user_id\": 12}'\n"
                "  socializer call SetTemperature '{\"temperature\": 0.4}'\n"
                "  echo '{\"name\": \"empathy\"}' | socializer call AddSkill -\n"
                "  socializer call GetHealth --compact --rpc tcp://10.0.0.2:7000\n",
};
