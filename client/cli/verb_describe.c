/* What a method takes and gives, out of the contract; no service is asked. */
#include "client/cli/cli.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 8
#define WIDTH     88

/* Text wrapped at spaces, each line behind the same indent. */
static void print_text(const char *text, int indent)
{
        int column = 0;

        for (const char *at = text; *at;) {
                int n = (int)strcspn(at, " \n");

                if (n > 0) {
                        if (column > 0 && column + 1 + n > WIDTH - indent) {
                                putchar('\n');
                                column = 0;
                        }
                        column += printf("%*s%.*s", column ? 1 : indent, column ? " " : "", n, at);
                }
                at += n;
                at += strspn(at, " \n");
        }
        if (column)
                putchar('\n');
}

static const char *type_name(const struct field_rule *rule, bool as_json)
{
        switch (rule->field->type) {
        case PROTOBUF_C_TYPE_BOOL:
                return "boolean";
        case PROTOBUF_C_TYPE_FLOAT:
        case PROTOBUF_C_TYPE_DOUBLE:
                return "number";
        case PROTOBUF_C_TYPE_STRING:
                return as_json ? "any JSON" : "string";
        case PROTOBUF_C_TYPE_BYTES:
                return "bytes (base64)";
        case PROTOBUF_C_TYPE_ENUM:
                return "one of";
        case PROTOBUF_C_TYPE_MESSAGE: {
                const ProtobufCMessageDescriptor *type = rule->field->descriptor;
                return strcmp(type->name, "google.protobuf.Timestamp") == 0 ? "time (RFC 3339)"
                                                                            : type->short_name;
        }
        default:
                return "integer";
        }
}

static void print_enum(const struct field_rule *rule)
{
        const ProtobufCEnumDescriptor *type = rule->field->descriptor;
        const char *separator = " ";

        for (unsigned i = 0; i < type->n_values; i++) {
                char scratch[64];
                const char *name = json_enum_name(rule, type->values[i].value, scratch);

                if (!name)
                        continue;
                printf("%s\"%s\"", separator, name);
                separator = ", ";
        }
}

static void print_range(const struct field_rule *rule)
{
        bool low = rule->flags & RULE_HAS_MIN, high = rule->flags & RULE_HAS_MAX;

        if (low && high)
                printf(", %g to %g", rule->min, rule->max);
        else if (low)
                printf(", at least %g", rule->min);
        else if (high)
                printf(", at most %g", rule->max);
}

static void print_limits(const struct field_rule *rule)
{
        bool bytes = rule->field->type == PROTOBUF_C_TYPE_BYTES;
        const char *unit = bytes ? "bytes" : "characters";

        if (rule->flags & RULE_REQUIRED)
                printf(", required");
        if (rule->flags & RULE_OPTIONAL)
                printf(", may be unset");
        if (rule->min_len && rule->max_len)
                printf(", %u to %u %s", rule->min_len, rule->max_len, unit);
        else if (rule->max_len)
                printf(", at most %u %s", rule->max_len, unit);
        else if (rule->min_len)
                printf(", at least %u %s", rule->min_len, unit);
        if (rule->min_items || rule->max_items)
                printf(", %u to %u items", rule->min_items,
                       rule->max_items ? rule->max_items : 10000);
        print_range(rule);
        if (rule->pattern)
                printf(", %s", rule->pattern_hint ? rule->pattern_hint : rule->pattern);
        for (const struct alias *a = rule->aliases; a && a->name; a++)
                printf(", or \"%s\"", a->name);
        if (rule->flags & RULE_SECRET)
                printf(", secret");
}

static void print_fields(const struct message_rules *rules, int indent, int depth)
{
        if (rules->descriptor->n_fields == 0)
                printf("%*s(nothing)\n", indent, "");
        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                const struct field_rule *rule = &rules->fields[i];
                bool list = rule->field->label == PROTOBUF_C_LABEL_REPEATED;

                printf("%*s%s: %s%s", indent, "", rule->field->name, list ? "list of " : "",
                       type_name(rule, rule->flags & RULE_JSON));
                if (rule->field->type == PROTOBUF_C_TYPE_ENUM)
                        print_enum(rule);
                print_limits(rule);
                putchar('\n');
                if (rule->doc && rule->doc[0])
                        print_text(rule->doc, indent + 4);
                if (rule->message && depth < MAX_DEPTH &&
                    strcmp(rule->message->descriptor->name, "google.protobuf.Timestamp") != 0)
                        print_fields(rule->message, indent + 4, depth + 1);
        }
}

static void print_facts(const struct method *m)
{
        static const char *const access[] = {
                [ACCESS_PUBLIC] = "everybody",
                [ACCESS_USER] = "whoever is logged in",
                [ACCESS_ADMIN] = "administrators and the operator",
        };
        static const char *const lanes[] = {[LANE_READ] = "reads",
                                            [LANE_WRITE] = "writes",
                                            [LANE_PASSWORD] = "hashes passwords",
                                            [LANE_LONG] = "takes its time"};

        printf("\n  for       %s\n  runs      %s, at most %g s\n", access[m->access],
               lanes[m->lane], m->timeout_ms / 1000.0);
        printf("  repeated  %s\n", !m->side_effects ? "changes nothing, so as often as you like"
                                   : m->replay      ? "the same call twice happens once"
                                                    : "happens again");
        for (size_t r = 0; r < m->n_routes; r++)
                printf("  HTTP      %s %s%s\n", m->routes[r].verb, m->routes[r].path,
                       m->routes[r].has_body ? "   (the request as body)" : "");
}

static int run(struct cli *cli)
{
        const struct method *m = contract_find_short(cli->arguments[0]);

        if (!m)
                return report_unknown_method(cli->arguments[0]);
        printf("%s\n", m->name);
        print_text(m->doc, 2);
        print_facts(m);
        printf("\nrequest: %s\n", m->input->descriptor->short_name);
        print_fields(m->input, 2, 0);
        printf("\nanswer: %s\n", m->output->descriptor->short_name);
        print_fields(m->output, 2, 0);
        return CLI_DONE;
}

const struct verb verb_describe = {
        .name = "describe",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 1,
        .usage = "describe METHOD",
        .summary = "Shows what a method takes and gives, its limits, and who may call it",
        .help = "Examples:\n"
                "  socializer describe SendMessage\n"
                "  socializer describe UserService/UpdateUser\n",
};
