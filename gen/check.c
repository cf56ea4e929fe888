#include "gen/check.h"

#include "gen/names.h"

#include <string.h>

void check_file(struct model *m, const Google__Protobuf__FileDescriptorProto *file)
{
        struct place place = {file->name, 1};

        if (!file->syntax || strcmp(file->syntax, "proto3") != 0)
                model_problem(m, place, "the contract is written in proto3");
        if (!file->package || !*file->package)
                model_problem(m, place, "the file has no package");
}

void check_enum(struct model *m, const struct model_enum *e)
{
        size_t n_prefix = strlen(e->json_prefix);

        for (size_t i = 0; i < e->proto->n_value; i++) {
                const Google__Protobuf__EnumValueDescriptorProto *v = e->proto->value[i];
                struct place place = source_place(e->file, source_child(e->path, 2, i));

                if (strncmp(v->name, e->json_prefix, n_prefix) != 0 || !v->name[n_prefix])
                        model_problem(m, place, "enum value %s does not begin with %s", v->name,
                                      e->json_prefix);
                else if (v->number == 0 && strcmp(v->name + n_prefix, "UNSPECIFIED") != 0)
                        model_problem(m, place, "enum value 0 is not called %sUNSPECIFIED",
                                      e->json_prefix);
                for (size_t j = 0; j < i; j++) {
                        if (e->proto->value[j]->number == v->number)
                                model_problem(m, place, "enum values %s and %s are the same number",
                                              e->proto->value[j]->name, v->name);
                }
        }
}

void check_method(struct model *m, const struct model_method *method)
{
        const Socializer__V1__MethodRules *rules = method->rules;

        if (method->proto->client_streaming || method->proto->server_streaming)
                model_problem(m, method->place, "%s: streaming methods are not supported",
                              method->full_name);
        if (rules->access == SOCIALIZER__V1__ACCESS__ACCESS_UNSPECIFIED)
                model_problem(m, method->place,
                              "%s has no access: say (socializer.v1.method).access",
                              method->full_name);
        else if (rules->access > SOCIALIZER__V1__ACCESS__ACCESS_ADMIN)
                model_problem(m, method->place, "%s: access %d is unknown", method->full_name,
                              (int)rules->access);
        if (!method->side_effects && method->lane == LANE_WRITE)
                model_problem(m, method->place, "%s is NO_SIDE_EFFECTS, but its lane is LANE_WRITE",
                              method->full_name);
        if (method->side_effects && method->lane == LANE_READ)
                model_problem(m, method->place,
                              "%s has side effects, but its lane is LANE_READ: say "
                              "idempotency_level = NO_SIDE_EFFECTS",
                              method->full_name);
        if (!method->side_effects && rules->no_replay)
                model_problem(m, method->place,
                              "%s is NO_SIDE_EFFECTS: nothing is replayed, no_replay says nothing",
                              method->full_name);
        if (rules->sealed_replay && !method->replay)
                model_problem(m, method->place,
                              "%s: nothing is replayed, sealed_replay says nothing",
                              method->full_name);
        if (rules->sealed_replay && rules->access == SOCIALIZER__V1__ACCESS__ACCESS_PUBLIC)
                model_problem(
                        m, method->place,
                        "%s: nobody's reply cannot be sealed: sealed_replay wants ACCESS_USER",
                        method->full_name);
        if (rules->http_status != 0 && (rules->http_status < 200 || rules->http_status > 299))
                model_problem(m, method->place, "%s: http_status %u is no success",
                              method->full_name, (unsigned)rules->http_status);
}

/* Walks everything that a message holds: no message twice, so that this ends. */
static void visit(struct model *m, struct model_message *message)
{
        message->visit = MODEL_OPEN;
        for (size_t i = 0; i < message->n_fields; i++) {
                const struct model_field *f = &message->fields[i];

                message->has_secret |= f->rules->secret;
                if (!f->message)
                        continue;
                if (f->message->visit == MODEL_OPEN) {
                        model_problem(m, f->place,
                                      "field '%s' puts %s inside itself: messages may not be "
                                      "recursive",
                                      f->name, f->message->full_name);
                        continue;
                }
                if (f->message->visit == MODEL_UNSEEN)
                        visit(m, f->message);
                message->has_secret |= f->message->has_secret;
        }
        message->visit = MODEL_DONE;
}

static void mark(struct model_message *message, bool request)
{
        if (request ? message->in_request : message->in_response)
                return;
        if (request)
                message->in_request = true;
        else
                message->in_response = true;
        for (size_t i = 0; i < message->n_fields; i++) {
                if (message->fields[i].message)
                        mark(message->fields[i].message, request);
        }
}

static void check_repeat_key(struct model *m, const struct model_method *method)
{
        const char *name = method->rules->repeat_key;
        const struct model_field *f = model_field_find(method->input, name, strlen(name));

        if (*name == '\0')
                return;
        if (!f || !model_is_string(f) || f->repeated || f->choice || f->optional)
                model_problem(m, method->place, "%s: repeat_key '%s' is no text field of %s",
                              method->full_name, name, method->input->full_name);
        else if (!method->replay)
                model_problem(m, method->place, "%s: nothing is replayed, repeat_key says nothing",
                              method->full_name);
}

void check_whole(struct model *m)
{
        for (size_t i = 0; i < m->n_messages; i++) {
                if (m->messages[i]->visit == MODEL_UNSEEN)
                        visit(m, m->messages[i]);
        }
        for (size_t i = 0; i < m->n_methods; i++) {
                const struct model_method *method = &m->methods[i];

                mark(method->input, true);
                mark(method->output, false);
                check_repeat_key(m, method);
                if (method->replay && method->output->has_secret)
                        model_problem(m, method->place,
                                      "%s answers a secret, which may not be stored to answer a "
                                      "repeat: say no_replay",
                                      method->full_name);
                for (size_t j = 0; j < i; j++) {
                        if (strcmp(m->methods[j].id, method->id) == 0)
                                model_problem(m, method->place, "%s and %s are both %s",
                                              m->methods[j].full_name, method->full_name,
                                              method->id);
                }
        }
}
