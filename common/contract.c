#include "common/contract.h"

#include <string.h>

const struct method *contract_find(const char *name, size_t n_bytes)
{
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                if (strlen(m->name) == n_bytes && memcmp(m->name, name, n_bytes) == 0)
                        return m;
        }
        return NULL;
}

const struct method *contract_find_stub(const ProtobufCServiceDescriptor *service, unsigned index)
{
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                if (m->service_descriptor == service && m->method_index == index)
                        return m;
        }
        return NULL;
}

/* Whether typed is "Method", "Service/Method" or "Service.Method" of m. */
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

const struct message_rules *contract_rules(const ProtobufCMessageDescriptor *descriptor)
{
        for (size_t i = 0; i < contract_n_messages; i++) {
                if (contract_messages[i]->descriptor == descriptor)
                        return contract_messages[i];
        }
        return NULL;
}
