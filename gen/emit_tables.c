#include "gen/emit.h"

#include "common/contract_tables.h"
#include "gen/names.h"

#include <inttypes.h>
#include <string.h>

static void emit_text(struct buffer *out, const char *text)
{
        emit_string(out, text, strlen(text));
}

static const char *boolean(bool value)
{
        return value ? "true" : "false";
}

/* The code of protoc-c is included rather than linked: its field descriptors are static, and the
 * tables point to them. */
static void emit_includes(struct buffer *out, const struct model *m)
{
        bool timestamp = false;

        buffer_append_str(out,
                          "#include \"common/contract_tables.h\"\n"
                          "#include \"contract.gen.h\"\n"
                          "\n"
                          "/* Included, because the field descriptors that the tables point to "
                          "are static. */\n");
        for (size_t i = 0; i < m->n_messages; i++)
                timestamp |= strcmp(m->messages[i]->full_name, MODEL_TIMESTAMP) == 0;
        if (timestamp)
                buffer_append_str(out, "#include \"google/protobuf/timestamp.pb-c.c\"\n");
        for (size_t i = 0; i < m->request->n_file_to_generate; i++) {
                const char *name = m->request->file_to_generate[i];

                buffer_printf(out, "#include \"%.*s.pb-c.c\"\n",
                              (int)(strlen(name) - strlen(".proto")), name);
        }
        buffer_append_str(out, "\n");
}

static void emit_flags(struct buffer *out, const struct model_field *f)
{
        const Socializer__V1__FieldRules *r = f->rules;
        const struct {
                bool set;
                const char *name;
        } flags[] = {
                {r->required, "RULE_REQUIRED"},
                {r->min_set_case == SOCIALIZER__V1__FIELD_RULES__MIN_SET_MIN, "RULE_HAS_MIN"},
                {r->max_set_case == SOCIALIZER__V1__FIELD_RULES__MAX_SET_MAX, "RULE_HAS_MAX"},
                {r->json, "RULE_JSON"},
                {r->secret, "RULE_SECRET"},
                {f->optional, "RULE_OPTIONAL"},
        };
        const char *between = "         .flags = ";

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                if (!flags[i].set)
                        continue;
                buffer_printf(out, "%s%s", between, flags[i].name);
                between = " | ";
        }
        if (strcmp(between, " | ") == 0)
                buffer_append_str(out, ",\n");
}

static void emit_number_if(struct buffer *out, const char *name, uint32_t value)
{
        if (value)
                buffer_printf(out, "         .%s = %" PRIu32 ",\n", name, value);
}

static void emit_text_if(struct buffer *out, const char *name, const char *text)
{
        if (!*text)
                return;
        buffer_printf(out, "         .%s = ", name);
        emit_text(out, text);
        buffer_append_str(out, ",\n");
}

static void emit_bound_if(struct buffer *out, const char *name, bool set, double value)
{
        if (!set)
                return;
        buffer_printf(out, "         .%s = ", name);
        emit_double(out, value);
        buffer_append_str(out, ",\n");
}

static void emit_field(struct buffer *out, const struct model_message *msg, size_t index)
{
        const struct model_field *f = &msg->fields[index];
        const Socializer__V1__FieldRules *r = f->rules;

        buffer_printf(out, "        {.field = &%s__field_descriptors[%zu],\n", msg->c_name, index);
        emit_flags(out, f);
        emit_number_if(out, "min_len", r->min_len);
        emit_number_if(out, "max_len", r->max_len);
        emit_number_if(out, "min_items", r->min_items);
        emit_number_if(out, "max_items", r->max_items);
        emit_bound_if(out, "min", r->min_set_case == SOCIALIZER__V1__FIELD_RULES__MIN_SET_MIN,
                      r->min);
        emit_bound_if(out, "max", r->max_set_case == SOCIALIZER__V1__FIELD_RULES__MAX_SET_MAX,
                      r->max);
        emit_text_if(out, "pattern", r->pattern);
        emit_text_if(out, "pattern_hint", r->pattern_hint);
        if (r->n_alias > 0)
                buffer_printf(out, "         .aliases = aliases_%s__%s,\n", msg->c_name, f->name);
        if (f->message)
                buffer_printf(out, "         .message = &rules_%s,\n", f->message->c_name);
        if (f->enumeration)
                buffer_printf(out, "         .json_prefix = \"%s\",\n",
                              f->enumeration->json_prefix);
        buffer_append_str(out, "         .doc = ");
        emit_text(out, f->doc);
        buffer_append_str(out, "},\n");
}

