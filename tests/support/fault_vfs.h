/* A disk that fails: a SQLite VFS over the real one, which makes the n-th operation of a kind go
 * wrong. Any thread; one plan at a time for the whole process. */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

#define FAULT_VFS "fault"

enum fault {
        FAULT_NONE,
        FAULT_READ, /* a read fails: SQLITE_IOERR_READ */
        FAULT_WRITE, /* a write fails: SQLITE_IOERR_WRITE */
        FAULT_SHORT_WRITE, /* half of it reaches the file, then SQLITE_IOERR_WRITE */
        FAULT_FULL, /* a write finds no room: SQLITE_FULL */
        FAULT_SYNC, /* an fsync fails: SQLITE_IOERR_FSYNC */
        FAULT_TRUNCATE, /* cutting a file fails: SQLITE_IOERR_TRUNCATE */
        FAULT_OPEN, /* a file cannot be opened: SQLITE_CANTOPEN */
        FAULT_LOCK, /* a lock is somebody else's: SQLITE_BUSY */
        FAULT_COUNT,
};

/* Registers it under the name FAULT_VFS. Once a process; further calls do nothing. */
void fault_vfs_register(void);
/* From now on the n-th such operation fails (1 = the next), and times - 1 after it; times 0 = all
 * after it, until the fault passes. */
void fault_vfs_arm(enum fault fault, unsigned n, unsigned times);
/* The fault passes. Returns how many operations it has hit. */
unsigned fault_vfs_disarm(void);
/* Operations since the start that could have failed so, whether they did or not. */
unsigned long fault_vfs_count(enum fault fault);
/* From now on fsyncs wait, as on a slow disk, until they are let go. */
void fault_vfs_hold_syncs(void);
void fault_vfs_release_syncs(void);
/* How many fsyncs wait. */
unsigned fault_vfs_held_syncs(void);

#endif
