/* How much a peer may say: a bucket that fills by messages_per_second up to twice as many. */
#include "gateway/ws_internal.h"

static enum status take(struct ws_socket *s, struct error *reterr)
{
        double rate = s->ws->messages_per_second;
        uint64_t now = ws_now(s->ws);

        s->allowance += (double)(now - s->allowance_ms) / 1000 * rate;
        s->allowance_ms = now;
        if (s->allowance > 2 * rate)
                s->allowance = 2 * rate;
        if (s->allowance < 1)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED,
                                   (uint32_t)((1 - s->allowance) / rate * 1000) + 1,
                                   "too many messages: at most %u a second",
                                   s->ws->messages_per_second);
        s->allowance -= 1;
        return STATUS_OK;
}

bool ws_rate_allow(struct ws_socket *s, bool is_answered)
{
        struct error error;

        if (take(s, &error) == STATUS_OK) {
                s->n_refused = 0;
                return true;
        }
        if (++s->n_refused > WS_MAX_REFUSED)
                ws_socket_close(s, WSLAY_CODE_POLICY_VIOLATION, "too many messages");
        else if (is_answered)
                ws_send_error(s, &error, NULL);
        return false;
}

void ws_rate_charge(struct ws_socket *s, size_t n_bytes)
{
        size_t n_more = n_bytes / WS_RATE_BYTES;

        s->allowance -= (double)n_more;
}
