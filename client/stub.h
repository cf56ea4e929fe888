/* The client as a ProtobufCService, for the stubs that protoc-c generates. */
#ifndef CLIENT_STUB_H
#define CLIENT_STUB_H

#include <protobuf-c/protobuf-c.h>

struct soc_client;
struct soc_pending;

/* Runs the closure of a stub call that has ended; soc_last_error() tells why inside it. */
void stub_deliver(struct soc_pending *p, const ProtobufCMessage *response);
void stub_free_all(struct soc_client *c);

#endif
