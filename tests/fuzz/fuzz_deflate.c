/* gateway/ws_deflate: a message that a peer has compressed, and any message there and back. The
 * first two bytes are the most that it may become. */
#include "tests/fuzz/fuzz.h"

#include "gateway/ws_deflate.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        static struct ws_deflate deflate; /* as a gateway has one for all messages */
        const uint8_t *out;
        size_t n_out, max = (size_t)fuzz_byte(&data, &n) << 8;

        max |= fuzz_byte(&data, &n);
        if (ws_deflate_unpack(&deflate, data, n, max, &out, &n_out) == WS_UNPACKED)
                fuzz_must(n_out <= max);
        if (ws_deflate_pack(&deflate, data, n, &out, &n_out)) {
                AUTO_FREE char *packed = fuzz_text(out, n_out);

                fuzz_must(n_out < n);
                fuzz_must(ws_deflate_unpack(&deflate, packed, n_out, n, &out, &n_out) ==
                          WS_UNPACKED);
                fuzz_must(n_out == n && memcmp(out, data, n) == 0);
        }
        return 0;
}
