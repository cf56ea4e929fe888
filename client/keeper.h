/* The thread that watches the clock. */
#ifndef CLIENT_KEEPER_H
#define CLIENT_KEEPER_H

#include "common/clock.h"
#include "common/status.h"

struct soc_client;

enum status keeper_start(struct soc_client *c, struct error *reterr) MUST_CHECK;
/* Without the mutex. What is still to be delivered stays in the list. */
void keeper_join(struct soc_client *c);
/* Something happens at that time. Under the mutex. */
void keeper_expect(struct soc_client *c, deadline_ns at);
/* There is something to deliver, or to send. Under the mutex. */
void keeper_nudge(struct soc_client *c);

#endif
