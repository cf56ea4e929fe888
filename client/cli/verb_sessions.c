/* Where somebody is signed in, and signing out there. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define SERVICE "socializer.v1.UserService/"

static void add_row(struct output_table *t, const Socializer__V1__Session *s)
{
        output_table_add(t, s->session_id);
        output_table_add(t, output_time(t->cli, s->created_at));
        output_table_add(t, output_time(t->cli, s->last_used_at));
        output_table_add(t, output_time(t->cli, s->expires_at));
        output_table_add(t, s->is_current ? "this one" : "");
        output_table_add(t, *s->client ? output_clean(t->cli, s->client) : "-");
}

static int list(struct cli *cli, int64_t user_id)
{
        static const char *const titles[] = {"SESSION", "SINCE", "LAST USED", "UNTIL", "", "BY"};
        Socializer__V1__ListSessionsRequest request = SOCIALIZER__V1__LIST_SESSIONS_REQUEST__INIT;
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};
        const ProtobufCMessage *response;

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        request.user_id = user_id;
        request.page_size = 500;
        for (;;) {
                int code = cli_call(cli, SERVICE "ListSessions", &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, SERVICE "ListSessions", response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListSessionsResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_sessions; i++)
                        add_row(&t, page->sessions[i]);
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        return cli->json ? CLI_DONE : output_table_print(&t);
}

static int end_many(struct cli *cli, int64_t user_id, bool keep_current)
{
        Socializer__V1__RevokeSessionsRequest request =
                SOCIALIZER__V1__REVOKE_SESSIONS_REQUEST__INIT;
        const ProtobufCMessage *response;

        request.user_id = user_id;
        request.keep_current = keep_current;
        int code = cli_call(cli, SERVICE "RevokeSessions", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        const Socializer__V1__RevokeSessionsResponse *r = (const void *)response;
        printf("%lld sessions have ended\n", (long long)r->revoked);
        return CLI_DONE;
}

static int end_one(struct cli *cli, int64_t user_id, const char *id)
{
        Socializer__V1__RevokeSessionRequest request = SOCIALIZER__V1__REVOKE_SESSION_REQUEST__INIT;
        const ProtobufCMessage *response;

        request.user_id = user_id;
        request.session_id = (char *)id;
        int code = cli_call(cli, SERVICE "RevokeSession", &request.base, &response);
        if (code == CLI_DONE)
                printf("the session has ended\n");
        return code;
}

/* sessions [list [USER]], sessions end ID|others|all [USER] */
static int run(struct cli *cli)
{
        const char *what = cli->n_arguments > 0 ? cli->arguments[0] : "list";
        bool ends = strcmp(what, "end") == 0;
        int n_own = ends ? 2 : 1;
        const Socializer__V1__User *user = NULL;

        if (!ends && strcmp(what, "list") != 0)
                return report_usage(cli, "want 'list' or 'end', got '%s'", what);
        if (ends && cli->n_arguments < 2)
                return report_usage(cli, "which one? a number of 'sessions', 'others' or 'all'");
        if (cli->n_arguments > n_own + 1)
                return report_usage(cli, "what is '%s'?", cli->arguments[n_own + 1]);
        int code = cli_connect(cli, cli->n_arguments > n_own);
        if (code == CLI_DONE && cli->n_arguments > n_own)
                code = request_find_user(cli, cli->arguments[n_own], &user);
        if (code != CLI_DONE)
                return code;

        int64_t user_id = user ? user->id : 0;
        if (!ends)
                return list(cli, user_id);
        const char *which = cli->arguments[1];
        bool others = strcmp(which, "others") == 0;
        if (others || strcmp(which, "all") == 0)
                return end_many(cli, user_id, others);
        return end_one(cli, user_id, which);
}

const struct verb verb_sessions = {
        .name = "sessions",
        .run = run,
        .max_arguments = 3,
        .usage = "sessions [list [USER] | end SESSION|others|all [USER]]",
        .summary = "Shows where you are signed in, and signs you out there",
        .help = "What ends, ends at once: its token is worth nothing, its WebSockets close. "
                "'others'\n"
                "are all but the one that this command is signed in with. Administrators may name "
                "a\n"
                "USER, by number or name.\n"
                "\n"
                "Examples:\n"
                "  socializer sessions\n"
                "  socializer sessions end others\n"
                "  socializer sessions end all ada\n",
};
