#include "service/coach/address.h"

#include "common/cleanup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

/* IANA's special-purpose registries, as far as nobody's server is there. */
static const struct {
        uint32_t prefix;
        unsigned bits;
} special_v4[] = {
        {0x00000000, 8}, /* "this" network, 0.0.0.0 */
        {0x0a000000, 8}, /* private */
        {0x64400000, 10}, /* shared, behind a carrier's NAT */
        {0x7f000000, 8}, /* loopback */
        {0xa9fe0000, 16}, /* link-local, 169.254.169.254 */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0586300, 24}, /* 6to4 relays */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3}, /* multicast, reserved, broadcast */
};

static bool v4_is_public(uint32_t address)
{
        for (size_t i = 0; i < ARRAY_SIZE(special_v4); i++)
                if ((address ^ special_v4[i].prefix) >> (32 - special_v4[i].bits) == 0)
                        return false;
        return true;
}

static uint32_t v4_at(const uint8_t *at)
{
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Global unicast is 2000::/3; within it are tunnels that end anywhere. 64:ff9b::/96 and the mapped
 * and compatible forms are IPv4 in disguise. */
static bool v6_is_public(const uint8_t a[static 16])
{
        static const uint8_t zeros[12];
        static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

        if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0 || memcmp(a, zeros, 12) == 0)
                return v4_is_public(v4_at(a + 12));
        if (a[0] >> 5 != 1)
                return false;
        if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
                return v4_is_public(v4_at(a + 2));
        if (a[0] == 0x20 && a[1] == 0x01)
                return a[2] >= 0x02 && !(a[2] == 0x0d && a[3] == 0xb8); /* Teredo, documentation */
        return true;
}

bool address_is_public(const struct sockaddr *address)
{
        if (address->sa_family == AF_INET) {
                struct sockaddr_in in;

                memcpy(&in, address, sizeof(in));
                return v4_is_public(ntohl(in.sin_addr.s_addr));
        }
        if (address->sa_family == AF_INET6) {
                struct sockaddr_in6 in6;

                memcpy(&in6, address, sizeof(in6));
                return v6_is_public(in6.sin6_addr.s6_addr);
        }
        return false;
}
