/* Where things stand in the .proto files, and the comments beside them. */
#ifndef GEN_SOURCE_H
#define GEN_SOURCE_H

#include "common/arena.h"

#include "google/protobuf/descriptor.pb-c.h"

struct place {
        const char *file;
        int line; /* from 1 */
};

/* The way from a file to one of its elements: pairs of a field number in descriptor.proto and an
 * index. */
struct source_path {
        int32_t at[24];
        size_t n;
};

struct source_path source_child(struct source_path parent, int32_t field, size_t index);
/* The way to an option of an element. */
struct source_path source_option(struct source_path element, int32_t field, int32_t option);

/* The line of the element, or of the nearest one around it that has a line. */
struct place source_place(const Google__Protobuf__FileDescriptorProto *file,
                          struct source_path path);
/* The comment of the element, "" when it has none. Lines are joined to paragraphs; lines that are
 * indented or begin with "- " stand alone. */
const char *source_comment(struct arena *a, const Google__Protobuf__FileDescriptorProto *file,
                           struct source_path path);

#endif
