#include "client/cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What there is to go on with; a login is good without it. */
static void print_reminder(struct cli *cli, const char *token)
{
        Socializer__V1__GetReminderRequest request = SOCIALIZER__V1__GET_REMINDER_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = cli->timeout_ms, .token = token};
        ProtobufCMessage *response = NULL;

        if (soc_call(cli->client, "socializer.v1.TrainingService/GetReminder", &request.base,
                     &options, &response, NULL) != SOC_OK)
                return;
        char *rest = ((Socializer__V1__GetReminderResponse *)(void *)response)->text;
        for (char *line; (line = strsep(&rest, "\n"));)
                printf("%s\n", output_clean(cli, line));
        protobuf_c_message_free_unpacked(response, NULL);
}

/* What the list of sessions calls this: "socializer on HOST". */
static const char *own_name(struct cli *cli)
{
        char host[HOST_NAME_MAX + 1] = "";

        if (gethostname(host, sizeof(host) - 1) != 0 || !*host)
                return "socializer";
        const char *name = arena_printf(&cli->arena, "socializer on %s", host);
        return name ? name : "socializer";
}

static int login(struct cli *cli)
{
        Socializer__V1__LoginRequest request = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        const char *path = NULL;
        struct error err = ERROR_INIT;

        const char *user =
                cli->n_arguments ? cli->arguments[0] : input_line(cli, "user name", false);
        const char *password = user ? input_line(cli, "password", true) : NULL;
        if (!user || !password)
                return CLI_FAILED;
        request.username = (char *)user;
        request.password = (char *)password;
        request.client = (char *)own_name(cli);
        cli->token = ""; /* whoever logs in is nobody yet */
        int code = cli_connect(cli, false);
        if (code == CLI_DONE)
                code = cli_call(cli, "socializer.v1.UserService/Login", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        const Socializer__V1__LoginResponse *r = (const void *)response;
        if (login_file_write(r->access_token, &cli->arena, &path, &err) != STATUS_OK)
                return report_failed("%s", err.text);
        printf("logged in as %s; the token in %s is valid for %.1f h\n", user, path,
               r->expires_in / 3600.0);
        print_reminder(cli, r->access_token);
        return CLI_DONE;
}

static int logout(struct cli *cli)
{
        Socializer__V1__LogoutRequest request = SOCIALIZER__V1__LOGOUT_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = cli->timeout_ms};
        struct error err = ERROR_INIT;
        soc_error error;

        if (login_file_read(&cli->arena, &cli->token, &err) != STATUS_OK) {
                if (err.status != STATUS_NOT_FOUND)
                        return report_failed("%s", err.text);
                printf("nobody was logged in\n");
                return CLI_DONE;
        }
        int code = cli_connect(cli, false);
        if (code != CLI_DONE)
                return code;
        soc_status st = soc_call(cli->client, "socializer.v1.UserService/Logout", &request.base,
                                 &options, NULL, &error);
        /* A token that is worth nothing any more is as good as revoked. */
        if (st != SOC_OK && st != SOC_UNAUTHENTICATED)
                return report_error(error_of(&error));
        if (login_file_remove(&cli->arena, &err) != STATUS_OK)
                return report_failed("%s", err.text);
        printf("logged out; the token is revoked\n");
        return CLI_DONE;
}

const struct verb verb_login = {
        .name = "login",
        .run = login,
        .max_arguments = 1,
        .usage = "login [USER]",
        .summary = "Logs in; later calls are that user's",
        .help = "Asks for the password, or reads it from standard input, says what you were at, "
                "and\n"
                "keeps the token in\n"
                "$XDG_CONFIG_HOME/socializer/token (~/.config/socializer/token), which only you "
                "can\n"
                "read. --token and SOCIALIZER_TOKEN come before it.\n"
                "\n"
                "Examples:\n"
                "  socializer login human\n"
                "  socializer login human < password-file\n",
};

const struct verb verb_logout = {
        .name = "logout",
        .run = logout,
        .max_arguments = 0,
        .usage = "logout",
        .summary = "Logs out: revokes the token of the last login and forgets it",
        .help = "Examples:\n"
                "  socializer logout\n",
};
