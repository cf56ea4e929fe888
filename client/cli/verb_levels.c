/* How levels came to be, and saying that one is wrong. */
#include "client/cli/cli.h"

#include <stdio.h>

#define LIST    "socializer.v1.SkillService/ListLevelChanges"
#define DISPUTE "socializer.v1.SkillService/DisputeLevelChange"

static void print_evidence(struct cli *cli, size_t number, const Socializer__V1__LevelEvidence *e)
{
        printf("    [%zu] ", number);
        if (e->is_gone)
                printf("a message that is gone\n");
        else if (e->source == SOCIALIZER__V1__EVIDENCE_SOURCE__EVIDENCE_SOURCE_COACH)
                printf("to the coach: %s\n", output_clean(cli, e->text));
        else
                printf("in room %lld: %s\n", (long long)e->room_id, output_clean(cli, e->text));
}

static void print_change(struct cli *cli, const Socializer__V1__LevelChange *c)
{
        printf("%lld  %s  %s: %d to %d, by %s\n", (long long)c->id, output_time(cli, c->created_at),
               output_clean(cli, c->skill_name), c->old_level, c->new_level,
               output_clean(cli, c->engine));
        if (c->why[0])
                printf("    %s\n", output_clean(cli, c->why));
        for (size_t i = 0; i < c->n_evidence; i++)
                print_evidence(cli, i + 1, c->evidence[i]);
        if (c->disputed_at)
                printf("    disputed and taken back: %s\n", output_clean(cli, c->dispute_reason));
}

static int list(struct cli *cli)
{
        Socializer__V1__ListLevelChangesRequest request =
                SOCIALIZER__V1__LIST_LEVEL_CHANGES_REQUEST__INIT;
        const ProtobufCMessage *response;
        size_t n = 0;

        request.page_size = 100;
        for (;;) {
                int code = cli_call(cli, LIST, &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, LIST, response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListLevelChangesResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_changes; i++)
                        print_change(cli, page->changes[i]);
                n += page->n_changes;
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        if (n == 0 && !cli->json)
                printf("no level has changed yet\n");
        return CLI_DONE;
}

static int dispute(struct cli *cli)
{
        Socializer__V1__DisputeLevelChangeRequest request =
                SOCIALIZER__V1__DISPUTE_LEVEL_CHANGE_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        request.change_id = request_number(cli->dispute);
        request.reason = cli->arguments[0];
        int code = cli_call(cli, DISPUTE, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, DISPUTE, response);
        const Socializer__V1__DisputeLevelChangeResponse *r = (const void *)response;
        if (!r->change)
                return report_failed("the service answered without a change");
        print_change(cli, r->change);
        return CLI_DONE;
}

static int run(struct cli *cli)
{
        if (cli->dispute && !request_number(cli->dispute))
                return report_usage(cli, "--dispute: want the number of a change, got '%s'",
                                    cli->dispute);
        if (cli->dispute && cli->n_arguments == 0)
                return report_usage(cli, "say why: socializer levels --dispute ID REASON");
        if (!cli->dispute && cli->n_arguments > 0)
                return report_usage(cli, "a reason needs --dispute ID");
        int code = cli_connect(cli, false);
        if (code != CLI_DONE)
                return code;
        return cli->dispute ? dispute(cli) : list(cli);
}

const struct verb verb_levels = {
        .name = "levels",
        .run = run,
        .max_arguments = 1,
        .flags = CLI_DISPUTE,
        .usage = "levels [--dispute ID REASON]",
        .summary = "Shows how your levels came to be, and disputes a change",
        .help = "Every change of a level, newest first, with the messages that earned it. A "
                "change\n"
                "that you dispute is taken back at once, and its messages are not used again.\n"
                "\n"
                "Examples:\n"
                "  socializer levels\n"
                "  socializer levels --dispute 12 'I only quoted somebody there'\n",
};
