#include "service/store/prune.h"

#include "service/store/rows.h"
#include "service/store/search.h"

/* A part of a room's past. */
struct stale {
        int64_t room_id;
        int64_t pruned_seq; /* what is gone already */
        int64_t last_seq;
        int64_t retention_s;
};

/* The index is told of each message that goes. */
static enum status forget_messages(struct lease *lease, const struct stale *stale,
                                   int64_t up_to_seq, struct error *reterr)
{
        enum status st;

        STMT(q, lease,
             "SELECT id, content FROM message"
             " WHERE room_id = $1 AND seq <= $2 AND deleted_at IS NULL");
        stmt_bind_int(&q, 1, stale->room_id);
        stmt_bind_int(&q, 2, up_to_seq);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                st = search_forget(lease, stmt_int(&q, 0), stmt_text(&q, 1), reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status delete_up_to(struct lease *lease, const struct stale *stale, int64_t up_to_seq,
                                struct error *reterr)
{
        enum status st = forget_messages(lease, stale, up_to_seq, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(messages, lease, "DELETE FROM message WHERE room_id = $1 AND seq <= $2");
        stmt_bind_int(&messages, 1, stale->room_id);
        stmt_bind_int(&messages, 2, up_to_seq);
        st = stmt_run(&messages, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(events, lease, "DELETE FROM room_event WHERE room_id = $1 AND seq <= $2");
        stmt_bind_int(&events, 1, stale->room_id);
        stmt_bind_int(&events, 2, up_to_seq);
        st = stmt_run(&events, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(room, lease, "UPDATE room SET pruned_seq = $2 WHERE id = $1");
        stmt_bind_int(&room, 1, stale->room_id);
        stmt_bind_int(&room, 2, up_to_seq);
        return stmt_run(&room, reterr);
}

static void read_stale(const struct stmt *q, struct stale *ret)
{
        *ret = (struct stale){
                .room_id = stmt_int(q, 0),
                .pruned_seq = stmt_int(q, 1),
                .last_seq = stmt_int(q, 2),
                .retention_s = stmt_int(q, 3),
        };
}

/* The end of the part that is to go, of at most limit numbers. */
static int64_t part_end(const struct stale *stale, size_t limit)
{
        return stale->last_seq - stale->pruned_seq > (int64_t)limit
                       ? stale->pruned_seq + (int64_t)limit
                       : stale->last_seq;
}

/* The first number up to end that is too young to go; end + 1 when there is none. Only what lies
 * before it goes, so that numbers end in one place. */
static enum status find_young(struct lease *lease, const struct stale *stale, int64_t cutoff_ms,
                              int64_t end, int64_t *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT min(seq) FROM ("
             " SELECT min(seq) AS seq FROM message"
             "  WHERE room_id = $1 AND seq > $2 AND seq <= $3 AND created_at >= $4"
             " UNION ALL SELECT min(seq) FROM room_event"
             "  WHERE room_id = $1 AND seq > $2 AND seq <= $3 AND created_at >= $4)");
        stmt_bind_int(&q, 1, stale->room_id);
        stmt_bind_int(&q, 2, stale->pruned_seq);
        stmt_bind_int(&q, 3, end);
        stmt_bind_int(&q, 4, cutoff_ms);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_is_null(&q, 0) ? end + 1 : stmt_int(&q, 0);
        return st;
}

enum status prune_old(struct lease *lease, int64_t now_ms, size_t limit, size_t *ret_n,
                      struct error *reterr)
{
        struct stale stale;
        size_t n = 0;
        enum status st = STATUS_OK;

        STMT(q, lease,
             "SELECT id, pruned_seq, last_seq, retention_s FROM room"
             " WHERE retention_s > 0 AND pruned_seq < last_seq");
        while (n < limit && (st = stmt_row(&q, reterr)) == STATUS_OK) {
                int64_t young = 0;

                read_stale(&q, &stale);
                st = find_young(lease, &stale, now_ms - stale.retention_s * 1000,
                                part_end(&stale, limit - n), &young, reterr);
                if (st == STATUS_OK && young > stale.pruned_seq + 1) {
                        st = delete_up_to(lease, &stale, young - 1, reterr);
                        n += (size_t)(young - 1 - stale.pruned_seq);
                }
                if (st != STATUS_OK)
                        return st;
        }
        if (st != STATUS_OK && st != STATUS_NOT_FOUND)
                return st;
        *ret_n = n;
        return STATUS_OK;
}

static enum status delete_room(struct lease *lease, int64_t room_id, struct error *reterr)
{
        STMT(q, lease, "DELETE FROM room WHERE id = $1");
        stmt_bind_int(&q, 1, room_id);
        return stmt_run(&q, reterr);
}

enum status prune_deleted(struct lease *lease, size_t limit, size_t *ret_n, struct error *reterr)
{
        struct stale stale;
        enum status st;

        {
                STMT(q, lease,
                     "SELECT id, pruned_seq, last_seq, 0 FROM room"
                     " WHERE deleted_at IS NOT NULL LIMIT 1");
                st = stmt_row(&q, reterr);
                if (st == STATUS_NOT_FOUND) {
                        *ret_n = 0;
                        return STATUS_OK;
                }
                if (st != STATUS_OK)
                        return st;
                read_stale(&q, &stale);
        }
        if (stale.pruned_seq == stale.last_seq) {
                *ret_n = 1;
                return delete_room(lease, stale.room_id, reterr);
        }
        *ret_n = (size_t)(part_end(&stale, limit) - stale.pruned_seq);
        return delete_up_to(lease, &stale, part_end(&stale, limit), reterr);
}

enum status prune_count_kept(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT coalesce(sum(last_seq - pruned_seq), 0) FROM room");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}
