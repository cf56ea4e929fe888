/* Giving space back: deleted rows leave free pages in the file, which stay there unless asked. */
#include "service/db/db_internal.h"

static enum status free_pages(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "PRAGMA freelist_count");
        enum status st = stmt_row(&q, reterr);

        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

enum status lease_shrink(struct lease *lease, bool *ret_more, struct error *reterr)
{
        int64_t before = 0, after = 0;
        enum status st = free_pages(lease, &before, reterr);

        if (st == STATUS_OK && before > 0) {
                STMT(q, lease, "PRAGMA incremental_vacuum(256)");
                st = stmt_run(&q, reterr);
        }
        if (st == STATUS_OK && before > 0)
                st = free_pages(lease, &after, reterr);
        /* A file that cannot shrink has as many as before. */
        if (st == STATUS_OK)
                *ret_more = after > 0 && after < before;
        return st;
}
