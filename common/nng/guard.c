/* Keeps nng before 1.6 alive. Linked with -Wl,--wrap=sendmsg, beside a static libnng, so that only
 * nng's own writes pass here.
 *
 * Two defects of those releases begin with a write to a peer that has gone:
 *   - nng reports EPIPE as "closed". While the eight bytes that open every connection are
 * exchanged, the listener (and the ipc dialer) takes that for its own end and never accepts again:
 * one connect() and close() silences it (nng issue 1518, fixed in 1.6).
 *   - Later, the failed write closes the connection from within its completion, while the read of
 *     the same connection may be between two steps. Closing then waits for that read for good, on
 *     the only thread that closes connections (issues 1543, 1616, 1636).
 * So the first becomes ECONNRESET, which means this connection only, and the second success: what
 * was written to nobody is lost anyhow, and the read side finds the end of the connection. */
#include "common/nng/guard.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);

static size_t message_bytes(const struct msghdr *message)
{
        size_t n = 0;

        for (size_t i = 0; i < (size_t)message->msg_iovlen; i++)
                n += message->msg_iov[i].iov_len;
        return n;
}

/* The greeting of the SP protocols: 0, 'S', 'P', version 0, then the protocol's number. */
static int is_greeting(const struct msghdr *message)
{
        static const uint8_t magic[4] = {0, 'S', 'P', 0};

        return message->msg_iovlen == 1 && message->msg_iov[0].iov_len == 8 &&
               memcmp(message->msg_iov[0].iov_base, magic, sizeof(magic)) == 0;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
        ssize_t n = __real_sendmsg(fd, message, flags);

        if (n >= 0 || (errno != EPIPE && errno != ECONNRESET))
                return n;
        if (is_greeting(message)) {
                errno = ECONNRESET;
                return -1;
        }
        return (ssize_t)message_bytes(message);
}

#if defined(__SANITIZE_ADDRESS__)
/* Those releases also lose the message that a connection was in the middle of when it is closed:
 * a hundred bytes each, known, and not to be reported as a leak of ours. slot_send() of the client
 * is where requests are made: a send that begins on a connection just closed is told to nobody. */
const char *__lsan_default_suppressions(void)
{
        return "leak:ipc_pipe_recv_cb\nleak:tcptran_pipe_recv_cb\nleak:slot_send\n";
}
#endif
