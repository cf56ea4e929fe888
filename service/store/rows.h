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

/* The rows of a page, one item for each. The statement asks for one more than the limit, so that
 * page.more can be known.
 *
 *     struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);
 *     struct skill *item;
 *
 *     while ((item = rows_next(&page)))
 *             read_skill(arena, &q, item);
 *     enum status st = rows_end(&page);
 */
struct rows_page {
        struct stmt *q;
        struct arena *arena;
        size_t item_bytes, limit;
        struct error *reterr;
        enum status status; /* of the last row */
        void *items; /* in the arena */
        size_t n_items;
        bool more;
};

#define ROWS_PAGE(statement, in_arena, bytes, at_most, error) \
        ((struct rows_page){.q = (statement),                 \
                            .arena = (in_arena),              \
                            .item_bytes = (bytes),            \
                            .limit = (at_most),               \
                            .reterr = (error)})
/* The same without a limit. */
#define ROWS_ALL(statement, in_arena, bytes, error) \
        ROWS_PAGE(statement, in_arena, bytes, SIZE_MAX, error)

/* The item for the next row, zeroed; NULL: the page is full, there are no more rows, or it failed.
 */
void *rows_next(struct rows_page *page) MUST_CHECK;
/* OK: the page is what there is. */
enum status rows_end(const struct rows_page *page) MUST_CHECK;

/* The first column of all rows, in the arena. */
enum status rows_ids(struct stmt *q, struct arena *arena, int64_t **ret_ids, size_t *ret_n,
                     struct error *reterr) MUST_CHECK;

/* The form of a name that ignores capitals, in the arena; NULL when there is no memory. Any
 * thread. */
const char *rows_fold(struct arena *arena, const char *name) MUST_CHECK;

/* Whether a row with this id is there: OK or NOT_FOUND naming it. */
enum status rows_require_user(struct lease *lease, int64_t user_id,
                              struct error *reterr) MUST_CHECK;
enum status rows_require_skill(struct lease *lease, int64_t skill_id,
                               struct error *reterr) MUST_CHECK;

#endif
