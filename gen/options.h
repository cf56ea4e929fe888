/* Our options and google.api.http. protobuf-c knows no extensions: they arrive as unknown fields of
 * the options' message. */
#ifndef GEN_OPTIONS_H
#define GEN_OPTIONS_H

#include "common/arena.h"

#include "google/api/http.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "socializer/v1/options.pb-c.h"

#define OPTIONS_HTTP   72295728
#define OPTIONS_METHOD 51001
#define OPTIONS_FIELD  51002

/* All live in the arena. An option that is not there, or is no message (*ret_valid is false then),
 * gives an empty message, and NULL for HTTP. */
const Socializer__V1__MethodRules *options_method(struct arena *a,
                                                  const Google__Protobuf__MethodOptions *options,
                                                  bool *ret_valid);
const Socializer__V1__FieldRules *options_field(struct arena *a,
                                                const Google__Protobuf__FieldOptions *options,
                                                bool *ret_valid);
const Google__Api__HttpRule *options_http(struct arena *a,
                                          const Google__Protobuf__MethodOptions *options,
                                          bool *ret_valid);

#endif
