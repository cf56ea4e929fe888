#include "service/store/rows.h"

#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

const char *rows_text(struct arena *arena, const struct stmt *q, int column)
{
        const char *text = arena_strdup(arena, stmt_text(q, column));

        return text ? text : "";
}

enum status rows_check(const struct arena *arena, struct error *reterr)
{
        if (arena->exhausted)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "the answer is too large; ask for fewer at a time");
        return STATUS_OK;
}

void *rows_grow(struct arena *arena, void *items, size_t n, size_t size)
{
        /* Full exactly when n is 0 or a power of two from 16 on: no capacity to carry about. */
        if (n != 0 && (n < 16 || (n & (n - 1)) != 0))
                return items;

        void *grown = arena_calloc(arena, n < 16 ? 16 : 2 * n, size);
        if (grown && n > 0)
                memcpy(grown, items, n * size);
        return grown;
}

void *rows_next(struct rows_page *page)
{
        page->status = stmt_row(page->q, page->reterr);
        if (page->status != STATUS_OK)
                return NULL;
        if (page->n_items == page->limit) {
                page->more = true;
                return NULL;
        }
        page->items = rows_grow(page->arena, page->items, page->n_items, page->item_bytes);
        return page->items ? (char *)page->items + page->n_items++ * page->item_bytes : NULL;
}

enum status rows_end(const struct rows_page *page)
{
        if (page->status != STATUS_OK && page->status != STATUS_NOT_FOUND)
                return page->status;
        return rows_check(page->arena, page->reterr);
}

enum status rows_ids(struct stmt *q, struct arena *arena, int64_t **ret_ids, size_t *ret_n,
                     struct error *reterr)
{
        int64_t *id;
        struct rows_page page = ROWS_ALL(q, arena, sizeof(*id), reterr);

        while ((id = rows_next(&page)))
                *id = stmt_int(q, 0);
        enum status st = rows_end(&page);
        if (st == STATUS_OK) {
                *ret_ids = page.items;
                *ret_n = page.n_items;
        }
        return st;
}

static locale_t fold_locale;

static void fold_init(void)
{
        fold_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Folds UTF-8 in the locale that is in use. NULL: no memory, or no UTF-8. */
static const char *fold_wide(struct arena *arena, const char *name)
{
        mbstate_t state = {0};
        size_t size = strlen(name) + 1;
        wchar_t *wide = arena_calloc(arena, size, sizeof(*wide));

        if (!wide || mbsrtowcs(wide, &(const char *){name}, size, &state) == (size_t)-1)
                return NULL;
        for (wchar_t *w = wide; *w; w++)
                *w = (wchar_t)towlower((wint_t)*w);

        size_t folded_size = wcslen(wide) * 4 + 1;
        char *folded = arena_alloc(arena, folded_size);
        memset(&state, 0, sizeof(state));
        if (!folded ||
            wcsrtombs(folded, &(const wchar_t *){wide}, folded_size, &state) == (size_t)-1)
                return NULL;
        return folded;
}

static const char *fold_ascii(struct arena *arena, const char *name)
{
        char *folded = arena_strdup(arena, name);

        for (char *c = folded; c && *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
        return folded;
}

const char *rows_fold(struct arena *arena, const char *name)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        const char *folded = NULL;

        pthread_once(&once, fold_init);
        if (fold_locale) {
                locale_t before = uselocale(fold_locale);

                folded = fold_wide(arena, name);
                uselocale(before);
        }
        return folded ? folded : fold_ascii(arena, name);
}

enum status rows_require_user(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease, "SELECT 1 FROM account WHERE id = $1 AND deleting_at IS NULL");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "user", "%" PRId64, user_id);
        return st;
}

enum status rows_require_skill(struct lease *lease, int64_t skill_id, struct error *reterr)
{
        STMT(q, lease, "SELECT 1 FROM skill WHERE id = $1");
        stmt_bind_int(&q, 1, skill_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "skill", "%" PRId64, skill_id);
        return st;
}
