#include "client/stub.h"

#include "client/call.h"
#include "client/client.h"

struct stub_service {
        ProtobufCService base; /* first: protobuf-c's stubs know only this */
        struct soc_client *client;
        struct stub_service *next;
};

static _Thread_local const soc_error *last_error;

const soc_error *soc_last_error(void)
{
        static const soc_error none;

        return last_error ? last_error : &none;
}

/* Closures may nest: one may start a stub call that fails at once. */
static void run_closure(ProtobufCClosure closure, void *data, const ProtobufCMessage *response,
                        const struct error *error)
{
        const soc_error *outer = last_error;

        last_error = error_public(error);
        closure(response, data);
        last_error = outer;
}

void stub_deliver(struct soc_pending *p, const ProtobufCMessage *response)
{
        run_closure(p->stub, p->closure, response, &p->error);
}

static void invoke(ProtobufCService *service, unsigned index, const ProtobufCMessage *input,
                   ProtobufCClosure closure, void *data)
{
        struct soc_client *c = ((struct stub_service *)service)->client;
        struct error err = ERROR_INIT;
        struct call_start start = {.method = contract_find_stub(service->descriptor, index),
                                   .request = input,
                                   .stub = closure,
                                   .closure = data};
        enum status st = start.method ? call_start(c, &start, NULL, &err)
                                      : error_set(&err, STATUS_UNIMPLEMENTED,
                                                  "%s is not a service of this contract",
                                                  service->descriptor->name);

        if (st != STATUS_OK)
                run_closure(closure, data, NULL, &err);
}

static void destroy(ProtobufCService *service)
{
        (void)service; /* the client owns it */
}

ProtobufCService *soc_client_service(soc_client *c, const ProtobufCServiceDescriptor *descriptor)
{
        LOCK(&c->mutex);
        for (struct stub_service *s = c->stubs; s; s = s->next)
                if (s->base.descriptor == descriptor)
                        return &s->base;
        struct stub_service *s = calloc(1, sizeof(*s));
        if (!s)
                return NULL;
        s->base =
                (ProtobufCService){.descriptor = descriptor, .invoke = invoke, .destroy = destroy};
        s->client = c;
        s->next = c->stubs;
        c->stubs = s;
        return &s->base;
}

void stub_free_all(struct soc_client *c)
{
        for (struct stub_service *s = c->stubs, *next; s; s = next) {
                next = s->next;
                free(s);
        }
        c->stubs = NULL;
}