static void emit_aliases(struct buffer *out, const struct model_message *msg,
                         const struct model_field *f)
{
        if (f->rules->n_alias == 0)
                return;
        buffer_printf(out, "static const struct alias aliases_%s__%s[] = {", msg->c_name, f->name);
        for (size_t i = 0; i < f->rules->n_alias; i++)
                buffer_printf(out, "{\"%s\", %" PRId64 "}, ", f->rules->alias[i]->name,
                              f->rules->alias[i]->value);
        buffer_append_str(out, "{NULL, 0}};\n");
}

static void emit_message(struct buffer *out, const struct model_message *msg)
{
        for (size_t i = 0; i < msg->n_fields; i++)
                emit_aliases(out, msg, &msg->fields[i]);
        if (msg->n_fields > 0) {
                buffer_printf(out, "static const struct field_rule fields_%s[] = {\n", msg->c_name);
                for (size_t i = 0; i < msg->n_fields; i++)
                        emit_field(out, msg, i);
                buffer_append_str(out, "};\n");
        }
        buffer_printf(out,
                      "static const struct message_rules rules_%s = {\n"
                      "        .descriptor = &%s__descriptor,\n",
                      msg->c_name, msg->c_name);
        if (msg->n_fields > 0)
                buffer_printf(out, "        .fields = fields_%s,\n", msg->c_name);
        buffer_append_str(out, "        .doc = ");
        emit_text(out, msg->doc);
        buffer_printf(out,
                      ",\n"
                      "        .has_secret = %s,\n"
                      "};\n\n",
                      boolean(msg->has_secret));
}

static void emit_messages(struct buffer *out, const struct model *m)
{
        for (size_t i = 0; i < m->n_messages; i++)
                buffer_printf(out, "static const struct message_rules rules_%s;\n",
                              m->messages[i]->c_name);
        buffer_append_str(out, "\n");
        for (size_t i = 0; i < m->n_messages; i++)
                emit_message(out, m->messages[i]);
        buffer_append_str(out, "const struct message_rules *const contract_messages[] = {\n");
        for (size_t i = 0; i < m->n_messages; i++)
                buffer_printf(out, "        &rules_%s,\n", m->messages[i]->c_name);
        buffer_printf(out,
                      "        NULL,\n"
                      "};\n"
                      "const size_t contract_n_messages = %zu;\n\n",
                      m->n_messages);
}

/* The index of a field among its message's, which is also that of its descriptor. */
static size_t field_index(const struct model_message *msg, const struct model_field *f)
{
        return (size_t)(f - msg->fields);
}

static void emit_routes(struct buffer *out, const struct model_method *method)
{
        if (method->n_routes == 0)
                return;
        buffer_printf(out, "static const struct http_route routes_%s[] = {\n", method->handler);
        for (size_t i = 0; i < method->n_routes; i++) {
                const struct model_route *r = &method->routes[i];

                buffer_printf(out, "        {\"%s\", \"%s\", %s, ", r->verb, r->path,
                              boolean(r->has_body));
                if (r->response_body)
                        buffer_printf(out, "&%s__field_descriptors[%zu]},\n",
                                      method->output->c_name,
                                      field_index(method->output, r->response_body));
                else
                        buffer_append_str(out, "NULL},\n");
        }
        buffer_append_str(out, "};\n");
}

