/* Putting a backup in place of the database, while no service runs on it. */
#ifndef SERVICE_RESTORE_H
#define SERVICE_RESTORE_H

#include "common/status.h"

/* Checks file, upgrades it where it is of an older schema, and puts it in place of
 * DATA_DIR/socializer.db; what was there goes to DATA_DIR/backups/replaced-TIME. All sessions end,
 * because some of them have ended since. FAILED_PRECONDITION, and what to do: a service runs, the
 * backup is of a newer schema, or its master.key is not there. DATA_LOSS: the file is damaged.
 * Until the last step what was there is untouched. */
enum status restore(const char *data_dir, const char *file, struct error *reterr) MUST_CHECK;
/* FAILED_PRECONDITION when the last step of one was interrupted. */
enum status restore_check(const char *data_dir, struct error *reterr) MUST_CHECK;

#endif
