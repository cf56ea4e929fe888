#include "gateway/compatible.h"

#include "common/contract.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_HEALTH "socializer.v1.AdminService/GetHealth"
#define TICK_MS    1000
#define ASK_MS     10000
#define TIMEOUT_MS 5000

struct compatible {
        struct gateway *gateway;
        uv_timer_t timer;
        soc_pending *pending; /* the question on its way */
        uint64_t asked_ms; /* the last time */
        bool was_connected;
        char fault[256]; /* "" = none */
};

static void set_fault(struct compatible *c, const char *fault)
{
        if (strcmp(c->fault, fault) == 0)
                return;
        if (*fault)
                LOG(ERROR, "the service is not used", LOG_STR("why", fault));
        else
                LOG(INFO, "the service speaks this contract now");
        snprintf(c->fault, sizeof(c->fault), "%s", fault);
}

static void judge(struct compatible *c, const Socializer__V1__GetHealthResponse *health)
{
        char fault[sizeof(c->fault)] = "";
        uint32_t own = contract_revision();

        if ((uint32_t)health->contract_revision < own)
                snprintf(fault, sizeof(fault),
                         "the service (version %.40s) knows revision %d of the contract, this "
                         "gateway (" SOCIALIZER_VERSION ") wants %u: upgrade the service first",
                         *health->version ? health->version : "unknown", health->contract_revision,
                         own);
        set_fault(c, fault);
}

static void on_health(void *closure, soc_status status, const ProtobufCMessage *response,
                      const soc_error *error)
{
        struct compatible *c = closure;

        (void)error;
        if (c->pending)
                soc_pending_release(c->pending);
        c->pending = NULL;
        if (status == SOC_OK)
                judge(c, (const Socializer__V1__GetHealthResponse *)response);
        else if (status == SOC_UNIMPLEMENTED)
                set_fault(c,
                          "the service does not speak socializer.v1: install the service and the "
                          "gateway of one version");
        /* Anything else says nothing of the contract. */
}

static void ask(struct compatible *c)
{
        static const Socializer__V1__GetHealthRequest request =
                SOCIALIZER__V1__GET_HEALTH_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = TIMEOUT_MS, .token = ""};

        c->asked_ms = uv_now(c->gateway->loop);
        gateway_gather(c->gateway);
        (void)!soc_call_start(c->gateway->client, GET_HEALTH, &request.base, &options, on_health, c,
                              &c->pending, NULL);
}

static void on_tick(uv_timer_t *timer)
{
        struct compatible *c = timer->data;

        if (!c->gateway->client || c->pending)
                return;
        bool is_connected = soc_client_connected(c->gateway->client);
        bool is_new = is_connected && !c->was_connected;
        bool is_due = uv_now(c->gateway->loop) - c->asked_ms >= (*c->fault ? TICK_MS : ASK_MS);

        c->was_connected = is_connected;
        if (is_connected && (is_new || is_due))
                ask(c);
}

enum status compatible_new(struct gateway *g, struct compatible **ret, struct error *reterr)
{
        struct compatible *c = calloc(1, sizeof(*c));

        if (!c)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        c->gateway = g;
        uv_timer_init(g->loop, &c->timer);
        c->timer.data = c;
        uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS);
        ask(c); /* the first call of all */
        *ret = c;
        return STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
        free(handle->data);
}

struct compatible *compatible_free(struct compatible *c)
{
        if (c)
                uv_close((uv_handle_t *)&c->timer, on_closed);
        return NULL;
}

const char *compatible_fault(const struct compatible *c)
{
        return c && *c->fault ? c->fault : NULL;
}
