/* What the store's hot operations cost alone, over a leased connection, without any RPC: each in a
 * loop over random rows.
 *
 *     store_load DATABASE-DIR SECONDS OPERATION USERS ROOMS
 *     prints: calls seconds cpu_us
 *
 * USERS and ROOMS are the highest numbers that are there. "append" is the one that writes: groups
 * of 64 messages, each group in one commit. */
#include "common/arena.h"
#include "common/clock.h"
#include "service/db/db.h"
#include "service/store/message.h"
#include "service/store/room.h"
#include "service/store/schema.h"
#include "service/store/search.h"
#include "service/store/user.h"
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE    50
#define GROUP   64
#define GENERAL 1

static struct {
        struct db *db;
        struct arena arena;
        long n_users, n_rooms;
} store;

static int64_t some(long n)
{
        return 1 + random() % n;
}

static enum status get_user(struct lease *lease, struct error *reterr)
{
        struct user user;

        return user_get(lease, &store.arena, some(store.n_users), &user, reterr);
}

static enum status get_room(struct lease *lease, struct error *reterr)
{
        struct room room;

        return room_get(lease, &store.arena, some(store.n_rooms), some(store.n_users), &room,
                        reterr);
}

static enum status list_rooms(struct lease *lease, struct error *reterr)
{
        struct room_list rooms;

        return room_list_mine(lease, &store.arena, some(store.n_users), "", 0, PAGE, &rooms,
                              reterr);
}

static enum status list_messages(struct lease *lease, struct error *reterr)
{
        struct room_message_list messages;

        return message_list_before(lease, &store.arena, some(store.n_rooms), INT64_MAX, PAGE,
                                   &messages, reterr);
}

static enum status search(struct lease *lease, struct error *reterr)
{
        struct room_message_list messages;
        char query[32];
        bool more;

        snprintf(query, sizeof(query), "rare%ld", random() % 100000);
        return search_find(lease, &store.arena, some(store.n_users), 0, query, 0, PAGE, &messages,
                           &more, reterr);
}

static enum status append_group(void *arg, struct error *reterr)
{
        enum status st = STATUS_OK;

        (void)arg;
        for (int i = 0; i < GROUP && st == STATUS_OK; i++) {
                struct message_draft draft = {
                        .room_id = GENERAL,
                        .user_id = some(store.n_users),
                        .username = "somebody",
                        .content = "Shall we meet at the library after the class? I bring tea.",
                };
                struct room_message message;
                bool repeated;
                LEASE(lease, store.db, LEASE_WRITE, DEADLINE_NEVER);

                arena_reset(&store.arena);
                st = message_append(&lease, &store.arena, &draft, &message, &repeated, reterr);
                if (st == STATUS_OK)
                        st = lease_commit(&lease, reterr);
        }
        return st;
}

static const struct {
        const char *name;
        enum status (*read)(struct lease *lease, struct error *reterr); /* NULL: append_group() */
} operations[] = {
        {"user", get_user},          {"room", get_room}, {"rooms", list_rooms},
        {"messages", list_messages}, {"search", search}, {"append", NULL},
};

/* One of them, or one group. Returns how many calls that was. */
static size_t run(size_t operation, struct error *reterr)
{
        enum status st;

        if (operations[operation].read) {
                LEASE(lease, store.db, LEASE_READ, DEADLINE_NEVER);

                arena_reset(&store.arena);
                st = operations[operation].read(&lease, reterr);
        } else {
                st = db_write(store.db, append_group, NULL, DEADLINE_NEVER, reterr);
        }
        if (st != STATUS_OK) {
                fprintf(stderr, "store_load: %s\n", reterr->text);
                exit(1);
        }
        return operations[operation].read ? 1 : GROUP;
}

static void measure(size_t operation, double seconds)
{
        struct error error = ERROR_INIT;
        size_t calls = 0;
        uint64_t begin = clock_mono_ns(), end = begin + (uint64_t)(seconds * 1e9);
        double cpu = measure_cpu_us(RUSAGE_SELF);

        do {
                for (unsigned i = 0; i < 100; i++)
                        calls += run(operation, &error);
        } while (clock_mono_ns() < end);
        printf("%zu %.3f %.0f\n", calls, (double)(clock_mono_ns() - begin) / 1e9,
               measure_cpu_us(RUSAGE_SELF) - cpu);
}

int main(int argc, char **argv)
{
        char path[4096];
        size_t operation = 0;
        struct error error = ERROR_INIT;

        while (argc == 6 && operation < sizeof(operations) / sizeof(*operations) &&
               strcmp(operations[operation].name, argv[3]) != 0)
                operation++;
        if (argc != 6 || operation == sizeof(operations) / sizeof(*operations)) {
                fprintf(stderr, "usage: store_load DATABASE-DIR SECONDS OPERATION USERS ROOMS\n");
                return 2;
        }
        store.n_users = atol(argv[4]);
        store.n_rooms = atol(argv[5]);
        snprintf(path, sizeof(path), "%s/socializer.db", argv[1]);
        struct db_options options = {
                .path = path,
                .backup_dir = argv[1],
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .n_readers = 1,
        };
        arena_init(&store.arena, 8 << 20);
        if (db_open(&options, &store.db, &error) != STATUS_OK) {
                fprintf(stderr, "store_load: %s\n", error.text);
                return 1;
        }
        measure(operation, atof(argv[2]));
        arena_deinit(&store.arena);
        store.db = db_close(store.db);
        return 0;
}
