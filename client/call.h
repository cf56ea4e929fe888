/* Starting a call, for the three ways of asking for one: soc_call(), soc_call_start() and stubs. */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include "client/pending.h"

struct call_start {
        const struct method *method;
        const ProtobufCMessage *request;
        const soc_call_options *options; /* may be NULL */
        soc_callback callback;
        ProtobufCClosure stub; /* instead of callback */
        void *closure;
        bool keep; /* see struct soc_pending */
};

/* On STATUS_OK the callback will run, once; otherwise it will not. ret may be NULL. */
enum status call_start(struct soc_client *c, const struct call_start *start,
                       struct soc_pending **ret, struct error *reterr) MUST_CHECK;

#endif
