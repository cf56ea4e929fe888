#include "service/store/said.h"

#include "service/store/memory.h"
#include "service/store/rows.h"

static enum status read_in_room(struct lease *lease, struct arena *arena, int64_t user_id,
                                struct said *said, struct error *reterr)
{
        STMT(q, lease,
             "SELECT m.content, m.created_at, m.room_id, m.seq"
             " FROM message m JOIN room r ON r.id = m.room_id"
             " WHERE m.id = $1 AND m.user_id = $2 AND m.deleted_at IS NULL"
             " AND r.deleted_at IS NULL");
        stmt_bind_int(&q, 1, said->id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return STATUS_OK;
        if (st != STATUS_OK)
                return st;
        said->is_gone = false;
        said->text = rows_text(arena, &q, 0);
        said->created_at_ms = stmt_int(&q, 1);
        said->room_id = stmt_int(&q, 2);
        said->seq = stmt_int(&q, 3);
        return rows_check(arena, reterr);
}

/* The newest message up to this one is this one, if it is there. */
static enum status read_to_coach(struct lease *lease, struct arena *arena,
                                 const struct seal_key *key, int64_t user_id, struct said *said,
                                 struct error *reterr)
{
        struct memory_list list = {0};

        if (!key->is_set)
                return STATUS_OK;
        enum status st =
                memory_list(lease, arena, key, user_id, "", said->id + 1, 1, &list, reterr);

        if (st != STATUS_OK || list.n_items == 0 || list.items[0].id != said->id)
                return st;
        said->is_gone = false;
        said->text = list.items[0].content;
        said->created_at_ms = list.items[0].created_at_ms;
        return STATUS_OK;
}

enum status said_read(struct lease *lease, struct arena *arena, const struct seal_key *key,
                      int64_t user_id, struct said *said, struct error *reterr)
{
        *said = (struct said){.source = said->source, .id = said->id, .is_gone = true, .text = ""};
        if (said->source == SAID_IN_ROOM)
                return read_in_room(lease, arena, user_id, said, reterr);
        return read_to_coach(lease, arena, key, user_id, said, reterr);
}
