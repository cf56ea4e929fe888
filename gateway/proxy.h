/* Reverse proxies that are trusted to say where a request came from. */
#ifndef GATEWAY_PROXY_H
#define GATEWAY_PROXY_H

#include "common/status.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PROXY_MAX       32
#define PROXY_ADDR_SIZE INET6_ADDRSTRLEN

/* An address as 16 bytes; IPv4 is mapped into IPv6. */
struct address {
        unsigned char bytes[16];
};

struct proxies {
        struct {
                struct address address;
                unsigned prefix_bits; /* of the 128 */
        } blocks[PROXY_MAX];
        size_t n;
};

/* Adds "10.0.0.0/8", "::1" or the like. */
enum status proxies_add(struct proxies *p, const char *cidr, struct error *reterr) MUST_CHECK;
bool proxies_trusted(const struct proxies *p, const struct address *address);

bool address_parse(const char *text, struct address *ret);
/* "unix" and the like are no addresses: false. */
bool address_from_socket(const struct sockaddr *sa, struct address *ret);
void address_format(const struct address *address, char ret[static PROXY_ADDR_SIZE]);

/* Where a request came from that a trusted proxy forwarded: the last address of X-Forwarded-For
 * (NULL = none) that is not a trusted proxy's itself. peer is what the proxy's own is. */
void proxies_client(const struct proxies *p, const struct address *peer, const char *forwarded_for,
                    struct address *ret);

#endif
