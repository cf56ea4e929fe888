/* Finding messages by their words. New messages are not taken into the index by those who send
 * them, but a little later, when nobody waits: search_index() does a part of what is left. */
#ifndef SERVICE_STORE_SEARCH_H
#define SERVICE_STORE_SEARCH_H

#include "service/store/message.h"

/* Takes at most limit messages into the index. Inside a write lease. *ret_more: there are others.
 */
enum status search_index(struct lease *lease, size_t limit, bool *ret_more,
                         struct error *reterr) MUST_CHECK;
/* Whether there is a message that is not in the index. */
enum status search_is_behind(struct lease *lease, bool *ret, struct error *reterr) MUST_CHECK;
/* Has to be told, inside the lease, before the content of a message is changed or goes. */
enum status search_forget(struct lease *lease, int64_t message_id, const char *content,
                          struct error *reterr) MUST_CHECK;
/* And after it was changed. */
enum status search_remember(struct lease *lease, int64_t message_id, const char *content,
                            struct error *reterr) MUST_CHECK;
/* What is forgotten stays in the index, marked as gone, until parts of it are put together. Does a
 * step of putting all of it together, the first one or a further one, of some milliseconds. Inside
 * a write lease. *ret_more: the index is not yet as small as it can be. */
enum status search_compact(struct lease *lease, bool is_first, bool *ret_more,
                           struct error *reterr) MUST_CHECK;
/* Messages with all the words of query, the last word maybe unfinished, in the rooms that the user
 * may read (room_id 0: all of them), with ids below before_id (0: all), the newest first.
 * INVALID_ARGUMENT, field "query", when there is no word in it. */
enum status search_find(struct lease *lease, struct arena *arena, int64_t user_id, int64_t room_id,
                        const char *query, int64_t before_id, size_t limit,
                        struct room_message_list *ret, bool *ret_more,
                        struct error *reterr) MUST_CHECK;

#endif
