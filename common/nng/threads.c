/* How many threads nng before 1.6 starts. Linked with -Wl,--wrap=nni_plat_ncpu, beside a static
 * libnng.
 *
 * It asks how many processors there are, and starts twice as many threads for its tasks and as many
 * for its timers. Its tasks are short and under few locks; a message is five of them, and each
 * wakes a thread that finds it done or the lock taken. Two threads for tasks answer a call that is
 * alone in flight a sixth sooner than four, for a quarter less processor time
 * (docs/performance.md). */
#include "common/nng/guard.h"

#include <unistd.h>

int __wrap_nni_plat_ncpu(void)
{
        return sysconf(_SC_NPROCESSORS_ONLN) > 4 ? 2 : 1;
}
