/* The way of one call through the service: deadline, authentication, authorisation, rate limit,
 * unpacking, validation; then its handler; then its reply. */
#ifndef SERVICE_RPC_DISPATCH_H
#define SERVICE_RPC_DISPATCH_H

#include "common/frame.h"
#include "service/rpc/internal.h"

/* The memory of one call, or of the calls of one part of a message. */
#define DISPATCH_ARENA_BYTES ((size_t)32 * 1024 * 1024)

/* The most that the reply of a failed call takes. */
#define DISPATCH_ERROR_BYTES 1024

/* What the last token of the same message was found to be: batches mostly carry one token. */
struct dispatch_memo {
        struct frame_bytes token;
        bool is_direct;
        bool is_valid; /* the rest means something */
        enum status status;
        struct error error;
        struct caller caller;
};

/* Fills a call from its frame: what needs neither memory nor the database. */
void dispatch_begin(struct rpc_server *s, struct call *call, const struct frame_call *frame,
                    const struct method *method, struct arena *arena, uint64_t received_ns);
/* Everything before the handler. Any thread that holds no lease, but the writer. */
enum status dispatch_admit(struct rpc_server *s, struct call *call, const struct frame_call *frame,
                           struct dispatch_memo *memo, struct error *reterr) MUST_CHECK;
/* The handler itself. */
enum status dispatch_handle(struct rpc_server *s, struct call *call,
                            struct error *reterr) MUST_CHECK;
/* Packs a message into a buffer, which is cleared first. */
enum status dispatch_pack(const ProtobufCMessage *message, struct buffer *out,
                          struct frame_bytes *ret, struct error *reterr) MUST_CHECK;
/* Appends the reply of a call to a part of a response. An INTERNAL error goes to the log, and only
 * its request id to the caller. call may be NULL for a reply to a whole message. Returns the status
 * that the caller gets to see. */
enum status dispatch_reply(const struct call *call, struct frame_reply *reply, struct buffer *out);
/* Counts and, when asked to, logs a call that is being answered. */
void dispatch_record(struct rpc_server *s, const struct call *call, enum status status,
                     uint64_t received_ns, uint64_t now_ns);

/* Runs what call_after_commit() has gathered, and forgets it. */
void call_run_after(struct call *call);

#endif
