/* What engines were told of the caller. */
#include "client/cli/coach.h"

#include <stdio.h>
#include <string.h>

#define LIST   COACH_SERVICE "ListDisclosures"
#define DELETE COACH_SERVICE "DeleteDisclosures"

static const char *task_name(Socializer__V1__CoachTask task)
{
        switch (task) {
        case SOCIALIZER__V1__COACH_TASK__COACH_TASK_CHAT:
                return "chat";
        case SOCIALIZER__V1__COACH_TASK__COACH_TASK_EVALUATE:
                return "evaluate";
        case SOCIALIZER__V1__COACH_TASK__COACH_TASK_REHEARSE:
                return "rehearse";
        case SOCIALIZER__V1__COACH_TASK__COACH_TASK_CLARIFY:
                return "clarify";
        case SOCIALIZER__V1__COACH_TASK__COACH_TASK_ROOM:
                return "room";
        default:
                return "?";
        }
}

/* "12  2026-11-27 10:00  room 2, message 17, asked by user 3: openai llama3 at http://…" */
static void print_entry(struct cli *cli, const Socializer__V1__Disclosure *d)
{
        printf("%lld  %s  %s", (long long)d->id, output_time(cli, d->created_at),
               task_name(d->task));
        if (d->room_id)
                printf(" %lld, message %lld, asked by user %lld", (long long)d->room_id,
                       (long long)d->message_id, (long long)d->asker_id);
        if (d->thread_id[0])
                printf(" in '%s'", output_clean(cli, d->thread_id));
        printf(": %s", output_clean(cli, d->engine));
        if (d->endpoint[0])
                printf(" %s at %s", output_clean(cli, d->model), output_clean(cli, d->endpoint));
        printf("\n");
        if (d->profile[0])
                printf("    about you: %s\n", output_clean(cli, d->profile));
        for (size_t i = 0; i < d->n_texts; i++)
                printf("    %s: %s\n",
                       d->texts[i]->role == SOCIALIZER__V1__MESSAGE_ROLE__MESSAGE_ROLE_ASSISTANT
                               ? "coach"
                               : "you",
                       output_clean(cli, d->texts[i]->text));
}

static int list(struct cli *cli)
{
        Socializer__V1__ListDisclosuresRequest request =
                SOCIALIZER__V1__LIST_DISCLOSURES_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        size_t n = 0;

        request.page_size = 100;
        for (;;) {
                int code = coach_call(cli, LIST, &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, LIST, response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListDisclosuresResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_disclosures; i++)
                        print_entry(cli, page->disclosures[i]);
                n += page->n_disclosures;
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        if (n == 0 && !cli->json)
                printf("nothing has been sent yet\n");
        return CLI_DONE;
}

int coach_ledger(struct cli *cli)
{
        Socializer__V1__DeleteDisclosuresRequest request =
                SOCIALIZER__V1__DELETE_DISCLOSURES_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        if (cli->n_arguments == 0)
                return list(cli);
        if (strcmp(cli->arguments[0], "delete") != 0)
                return report_usage(cli, "want: socializer coach ledger [delete]");
        int code = coach_call(cli, DELETE, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, DELETE, response);
        printf("%lld entries are deleted\n",
               (long long)((const Socializer__V1__DeleteDisclosuresResponse *)(const void *)
                                   response)
                       ->deleted);
        return CLI_DONE;
}
