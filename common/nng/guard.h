/* What the linker puts in the place of others' functions where nng is older than 1.6. */
#ifndef COMMON_NNG_GUARD_H
#define COMMON_NNG_GUARD_H

#include <sys/socket.h>
#include <sys/types.h>

/* In the place of sendmsg(2); see guard.c. */
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
/* In the place of nng's own count of processors; see threads.c. */
int __wrap_nni_plat_ncpu(void);
/* Read by the leak sanitizer; only in builds that have it. */
const char *__lsan_default_suppressions(void);

#endif
