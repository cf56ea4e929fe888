/* Messages, enums and fields as JSON Schema 2020-12, which OpenAPI 3.1 uses. They say what
 * common/json.c writes and reads and what common/wire.c refuses. Everything returned is a new
 * reference. */
#ifndef GEN_SCHEMA_H
#define GEN_SCHEMA_H

#include "gen/model.h"

#include <jansson.h>

/* components.schemas: every message and enum that a method's input or output holds. */
json_t *schema_components(const struct model *m);
/* What a field holds, by itself: not null, no description. */
json_t *schema_value(const struct model_field *f);
/* The field as a property or a parameter: with null where it may be, description and example. */
json_t *schema_field(const struct model_field *f);
/* The message as an object. The n fields in except are left out: the path has them. */
json_t *schema_object(const struct model_message *msg, const struct model_field *const *except,
                      size_t n);
/* {"$ref":"#/components/schemas/User"} */
json_t *schema_ref(const char *full_name);

/* Sets a new reference in an object, or ends the program for want of memory. */
void schema_put(json_t *object, const char *key, json_t *value);
void schema_add(json_t *array, json_t *value);

#endif
