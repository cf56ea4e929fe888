#include "client/cli/cli.h"
#include "common/json.h"
#include "common/wire.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int output_message(struct cli *cli, const char *method, const ProtobufCMessage *message)
{
        const struct message_rules *rules = contract_find(method, strlen(method))->output;
        AUTO_BUFFER text = BUFFER_INIT;

        json_append_message(&text, rules, message);
        if (buffer_failed(&text))
                return report_failed("no memory");
        if (cli->compact) {
                printf("%s\n", buffer_str(&text));
                return CLI_DONE;
        }
        json_t *tree = json_loadb((const char *)text.data, text.n_bytes, 0, NULL);
        char *pretty = tree ? json_dumps(tree, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
        printf("%s\n", pretty ? pretty : buffer_str(&text));
        free(pretty);
        json_decref(tree);
        return CLI_DONE;
}

const char *output_clean(struct cli *cli, const char *text)
{
        char *copy = arena_strdup(&cli->arena, text ? text : "");

        if (!copy)
                return "";
        for (unsigned char *at = (unsigned char *)copy; *at; at++) {
                if (iscntrl(*at))
                        *at = ' ';
                /* U+0080 to U+009F are control characters too. */
                if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
                        at[0] = at[1] = ' ';
        }
        return copy;
}

const char *output_time(struct cli *cli, const Google__Protobuf__Timestamp *at)
{
        char text[32];
        struct tm tm;

        if (!at)
                return "-";
        time_t seconds = (time_t)at->seconds;
        if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%F %T", &tm))
                return "-";
        const char *copy = arena_strdup(&cli->arena, text);
        return copy ? copy : "-";
}

void output_table_add(struct output_table *t, const char *cell)
{
        if (t->n_cells == t->capacity) {
                size_t capacity = t->capacity ? 2 * t->capacity : 64;
                const char **cells = arena_calloc(&t->cli->arena, capacity, sizeof(char *));

                if (!cells)
                        return; /* output_table_print() finds out */
                if (t->n_cells)
                        memcpy(cells, t->cells, t->n_cells * sizeof(char *));
                t->cells = cells;
                t->capacity = capacity;
        }
        t->cells[t->n_cells++] = cell ? cell : "";
}

void output_table_addf(struct output_table *t, const char *format, ...)
{
        char text[256];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        output_table_add(t, arena_strdup(&t->cli->arena, text));
}

static void print_padded(const char *cell, size_t width, bool right, bool last)
{
        size_t n = wire_utf8_length(cell);
        int pad = width > n ? (int)(width - n) : 0;

        if (right)
                printf("%*s%s%s", pad, "", cell, last ? "\n" : "  ");
        else if (last)
                printf("%s\n", cell);
        else
                printf("%s%*s  ", cell, pad, "");
}

int output_table_print(struct output_table *t)
{
        size_t width[16] = {0};
        bool right[16] = {false};

        if (t->cli->arena.exhausted || t->n_columns == 0)
                return report_failed("no memory");
        for (size_t i = 0; i < t->n_columns && i < t->n_cells; i++) {
                right[i] = t->cells[i][0] == '>';
                t->cells[i] += right[i];
        }
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t n = wire_utf8_length(t->cells[i]);
                if (n > width[i % t->n_columns])
                        width[i % t->n_columns] = n;
        }
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t column = i % t->n_columns;
                print_padded(t->cells[i], width[column], right[column], column + 1 == t->n_columns);
        }
        return CLI_DONE;
}
