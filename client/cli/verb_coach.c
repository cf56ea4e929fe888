/* The coach: which file of coach*.c does what. */
#include "client/cli/coach.h"

#include <string.h>

static const struct sub_verb {
        const char *name, *usage;
        int min_arguments, max_arguments; /* behind the name */
        unsigned flags; /* enum cli_flags that it takes */
        int (*run)(struct cli *cli);
} sub_verbs[] = {
        {"rehearse", "coach rehearse TEXT", 1, 1, 0, coach_rehearse},
        {"clarify", "coach clarify TEXT [--language L]", 1, 1, CLI_LANGUAGE, coach_clarify},
        {"settings", "coach settings [KEY=VALUE…]", 0, 6, 0, coach_settings},
        {"ledger", "coach ledger [delete]", 0, 1, 0, coach_ledger},
};

static int run(struct cli *cli)
{
        for (size_t i = 0; i < ARRAY_SIZE(sub_verbs); i++) {
                const struct sub_verb *s = &sub_verbs[i];

                if (strcmp(s->name, cli->arguments[0]) != 0)
                        continue;
                cli->arguments++;
                cli->n_arguments--;
                if (cli->n_arguments < s->min_arguments || cli->n_arguments > s->max_arguments ||
                    (cli->given & ~s->flags))
                        return report_usage(cli, "want: socializer %s", s->usage);
                return s->run(cli);
        }
        if (cli->n_arguments != 1 || (cli->given & ~(unsigned)CLI_THREAD))
                return report_usage(cli, "want: socializer coach [--thread T] TEXT; a text of "
                                         "several words in quotes");
        return coach_talk(cli);
}

const struct verb verb_coach = {
        .name = "coach",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 7,
        .flags = CLI_THREAD | CLI_LANGUAGE,
        .usage = "coach TEXT|rehearse|clarify|...",
        .summary = "Asks the coach, and says how it is to answer",
        .help = "  coach TEXT|-                 asks; the answer is printed while it is made. '-'\n"
                "                               reads the text from standard input. --thread T:\n"
                "                               in this conversation instead of 'default'\n"
                "  coach rehearse TEXT          what a draft would do to whom it is meant for\n"
                "  coach clarify TEXT           the same, said more clearly; --language L: in\n"
                "                               another language, such as de\n"
                "  coach settings               how the coach answers you\n"
                "  coach settings KEY=VALUE...  changes provider, endpoint, model or language;\n"
                "                               empty is the server's. The word api_key asks for\n"
                "                               one, api_key= takes it away.\n"
                "                               remote_evaluation=true: what you say may be\n"
                "                               evaluated by this engine\n"
                "  coach ledger [delete]        what was sent of yours to which engine\n"
                "\n"
                "Ctrl-C ends an answer, and what had been said is remembered as interrupted.\n"
                "\n"
                "Examples:\n"
                "  socializer coach 'How do I say no?'\n"
                "  socializer coach rehearse 'You never listen.'\n"
                "  socializer coach clarify 'Es wäre eventuell denkbar.' --language en\n"
                "  socializer coach settings provider=openai model=llama3 api_key < key-file\n",
};
