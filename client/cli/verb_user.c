/* Accounts, for administrators. */
#include "client/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define SERVICE "socializer.v1.UserService/"
#define ADMIN   "socializer.v1.AdminService/"

static void add_row(struct output_table *t, const Socializer__V1__User *u)
{
        bool has_email = u->email_set_case == SOCIALIZER__V1__USER__EMAIL_SET_EMAIL;

        output_table_addf(t, "%lld", (long long)u->id);
        output_table_add(t, output_clean(t->cli, u->username));
        output_table_add(t, u->role == SOCIALIZER__V1__ROLE__ROLE_ADMIN ? "admin" : "user");
        output_table_add(t, u->is_active ? "active" : "inactive");
        output_table_add(t, has_email ? output_clean(t->cli, u->email) : "-");
        output_table_add(t, output_time(t->cli, u->created_at));
}

static struct output_table new_table(struct cli *cli)
{
        static const char *const titles[] = {">ID", "NAME", "ROLE", "STATE", "E-MAIL", "SINCE"};
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        return t;
}

static int print_user(struct cli *cli, const char *method, const ProtobufCMessage *response,
                      const Socializer__V1__User *user)
{
        if (cli->json)
                return output_message(cli, method, response);
        if (!user)
                return report_failed("the service answered without a user");
        struct output_table t = new_table(cli);
        add_row(&t, user);
        return output_table_print(&t);
}

