/* What the linker puts in the place of sendmsg(2) where nng is older than 1.6; see guard.c. */
#ifndef COMMON_NNG_GUARD_H
#define COMMON_NNG_GUARD_H

#include <sys/socket.h>
#include <sys/types.h>

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
/* Read by the leak sanitizer; only in builds that have it. */
const char *__lsan_default_suppressions(void);

#endif
