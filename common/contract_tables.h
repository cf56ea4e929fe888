/* What contract.gen.c holds for contract.c alone: the way from a name to a method. */
#ifndef COMMON_CONTRACT_TABLES_H
#define COMMON_CONTRACT_TABLES_H

#include "common/contract.h"

/* A hash table of methods, open addressing: each slot is 1 + an index of contract_methods, 0 is
 * free. A power of two slots, at least half of them free. */
extern const uint16_t contract_slots[];
extern const uint32_t contract_slot_mask;

struct contract_service {
        const ProtobufCServiceDescriptor *descriptor;
        size_t first_method; /* its methods follow one another in contract_methods */
};
extern const struct contract_service contract_services[];
extern const size_t contract_n_services;

/* The same in the generator and at run time, on machines of either byte order. */
static inline uint32_t contract_hash(const char *name, size_t n)
{
        const unsigned char *at = (const unsigned char *)name;
        uint64_t h = n;

        for (; n >= 8; at += 8, n -= 8) {
                uint64_t word = (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
                                (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
                                (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
                                (uint64_t)at[7] << 56;

                h = (h ^ word) * 0x9e3779b97f4a7c15u;
                h ^= h >> 32;
        }
        for (; n > 0; at++, n--)
                h = (h ^ *at) * 0x9e3779b97f4a7c15u;
        return (uint32_t)(h >> 32);
}

#endif
