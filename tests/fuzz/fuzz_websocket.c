/* A WebSocket from its first frame on. The first byte: 1 signed in by a cookie, 2 agreed on
 * compression; the second says which calls fail, the third what the others answer. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/gateway.h"

static struct gateway *gateway;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc;
        (void)argv;
        gateway = gateway_setup();
        return 0;
}

/* Whole frames, unmasked, of the kinds that a server sends, until they end. */
static void check_frames(const uint8_t *at, size_t left)
{
        while (left >= 2) {
                unsigned opcode = at[0] & 0xf;
                size_t n_head = 2, n = at[1] & 0x7f;

                fuzz_must(!(at[1] & 0x80) && (at[0] & 0x80));
                fuzz_must(opcode == 1 || opcode == 8 || opcode == 9 || opcode == 10);
                if (n == 126)
                        n_head = 4;
                else if (n == 127)
                        n_head = 10;
                fuzz_must(left >= n_head);
                if (n_head > 2) {
                        n = 0;
                        for (size_t i = 2; i < n_head; i++)
                                n = n << 8 | at[i];
                }
                fuzz_must(left - n_head >= n);
                at += n_head + n;
                left -= n_head + n;
        }
        fuzz_must(left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        AUTO_BUFFER answer = BUFFER_INIT;
        uint8_t flags = fuzz_byte(&data, &n), failures = fuzz_byte(&data, &n);

        client_script(failures, fuzz_byte(&data, &n));
        gateway_websocket(gateway, data, n, flags & 1 ? "a token" : NULL, flags & 2 ? 15 : 0,
                          &answer);
        check_frames(answer.data, answer.n_bytes);
        return 0;
}
