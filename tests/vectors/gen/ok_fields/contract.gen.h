/* Made by protoc-gen-socializer. Do not edit; edit
 *     contract.proto
 */
#ifndef CONTRACT_GEN_H
#define CONTRACT_GEN_H

/* Indices of contract_methods. */
enum method_id {
        METHOD_VECTOR_SERVICE_READ,
        METHOD_COUNT
};

#endif
