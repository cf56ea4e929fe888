#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define METHOD "socializer.v1.ChatService/SendMessage"

static int run(struct cli *cli)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        const char *text = cli->arguments[1];
        size_t n;

        if (strcmp(text, "-") == 0) {
                text = input_all(cli, &n);
                if (!text)
                        return CLI_FAILED;
        }
        request.content = (char *)text;
        int code = request_set(cli, METHOD, &request.base, "room_id", cli->arguments[0]);
        if (code == CLI_DONE && cli->reply_to)
                code = request_set(cli, METHOD, &request.base, "reply_to", cli->reply_to);
        if (code == CLI_DONE)
                code = cli_connect(cli, false);
        if (code == CLI_DONE)
                code = cli_call(cli, METHOD, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, METHOD, response);
        const Socializer__V1__SendMessageResponse *r = (const void *)response;
        if (r->message)
                printf("message %lld of room %lld\n", (long long)r->message->seq,
                       (long long)r->message->room_id);
        return CLI_DONE;
}

const struct verb verb_send = {
        .name = "send",
        .run = run,
        .min_arguments = 2,
        .max_arguments = 2,
        .flags = CLI_REPLY_TO,
        .usage = "send ROOM TEXT|-",
        .summary = "Says something in a room",
        .help = "ROOM is a number, or general. '-' reads the text from standard input. Returns "
                "when\n"
                "the message is on disk. --reply-to ID says which message it answers.\n"
                "\n"
                "Examples:\n"
                "  socializer send general 'Hello everybody'\n"
                "  fortune | socializer send 3 -\n"
                "  socializer send 3 'So do I' --reply-to 17\n",
};
