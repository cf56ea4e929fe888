/* The command line: flags, wherever they stand, then a verb and its arguments. */
#include "client/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
        &verb_call,    &verb_list,   &verb_describe, &verb_login,  &verb_logout, &verb_pool,
        &verb_queries, &verb_user,   &verb_room,     &verb_send,   &verb_follow, &verb_coach,
        &verb_skills,  &verb_levels, &verb_sessions, &verb_export, &verb_backup, &verb_restore,
};

enum {
        OPTION_RPC = 256,
        OPTION_EVENTS,
        OPTION_DATA,
        OPTION_TOKEN,
        OPTION_TIMEOUT,
        OPTION_JSON,
        OPTION_COMPACT,
        OPTION_HELP,
        OPTION_VERSION,
        OPTION_NAMES,
        OPTION_ADMIN,
        OPTION_EMAIL,
        OPTION_YES,
        OPTION_AFTER,
        OPTION_PUBLIC,
        OPTION_PASSWORD,
        OPTION_COACH,
        OPTION_INVITE,
        OPTION_DIRECT,
        OPTION_BAN,
        OPTION_ROOM,
        OPTION_REPLY_TO,
        OPTION_THREAD,
        OPTION_LANGUAGE,
        OPTION_DISPUTE,
        OPTION_PLANS,
};

static const struct option options[] = {
        {"rpc", required_argument, NULL, OPTION_RPC},
        {"events", required_argument, NULL, OPTION_EVENTS},
        {"data", required_argument, NULL, OPTION_DATA},
        {"token", required_argument, NULL, OPTION_TOKEN},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"json", no_argument, NULL, OPTION_JSON},
        {"compact", no_argument, NULL, OPTION_COMPACT},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"names", no_argument, NULL, OPTION_NAMES},
        {"admin", no_argument, NULL, OPTION_ADMIN},
        {"email", required_argument, NULL, OPTION_EMAIL},
        {"yes", no_argument, NULL, OPTION_YES},
        {"after", required_argument, NULL, OPTION_AFTER},
        {"public", no_argument, NULL, OPTION_PUBLIC},
        {"password", no_argument, NULL, OPTION_PASSWORD},
        {"coach", no_argument, NULL, OPTION_COACH},
        {"invite", required_argument, NULL, OPTION_INVITE},
        {"direct", required_argument, NULL, OPTION_DIRECT},
        {"ban", no_argument, NULL, OPTION_BAN},
        {"room", required_argument, NULL, OPTION_ROOM},
        {"reply-to", required_argument, NULL, OPTION_REPLY_TO},
        {"thread", required_argument, NULL, OPTION_THREAD},
        {"language", required_argument, NULL, OPTION_LANGUAGE},
        {"dispute", required_argument, NULL, OPTION_DISPUTE},
        {"plans", no_argument, NULL, OPTION_PLANS},
        {NULL, 0, NULL, 0},
};

static const char global_help[] =
        "\n"
        "Options, anywhere on the line:\n"
        "  --rpc URL          where the service is: ipc://PATH or tcp://HOST:PORT\n"
        "                     (default: ipc://DIR/rpc.ipc; variable SOCIALIZER_RPC)\n"
        "  --events URL       where its live events are (default: ipc://DIR/events.ipc;\n"
        "                     variable SOCIALIZER_EVENTS)\n"
        "  --data DIR         the service's data folder (default: ./var; variable\n"
        "                     SOCIALIZER_DATA)\n"
        "  --token TOKEN      who is calling (others on this machine can see it; rather use\n"
        "                     'socializer login' or the variable SOCIALIZER_TOKEN)\n"
        "  --timeout SECONDS  how long a call may take (default: what the method says)\n"
        "  --json             JSON instead of a table\n"
        "  --compact          JSON on one line\n"
        "  --help             this text, or that of a verb\n"
        "  --version          the version\n";

static void print_help(void)
{
        printf("usage: socializer [OPTION…] VERB [ARGUMENT…]\n\n"
               "Calls a Socializer service. Verbs ('socializer VERB --help' says more):\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                printf("  %-28s %s\n", verbs[i]->usage, verbs[i]->summary);
        fputs(global_help, stdout);
        printf("\nExamples:\n"
               "  socializer login human\n"
               "  socializer call GetMe\n"
               "  socializer call GetOrCreateSkill '{\"name\": \"empathy\"}'\n"
               "  socializer describe SendMessage\n");
}

static void print_verb_help(const struct verb *v)
{
        printf("usage: socializer %s\n\n%s.\n\n%s\n'socializer --help' lists the options that "
               "every "
               "verb takes.\n",
               v->usage, v->summary, v->help);
}

static const struct verb *find_verb(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (strcmp(verbs[i]->name, name) == 0)
                        return verbs[i];
        return NULL;
}

static int unknown_verb(const struct cli *cli, const char *name)
{
        const struct verb *close = NULL;
        unsigned best = 3;

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                unsigned distance = report_distance(name, verbs[i]->name);
                if (distance < best) {
                        best = distance;
                        close = verbs[i];
                }
        }
        if (close)
                return report_usage(cli, "there is no verb '%s'; did you mean '%s'?", name,
                                    close->name);
        return report_usage(cli, "there is no verb '%s'", name);
}

