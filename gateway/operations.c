/* What operators and their machines ask: alive, ready, numbers. */
#include "gateway/endpoint.h"
#include "gateway/reply.h"
#include "gateway/server.h"

#define PROBE_TIMEOUT_MS 1000

void operations_health(struct request *r)
{
        static const char ok[] = "{\"status\":\"ok\"}";

        reply_bytes(r, 200, REPLY_JSON, ok, sizeof(ok) - 1);
}

static void finish_ready(struct request *r, soc_status status, const ProtobufCMessage *response,
                         const struct error *error)
{
        (void)response;
        if (status == SOC_OK)
                operations_health(r);
        else
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the service is not ready: %s",
                             error->text);
}

void operations_ready(struct request *r)
{
        Socializer__V1__GetHealthRequest request = SOCIALIZER__V1__GET_HEALTH_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = PROBE_TIMEOUT_MS, .token = ""};

        if (r->server->gateway->stopping) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is stopping");
                return;
        }
        request_call(r, "socializer.v1.AdminService/GetHealth", &request.base, &options,
                     finish_ready);
}

static void finish_metrics(struct request *r, soc_status status, const ProtobufCMessage *response,
                           const struct error *error)
{
        const struct server *s = r->server;

        (void)error;
        metrics_append(&s->metrics, s->gateway, s->conns.n, status == SOC_OK, &r->out);
        if (status == SOC_OK)
                buffer_append_str(&r->out,
                                  ((const Socializer__V1__GetMetricsResponse *)response)->text);
        reply_out(r, 200, "text/plain; version=0.0.4; charset=utf-8");
}

void operations_metrics(struct request *r)
{
        Socializer__V1__GetMetricsRequest request = SOCIALIZER__V1__GET_METRICS_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = PROBE_TIMEOUT_MS, .token = ""};

        request_call(r, "socializer.v1.AdminService/GetMetrics", &request.base, &options,
                     finish_metrics);
}
