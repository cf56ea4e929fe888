#include "service/auth/seal_old.h"

#include "common/log.h"
#include "service/store/memory.h"

/* Messages of one transaction, and the memory for them with their sealed forms. */
#define PART_MESSAGES 100
#define PART_BYTES    ((size_t)32 * 1024 * 1024)

struct sealing {
        struct vault *vault;
        struct db *db;
        struct arena *arena;
        bool has_done; /* something */
        bool more;
};

/* On the writer thread. */
static enum status seal_part(void *arg, struct error *reterr)
{
        struct sealing *s = arg;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        int64_t user_id;
        LEASE(lease, s->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = memory_old_user(&lease, &user_id, reterr);

        s->more = st == STATUS_OK;
        if (st == STATUS_NOT_FOUND)
                return STATUS_OK;
        if (st == STATUS_OK)
                st = vault_user_key(s->vault, &lease, user_id, true, &key, reterr);
        if (st == STATUS_OK)
                st = memory_seal_old(&lease, s->arena, &key, user_id, PART_MESSAGES, reterr);
        if (st != STATUS_OK)
                return st;
        s->has_done = true;
        return lease_commit(&lease, reterr);
}

enum status seal_old(struct vault *vault, struct db *db, struct error *reterr)
{
        AUTO_ARENA arena;
        struct sealing s = {.vault = vault, .db = db, .arena = &arena, .more = true};
        enum status st = STATUS_OK;

        arena_init(&arena, PART_BYTES);
        while (st == STATUS_OK && s.more) {
                /* What was open text until now is in the log until that is emptied: with the last
                 * part, which finds nothing. */
                if (s.has_done)
                        db_empty_log(db);
                arena_reset(&arena);
                st = db_write(db, seal_part, &s, DEADLINE_NEVER, reterr);
        }
        if (st == STATUS_OK && s.has_done)
                LOG(INFO, "the conversations of before are sealed now; backups of before are not");
        return st;
}
