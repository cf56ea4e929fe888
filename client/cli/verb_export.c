/* Everything of one person, as one JSON document. */
#include "client/cli/cli.h"
#include "common/json_join.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define METHOD "socializer.v1.ExportService/ExportUser"

static int write_out(struct buffer *out, FILE *to)
{
        if (buffer_failed(out) || fwrite(out->data, 1, out->n_bytes, to) != out->n_bytes)
                return report_failed("cannot write the export: %s",
                                     buffer_failed(out) ? "out of memory" : strerror(errno));
        buffer_clear(out);
        return CLI_DONE;
}

static int write_pages(struct cli *cli, int64_t user_id, FILE *to)
{
        static const Socializer__V1__UserExport nothing = SOCIALIZER__V1__USER_EXPORT__INIT;
        Socializer__V1__ExportUserRequest request = SOCIALIZER__V1__EXPORT_USER_REQUEST__INIT;
        AUTO_BUFFER out = BUFFER_INIT;
        struct json_join join;
        int code = CLI_DONE;

        request.user_id = user_id;
        json_join_begin(&join, contract_rules(nothing.base.descriptor), &out);
        do {
                const ProtobufCMessage *response;

                code = cli_call(cli, METHOD, &request.base, &response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ExportUserResponse *page = (const void *)response;
                if (!page->part || !json_join_part(&join, &page->part->base, &out))
                        return report_failed("the service sent pages that do not fit together");
                request.page_token = arena_strdup(&cli->arena, page->next_page_token);
                if (!request.page_token)
                        return report_failed("out of memory");
                cli_forget_answers(cli);
                code = write_out(&out, to);
        } while (code == CLI_DONE && *request.page_token);
        if (code == CLI_DONE) {
                json_join_end(&join, &nothing.base, &out);
                code = write_out(&out, to);
        }
        return code;
}

/* A file of its own, for nobody else to read; what was there is not touched. */
static int write_file(struct cli *cli, int64_t user_id, const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;

        if (!to) {
                if (fd >= 0)
                        close(fd);
                return report_failed("%s: %s", path, strerror(errno));
        }
        int code = write_pages(cli, user_id, to);
        if (fclose(to) != 0 && code == CLI_DONE)
                code = report_failed("%s: %s", path, strerror(errno));
        if (code != CLI_DONE)
                unlink(path);
        return code;
}

static int run(struct cli *cli)
{
        const char *name = cli->arguments[0];
        bool is_me = strcmp(name, "me") == 0;
        const Socializer__V1__User *user = NULL;
        int code = cli_connect(cli, !is_me);

        if (code == CLI_DONE && !is_me)
                code = request_find_user(cli, name, &user);
        if (code != CLI_DONE)
                return code;
        int64_t user_id = user ? user->id : 0;
        if (cli->n_arguments > 1)
                return write_file(cli, user_id, cli->arguments[1]);
        return write_pages(cli, user_id, stdout);
}

const struct verb verb_export = {
        .name = "export",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 2,
        .usage = "export me|USER [FILE]",
        .summary = "Writes everything of a user as one JSON document",
        .help = "'me' is the saved login, who gets all of it. Of USER, a number or a name,\n"
                "administrators and whoever may read operator.token in the data folder get what\n"
                "they may see anyway: not what was said to the coach or in rooms. \"left_out\"\n"
                "names it. FILE is made anew, readable for you alone; without it the document "
                "goes\n"
                "to standard output.\n"
                "\n"
                "Examples:\n"
                "  socializer export me me.json\n"
                "  socializer export ada\n",
};
