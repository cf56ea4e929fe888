/* Invitations, of both sides. */
#include "client/cli/room.h"

#include <string.h>

static int print_results(struct cli *cli, const Socializer__V1__InviteUsersResponse *r,
                         size_t *ret_n_failed)
{
        struct output_table t = {.cli = cli, .n_columns = 2};

        output_table_add(&t, "USER");
        output_table_add(&t, "RESULT");
        for (size_t i = 0; i < r->n_results; i++) {
                const Socializer__V1__InviteResult *result = r->results[i];

                if (result->username[0])
                        output_table_add(&t, output_clean(cli, result->username));
                else
                        output_table_addf(&t, "%lld", (long long)result->user_id);
                if (result->invite)
                        output_table_addf(&t, "invited, with number %lld",
                                          (long long)result->invite->id);
                else
                        output_table_addf(&t, "%s: %s", output_clean(cli, result->code),
                                          output_clean(cli, result->message));
                *ret_n_failed += !result->invite;
        }
        return cli->json ? CLI_DONE : output_table_print(&t);
}

int room_invite(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "InviteUsers";
        Socializer__V1__InviteUsersRequest request = SOCIALIZER__V1__INVITE_USERS_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        size_t n_failed = 0;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        for (int i = 1; i < cli->n_arguments && code == CLI_DONE; i++)
                code = request_set(cli, method, &request.base,
                                   request_number(cli->arguments[i]) ? "user_ids" : "usernames",
                                   cli->arguments[i]);
        if (code == CLI_DONE)
                code = room_call(cli, method, &request.base, &response);
        if (code == CLI_DONE && cli->json)
                code = output_message(cli, method, response);
        if (code == CLI_DONE)
                code = print_results(cli, (const void *)response, &n_failed);
        if (code == CLI_DONE && n_failed)
                return report_failed("%zu of %d could not be invited", n_failed,
                                     cli->n_arguments - 1);
        return code;
}

static void add_row(struct output_table *t, const Socializer__V1__Invite *i)
{
        output_table_addf(t, "%lld", (long long)i->id);
        output_table_addf(t, "%lld", (long long)i->room_id);
        output_table_add(t, output_clean(t->cli, i->room_name));
        output_table_add(t, i->inviter_id ? output_clean(t->cli, i->inviter_username) : "-");
        output_table_add(t, output_time(t->cli, i->created_at));
}

int room_invites(struct cli *cli)
{
        static const char *const titles[] = {">ID", ">ROOM", "NAME", "FROM", "SINCE"};
        static const char method[] = ROOM_SERVICE "ListInvites";
        Socializer__V1__ListInvitesRequest request = SOCIALIZER__V1__LIST_INVITES_REQUEST__INIT;
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};
        const ProtobufCMessage *response = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        request.page_size = 500;
        for (;;) {
                int code = room_call(cli, method, &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, method, response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListInvitesResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_invites; i++)
                        add_row(&t, page->invites[i]);
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        return cli->json ? CLI_DONE : output_table_print(&t);
}

int room_accept(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "AcceptInvite";
        Socializer__V1__AcceptInviteRequest request = SOCIALIZER__V1__ACCEPT_INVITE_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, method, &request.base, "invite_id", cli->arguments[0]);

        if (code == CLI_DONE)
                code = room_call(cli, method, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        return room_print(
                cli, method, response,
                ((const Socializer__V1__AcceptInviteResponse *)(const void *)response)->room);
}

int room_decline(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "DeclineInvite";
        Socializer__V1__DeclineInviteRequest request = SOCIALIZER__V1__DECLINE_INVITE_REQUEST__INIT;
        int code = request_set(cli, method, &request.base, "invite_id", cli->arguments[0]);

        return code == CLI_DONE ? room_call_and_say(cli, method, &request.base,
                                                    "invitation %lld is declined\n",
                                                    (long long)request.invite_id)
                                : code;
}
