#include "gateway/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_parse(const char *text, struct address *ret)
{
        if (inet_pton(AF_INET6, text, ret->bytes) == 1)
                return true;
        memcpy(ret->bytes, v4_prefix, sizeof(v4_prefix));
        return inet_pton(AF_INET, text, ret->bytes + 12) == 1;
}

bool address_from_socket(const struct sockaddr *sa, struct address *ret)
{
        if (sa->sa_family == AF_INET) {
                const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

                memcpy(ret->bytes, v4_prefix, sizeof(v4_prefix));
                memcpy(ret->bytes + 12, &in->sin_addr, 4);
                return true;
        }
        if (sa->sa_family == AF_INET6) {
                const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

                memcpy(ret->bytes, &in6->sin6_addr, 16);
                return true;
        }
        return false;
}

void address_format(const struct address *address, char ret[static PROXY_ADDR_SIZE])
{
        bool is_v4 = memcmp(address->bytes, v4_prefix, sizeof(v4_prefix)) == 0;

        inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), ret,
                  PROXY_ADDR_SIZE);
}

enum status proxies_add(struct proxies *p, const char *cidr, struct error *reterr)
{
        char text[PROXY_ADDR_SIZE];
        size_t n = strcspn(cidr, "/");
        struct address address;

        if (p->n == PROXY_MAX)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "more than %d trusted proxies",
                                 PROXY_MAX);
        if (n >= sizeof(text))
                n = 0;
        memcpy(text, cidr, n);
        text[n] = '\0';
        if (!address_parse(text, &address))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "trusted proxy '%s': want an address or a block, as in 10.0.0.0/8",
                                 cidr);

        unsigned long max = strchr(text, ':') ? 128 : 32;
        unsigned long bits = max;
        if (cidr[n] == '/') {
                char *end;

                bits = strtoul(cidr + n + 1, &end, 10);
                if (*end || end == cidr + n + 1 || bits > max)
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "trusted proxy '%s': want 0 to %lu after '/'", cidr, max);
        }
        p->blocks[p->n].address = address;
        p->blocks[p->n].prefix_bits = (unsigned)(bits + 128 - max);
        p->n++;
        return STATUS_OK;
}

bool proxies_trusted(const struct proxies *p, const struct address *address)
{
        for (size_t i = 0; i < p->n; i++) {
                unsigned whole = p->blocks[i].prefix_bits / 8;
                unsigned rest = p->blocks[i].prefix_bits % 8;
                const unsigned char *block = p->blocks[i].address.bytes;

                if (memcmp(block, address->bytes, whole) != 0)
                        continue;
                if (rest == 0 || (block[whole] ^ address->bytes[whole]) >> (8 - rest) == 0)
                        return true;
        }
        return false;
}

void proxies_client(const struct proxies *p, const struct address *peer, const char *forwarded_for,
                    struct address *ret)
{
        *ret = *peer;
        if (!forwarded_for || !proxies_trusted(p, peer))
                return;

        /* From the right: each proxy appended whom it heard from. What a client wrote itself is
         * further left than what the first trusted proxy saw. */
        const char *end = forwarded_for + strlen(forwarded_for);
        while (end > forwarded_for) {
                const char *start = end;
                char text[PROXY_ADDR_SIZE];
                struct address address;

                while (start > forwarded_for && start[-1] != ',')
                        start--;
                const char *first = start + strspn(start, " \t");
                size_t n = strcspn(first, ", \t");
                if (first + n > end || n == 0 || n >= sizeof(text))
                        return;
                memcpy(text, first, n);
                text[n] = '\0';
                if (!address_parse(text, &address))
                        return;
                *ret = address;
                if (!proxies_trusted(p, &address))
                        return;
                end = start > forwarded_for ? start - 1 : start;
        }
}
