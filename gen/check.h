/* What the contract may not say. Each adds to the problems of the model. */
#ifndef GEN_CHECK_H
#define GEN_CHECK_H

#include "gen/model.h"

void check_file(struct model *m, const Google__Protobuf__FileDescriptorProto *file);
void check_enum(struct model *m, const struct model_enum *e);
/* The rules of a field against its type. */
void check_field(struct model *m, const struct model_field *f);
/* A method whose options are read, before its routes. */
void check_method(struct model *m, const struct model_method *method);
/* What needs the whole model: messages inside themselves, secrets that would be stored. */
void check_whole(struct model *m);

#endif
