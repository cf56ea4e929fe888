/* What happens to a message: it is taken apart into calls, these are grouped into parts by who
 * works on them, and when the last part is done the replies are put together in the order of the
 * calls. */
#ifndef SERVICE_RPC_BATCH_H
#define SERVICE_RPC_BATCH_H

#include "service/rpc/exchange.h"

/* Looks at the message of an exchange: the run() of exchange.task. On a reader or the front thread.
 */
void batch_run(struct task *task);
/* One part is done; the last one sends the reply. Any thread. */
void batch_part_done(struct exchange *e);
/* The same for what was read, which leaves the process only when it is on disk: a follower that has
 * seen an event would not know that the power failed and the event was never there. */
void batch_part_read(struct part *part);
/* Around what a thread of the database does for a message, up to the end of the reply: until all
 * have left the server is not freed. */
void batch_enter(struct rpc_server *s);
void batch_leave(struct rpc_server *s);
/* Appends the reply of one call to its part. call is what dispatch_begin() filled. Returns the
 * status that the client gets to see. */
enum status batch_encode(struct item *item, const struct call *call, struct frame_reply *reply);
/* Counts an answered call. */
void batch_record(const struct item *item, const struct call *call, enum status status);
/* Both. */
void batch_reply(struct item *item, const struct call *call, struct frame_reply *reply);
/* The exchange's message counts no more as being worked on. */
void batch_unaccept(struct exchange *e);

/* An empty part for an exchange, in e->parts. NULL when there is no memory. */
struct part *batch_part_new(struct exchange *e) MUST_CHECK;
/* Frees those that nobody uses. */
void batch_parts_free(struct rpc_server *s);

/* A reply without an error. Not the whole is cleared: it is large, and this is done for every call.
 */
static inline void batch_reply_init(struct frame_reply *reply)
{
        reply->status = STATUS_OK;
        reply->payload = (struct frame_bytes){NULL, 0};
        reply->error.status = STATUS_OK;
        reply->error.retry_after_ms = 0;
        reply->error.field[0] = '\0';
        reply->error.resource[0] = '\0';
        reply->error.text[0] = '\0';
}
/* The error of a call that is refused. */
enum status batch_refuse(const struct item *item, struct error *reterr);

#endif
