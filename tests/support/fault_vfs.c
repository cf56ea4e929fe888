#include "tests/support/fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

/* The real file lies right behind it. */
struct fault_file {
        sqlite3_file base;
        sqlite3_file *real;
};

static struct {
        pthread_mutex_t lock;
        sqlite3_vfs *real;
        sqlite3_vfs vfs;
        enum fault fault;
        unsigned n_left; /* operations until the first that fails */
        unsigned times_left; /* that fail; 0 = no end */
        bool has_end;
        unsigned n_hits;
        unsigned long n_operations[FAULT_COUNT]; /* by what could have failed */
        bool syncs_wait;
        unsigned n_held;
        pthread_cond_t released;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER};

void fault_vfs_arm(enum fault fault, unsigned n, unsigned times)
{
        pthread_mutex_lock(&state.lock);
        state.fault = fault;
        state.n_left = n;
        state.times_left = times;
        state.has_end = times > 0;
        state.n_hits = 0;
        pthread_mutex_unlock(&state.lock);
}

unsigned fault_vfs_disarm(void)
{
        unsigned n_hits;

        pthread_mutex_lock(&state.lock);
        n_hits = state.n_hits;
        state.fault = FAULT_NONE;
        pthread_mutex_unlock(&state.lock);
        return n_hits;
}

unsigned long fault_vfs_count(enum fault fault)
{
        unsigned long n;

        pthread_mutex_lock(&state.lock);
        n = state.n_operations[fault];
        pthread_mutex_unlock(&state.lock);
        return n;
}

void fault_vfs_hold_syncs(void)
{
        pthread_mutex_lock(&state.lock);
        state.syncs_wait = true;
        pthread_mutex_unlock(&state.lock);
}

void fault_vfs_release_syncs(void)
{
        pthread_mutex_lock(&state.lock);
        state.syncs_wait = false;
        pthread_cond_broadcast(&state.released);
        pthread_mutex_unlock(&state.lock);
}

unsigned fault_vfs_held_syncs(void)
{
        unsigned n;

        pthread_mutex_lock(&state.lock);
        n = state.n_held;
        pthread_mutex_unlock(&state.lock);
        return n;
}

/* Whether this operation is one to fail. */
static bool hit(enum fault fault)
{
        bool is_hit = false;

        pthread_mutex_lock(&state.lock);
        if (fault != FAULT_SYNC) /* counted as it begins: it may be held */
                state.n_operations[fault]++;
        if (state.fault == fault) {
                if (state.n_left > 1) {
                        state.n_left--;
                } else if (!state.has_end || state.times_left > 0) {
                        is_hit = true;
                        state.n_hits++;
                        if (state.has_end)
                                state.times_left--;
                }
        }
        pthread_mutex_unlock(&state.lock);
        return is_hit;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
        return ((struct fault_file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
        return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
        if (hit(FAULT_READ))
                return SQLITE_IOERR_READ;
        return real_of(file)->pMethods->xRead(real_of(file), data, n, at);
}

static int file_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
        sqlite3_file *real = real_of(file);

        if (hit(FAULT_WRITE))
                return SQLITE_IOERR_WRITE;
        if (hit(FAULT_FULL))
                return SQLITE_FULL;
        if (hit(FAULT_SHORT_WRITE)) {
                (void)real->pMethods->xWrite(real, data, n / 2, at);
                return SQLITE_IOERR_WRITE;
        }
        return real->pMethods->xWrite(real, data, n, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        if (hit(FAULT_TRUNCATE))
                return SQLITE_IOERR_TRUNCATE;
        return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
        pthread_mutex_lock(&state.lock);
        state.n_operations[FAULT_SYNC]++;
        state.n_held++;
        while (state.syncs_wait)
                pthread_cond_wait(&state.released, &state.lock);
        state.n_held--;
        pthread_mutex_unlock(&state.lock);
        if (hit(FAULT_SYNC))
                return SQLITE_IOERR_FSYNC;
        return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int lock)
{
        if (hit(FAULT_LOCK))
                return SQLITE_BUSY;
        return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
        return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int file_check_lock(sqlite3_file *file, int *ret)
{
        return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int what, void *arg)
{
        return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int file_sector_size(sqlite3_file *file)
{
        return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
        return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int n, int extend, void volatile **ret)
{
        return real_of(file)->pMethods->xShmMap(real_of(file), page, n, extend, ret);
}

static int file_shm_lock(sqlite3_file *file, int at, int n, int flags)
{
        if ((flags & SQLITE_SHM_LOCK) && hit(FAULT_LOCK))
                return SQLITE_BUSY;
        return real_of(file)->pMethods->xShmLock(real_of(file), at, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
        real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
        return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: with shared memory for the log, without mapped reads, which could not fail. */
static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_lock,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
        .xShmMap = file_shm_map,
        .xShmLock = file_shm_lock,
        .xShmBarrier = file_shm_barrier,
        .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret)
{
        struct fault_file *f = (struct fault_file *)file;
        int rc;

        (void)vfs;
        f->base.pMethods = NULL;
        f->real = (sqlite3_file *)(f + 1);
        memset(f->real, 0, (size_t)state.real->szOsFile);
        if (hit(FAULT_OPEN))
                return SQLITE_CANTOPEN;
        rc = state.real->xOpen(state.real, name, f->real, flags, ret);
        if (f->real->pMethods)
                f->base.pMethods = &methods;
        return rc;
}

static void register_once(void)
{
        state.real = sqlite3_vfs_find(NULL);
        state.vfs = *state.real;
        state.vfs.zName = FAULT_VFS;
        state.vfs.pNext = NULL;
        state.vfs.szOsFile = (int)sizeof(struct fault_file) + state.real->szOsFile;
        state.vfs.xOpen = vfs_open;
        sqlite3_vfs_register(&state.vfs, 0);
}

void fault_vfs_register(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, register_once);
}
