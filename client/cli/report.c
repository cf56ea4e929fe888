#include "client/cli/cli.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_LETTERS   80
#define MAX_DISTANCE  4
#define N_SUGGESTIONS 3

/* What to do about it, where the service's text does not say. */
static const char *advice(const struct error *e)
{
        switch (e->status) {
        case STATUS_UNAUTHENTICATED:
                return "; log in with 'socializer login USER'";
        case STATUS_PERMISSION_DENIED:
                return strcmp(e->field, "password") == 0
                               ? "; 'socializer room join ROOM --password' asks for it"
                               : "";
        case STATUS_UNIMPLEMENTED:
                return "; is the service of the same version?";
        case STATUS_INTERNAL:
                return "; the service's log says more";
        default:
                return "";
        }
}

/* Text that another program wrote, on one line and without control characters. */
static void put_clean(const char *text)
{
        for (const char *at = text; *at; at++)
                fputc(iscntrl((unsigned char)*at) ? ' ' : *at, stderr);
}

int report_error(const struct error *e)
{
        fprintf(stderr, "socializer: %s: ", status_name(e->status));
        put_clean(e->text[0] ? e->text : "the service did not say why");
        if (e->retry_after_ms)
                fprintf(stderr, "; try again in %u s", (e->retry_after_ms + 999) / 1000);
        fprintf(stderr, "%s\n", advice(e));
        return CLI_FAILED;
}

int report_failed(const char *format, ...)
{
        va_list args;

        fputs("socializer: ", stderr);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        return CLI_FAILED;
}

int report_usage(const struct cli *cli, const char *format, ...)
{
        va_list args;

        fputs("socializer: ", stderr);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fprintf(stderr, "; see 'socializer%s%s --help'\n", cli && cli->verb ? " " : "",
                cli && cli->verb ? cli->verb->name : "");
        return CLI_USAGE;
}

unsigned report_distance(const char *a, const char *b)
{
        unsigned row[MAX_LETTERS + 1];
        size_t n = strlen(b);

        if (n > MAX_LETTERS || strlen(a) > MAX_LETTERS)
                return MAX_LETTERS;
        for (size_t j = 0; j <= n; j++)
                row[j] = (unsigned)j;
        for (size_t i = 0; a[i]; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned)i + 1;
                for (size_t j = 0; j < n; j++) {
                        bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
                        unsigned change = diagonal + (same ? 0 : 1);
                        unsigned shift = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

                        diagonal = row[j + 1];
                        row[j + 1] = change < shift ? change : shift;
                }
        }
        return row[n];
}

/* How far a method is from what was typed: by its own name, or as a part of it. */
static unsigned method_distance(const char *typed, const struct method *m)
{
        const char *bare = strrchr(typed, '/');

        if (!bare)
                bare = strrchr(typed, '.');
        bare = bare ? bare + 1 : typed;
        if (strlen(bare) >= 3 && strcasestr(m->method, bare))
                return 1;
        return report_distance(bare, m->method);
}

int report_unknown_method(const char *name)
{
        const struct method *close[N_SUGGESTIONS];
        unsigned n = 0;

        for (unsigned distance = 0; distance <= MAX_DISTANCE && n < N_SUGGESTIONS; distance++)
                for (size_t i = 0; i < contract_n_methods && n < N_SUGGESTIONS; i++)
                        if (method_distance(name, &contract_methods[i]) == distance)
                                close[n++] = &contract_methods[i];
        fprintf(stderr, "socializer: there is no method '%s'", name);
        for (unsigned i = 0; i < n; i++)
                fprintf(stderr, "%s%s/%s", i == 0 ? "; did you mean " : " or ", close[i]->service,
                        close[i]->method);
        fprintf(stderr, "%s 'socializer list' shows them all\n", n ? "?" : ";");
        return CLI_USAGE;
}
