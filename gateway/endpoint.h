/* What answers a request whose head and body are here: the methods of the contract, the gateway's
 * own pages, files. */
#ifndef GATEWAY_ENDPOINT_H
#define GATEWAY_ENDPOINT_H

#include "gateway/request.h"

/* Afterwards the request is READY or RUNNING. */
void endpoint_answer(struct request *r);

/* A route of the contract (gateway/rpc.c). */
void rpc_answer(struct request *r);
/* /health, /ready and /metrics (gateway/operations.c). */
void operations_health(struct request *r);
void operations_ready(struct request *r);
void operations_metrics(struct request *r);
/* /ws/chat (gateway/upgrade.c). */
void upgrade_answer(struct request *r);

#endif
