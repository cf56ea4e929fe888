/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#ifndef CONTRACT_GEN_H
#define CONTRACT_GEN_H

/* Indices of contract_methods. */
enum method_id {
        METHOD_THING_SERVICE_GET_THING,
        METHOD_THING_SERVICE_LIST_THINGS,
        METHOD_THING_SERVICE_SET_THING,
        METHOD_THING_SERVICE_DELETE_THING,
        METHOD_OTHER_SERVICE_OTHER,
        METHOD_COUNT
};

#endif
