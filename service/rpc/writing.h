/* The writes of one message: one job of the database's writer thread. */
#ifndef SERVICE_RPC_WRITING_H
#define SERVICE_RPC_WRITING_H

#include "service/rpc/exchange.h"

/* Prepares the calls of the part and submits them; the part is done some time, or at once when they
 * are all refused. server->n_writes counts it until then. Not on the writer thread. */
void writing_submit(struct part *part);

#endif
