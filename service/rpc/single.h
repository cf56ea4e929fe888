/* One call of the password or the long lane: it has a thread to itself while it runs. */
#ifndef SERVICE_RPC_SINGLE_H
#define SERVICE_RPC_SINGLE_H

#include "service/rpc/exchange.h"

/* Queues the call, or answers it at once when it is cancelled already. False when its queue is full
 * or there is no memory; *ret_refusal says which. */
bool single_submit(struct part *part, struct item *item, enum refusal *ret_refusal) MUST_CHECK;
/* Answers calls that were cancelled while they waited. */
void single_cancelled(struct tracked *removed);

#endif