static void emit_method(struct buffer *out, const struct model_method *method, size_t index)
{
        static const char *const lanes[LANE_COUNT] = {
                [LANE_READ] = "LANE_READ",
                [LANE_WRITE] = "LANE_WRITE",
                [LANE_PASSWORD] = "LANE_PASSWORD",
                [LANE_LONG] = "LANE_LONG",
        };
        static const char *const accesses[] = {
                [SOCIALIZER__V1__ACCESS__ACCESS_PUBLIC] = "ACCESS_PUBLIC",
                [SOCIALIZER__V1__ACCESS__ACCESS_USER] = "ACCESS_USER",
                [SOCIALIZER__V1__ACCESS__ACCESS_ADMIN] = "ACCESS_ADMIN",
        };
        const struct model_service *service = method->service;
        const Socializer__V1__MethodRules *r = method->rules;

        buffer_printf(out,
                      "        [%s] = {\n"
                      "                .name = \"%s\",\n"
                      "                .service = \"%s\",\n"
                      "                .method = \"%s\",\n"
                      "                .doc = ",
                      method->id, method->full_name, service->proto->name, method->proto->name);
        emit_text(out, method->doc);
        buffer_printf(out,
                      ",\n"
                      "                .service_descriptor = &%s__descriptor,\n"
                      "                .method_index = %zu,\n"
                      "                .input = &rules_%s,\n"
                      "                .output = &rules_%s,\n"
                      "                .lane = %s,\n"
                      "                .access = %s,\n"
                      "                .side_effects = %s,\n"
                      "                .replay = %s,\n"
                      "                .sealed_replay = %s,\n"
                      "                .timeout_ms = %u,\n"
                      "                .http_status = %u,\n",
                      service->c_name, index, method->input->c_name, method->output->c_name,
                      lanes[method->lane], accesses[r->access], boolean(method->side_effects),
                      boolean(method->replay), boolean(r->sealed_replay),
                      (unsigned)(r->timeout_ms ? r->timeout_ms : 10000),
                      (unsigned)(r->http_status ? r->http_status : 200));
        if (*r->repeat_key)
                buffer_printf(
                        out, "                .repeat_key = &%s__field_descriptors[%zu],\n",
                        method->input->c_name,
                        field_index(method->input, model_field_find(method->input, r->repeat_key,
                                                                    strlen(r->repeat_key))));
        if (method->n_routes > 0)
                buffer_printf(out,
                              "                .routes = routes_%s,\n"
                              "                .n_routes = %zu,\n",
                              method->handler, method->n_routes);
        buffer_append_str(out, "        },\n");
}

static void emit_methods(struct buffer *out, const struct model *m)
{
        for (size_t i = 0; i < m->n_methods; i++)
                emit_routes(out, &m->methods[i]);
        buffer_append_str(out, "\nconst struct method contract_methods[METHOD_COUNT + 1] = {\n");
        for (size_t i = 0; i < m->n_methods; i++)
                emit_method(out, &m->methods[i], i - m->methods[i].service->first_method);
        buffer_append_str(out, "};\n"
                               "const size_t contract_n_methods = METHOD_COUNT;\n\n"
                               "const struct contract_service contract_services[] = {\n");
        for (size_t i = 0; i < m->n_services; i++)
                buffer_printf(out, "        {&%s__descriptor, %zu},\n", m->services[i].c_name,
                              m->services[i].first_method);
        buffer_printf(out,
                      "        {NULL, 0},\n"
                      "};\n"
                      "const size_t contract_n_services = %zu;\n\n",
                      m->n_services);
}

static void emit_slots(struct buffer *out, const struct model *m)
{
        uint32_t n_slots = 4;
        uint16_t *slots;

        while (n_slots < 2 * m->n_methods)
                n_slots *= 2;
        slots = names_must(arena_calloc(m->arena, n_slots, sizeof(slots[0])));
        for (size_t i = 0; i < m->n_methods; i++) {
                const char *name = m->methods[i].full_name;
                uint32_t at = contract_hash(name, strlen(name));

                while (slots[at & (n_slots - 1)])
                        at++;
                slots[at & (n_slots - 1)] = (uint16_t)(i + 1);
        }
        buffer_append_str(out, "const uint16_t contract_slots[] = {");
        for (uint32_t i = 0; i < n_slots; i++)
                buffer_printf(out, "%s%u,", i % 16 == 0 ? "\n        " : " ", (unsigned)slots[i]);
        buffer_printf(out,
                      "\n"
                      "};\n"
                      "const uint32_t contract_slot_mask = %" PRIu32 ";\n\n",
                      n_slots - 1);
}

static void emit_openapi_literal(struct buffer *out, const char *openapi)
{
        size_t n = strlen(openapi);

        buffer_append_str(out, "const char contract_openapi[] =\n");
        for (size_t at = 0; at < n;) {
                size_t piece = n - at < 72 ? n - at : 72;

                /* Not in the middle of a character. */
                while (at + piece < n && ((unsigned char)openapi[at + piece] & 0xc0) == 0x80)
                        piece--;
                buffer_append_str(out, "        ");
                emit_string(out, openapi + at, piece);
                buffer_append_str(out, "\n");
                at += piece;
        }
        buffer_append_str(out, "        ;\n"
                               "const size_t contract_openapi_bytes = sizeof(contract_openapi) - "
                               "1;\n");
}

void emit_tables(struct buffer *out, const struct model *m, const char *openapi)
{
        emit_banner(out, m);
        emit_includes(out, m);
        emit_messages(out, m);
        emit_methods(out, m);
        emit_slots(out, m);
        emit_openapi_literal(out, openapi);
}
