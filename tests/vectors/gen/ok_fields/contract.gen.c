/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#include "common/contract_tables.h"
#include "contract.gen.h"

/* Included, because the field descriptors that the tables point to are static. */
#include "google/protobuf/timestamp.pb-c.c"
#include "contract.pb-c.c"

static const struct message_rules rules_google__protobuf__timestamp;
static const struct message_rules rules_vector__v1__answer;
static const struct message_rules rules_vector__v1__event;
static const struct message_rules rules_vector__v1__read_request;
static const struct message_rules rules_vector__v1__read_request__inner;
static const struct message_rules rules_vector__v1__read_response;

static const struct field_rule fields_google__protobuf__timestamp[] = {
        {.field = &google__protobuf__timestamp__field_descriptors[0],
         .doc = ""},
        {.field = &google__protobuf__timestamp__field_descriptors[1],
         .doc = ""},
};
static const struct message_rules rules_google__protobuf__timestamp = {
        .descriptor = &google__protobuf__timestamp__descriptor,
        .fields = fields_google__protobuf__timestamp,
        .doc = "",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__answer[] = {
        {.field = &vector__v1__answer__field_descriptors[0],
         .doc = ""},
        {.field = &vector__v1__answer__field_descriptors[1],
         .flags = RULE_OPTIONAL,
         .doc = ""},
        {.field = &vector__v1__answer__field_descriptors[2],
         .json_prefix = "COLOUR_",
         .doc = ""},
};
static const struct message_rules rules_vector__v1__answer = {
        .descriptor = &vector__v1__answer__descriptor,
        .fields = fields_vector__v1__answer,
        .doc = "Only ever answered.",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__event[] = {
        {.field = &vector__v1__event__field_descriptors[0],
         .message = &rules_vector__v1__answer,
         .doc = ""},
};
static const struct message_rules rules_vector__v1__event = {
        .descriptor = &vector__v1__event__descriptor,
        .fields = fields_vector__v1__event,
        .doc = "Of no method.",
        .has_secret = false,
};

static const struct alias aliases_vector__v1__read_request__i64[] = {{"me", 0}, {"general", 1}, {NULL, 0}};
static const struct field_rule fields_vector__v1__read_request[] = {
        {.field = &vector__v1__read_request__field_descriptors[0],
         .flags = RULE_HAS_MIN | RULE_HAS_MAX,
         .min = -5,
         .max = 5,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[1],
         .flags = RULE_REQUIRED,
         .aliases = aliases_vector__v1__read_request__i64,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[2],
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[3],
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[4],
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[5],
         .flags = RULE_HAS_MIN | RULE_HAS_MAX,
         .min = 0.1,
         .max = 2.5,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[6],
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[7],
         .flags = RULE_REQUIRED,
         .min_len = 2,
         .max_len = 9,
         .pattern = "^[a-z\\\\\"]+$",
         .pattern_hint = "small letters",
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[8],
         .max_len = 16,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[9],
         .flags = RULE_JSON,
         .max_len = 100,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[10],
         .flags = RULE_SECRET,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[11],
         .json_prefix = "COLOUR_",
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[12],
         .flags = RULE_REQUIRED,
         .json_prefix = "COLOUR_",
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[13],
         .min_items = 1,
         .max_items = 3,
         .json_prefix = "COLOUR_",
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[14],
         .message = &rules_google__protobuf__timestamp,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[15],
         .message = &rules_vector__v1__read_request__inner,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[16],
         .message = &rules_vector__v1__read_request__inner,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[17],
         .flags = RULE_OPTIONAL,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[18],
         .flags = RULE_OPTIONAL,
         .message = &rules_vector__v1__read_request__inner,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[19],
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[20],
         .message = &rules_vector__v1__read_request__inner,
         .doc = ""},
        {.field = &vector__v1__read_request__field_descriptors[21],
         .doc = "Numbers that do not follow one another, out of order."},
};
static const struct message_rules rules_vector__v1__read_request = {
        .descriptor = &vector__v1__read_request__descriptor,
        .fields = fields_vector__v1__read_request,
        .doc = "",
        .has_secret = true,
};

static const struct field_rule fields_vector__v1__read_request__inner[] = {
        {.field = &vector__v1__read_request__inner__field_descriptors[0],
         .json_prefix = "KIND_",
         .doc = ""},
        {.field = &vector__v1__read_request__inner__field_descriptors[1],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__read_request__inner = {
        .descriptor = &vector__v1__read_request__inner__descriptor,
        .fields = fields_vector__v1__read_request__inner,
        .doc = "A message of its own scope.",
        .has_secret = false,
};

static const struct field_rule fields_vector__v1__read_response[] = {
        {.field = &vector__v1__read_response__field_descriptors[0],
         .message = &rules_vector__v1__read_request__inner,
         .doc = ""},
        {.field = &vector__v1__read_response__field_descriptors[1],
         .message = &rules_vector__v1__answer,
         .doc = ""},
        {.field = &vector__v1__read_response__field_descriptors[2],
         .doc = ""},
        {.field = &vector__v1__read_response__field_descriptors[3],
         .doc = ""},
};
static const struct message_rules rules_vector__v1__read_response = {
        .descriptor = &vector__v1__read_response__descriptor,
        .fields = fields_vector__v1__read_response,
        .doc = "",
        .has_secret = false,
};

const struct message_rules *const contract_messages[] = {
        &rules_google__protobuf__timestamp,
        &rules_vector__v1__answer,
        &rules_vector__v1__event,
        &rules_vector__v1__read_request,
        &rules_vector__v1__read_request__inner,
        &rules_vector__v1__read_response,
        NULL,
};
const size_t contract_n_messages = 6;


const struct method contract_methods[METHOD_COUNT + 1] = {
        [METHOD_VECTOR_SERVICE_READ] = {
                .name = "vector.v1.VectorService/Read",
                .service = "VectorService",
                .method = "Read",
                .doc = "Reads a thing, NOT_FOUND without one.\n\nA second paragraph in two lines:\n- an item\n- \"another\", with \\ and ü",
                .service_descriptor = &vector__v1__vector_service__descriptor,
                .method_index = 0,
                .input = &rules_vector__v1__read_request,
                .output = &rules_vector__v1__read_response,
                .lane = LANE_READ,
                .access = ACCESS_ADMIN,
                .side_effects = false,
                .replay = false,
                .sealed_replay = false,
                .timeout_ms = 500,
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
        0, 0, 0, 1,
};
const uint32_t contract_slot_mask = 3;

const char contract_openapi[] =
        "{\"openapi\":\"3.1.0\",\"info\":{\"version\":\"1.2.3\",\"title\":\"Vector\"},\"tags\":[{"
        "\"name\":\"VectorService\",\"description\":\"Every kind of field and every rule"
        ".\"},{\"name\":\"Extra\"}],\"paths\":{\"/extra\":{\"get\":{\"operationId\":\"Extra\",\"r"
        "esponses\":{\"200\":{\"description\":\"OK\"}}}}},\"components\":{\"schemas\":{\"Answ"
        "er\":{\"type\":\"object\",\"description\":\"Only ever answered.\",\"properties\":{\""
        "text\":{\"type\":\"string\"},\"note\":{\"type\":[\"string\",\"null\"]},\"colour\":{\"$re"
        "f\":\"#/components/schemas/Colour\"}},\"required\":[\"text\",\"note\",\"colour\"]},"
        "\"ReadRequest\":{\"type\":\"object\",\"properties\":{\"i32\":{\"type\":\"integer\",\"fo"
        "rmat\":\"int32\",\"minimum\":-5,\"maximum\":5},\"i64\":{\"oneOf\":[{\"type\":\"integer"
        "\",\"format\":\"int64\",\"not\":{\"const\":0}},{\"type\":\"string\",\"enum\":[\"me\",\"gen"
        "eral\"]}]},\"u32\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295},\"u64"
        "\":{\"type\":\"integer\",\"minimum\":0},\"f\":{\"type\":\"number\",\"format\":\"float\"},"
        "\"d\":{\"type\":\"number\",\"format\":\"double\",\"minimum\":0.1,\"maximum\":2.5},\"b\":"
        "{\"type\":\"boolean\"},\"s\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":9,\"pat"
        "tern\":\"^[a-z\\\\\\\\\\\"]+$\",\"description\":\"small letters\",\"examples\":[\"abc\"]}"
        ",\"raw\":{\"type\":\"string\",\"contentEncoding\":\"base64\",\"maxLength\":24},\"json"
        "\":{},\"password\":{\"type\":\"string\",\"format\":\"password\"},\"colour\":{\"$ref\":\""
        "#/components/schemas/Colour\"},\"needed\":{\"type\":\"string\",\"enum\":[\"red\",\"d"
        "ark_blue\"]},\"colours\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\""
        "red\",\"dark_blue\"]},\"minItems\":1,\"maxItems\":3},\"at\":{\"type\":[\"string\",\"nu"
        "ll\"],\"format\":\"date-time\"},\"inner\":{\"anyOf\":[{\"$ref\":\"#/components/schem"
        "as/ReadRequest.Inner\"},{\"type\":\"null\"}]},\"inners\":{\"type\":\"array\",\"items"
        "\":{\"$ref\":\"#/components/schemas/ReadRequest.Inner\"}},\"maybe\":{\"type\":[\"s"
        "tring\",\"null\"]},\"maybe_inner\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/Re"
        "adRequest.Inner\"},{\"type\":\"null\"}]},\"one\":{\"type\":\"string\"},\"two\":{\"$ref"
        "\":\"#/components/schemas/ReadRequest.Inner\"},\"last\":{\"type\":\"integer\",\"fo"
        "rmat\":\"int64\",\"description\":\"Numbers that do not follow one another, out"
        " of order.\"}},\"required\":[\"i64\",\"s\",\"needed\",\"colours\"],\"additionalPrope"
        "rties\":false},\"ReadRequest.Inner\":{\"type\":\"object\",\"description\":\"A mess"
        "age of its own scope.\",\"properties\":{\"kind\":{\"$ref\":\"#/components/schema"
        "s/ReadRequest.Inner.Kind\"},\"number\":{\"type\":\"integer\",\"minimum\":0}},\"add"
        "itionalProperties\":false},\"ReadResponse\":{\"type\":\"object\",\"properties\":{"
        "\"inner\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/ReadRequest.Inner\"},{\"ty"
        "pe\":\"null\"}]},\"answer\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/Answer\"},"
        "{\"type\":\"null\"}]},\"one\":{\"type\":\"string\"},\"two\":{\"type\":\"integer\",\"forma"
        "t\":\"int64\"}},\"required\":[\"inner\",\"answer\"]},\"Colour\":{\"type\":[\"string\",\""
        "null\"],\"description\":\"What a thing looks like.\\n- red: Like blood.\",\"enu"
        "m\":[\"red\",\"dark_blue\",null]},\"ReadRequest.Inner.Kind\":{\"type\":[\"string\","
        "\"null\"],\"enum\":[\"small\",null]}}}}"
        ;
const size_t contract_openapi_bytes = sizeof(contract_openapi) - 1;
