/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#ifndef HANDLERS_GEN_H
#define HANDLERS_GEN_H

#include "contract.gen.h"
#include "service/rpc/call.h"

#include "contract.pb-c.h"

enum status thing_service_get_thing(struct call *call,
        const Vector__V1__GetThingRequest *req,
        Vector__V1__GetThingResponse *rsp,
        struct error *reterr);

enum status thing_service_list_things(struct call *call,
        const Vector__V1__ListThingsRequest *req,
        Vector__V1__ListThingsResponse *rsp,
        struct error *reterr);

enum status thing_service_set_thing(struct call *call,
        const Vector__V1__SetThingRequest *req,
        Vector__V1__SetThingResponse *rsp,
        struct error *reterr);

enum status thing_service_delete_thing(struct call *call,
        const Vector__V1__DeleteThingRequest *req,
        Vector__V1__DeleteThingResponse *rsp,
        struct error *reterr);

enum status other_service_other(struct call *call,
        const Vector__V1__OtherRequest *req,
        Vector__V1__OtherResponse *rsp,
        struct error *reterr);

/* By enum method_id. */
extern const call_handler service_handlers[METHOD_COUNT];

#endif
