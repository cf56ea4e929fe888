/* What a peer and the gateway agree on about permessage-deflate (RFC 7692) while they shake hands.
 */
#ifndef GATEWAY_DEFLATE_OFFER_H
#define GATEWAY_DEFLATE_OFFER_H

#include <stdbool.h>

struct deflate_offer {
        /* What we send must inflate with a window of 2^this bytes; 0 = nothing is compressed. */
        unsigned window_bits;
        char answer[128]; /* for Sec-WebSocket-Extensions, where something is compressed */
};

/* Takes the first offer in Sec-WebSocket-Extensions that can be kept. Neither side keeps a context
 * from one message to the next: the same bytes go to every socket, and none has memory of its own.
 * False: the header is malformed. */
bool deflate_offer_accept(const char *header, struct deflate_offer *ret);

#endif