static int parse_timeout(struct cli *cli, const char *text)
{
        char *end;

        errno = 0;
        double seconds = strtod(text, &end);
        if (errno || end == text || *end || !isfinite(seconds) || seconds < 0.001 ||
            seconds > 86400)
                return report_usage(cli, "--timeout: want 0.001 to 86400 seconds, got '%s'", text);
        cli->timeout_ms = (uint32_t)(seconds * 1000);
        return CLI_DONE;
}

static int parse_after(struct cli *cli, const char *text)
{
        char *end;

        errno = 0;
        long long seq = strtoll(text, &end, 10);
        if (errno || end == text || *end || seq < 0)
                return report_usage(cli, "--after: want a sequence number, 0 or more, got '%s'",
                                    text);
        cli->after_seq = seq;
        return CLI_DONE;
}

/* The options that only some verbs take; their flags are in the same order. */
static int take_verb_option(struct cli *cli, int option)
{
        if (option < OPTION_NAMES)
                return CLI_DONE;
        cli->given |= 1u << (option - OPTION_NAMES);
        switch (option) {
        case OPTION_EMAIL:
                cli->email = optarg;
                break;
        case OPTION_AFTER:
                return parse_after(cli, optarg);
        case OPTION_INVITE:
                if (cli->n_invites == CLI_MAX_INVITES)
                        return report_usage(cli, "--invite: want at most %d", CLI_MAX_INVITES);
                cli->invites[cli->n_invites++] = optarg;
                break;
        case OPTION_DIRECT:
                cli->direct = optarg;
                break;
        case OPTION_ROOM:
                cli->room = optarg;
                break;
        case OPTION_REPLY_TO:
                cli->reply_to = optarg;
                break;
        case OPTION_THREAD:
                cli->thread = optarg;
                break;
        case OPTION_LANGUAGE:
                cli->language = optarg;
                break;
        case OPTION_DISPUTE:
                cli->dispute = optarg;
                break;
        default:
                break;
        }
        return CLI_DONE;
}

static int take_option(struct cli *cli, int option)
{
        switch (option) {
        case OPTION_RPC:
                cli->rpc = optarg;
                break;
        case OPTION_EVENTS:
                cli->events = optarg;
                break;
        case OPTION_DATA:
                cli->data = optarg;
                break;
        case OPTION_TOKEN:
                cli->token = optarg;
                break;
        case OPTION_TIMEOUT:
                return parse_timeout(cli, optarg);
        case OPTION_JSON:
                cli->json = true;
                break;
        case OPTION_COMPACT:
                cli->json = cli->compact = true;
                break;
        default:
                return take_verb_option(cli, option);
        }
        return CLI_DONE;
}

/* An environment variable that is set to something. */
static const char *variable(const char *name)
{
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

static int check_arguments(struct cli *cli)
{
        const struct verb *v = cli->verb;

        for (const struct option *o = options; o->name; o++)
                if (o->val >= OPTION_NAMES &&
                    (cli->given & ~v->flags & 1u << (o->val - OPTION_NAMES)))
                        return report_usage(cli, "'%s' takes no option --%s", v->name, o->name);
        if (cli->n_arguments < v->min_arguments)
                return report_usage(cli, "'%s' wants more: socializer %s", v->name, v->usage);
        if (cli->n_arguments > v->max_arguments)
                return report_usage(cli, "'%s' wants less than '%s': socializer %s", v->name,
                                    cli->arguments[v->max_arguments], v->usage);
        return CLI_DONE;
}

int options_parse(int argc, char **argv, struct cli *cli)
{
        bool help = false;

        cli->rpc = variable("SOCIALIZER_RPC");
        cli->events = variable("SOCIALIZER_EVENTS");
        cli->data = variable("SOCIALIZER_DATA");
        cli->token = variable("SOCIALIZER_TOKEN");
        cli->after_seq = -1;
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (option == '?')
                        return CLI_USAGE; /* getopt has said why */
                if (option == OPTION_VERSION) {
                        printf("socializer %s\n", soc_version());
                        return CLI_DONE;
                }
                if (option == OPTION_HELP)
                        help = true;
                int code = take_option(cli, option);
                if (code != CLI_DONE)
                        return code;
        }
        if (!cli->data)
                cli->data = "./var";
        if (optind == argc) {
                if (!help)
                        return report_usage(cli, "say what to do; 'socializer --help' lists it");
                print_help();
                return CLI_DONE;
        }
        cli->verb = find_verb(argv[optind]);
        if (!cli->verb)
                return unknown_verb(cli, argv[optind]);
        if (help) {
                print_verb_help(cli->verb);
                cli->verb = NULL;
                return CLI_DONE;
        }
        cli->arguments = argv + optind + 1;
        cli->n_arguments = argc - optind - 1;
        return check_arguments(cli);
}
