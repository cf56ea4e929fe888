/* Opens so many WebSockets to a gateway, signs each in, and holds them until standard input ends.
 *
 *     ws_idle PORT COUNT TOKEN
 *     prints "open" once all are open
 */
#include "tests/bench/ws_client.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
        if (argc != 4) {
                fprintf(stderr, "usage: ws_idle PORT COUNT TOKEN\n");
                return 2;
        }
        unsigned port = (unsigned)atoi(argv[1]), count = (unsigned)atoi(argv[2]);

        ws_client_allow(count);
        for (unsigned i = 0; i < count; i++) {
                struct ws_client client;

                ws_client_open(&client, port, "/ws/chat", i);
                ws_client_sign_in(&client, argv[3]);
        }
        puts("open");
        fflush(stdout);
        while (getchar() != EOF)
                ;
        return 0;
}
