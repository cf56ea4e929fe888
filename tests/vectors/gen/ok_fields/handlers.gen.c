/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#include "handlers.gen.h"

/* A function is only ever called through a pointer of its own type. */
static enum status call_vector_service_read(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return vector_service_read(call, req, rsp, reterr);
}

const call_handler service_handlers[METHOD_COUNT] = {
        [METHOD_VECTOR_SERVICE_READ] = call_vector_service_read,
};
