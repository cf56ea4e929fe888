/* What reading rows into an arena and naming things takes; shared by the files of this folder. */
#ifndef SERVICE_STORE_ROWS_H
#define SERVICE_STORE_ROWS_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stddef.h>
#include <stdint.h>

/* The text of a column, in the arena. "" when there is no memory: rows_check() tells. */
const char *rows_text(struct arena *arena, const struct stmt *q, int column);
/* RESOURCE_EXHAUSTED when the arena ran out while rows were read. */
enum status rows_check(const struct arena *arena, struct error *reterr) MUST_CHECK;
/* Room for one more item of the given size behind the n that items has; may move them. NULL when
 * the arena is out of memory. */
void *rows_grow(struct arena *arena, void *items, size_t n, size_t size) MUST_CHECK;

/* The form of a name that ignores capitals, in the arena; NULL when there is no memory. Any
 * thread. */
const char *rows_fold(struct arena *arena, const char *name) MUST_CHECK;

/* Whether a row with this id is there: OK or NOT_FOUND naming it. */
enum status rows_require_user(struct lease *lease, int64_t user_id,
                              struct error *reterr) MUST_CHECK;
enum status rows_require_skill(struct lease *lease, int64_t skill_id,
                               struct error *reterr) MUST_CHECK;

#endif
