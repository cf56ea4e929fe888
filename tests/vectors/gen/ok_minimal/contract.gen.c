/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#include "common/contract_tables.h"
#include "contract.gen.h"

/* Included, because the field descriptors that the tables point to are static. */
#include "contract.pb-c.c"

static const struct message_rules rules_vector__v1__do_request;
static const struct message_rules rules_vector__v1__do_response;

static const struct message_rules rules_vector__v1__do_request = {
        .descriptor = &vector__v1__do_request__descriptor,
        .doc = "",
        .has_secret = false,
};

static const struct message_rules rules_vector__v1__do_response = {
        .descriptor = &vector__v1__do_response__descriptor,
        .doc = "",
        .has_secret = false,
};

const struct message_rules *const contract_messages[] = {
        &rules_vector__v1__do_request,
        &rules_vector__v1__do_response,
        NULL,
};
const size_t contract_n_messages = 2;


const struct method contract_methods[METHOD_COUNT + 1] = {
        [METHOD_VECTOR_SERVICE_DO] = {
                .name = "vector.v1.VectorService/Do",
                .service = "VectorService",
                .method = "Do",
                .doc = "",
                .service_descriptor = &vector__v1__vector_service__descriptor,
                .method_index = 0,
                .input = &rules_vector__v1__do_request,
                .output = &rules_vector__v1__do_response,
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
        {&vector__v1__vector_service__descriptor, 0},
        {NULL, 0},
};
const size_t contract_n_services = 1;

const uint16_t contract_slots[] = {
        0, 0, 1, 0,
};
const uint32_t contract_slot_mask = 3;

const char contract_openapi[] =
        "{\"openapi\":\"3.1.0\",\"info\":{\"version\":\"1.2.3\",\"title\":\"Vector\"},\"tags\":[{"
        "\"name\":\"VectorService\",\"description\":\"\"},{\"name\":\"Extra\"}],\"paths\":{\"/ex"
        "tra\":{\"get\":{\"operationId\":\"Extra\",\"responses\":{\"200\":{\"description\":\"OK"
        "\"}}}}},\"components\":{\"schemas\":{\"DoRequest\":{\"type\":\"object\",\"additional"
        "Properties\":false},\"DoResponse\":{\"type\":\"object\"}}}}"
        ;
const size_t contract_openapi_bytes = sizeof(contract_openapi) - 1;
