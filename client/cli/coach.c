#include "client/cli/coach.h"

#include <stdio.h>
#include <string.h>

int coach_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessage **ret)
{
        int code = cli->client ? CLI_DONE : cli_connect(cli, false);

        if (code == CLI_DONE)
                code = cli_call(cli, method, request, ret);
        return code;
}

static void print_lines(struct cli *cli, char **lines, size_t n)
{
        for (size_t i = 0; i < n; i++)
                printf("  - %s\n", output_clean(cli, lines[i]));
}

int coach_rehearse(struct cli *cli)
{
        Socializer__V1__RehearseRequest request = SOCIALIZER__V1__REHEARSE_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        request.draft = cli->arguments[0];
        int code = coach_call(cli, COACH_SERVICE "Rehearse", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, COACH_SERVICE "Rehearse", response);
        const Socializer__V1__RehearseResponse *r = (const void *)response;
        printf("%d of 10\n", r->score);
        print_lines(cli, r->reasons, r->n_reasons);
        if (*r->better)
                printf("Better: %s\n", output_clean(cli, r->better));
        return CLI_DONE;
}

int coach_clarify(struct cli *cli)
{
        Socializer__V1__ClarifyRequest request = SOCIALIZER__V1__CLARIFY_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        request.text = cli->arguments[0];
        if (cli->language)
                request.language = (char *)cli->language;
        int code = coach_call(cli, COACH_SERVICE "Clarify", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, COACH_SERVICE "Clarify", response);
        const Socializer__V1__ClarifyResponse *r = (const void *)response;
        printf("%s\n", output_clean(cli, r->text));
        print_lines(cli, r->notes, r->n_notes);
        return CLI_DONE;
}

/* --- settings --- */

/* KEY=VALUE, or the word api_key, whose value nobody types where others can read it. */
static int set_one(struct cli *cli, Socializer__V1__UpdateSettingsRequest *request,
                   const char *word)
{
        static const char *const keys[] = {"provider", "endpoint", "model", "language",
                                           "remote_evaluation"};
        const char *value = strchr(word, '=');
        size_t n = value ? (size_t)(value - word) : strlen(word);

        if (strncmp(word, "api_key", n) == 0 && n == strlen("api_key")) {
                if (value && value[1])
                        return report_usage(cli, "others can see the command line: write only "
                                                 "'api_key', and it is asked for");
                request->api_key_set_case =
                        SOCIALIZER__V1__UPDATE_SETTINGS_REQUEST__API_KEY_SET_API_KEY;
                request->api_key = value ? (char *)"" : (char *)input_line(cli, "API key", true);
                return request->api_key ? CLI_DONE : CLI_FAILED;
        }
        for (size_t i = 0; value && i < ARRAY_SIZE(keys); i++)
                if (strlen(keys[i]) == n && strncmp(word, keys[i], n) == 0)
                        return request_set(cli, COACH_SERVICE "UpdateSettings", &request->base,
                                           keys[i], value + 1);
        return report_usage(cli,
                            "want provider, endpoint, model, language or remote_evaluation and "
                            "'=', or api_key, not '%s'",
                            word);
}

static int print_settings(struct cli *cli, const Socializer__V1__CoachSettings *s)
{
        if (!s)
                return report_failed("the service answered without settings");
        const struct {
                const char *name, *value, *otherwise;
        } rows[] = {
                {"provider", s->provider, "(the server's)"},
                {"endpoint", s->endpoint, "(the server's)"},
                {"model", s->model, "(the server's)"},
                {"language", s->language, "(that of the question)"},
                {"api_key", s->has_api_key ? "(set)" : "", "(none)"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                printf("%-12s %s\n", rows[i].name,
                       *rows[i].value ? output_clean(cli, rows[i].value) : rows[i].otherwise);
        printf("%-12s %g\n", "temperature", s->temperature);
        printf("%-12s %s\n", "evaluation",
               s->remote_evaluation ? "by this engine, too" : "by the built-in coach only");
        return CLI_DONE;
}

static int show_settings(struct cli *cli)
{
        Socializer__V1__GetSettingsRequest request = SOCIALIZER__V1__GET_SETTINGS_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = coach_call(cli, COACH_SERVICE "GetSettings", &request.base, &response);

        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, COACH_SERVICE "GetSettings", response);
        return print_settings(
                cli,
                ((const Socializer__V1__GetSettingsResponse *)(const void *)response)->settings);
}

int coach_settings(struct cli *cli)
{
        Socializer__V1__UpdateSettingsRequest request =
                SOCIALIZER__V1__UPDATE_SETTINGS_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = CLI_DONE;

        if (cli->n_arguments == 0)
                return show_settings(cli);
        for (int i = 0; i < cli->n_arguments && code == CLI_DONE; i++)
                code = set_one(cli, &request, cli->arguments[i]);
        if (code == CLI_DONE)
                code = coach_call(cli, COACH_SERVICE "UpdateSettings", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, COACH_SERVICE "UpdateSettings", response);
        return print_settings(
                cli,
                ((const Socializer__V1__UpdateSettingsResponse *)(const void *)response)->settings);
}
