/* What the store itself costs: the SELECT of GetMe over a leased connection, without any RPC.
 *
 *     store_load DATABASE-DIR SECONDS
 *     prints: calls seconds cpu_us
 */
#include "common/arena.h"
#include "common/clock.h"
#include "service/db/db.h"
#include "service/store/schema.h"
#include "service/store/user.h"
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

static enum status read_one(struct db *db, struct arena *arena, struct error *reterr)
{
        struct user user;
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);

        arena_reset(arena);
        return user_get(&lease, arena, 1, &user, reterr);
}

int main(int argc, char **argv)
{
        if (argc != 3) {
                fprintf(stderr, "usage: store_load DATABASE-DIR SECONDS\n");
                return 2;
        }
        char path[4096];
        snprintf(path, sizeof(path), "%s/socializer.db", argv[1]);
        struct db_options options = {
                .path = path,
                .backup_dir = argv[1],
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .n_readers = 1,
        };
        struct error error = ERROR_INIT;
        struct db *db;
        AUTO_ARENA arena;

        arena_init(&arena, 1 << 20);
        if (db_open(&options, &db, &error) != STATUS_OK) {
                fprintf(stderr, "store_load: %s\n", error.text);
                return 1;
        }
        uint64_t begin = clock_mono_ns(), end = begin + (uint64_t)(atof(argv[2]) * 1e9);
        double cpu = measure_cpu_us(RUSAGE_THREAD);
        size_t calls = 0;
        do {
                for (unsigned i = 0; i < 1000; i++, calls++) {
                        if (read_one(db, &arena, &error) != STATUS_OK) {
                                fprintf(stderr, "store_load: %s\n", error.text);
                                return 1;
                        }
                }
        } while (clock_mono_ns() < end);
        printf("%zu %.3f %.0f\n", calls, (double)(clock_mono_ns() - begin) / 1e9,
               measure_cpu_us(RUSAGE_THREAD) - cpu);
        db_close(db);
        return 0;
}
