/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#include "common/contract_tables.h"
#include "contract.gen.h"

/* Included, because the field descriptors that the tables point to are static. */
#include "contract.pb-c.c"

static const struct message_rules rules_vector__v1__delete_thing_request;
static const struct message_rules rules_vector__v1__delete_thing_response;
static const struct message_rules rules_vector__v1__get_thing_request;
static const struct message_rules rules_vector__v1__get_thing_response;
static const struct message_rules rules_vector__v1__list_things_request;
static const struct message_rules rules_vector__v1__list_things_response;
static const struct message_rules rules_vector__v1__other_request;
static const struct message_rules rules_vector__v1__other_response;
static const struct message_rules rules_vector__v1__set_thing_request;
static const struct message_rules rules_vector__v1__set_thing_response;
static const struct message_rules rules_vector__v1__thing;

static const struct field_rule fields_vector__v1__delete_thing_request[] = {
        {.field = &vector__v1__delete_thing_request__field_descriptors[0],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__delete_thing_request = {
        .descriptor = &vector__v1__delete_thing_request__descriptor,
        .fields = fields_vector__v1__delete_thing_request,
        .doc = "",
        .has_secret = false,
};

static const struct message_rules rules_vector__v1__delete_thing_response = {
        .descriptor = &vector__v1__delete_thing_response__descriptor,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__get_thing_request[] = {
        {.field = &vector__v1__get_thing_request__field_descriptors[0],
         .flags = RULE_REQUIRED | RULE_HAS_MIN,
         .min = 1,
         .doc = ""},
        {.field = &vector__v1__get_thing_request__field_descriptors[1],
         .doc = "In the query."},
};
static const struct message_rules rules_vector__v1__get_thing_request = {
        .descriptor = &vector__v1__get_thing_request__descriptor,
        .fields = fields_vector__v1__get_thing_request,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__get_thing_response[] = {
        {.field = &vector__v1__get_thing_response__field_descriptors[0],
         .message = &rules_vector__v1__thing,
         .doc = ""},
};
static const struct message_rules rules_vector__v1__get_thing_response = {
        .descriptor = &vector__v1__get_thing_response__descriptor,
        .fields = fields_vector__v1__get_thing_response,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__list_things_request[] = {
        {.field = &vector__v1__list_things_request__field_descriptors[0],
         .max_len = 10,
         .max_items = 3,
         .doc = ""},
        {.field = &vector__v1__list_things_request__field_descriptors[1],
         .flags = RULE_HAS_MIN | RULE_HAS_MAX,
         .min = 0,
         .max = 5e+02,
         .doc = ""},
};
static const struct message_rules rules_vector__v1__list_things_request = {
        .descriptor = &vector__v1__list_things_request__descriptor,
        .fields = fields_vector__v1__list_things_request,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__list_things_response[] = {
        {.field = &vector__v1__list_things_response__field_descriptors[0],
         .message = &rules_vector__v1__thing,
         .doc = ""},
};
static const struct message_rules rules_vector__v1__list_things_response = {
        .descriptor = &vector__v1__list_things_response__descriptor,
        .fields = fields_vector__v1__list_things_response,
        .doc = "",
        .has_secret = false,
};

static const struct message_rules rules_vector__v1__other_request = {
        .descriptor = &vector__v1__other_request__descriptor,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__other_response[] = {
        {.field = &vector__v1__other_response__field_descriptors[0],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__other_response = {
        .descriptor = &vector__v1__other_response__descriptor,
        .fields = fields_vector__v1__other_response,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__set_thing_request[] = {
        {.field = &vector__v1__set_thing_request__field_descriptors[0],
         .doc = ""},
        {.field = &vector__v1__set_thing_request__field_descriptors[1],
         .flags = RULE_REQUIRED,
         .doc = ""},
        {.field = &vector__v1__set_thing_request__field_descriptors[2],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__set_thing_request = {
        .descriptor = &vector__v1__set_thing_request__descriptor,
        .fields = fields_vector__v1__set_thing_request,
        .doc = "",
        .has_secret = false,
};

static const struct message_rules rules_vector__v1__set_thing_response = {
        .descriptor = &vector__v1__set_thing_response__descriptor,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__thing[] = {
        {.field = &vector__v1__thing__field_descriptors[0],
         .doc = ""},
        {.field = &vector__v1__thing__field_descriptors[1],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__thing = {
        .descriptor = &vector__v1__thing__descriptor,
        .fields = fields_vector__v1__thing,
        .doc = "",
        .has_secret = false,
};

const struct message_rules *const contract_messages[] = {
        &rules_vector__v1__delete_thing_request,
        &rules_vector__v1__delete_thing_response,
        &rules_vector__v1__get_thing_request,
        &rules_vector__v1__get_thing_response,
        &rules_vector__v1__list_things_request,
        &rules_vector__v1__list_things_response,
        &rules_vector__v1__other_request,
        &rules_vector__v1__other_response,
        &rules_vector__v1__set_thing_request,
        &rules_vector__v1__set_thing_response,
        &rules_vector__v1__thing,
        NULL,
};
const size_t contract_n_messages = 11;

static const struct http_route routes_thing_service_get_thing[] = {
        {"GET", "/things/{id}", false, &vector__v1__get_thing_response__field_descriptors[0]},
        {"GET", "/things/{id}/", false, NULL},
};
static const struct http_route routes_thing_service_list_things[] = {
        {"GET", "/things", false, &vector__v1__list_things_response__field_descriptors[0]},
};
static const struct http_route routes_thing_service_set_thing[] = {
        {"PUT", "/things/{id}", true, NULL},
        {"POST", "/things", true, NULL},
        {"PATCH", "/things/{id}/{name}", false, NULL},
};
static const struct http_route routes_thing_service_delete_thing[] = {
        {"DELETE", "/things/{id}", false, NULL},
};

const struct method contract_methods[METHOD_COUNT + 1] = {
        [METHOD_THING_SERVICE_GET_THING] = {
                .name = "vector.v1.ThingService/GetThing",
                .service = "ThingService",
                .method = "GetThing",
                .doc = "A thing. The second sentence is no summary.",
                .service_descriptor = &vector__v1__thing_service__descriptor,
                .method_index = 0,
                .input = &rules_vector__v1__get_thing_request,
                .output = &rules_vector__v1__get_thing_response,
                .lane = LANE_READ,
                .access = ACCESS_USER,
                .side_effects = false,
                .replay = false,
                .sealed_replay = false,
                .timeout_ms = 10000,
                .http_status = 200,
                .routes = routes_thing_service_get_thing,
                .n_routes = 2,
        },
        [METHOD_THING_SERVICE_LIST_THINGS] = {
                .name = "vector.v1.ThingService/ListThings",
                .service = "ThingService",
                .method = "ListThings",
                .doc = "",
                .service_descriptor = &vector__v1__thing_service__descriptor,
                .method_index = 1,
                .input = &rules_vector__v1__list_things_request,
                .output = &rules_vector__v1__list_things_response,
                .lane = LANE_READ,
                .access = ACCESS_PUBLIC,
                .side_effects = false,
                .replay = false,
                .sealed_replay = false,
                .timeout_ms = 10000,
                .http_status = 200,
                .routes = routes_thing_service_list_things,
                .n_routes = 1,
        },
        [METHOD_THING_SERVICE_SET_THING] = {
                .name = "vector.v1.ThingService/SetThing",
                .service = "ThingService",
                .method = "SetThing",
                .doc = "ALREADY_EXISTS where there is one.",
                .service_descriptor = &vector__v1__thing_service__descriptor,
                .method_index = 2,
                .input = &rules_vector__v1__set_thing_request,
                .output = &rules_vector__v1__set_thing_response,
                .lane = LANE_LONG,
                .access = ACCESS_ADMIN,
                .side_effects = true,
                .replay = true,
                .sealed_replay = false,
                .timeout_ms = 60000,
                .http_status = 202,
                .routes = routes_thing_service_set_thing,
                .n_routes = 3,
        },
        [METHOD_THING_SERVICE_DELETE_THING] = {
                .name = "vector.v1.ThingService/DeleteThing",
                .service = "ThingService",
                .method = "DeleteThing",
                .doc = "",
                .service_descriptor = &vector__v1__thing_service__descriptor,
                .method_index = 3,
                .input = &rules_vector__v1__delete_thing_request,
                .output = &rules_vector__v1__delete_thing_response,
                .lane = LANE_PASSWORD,
                .access = ACCESS_USER,
                .side_effects = true,
                .replay = false,
                .sealed_replay = false,
                .timeout_ms = 10000,
                .http_status = 200,
                .routes = routes_thing_service_delete_thing,
                .n_routes = 1,
        },
        [METHOD_OTHER_SERVICE_OTHER] = {
                .name = "vector.v1.OtherService/Other",
                .service = "OtherService",
                .method = "Other",
                .doc = "",
                .service_descriptor = &vector__v1__other_service__descriptor,
                .method_index = 0,
                .input = &rules_vector__v1__other_request,
                .output = &rules_vector__v1__other_response,
                .lane = LANE_WRITE,
                .access = ACCESS_PUBLIC,
                .side_effects = true,
                .replay = true,
                .sealed_replay = false,
                .timeout_ms = 10000,
                .http_status = 200,
        },
};
const size_t contract_n_methods = METHOD_COUNT;

const struct contract_service contract_services[] = {
        {&vector__v1__thing_service__descriptor, 0},
        {&vector__v1__other_service__descriptor, 4},
        {NULL, 0},
};
const size_t contract_n_services = 2;

const uint16_t contract_slots[] = {
        1, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 2,
};
const uint32_t contract_slot_mask = 15;

const char contract_openapi[] =
        "{\"openapi\":\"3.1.0\",\"info\":{\"version\":\"1.2.3\",\"title\":\"Vector\"},\"tags\":[{"
        "\"name\":\"ThingService\",\"description\":\"Things.\"},{\"name\":\"OtherService\",\"d"
        "escription\":\"A second service, without routes.\"},{\"name\":\"Extra\"}],\"path"
        "s\":{\"/things/{id}\":{\"get\":{\"operationId\":\"ThingService_GetThing\",\"summar"
        "y\":\"A thing\",\"description\":\"A thing. The second sentence is no summary.\""
        ",\"tags\":[\"ThingService\"],\"security\":[{\"bearer\":[]},{\"cookie\":[]}],\"param"
        "eters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integ"
        "er\",\"format\":\"int64\",\"minimum\":1}},{\"name\":\"verbose\",\"in\":\"query\",\"descr"
        "iption\":\"In the query.\",\"schema\":{\"type\":\"boolean\"}}],\"responses\":{\"200\""
        ":{\"description\":\"Done\",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/h"
        "eaders/RequestId\"}},\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/c"
        "omponents/schemas/Thing\"}}}},\"401\":{\"$ref\":\"#/components/responses/UNAUT"
        "HENTICATED\"},\"404\":{\"$ref\":\"#/components/responses/NOT_FOUND\"},\"422\":{\"$"
        "ref\":\"#/components/responses/INVALID_ARGUMENT\"},\"429\":{\"$ref\":\"#/compone"
        "nts/responses/RESOURCE_EXHAUSTED\"},\"500\":{\"$ref\":\"#/components/responses"
        "/INTERNAL\"},\"503\":{\"$ref\":\"#/components/responses/UNAVAILABLE\"},\"504\":{\""
        "$ref\":\"#/components/responses/DEADLINE_EXCEEDED\"}},\"x-rpc\":\"vector.v1.Th"
        "ingService/GetThing\"},\"put\":{\"operationId\":\"ThingService_SetThing\",\"summ"
        "ary\":\"ALREADY_EXISTS where there is one\",\"description\":\"ALREADY_EXISTS w"
        "here there is one.\",\"tags\":[\"ThingService\"],\"security\":[{\"bearer\":[]},{\""
        "cookie\":[]}],\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"sch"
        "ema\":{\"type\":\"integer\",\"format\":\"int64\"}},{\"$ref\":\"#/components/paramete"
        "rs/IdempotencyKey\"}],\"requestBody\":{\"required\":true,\"content\":{\"applicat"
        "ion/json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"strin"
        "g\",\"minLength\":1},\"note\":{\"type\":\"string\"}},\"required\":[\"name\"],\"additio"
        "nalProperties\":false}}}},\"responses\":{\"202\":{\"description\":\"Done\",\"heade"
        "rs\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/RequestId\"}},\"content\""
        ":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/SetThingRes"
        "ponse\"}}}},\"401\":{\"$ref\":\"#/components/responses/UNAUTHENTICATED\"},\"403\""
        ":{\"$ref\":\"#/components/responses/PERMISSION_DENIED\"},\"404\":{\"$ref\":\"#/co"
        "mponents/responses/NOT_FOUND\"},\"409\":{\"$ref\":\"#/components/responses/ALR"
        "EADY_EXISTS\"},\"422\":{\"$ref\":\"#/components/responses/INVALID_ARGUMENT\"},\""
        "429\":{\"$ref\":\"#/components/responses/RESOURCE_EXHAUSTED\"},\"500\":{\"$ref\":"
        "\"#/components/responses/INTERNAL\"},\"503\":{\"$ref\":\"#/components/responses"
        "/UNAVAILABLE\"},\"504\":{\"$ref\":\"#/components/responses/DEADLINE_EXCEEDED\"}"
        "},\"x-rpc\":\"vector.v1.ThingService/SetThing\"},\"delete\":{\"operationId\":\"Th"
        "ingService_DeleteThing\",\"tags\":[\"ThingService\"],\"security\":[{\"bearer\":[]"
        "},{\"cookie\":[]}],\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,"
        "\"schema\":{\"type\":\"integer\",\"format\":\"int64\"}}],\"responses\":{\"200\":{\"desc"
        "ription\":\"Done\",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/"
        "RequestId\"}},\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/componen"
        "ts/schemas/DeleteThingResponse\"}}}},\"401\":{\"$ref\":\"#/components/response"
        "s/UNAUTHENTICATED\"},\"404\":{\"$ref\":\"#/components/responses/NOT_FOUND\"},\"4"
        "22\":{\"$ref\":\"#/components/responses/INVALID_ARGUMENT\"},\"429\":{\"$ref\":\"#/"
        "components/responses/RESOURCE_EXHAUSTED\"},\"500\":{\"$ref\":\"#/components/re"
        "sponses/INTERNAL\"},\"503\":{\"$ref\":\"#/components/responses/UNAVAILABLE\"},\""
        "504\":{\"$ref\":\"#/components/responses/DEADLINE_EXCEEDED\"}},\"x-rpc\":\"vecto"
        "r.v1.ThingService/DeleteThing\"}},\"/things/{id}/\":{\"get\":{\"operationId\":\""
        "ThingService_GetThing_2\",\"summary\":\"A thing\",\"description\":\"A thing. The"
        " second sentence is no summary.\",\"tags\":[\"ThingService\"],\"security\":[{\"b"
        "earer\":[]},{\"cookie\":[]}],\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"requir"
        "ed\":true,\"schema\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1}},{\"nam"
        "e\":\"verbose\",\"in\":\"query\",\"description\":\"In the query.\",\"schema\":{\"type\""
        ":\"boolean\"}}],\"responses\":{\"200\":{\"description\":\"Done\",\"headers\":{\"X-Req"
        "uest-Id\":{\"$ref\":\"#/components/headers/RequestId\"}},\"content\":{\"applicat"
        "ion/json\":{\"schema\":{\"$ref\":\"#/components/schemas/GetThingResponse\"}}}},"
        "\"401\":{\"$ref\":\"#/components/responses/UNAUTHENTICATED\"},\"404\":{\"$ref\":\"#"
        "/components/responses/NOT_FOUND\"},\"422\":{\"$ref\":\"#/components/responses/"
        "INVALID_ARGUMENT\"},\"429\":{\"$ref\":\"#/components/responses/RESOURCE_EXHAUS"
        "TED\"},\"500\":{\"$ref\":\"#/components/responses/INTERNAL\"},\"503\":{\"$ref\":\"#/"
        "components/responses/UNAVAILABLE\"},\"504\":{\"$ref\":\"#/components/responses"
        "/DEADLINE_EXCEEDED\"}},\"x-rpc\":\"vector.v1.ThingService/GetThing\"}},\"/thin"
        "gs\":{\"get\":{\"operationId\":\"ThingService_ListThings\",\"tags\":[\"ThingServic"
        "e\"],\"security\":[],\"parameters\":[{\"name\":\"name\",\"in\":\"query\",\"schema\":{\"t"
        "ype\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":10},\"maxItems\":3}},{\"n"
        "ame\":\"page_size\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"format\":\"int32"
        "\",\"minimum\":0,\"maximum\":500,\"examples\":[20]}}],\"responses\":{\"200\":{\"desc"
        "ription\":\"Done\",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/"
        "RequestId\"}},\"content\":{\"application/json\":{\"schema\":{\"type\":\"array\",\"it"
        "ems\":{\"$ref\":\"#/components/schemas/Thing\"}}}}},\"422\":{\"$ref\":\"#/componen"
        "ts/responses/INVALID_ARGUMENT\"},\"429\":{\"$ref\":\"#/components/responses/RE"
        "SOURCE_EXHAUSTED\"},\"500\":{\"$ref\":\"#/components/responses/INTERNAL\"},\"503"
        "\":{\"$ref\":\"#/components/responses/UNAVAILABLE\"},\"504\":{\"$ref\":\"#/compone"
        "nts/responses/DEADLINE_EXCEEDED\"}},\"x-rpc\":\"vector.v1.ThingService/ListT"
        "hings\"},\"post\":{\"operationId\":\"ThingService_SetThing_2\",\"summary\":\"ALREA"
        "DY_EXISTS where there is one\",\"description\":\"ALREADY_EXISTS where there "
        "is one.\",\"tags\":[\"ThingService\"],\"security\":[{\"bearer\":[]},{\"cookie\":[]}"
        "],\"parameters\":[{\"$ref\":\"#/components/parameters/IdempotencyKey\"}],\"requ"
        "estBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref"
        "\":\"#/components/schemas/SetThingRequest\"}}}},\"responses\":{\"202\":{\"descri"
        "ption\":\"Done\",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/Re"
        "questId\"}},\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components"
        "/schemas/SetThingResponse\"}}}},\"401\":{\"$ref\":\"#/components/responses/UNA"
        "UTHENTICATED\"},\"403\":{\"$ref\":\"#/components/responses/PERMISSION_DENIED\"}"
        ",\"409\":{\"$ref\":\"#/components/responses/ALREADY_EXISTS\"},\"422\":{\"$ref\":\"#"
        "/components/responses/INVALID_ARGUMENT\"},\"429\":{\"$ref\":\"#/components/res"
        "ponses/RESOURCE_EXHAUSTED\"},\"500\":{\"$ref\":\"#/components/responses/INTERN"
        "AL\"},\"503\":{\"$ref\":\"#/components/responses/UNAVAILABLE\"},\"504\":{\"$ref\":\""
        "#/components/responses/DEADLINE_EXCEEDED\"}},\"x-rpc\":\"vector.v1.ThingServ"
        "ice/SetThing\"}},\"/things/{id}/{name}\":{\"patch\":{\"operationId\":\"ThingServ"
        "ice_SetThing_3\",\"summary\":\"ALREADY_EXISTS where there is one\",\"descripti"
        "on\":\"ALREADY_EXISTS where there is one.\",\"tags\":[\"ThingService\"],\"securi"
        "ty\":[{\"bearer\":[]},{\"cookie\":[]}],\"parameters\":[{\"name\":\"id\",\"in\":\"path\""
        ",\"required\":true,\"schema\":{\"type\":\"integer\",\"format\":\"int64\"}},{\"name\":\""
        "name\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\",\"minLength\":"
        "1}},{\"name\":\"note\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},{\"$ref\":\"#/c"
        "omponents/parameters/IdempotencyKey\"}],\"responses\":{\"202\":{\"description\""
        ":\"Done\",\"headers\":{\"X-Request-Id\":{\"$ref\":\"#/components/headers/RequestI"
        "d\"}},\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schem"
        "as/SetThingResponse\"}}}},\"401\":{\"$ref\":\"#/components/responses/UNAUTHENT"
        "ICATED\"},\"403\":{\"$ref\":\"#/components/responses/PERMISSION_DENIED\"},\"404\""
        ":{\"$ref\":\"#/components/responses/NOT_FOUND\"},\"409\":{\"$ref\":\"#/components"
        "/responses/ALREADY_EXISTS\"},\"422\":{\"$ref\":\"#/components/responses/INVALI"
        "D_ARGUMENT\"},\"429\":{\"$ref\":\"#/components/responses/RESOURCE_EXHAUSTED\"},"
        "\"500\":{\"$ref\":\"#/components/responses/INTERNAL\"},\"503\":{\"$ref\":\"#/compon"
        "ents/responses/UNAVAILABLE\"},\"504\":{\"$ref\":\"#/components/responses/DEADL"
        "INE_EXCEEDED\"}},\"x-rpc\":\"vector.v1.ThingService/SetThing\"}},\"/extra\":{\"g"
        "et\":{\"operationId\":\"Extra\",\"responses\":{\"200\":{\"description\":\"OK\"}}}}},\""
        "components\":{\"schemas\":{\"DeleteThingRequest\":{\"type\":\"object\",\"propertie"
        "s\":{\"id\":{\"type\":\"integer\",\"format\":\"int64\"}},\"additionalProperties\":fal"
        "se},\"DeleteThingResponse\":{\"type\":\"object\"},\"GetThingRequest\":{\"type\":\"o"
        "bject\",\"properties\":{\"id\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1"
        "},\"verbose\":{\"type\":\"boolean\",\"description\":\"In the query.\"}},\"required\""
        ":[\"id\"],\"additionalProperties\":false},\"GetThingResponse\":{\"type\":\"object"
        "\",\"properties\":{\"thing\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/Thing\"},"
        "{\"type\":\"null\"}]}},\"required\":[\"thing\"]},\"ListThingsRequest\":{\"type\":\"ob"
        "ject\",\"properties\":{\"name\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"max"
        "Length\":10},\"maxItems\":3},\"page_size\":{\"type\":\"integer\",\"format\":\"int32\""
        ",\"minimum\":0,\"maximum\":500,\"examples\":[20]}},\"additionalProperties\":fals"
        "e},\"ListThingsResponse\":{\"type\":\"object\",\"properties\":{\"things\":{\"type\":"
        "\"array\",\"items\":{\"$ref\":\"#/components/schemas/Thing\"}}},\"required\":[\"thi"
        "ngs\"]},\"OtherRequest\":{\"type\":\"object\",\"additionalProperties\":false},\"Ot"
        "herResponse\":{\"type\":\"object\",\"properties\":{\"token\":{\"type\":\"string\"}},\""
        "required\":[\"token\"]},\"SetThingRequest\":{\"type\":\"object\",\"properties\":{\"i"
        "d\":{\"type\":\"integer\",\"format\":\"int64\"},\"name\":{\"type\":\"string\",\"minLengt"
        "h\":1},\"note\":{\"type\":\"string\"}},\"required\":[\"name\"],\"additionalPropertie"
        "s\":false},\"SetThingResponse\":{\"type\":\"object\"},\"Thing\":{\"type\":\"object\","
        "\"properties\":{\"id\":{\"type\":\"integer\",\"format\":\"int64\"},\"name\":{\"type\":\"s"
        "tring\"}},\"required\":[\"id\",\"name\"]}}}}"
        ;
const size_t contract_openapi_bytes = sizeof(contract_openapi) - 1;
