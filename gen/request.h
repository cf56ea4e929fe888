/* What protoc promises of its request, looked at before anything relies on it: names are there and
 * are names, types are named, what is nested ends. */
#ifndef GEN_REQUEST_H
#define GEN_REQUEST_H

#include "common/buffer.h"

#include "google/protobuf/compiler/plugin.pb-c.h"

/* Appends what is not so; a request of protoc's has nothing of it. */
void request_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                   struct buffer *problems);

#endif