static int list(struct cli *cli)
{
        Socializer__V1__ListUsersRequest request = SOCIALIZER__V1__LIST_USERS_REQUEST__INIT;
        struct output_table t = new_table(cli);
        const ProtobufCMessage *response;

        request.page_size = 500;
        for (;;) {
                int code = cli_call(cli, SERVICE "ListUsers", &request.base, &response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListUsersResponse *page = (const void *)response;
                if (cli->json)
                        code = output_message(cli, SERVICE "ListUsers", response);
                if (code != CLI_DONE)
                        return code;
                for (size_t i = 0; !cli->json && i < page->n_users; i++)
                        add_row(&t, page->users[i]);
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        return cli->json ? CLI_DONE : output_table_print(&t);
}

static int show(struct cli *cli)
{
        const Socializer__V1__User *user;
        int code = request_find_user(cli, cli->arguments[1], &user);

        if (code != CLI_DONE)
                return code;
        Socializer__V1__GetUserResponse shown = SOCIALIZER__V1__GET_USER_RESPONSE__INIT;
        shown.user = (Socializer__V1__User *)user;
        return print_user(cli, SERVICE "GetUser", &shown.base, user);
}

static int add(struct cli *cli)
{
        Socializer__V1__CreateUserRequest request = SOCIALIZER__V1__CREATE_USER_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        if (!cli->email && !isatty(STDIN_FILENO))
                return report_usage(cli, "the account needs an e-mail address: --email ADDRESS");
        const char *email = cli->email ? cli->email : input_line(cli, "e-mail address", false);
        const char *password = email ? input_line(cli, "password", true) : NULL;
        if (!password)
                return CLI_FAILED;
        request.username = cli->arguments[1];
        request.email = (char *)email;
        request.password = (char *)password;
        request.role = cli->given & CLI_ADMIN ? SOCIALIZER__V1__ROLE__ROLE_ADMIN
                                              : SOCIALIZER__V1__ROLE__ROLE_USER;
        int code = cli_call(cli, ADMIN "CreateUser", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        return print_user(
                cli, ADMIN "CreateUser", response,
                ((const Socializer__V1__CreateUserResponse *)(const void *)response)->user);
}

static int password(struct cli *cli)
{
        Socializer__V1__ResetPasswordRequest request = SOCIALIZER__V1__RESET_PASSWORD_REQUEST__INIT;
        const ProtobufCMessage *response;
        const Socializer__V1__User *user;
        int code = request_find_user(cli, cli->arguments[1], &user);

        if (code != CLI_DONE)
                return code;
        request.user_id = user->id;
        request.new_password = (char *)input_line(cli, "new password", true);
        if (!request.new_password)
                return CLI_FAILED;
        code = cli_call(cli, ADMIN "ResetPassword", &request.base, &response);
        if (code == CLI_DONE)
                printf("the password of %s is changed; whoever was logged in is logged out\n",
                       output_clean(cli, user->username));
        return code;
}

static int update(struct cli *cli, Socializer__V1__UpdateUserRequest *request)
{
        const ProtobufCMessage *response = NULL;
        const Socializer__V1__User *user;
        int code = request_find_user(cli, cli->arguments[1], &user);

        if (code != CLI_DONE)
                return code;
        request->user_id = user->id;
        code = cli_call(cli, SERVICE "UpdateUser", &request->base, &response);
        if (code != CLI_DONE)
                return code;
        return print_user(
                cli, SERVICE "UpdateUser", response,
                ((const Socializer__V1__UpdateUserResponse *)(const void *)response)->user);
}

static int set_active(struct cli *cli)
{
        Socializer__V1__UpdateUserRequest request = SOCIALIZER__V1__UPDATE_USER_REQUEST__INIT;

        request.is_active_set_case = SOCIALIZER__V1__UPDATE_USER_REQUEST__IS_ACTIVE_SET_IS_ACTIVE;
        request.is_active = strcmp(cli->arguments[0], "activate") == 0;
        return update(cli, &request);
}

static int role(struct cli *cli)
{
        Socializer__V1__UpdateUserRequest request = SOCIALIZER__V1__UPDATE_USER_REQUEST__INIT;

        request.role_set_case = SOCIALIZER__V1__UPDATE_USER_REQUEST__ROLE_SET_ROLE;
        request.role = strcmp(cli->arguments[2], "admin") == 0 ? SOCIALIZER__V1__ROLE__ROLE_ADMIN
                                                               : SOCIALIZER__V1__ROLE__ROLE_USER;
        return update(cli, &request);
}

static void print_receipt(const Socializer__V1__Erasure *erasure)
{
        if (!erasure)
                return;
        if (!erasure->finished_at) {
                printf("what belonged to it is being deleted; see how far that is with\n"
                       "socializer call GetErasure '{\"erasure_id\": \"%s\"}'\n",
                       erasure->erasure_id);
                return;
        }
        printf("%ssha256 %s\n", erasure->statement, erasure->sha256);
}

static int delete_user(struct cli *cli)
{
        Socializer__V1__DeleteUserRequest request = SOCIALIZER__V1__DELETE_USER_REQUEST__INIT;
        const ProtobufCMessage *response;
        const Socializer__V1__User *user;
        int code = request_find_user(cli, cli->arguments[1], &user);

        if (code != CLI_DONE)
                return code;
        const char *name = output_clean(cli, user->username);
        if (!(cli->given & CLI_YES) && isatty(STDIN_FILENO)) {
                const char *question = arena_printf(
                        &cli->arena, "type the name of user %lld, %s, to delete everything of it",
                        (long long)user->id, name);
                const char *typed = question ? input_line(cli, question, false) : NULL;
                if (!typed || strcmp(typed, user->username) != 0)
                        return report_failed("nothing is deleted");
        }
        request.user_id = user->id;
        code = cli_call(cli, SERVICE "DeleteUser", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, SERVICE "DeleteUser", response);
        printf("user %lld, %s, is deleted\n", (long long)user->id, name);
        print_receipt(
                ((const Socializer__V1__DeleteUserResponse *)(const void *)response)->erasure);
        return CLI_DONE;
}

static const struct sub_verb {
        const char *name, *usage;
        int n_arguments;
        int (*run)(struct cli *cli);
} sub_verbs[] = {
        {"list", "user list", 0, list},
        {"show", "user show USER", 1, show},
        {"add", "user add NAME --email ADDRESS [--admin]", 1, add},
        {"password", "user password USER", 1, password},
        {"activate", "user activate USER", 1, set_active},
        {"deactivate", "user deactivate USER", 1, set_active},
        {"role", "user role USER user|admin", 2, role},
        {"delete", "user delete USER [--yes]", 1, delete_user},
};

static int run(struct cli *cli)
{
        const char *name = cli->arguments[0];

        for (size_t i = 0; i < ARRAY_SIZE(sub_verbs); i++) {
                const struct sub_verb *s = &sub_verbs[i];

                if (strcmp(s->name, name) != 0)
                        continue;
                if (cli->n_arguments - 1 != s->n_arguments)
                        return report_usage(cli, "want: socializer %s", s->usage);
                if (s->run == role && strcmp(cli->arguments[2], "user") != 0 &&
                    strcmp(cli->arguments[2], "admin") != 0)
                        return report_usage(cli, "a role is user or admin, not '%s'",
                                            cli->arguments[2]);
                int code = cli_connect(cli, true);
                return code == CLI_DONE ? s->run(cli) : code;
        }
        return report_usage(cli, "there is no 'user %s'", name);
}

const struct verb verb_user = {
        .name = "user",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 3,
        .flags = CLI_ADMIN | CLI_EMAIL | CLI_YES,
        .usage = "user list|show|add|...",
        .summary = "Manages accounts, for administrators",
        .help = "  user list                              all accounts\n"
                "  user show USER                         one, by number or name\n"
                "  user add NAME --email ADDRESS [--admin]  a new one; asks for its password, or\n"
                "                                         reads it from standard input\n"
                "  user password USER                     a new password; logs the user out\n"
                "  user activate USER                     may log in again\n"
                "  user deactivate USER                   may not log in, and is logged out\n"
                "  user role USER user|admin              what the user may do\n"
                "  user delete USER [--yes]               deletes the account and all that is "
                "its;\n"
                "                                         --yes: do not ask\n"
                "\n"
                "Whoever may read operator.token in the data folder is an administrator here; "
                "that\n"
                "is how the first one is made.\n"
                "\n"
                "Examples:\n"
                "  socializer user add ada --email ada@example.org --admin\n"
                "  socializer user add bob --email bob@example.org < password-file\n"
                "  socializer user deactivate bob\n",
};
