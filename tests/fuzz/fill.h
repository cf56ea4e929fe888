/* Messages of the contract with something fitting in every field. */
#ifndef TESTS_FUZZ_FILL_H
#define TESTS_FUZZ_FILL_H

#include "common/arena.h"
#include "common/contract.h"

/* Every number is 1 or the least that its rules allow, every list has one item. variant: which
 * member of a oneof is set. */
ProtobufCMessage *fill_message(const struct message_rules *rules, unsigned variant,
                               struct arena *arena) MUST_CHECK;

#endif
