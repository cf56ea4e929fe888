#include "tests/faults/kit.h"

#include "common/arena.h"
#include "common/log.h"
#include "tests/support/fault_vfs.h"

#include <limits.h>
#include <nng/nng.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const struct kit_kind kit_kinds[KIT_COUNT] = {
        [KIT_ARENA] = {"arena", STATUS_RESOURCE_EXHAUSTED},
        [KIT_MALLOC] = {"malloc", STATUS_RESOURCE_EXHAUSTED},
        [KIT_SQLITE] = {"SQLite's memory", STATUS_RESOURCE_EXHAUSTED},
        [KIT_READ] = {"read", STATUS_INTERNAL},
        [KIT_WRITE] = {"write", STATUS_INTERNAL},
        [KIT_SHORT_WRITE] = {"short write", STATUS_INTERNAL},
        [KIT_FULL] = {"full disk", STATUS_UNAVAILABLE},
        [KIT_SYNC] = {"sync", STATUS_INTERNAL},
        [KIT_LOCK] = {"lock", STATUS_UNAVAILABLE},
        [KIT_SEND] = {"send", STATUS_OK},
};

static const enum fault disk_faults[KIT_COUNT] = {
        [KIT_READ] = FAULT_READ, [KIT_WRITE] = FAULT_WRITE, [KIT_SHORT_WRITE] = FAULT_SHORT_WRITE,
        [KIT_FULL] = FAULT_FULL, [KIT_SYNC] = FAULT_SYNC,   [KIT_LOCK] = FAULT_LOCK,
};

/* Of what the disk and the arenas do not count themselves. */
static atomic_uint n_left[KIT_COUNT]; /* until the one that fails; 0: none does */
static unsigned long n_before[KIT_COUNT]; /* of disk operations, when counting began */
static enum kit_fault armed = KIT_COUNT;
static sqlite3_mem_methods real_memory;
static atomic_long n_pieces;
static atomic_bool has_lost_reply;

static _Thread_local enum { UNKNOWN, OURS, OTHERS } owner;

/* Threads that are nng's carry its name. */
static bool is_ours(void)
{
        char name[16] = "";

        if (owner == UNKNOWN) {
                pthread_getname_np(pthread_self(), name, sizeof(name));
                owner = strncmp(name, "nng:", 4) == 0 ? OTHERS : OURS;
        }
        return owner == OURS;
}

static bool strikes(enum kit_fault fault)
{
        unsigned n = atomic_load(&n_left[fault]);

        if (n == 0 || !is_ours())
                return false;
        while (n && !atomic_compare_exchange_weak(&n_left[fault], &n, n - 1))
                continue;
        return n == 1;
}

/* --- memory of ours: linked with --wrap --- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
        return strikes(KIT_MALLOC) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return strikes(KIT_MALLOC) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
        return strikes(KIT_MALLOC) ? NULL : __real_realloc(p, n);
}

/* --- SQLite's memory --- */

static void *sqlite_malloc(int n)
{
        void *p = strikes(KIT_SQLITE) ? NULL : real_memory.xMalloc(n);

        if (p)
                atomic_fetch_add(&n_pieces, 1);
        return p;
}

static void sqlite_free(void *p)
{
        if (p)
                atomic_fetch_sub(&n_pieces, 1);
        real_memory.xFree(p);
}

static void *sqlite_realloc(void *p, int n)
{
        return strikes(KIT_SQLITE) ? NULL : real_memory.xRealloc(p, n);
}

long kit_sqlite_pieces(void)
{
        return atomic_load(&n_pieces);
}

/* --- sending --- */

void __real_nng_ctx_send(nng_ctx ctx, nng_aio *aio);
int __real_nng_sendmsg(nng_socket socket, nng_msg *message, int flags);
void __wrap_nng_ctx_send(nng_ctx ctx, nng_aio *aio);
int __wrap_nng_sendmsg(nng_socket socket, nng_msg *message, int flags);

void __wrap_nng_ctx_send(nng_ctx ctx, nng_aio *aio)
{
        if (!strikes(KIT_SEND)) {
                __real_nng_ctx_send(ctx, aio);
                return;
        }
        if (nng_aio_begin(aio))
                nng_aio_finish(aio, NNG_ENOMEM);
        atomic_store(&has_lost_reply, true);
}

int __wrap_nng_sendmsg(nng_socket socket, nng_msg *message, int flags)
{
        return strikes(KIT_SEND) ? NNG_ENOMEM : __real_nng_sendmsg(socket, message, flags);
}

/* --- the log: of so many failures nobody wants to read --- */

void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields,
                      size_t n_fields);

void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields,
                      size_t n_fields)
{
        (void)level;
        (void)message;
        (void)fields;
        (void)n_fields;
}

/* --- plans --- */

void kit_init(void)
{
        sqlite3_mem_methods counting;

        owner = OTHERS;
        if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
                abort();
        counting = real_memory;
        counting.xMalloc = sqlite_malloc;
        counting.xFree = sqlite_free;
        counting.xRealloc = sqlite_realloc;
        /* Without small pieces kept aside every allocation can fail. */
        if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) != SQLITE_OK ||
            sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)
                abort();
        fault_vfs_register();
}

void kit_arm(enum kit_fault fault, unsigned n)
{
        armed = fault;
        if (fault == KIT_ARENA)
                arena_fail_after(n);
        else if (disk_faults[fault])
                fault_vfs_arm(disk_faults[fault], n, 1);
        else
                atomic_store(&n_left[fault], n);
}

void kit_count(void)
{
        arena_fail_after(UINT_MAX);
        for (enum kit_fault i = 0; i < KIT_COUNT; i++) {
                if (disk_faults[i])
                        n_before[i] = fault_vfs_count(disk_faults[i]);
                else if (i != KIT_ARENA)
                        atomic_store(&n_left[i], UINT_MAX);
        }
}

void kit_count_end(unsigned ret[static KIT_COUNT])
{
        ret[KIT_ARENA] = UINT_MAX - arena_fail_after(0);
        for (enum kit_fault i = 0; i < KIT_COUNT; i++) {
                if (disk_faults[i])
                        ret[i] = (unsigned)(fault_vfs_count(disk_faults[i]) - n_before[i]);
                else if (i != KIT_ARENA)
                        ret[i] = UINT_MAX - atomic_exchange(&n_left[i], 0);
        }
}

bool kit_has_lost_reply(void)
{
        return atomic_load(&has_lost_reply);
}

bool kit_disarm(void)
{
        enum kit_fault fault = armed;

        armed = KIT_COUNT;
        atomic_store(&has_lost_reply, false);
        if (fault == KIT_ARENA)
                return arena_fail_after(0) == 0;
        if (disk_faults[fault])
                return fault_vfs_disarm() > 0;
        return atomic_exchange(&n_left[fault], 0) == 0;
}
