/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#include "handlers.gen.h"

/* A function is only ever called through a pointer of its own type. */
static enum status call_thing_service_get_thing(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return thing_service_get_thing(call, req, rsp, reterr);
}

static enum status call_thing_service_list_things(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return thing_service_list_things(call, req, rsp, reterr);
}

static enum status call_thing_service_set_thing(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return thing_service_set_thing(call, req, rsp, reterr);
}

static enum status call_thing_service_delete_thing(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return thing_service_delete_thing(call, req, rsp, reterr);
}

static enum status call_other_service_other(struct call *call, const void *req,
        void *rsp, struct error *reterr)
{
        return other_service_other(call, req, rsp, reterr);
}

const call_handler service_handlers[METHOD_COUNT] = {
        [METHOD_THING_SERVICE_GET_THING] = call_thing_service_get_thing,
        [METHOD_THING_SERVICE_LIST_THINGS] = call_thing_service_list_things,
        [METHOD_THING_SERVICE_SET_THING] = call_thing_service_set_thing,
        [METHOD_THING_SERVICE_DELETE_THING] = call_thing_service_delete_thing,
        [METHOD_OTHER_SERVICE_OTHER] = call_other_service_other,
};
