/* Small files in the data folder that nobody else may read (mode 0600). A new content is there
 * whole or not at all, and survives a power cut. Whoever writes one has the database, and with it
 * the folder, for itself. */
#ifndef SERVICE_AUTH_KEYFILE_H
#define SERVICE_AUTH_KEYFILE_H

#include "common/status.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* DIR/NAME. INVALID_ARGUMENT when that is too long. */
enum status keyfile_path(const char *dir, const char *name, char ret[static PATH_MAX],
                         struct error *reterr) MUST_CHECK;
/* False only when there is no such file. */
bool keyfile_exists(const char *path);
/* Makes the file unless it is there already. FAILED_PRECONDITION, as below, when it cannot. */
enum status keyfile_create(const char *path, const void *data, size_t n,
                           struct error *reterr) MUST_CHECK;
/* Makes the file, in place of the one that is there. After an error that one still is. */
enum status keyfile_replace(const char *path, const void *data, size_t n,
                            struct error *reterr) MUST_CHECK;
/* Reads at most room bytes. FAILED_PRECONDITION, and what to do, when it cannot be read, or by
 * others as well. */
enum status keyfile_read(const char *path, void *ret, size_t room, size_t *ret_n,
                         struct error *reterr) MUST_CHECK;

#endif
