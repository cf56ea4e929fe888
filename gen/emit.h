/* The files that are written from a model. Each function appends one to out. */
#ifndef GEN_EMIT_H
#define GEN_EMIT_H

#include "gen/model.h"

#include <jansson.h>

/* contract.gen.h: the numbers of the methods. */
void emit_ids(struct buffer *out, const struct model *m);
/* contract.gen.c: the tables of common/contract.h. openapi is the document as compact JSON. */
void emit_tables(struct buffer *out, const struct model *m, const char *openapi);
/* handlers.gen.h and handlers.gen.c: what the service has to implement. */
void emit_handlers_h(struct buffer *out, const struct model *m);
void emit_handlers_c(struct buffer *out, const struct model *m);

/* Text as a C string literal, quotes included. */
void emit_string(struct buffer *out, const char *text, size_t n);
/* The shortest decimal that reads back as value. */
void emit_double(struct buffer *out, double value);
/* The comment that begins every file: which files it was made from. */
void emit_banner(struct buffer *out, const struct model *m);

#endif
