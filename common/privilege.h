/* No more rights than are needed, for programs that root may have started. */
#ifndef COMMON_PRIVILEGE_H
#define COMMON_PRIVILEGE_H

#include "common/cleanup.h"
#include "common/status.h"

/* Gives a file or folder to the user, for who becomes that user next. Nothing where user is NULL.
 */
enum status privilege_give(const char *path, const char *user, struct error *reterr) MUST_CHECK;
/* For good: this process becomes the user, whose groups it takes and whose rights it cannot leave
 * any more; NULL: stays who it is. Either way nothing that it starts gets more rights, and no core
 * of it is written, which would hold keys. INVALID_ARGUMENT: there is no such user.
 * PERMISSION_DENIED: only root becomes somebody else. All threads. */
enum status privilege_drop(const char *user, struct error *reterr) MUST_CHECK;

#endif
