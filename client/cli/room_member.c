/* The people in a room: as what they are there, and who has to go. */
#include "client/cli/room.h"

#include <string.h>

static void add_row(struct output_table *t, const Socializer__V1__Member *m)
{
        output_table_addf(t, "%lld", (long long)m->user_id);
        output_table_add(t, output_clean(t->cli, m->username));
        output_table_add(t, room_role_name(m->role));
        output_table_add(t, output_time(t->cli, m->joined_at));
        output_table_add(t, output_time(t->cli, m->muted_until));
}

static struct output_table new_table(struct cli *cli)
{
        static const char *const titles[] = {">ID", "NAME", "ROLE", "SINCE", "MUTED UNTIL"};
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        return t;
}

int room_members(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "ListMembers";
        Socializer__V1__ListMembersRequest request = SOCIALIZER__V1__LIST_MEMBERS_REQUEST__INIT;
        struct output_table t = new_table(cli);
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        if (code == CLI_DONE && cli->n_arguments > 1)
                code = request_set(cli, method, &request.base, "state", cli->arguments[1]);
        request.page_size = 500;
        while (code == CLI_DONE) {
                code = room_call(cli, method, &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, method, response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListMembersResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_members; i++)
                        add_row(&t, page->members[i]);
                if (page->next_page_token[0] == '\0')
                        return cli->json ? CLI_DONE : output_table_print(&t);
                request.page_token = page->next_page_token;
        }
        return code;
}

/* Changes the member of the arguments: one field, to the third of them. */
static int update(struct cli *cli, const char *field)
{
        static const char method[] = ROOM_SERVICE "UpdateMember";
        Socializer__V1__UpdateMemberRequest request = SOCIALIZER__V1__UPDATE_MEMBER_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        if (code == CLI_DONE)
                code = request_set(cli, method, &request.base, field, cli->arguments[2]);
        if (code == CLI_DONE)
                code = room_find_user(cli, cli->arguments[1], &request.user_id);
        if (code == CLI_DONE)
                code = room_call(cli, method, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, method, response);
        const Socializer__V1__UpdateMemberResponse *r = (const void *)response;
        if (!r->member)
                return report_failed("the service answered without a member");
        struct output_table t = new_table(cli);
        add_row(&t, r->member);
        return output_table_print(&t);
}

int room_role(struct cli *cli)
{
        return update(cli, "role");
}

int room_mute(struct cli *cli)
{
        return update(cli, "mute_seconds");
}

int room_remove(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "RemoveMember";
        Socializer__V1__RemoveMemberRequest request = SOCIALIZER__V1__REMOVE_MEMBER_REQUEST__INIT;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        if (code == CLI_DONE)
                code = room_find_user(cli, cli->arguments[1], &request.user_id);
        request.ban = (cli->given & CLI_BAN) != 0;
        return code == CLI_DONE
                       ? room_call_and_say(cli, method, &request.base, "%s is %s room %lld\n",
                                           output_clean(cli, cli->arguments[1]),
                                           request.ban ? "banned from" : "removed from",
                                           (long long)request.room_id)
                       : code;
}

int room_unban(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "UnbanMember";
        Socializer__V1__UnbanMemberRequest request = SOCIALIZER__V1__UNBAN_MEMBER_REQUEST__INIT;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        if (code == CLI_DONE)
                code = room_find_user(cli, cli->arguments[1], &request.user_id);
        return code == CLI_DONE ? room_call_and_say(cli, method, &request.base,
                                                    "%s may come into room %lld again\n",
                                                    output_clean(cli, cli->arguments[1]),
                                                    (long long)request.room_id)
                                : code;
}

int room_consent(struct cli *cli)
{
        Socializer__V1__SetCoachConsentRequest request =
                SOCIALIZER__V1__SET_COACH_CONSENT_REQUEST__INIT;
        bool is_given = strcmp(cli->arguments[1], "yes") == 0;
        int code = request_set(cli, ROOM_SERVICE "SetCoachConsent", &request.base, "room_id",
                               cli->arguments[0]);

        if (code == CLI_DONE && !is_given && strcmp(cli->arguments[1], "no") != 0)
                return report_usage(cli, "want: socializer room consent ROOM yes|no");
        request.is_given = is_given;
        return code == CLI_DONE
                       ? room_call_and_say(cli, ROOM_SERVICE "SetCoachConsent", &request.base,
                                           "what you say in room %lld %s be sent to its coach\n",
                                           (long long)request.room_id, is_given ? "may" : "may not")
                       : code;
}
