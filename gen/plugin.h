/* From protoc's request to our response. */
#ifndef GEN_PLUGIN_H
#define GEN_PLUGIN_H

#include <stddef.h>
#include <stdio.h>

enum plugin_result {
        PLUGIN_DONE, /* also where the response says what is wrong with the contract */
        PLUGIN_NO_REQUEST, /* the bytes are no CodeGeneratorRequest */
        PLUGIN_NOT_WRITTEN,
};

enum plugin_result plugin_run(const void *data, size_t n, FILE *out);

#endif
