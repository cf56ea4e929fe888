#include "common/contract.h"

#include "common/contract_tables.h"

#include <stdlib.h>
#include <string.h>

const struct method *contract_find(const char *name, size_t n_bytes)
{
        for (uint32_t i = contract_hash(name, n_bytes);; i++) {
                uint16_t slot = contract_slots[i & contract_slot_mask];
                const struct method *m;

                if (slot == 0)
                        return NULL;
                m = &contract_methods[slot - 1];
                if (strlen(m->name) == n_bytes && memcmp(m->name, name, n_bytes) == 0)
                        return m;
        }
}

const struct method *contract_find_stub(const ProtobufCServiceDescriptor *service, unsigned index)
{
        for (size_t i = 0; i < contract_n_services; i++) {
                if (contract_services[i].descriptor == service && index < service->n_methods)
                        return &contract_methods[contract_services[i].first_method + index];
        }
        return NULL;
}

/* Whether typed is "Method", "Service/Method", "Service.Method" or the full name of m. */
static bool is_short_name(const struct method *m, const char *typed)
{
        size_t n_service = strlen(m->service);

        if (strcmp(typed, m->method) == 0 || strcmp(typed, m->name) == 0)
                return true;
        return strncmp(typed, m->service, n_service) == 0 &&
               (typed[n_service] == '/' || typed[n_service] == '.') &&
               strcmp(typed + n_service + 1, m->method) == 0;
}

const struct method *contract_find_short(const char *name)
{
        const struct method *found = NULL;

        for (size_t i = 0; i < contract_n_methods; i++) {
                if (!is_short_name(&contract_methods[i], name))
                        continue;
                if (found)
                        return NULL;
                found = &contract_methods[i];
        }
        return found;
}

static int compare_name(const void *key, const void *entry)
{
        const struct message_rules *const *rules = entry;

        return strcmp(key, (*rules)->descriptor->name);
}

const struct message_rules *contract_rules(const ProtobufCMessageDescriptor *descriptor)
{
        const struct message_rules *const *found =
                bsearch(descriptor->name, contract_messages, contract_n_messages,
                        sizeof(struct message_rules *), compare_name);

        return found && (*found)->descriptor == descriptor ? *found : NULL;
}

uint32_t contract_revision(void)
{
        size_t n = contract_n_methods + contract_n_messages;

        for (size_t i = 0; i < contract_n_messages; i++) {
                const ProtobufCMessageDescriptor *d = contract_messages[i]->descriptor;

                /* The highest number: a field that was removed keeps its own. */
                if (d->n_fields > 0)
                        n += d->fields[d->n_fields - 1].id;
        }
        return (uint32_t)n;
}
