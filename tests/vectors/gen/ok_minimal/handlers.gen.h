/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#ifndef HANDLERS_GEN_H
#define HANDLERS_GEN_H

#include "contract.gen.h"
#include "service/rpc/call.h"

#include "contract.pb-c.h"

enum status vector_service_do(struct call *call,
        const Vector__V1__DoRequest *req,
        Vector__V1__DoResponse *rsp,
        struct error *reterr);

/* By enum method_id. */
extern const call_handler service_handlers[METHOD_COUNT];

#endif
