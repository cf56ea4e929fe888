/* One message that comes in parts, as one JSON object, without ever being whole in memory: what an
 * export is. A part holds some members, and of lists some items; parts come in the order of the
 * members, and a list may go on in the next part. */
#ifndef COMMON_JSON_JOIN_H
#define COMMON_JSON_JOIN_H

#include "common/json.h"

struct json_join {
        const struct message_rules *rules;
        unsigned n_begun; /* members that are in the object, the last maybe in the middle */
        bool is_open; /* the last one is a list that may go on */
};

/* The message has members of text, messages and lists only. */
void json_join_begin(struct json_join *j, const struct message_rules *rules, struct buffer *out);
/* False: the part is not behind what there is. */
bool json_join_part(struct json_join *j, const ProtobufCMessage *part,
                    struct buffer *out) MUST_CHECK;
/* empty: a message without anything in it. */
void json_join_end(struct json_join *j, const ProtobufCMessage *empty, struct buffer *out);

#endif
