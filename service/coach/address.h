/* Which addresses belong to the public internet, and which to this machine or its network. */
#ifndef SERVICE_COACH_ADDRESS_H
#define SERVICE_COACH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local (there the cloud keeps its metadata), shared, multicast,
 * reserved and unspecified addresses, in IPv4, IPv6 and IPv4 wrapped into IPv6, and for what is
 * neither. */
bool address_is_public(const struct sockaddr *address);

#endif
