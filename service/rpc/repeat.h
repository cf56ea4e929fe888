/* The first reply of a call, for when the same call comes again: kept in the transaction of what it
 * did, and sealed with the caller's key where the method says sealed_replay. */
#ifndef SERVICE_RPC_REPEAT_H
#define SERVICE_RPC_REPEAT_H

#include "service/rpc/call.h"
#include "service/store/replay.h"

/* Whether the first reply of this call is kept for repeats. */
bool repeat_is_kept(const struct call *call);
/* What a call is known by; only for one whose reply is kept. */
void repeat_key_init(struct replay_key *key, const struct call *call);

/* The first reply, in the call's arena; *ret_found is false when there is none. ALREADY_EXISTS when
 * the id was used for another request. */
enum status repeat_find(struct call *call, struct lease *lease, const struct replay_key *key,
                        bool *ret_found, struct frame_bytes *ret, struct error *reterr) MUST_CHECK;
/* Keeps a reply, within the write lease. */
enum status repeat_keep(struct call *call, struct lease *lease, const struct replay_key *key,
                        struct frame_bytes reply, struct error *reterr) MUST_CHECK;
/* repeat_find() in a lease of its own, before work that is slow. */
enum status repeat_look(struct call *call, bool *ret_found, struct frame_bytes *ret,
                        struct error *reterr) MUST_CHECK;

#endif
