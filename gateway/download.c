#include "gateway/download.h"

#include "common/json_join.h"
#include "gateway/reply.h"

#include <stdio.h>
#include <string.h>

#define EXPORT      "socializer.v1.ExportService/ExportUser"
#define BLOCK_BYTES 32768

struct download {
        Socializer__V1__ExportUserRequest *page; /* the next one */
        struct json_join join;
        struct buffer out;
        size_t n_read; /* of out */
        bool is_asking, is_whole, is_broken;
};

struct download *download_free(struct download *d)
{
        if (!d)
                return NULL;
        buffer_deinit(&d->out);
        free(d);
        return NULL;
}

static void ask(struct request *r, request_finish on_page)
{
        const soc_call_options options = {.token = r->token};

        r->download->is_asking = true;
        request_call(r, EXPORT, &r->download->page->base, &options, on_page);
}

/* Appends a page; false when it does not fit behind the last. */
static bool take_page(struct request *r, const Socializer__V1__ExportUserResponse *page)
{
        static const Socializer__V1__UserExport nothing = SOCIALIZER__V1__USER_EXPORT__INIT;
        struct download *d = r->download;
        char *token = arena_strdup(&r->arena, page->next_page_token);

        if (!page->part || !token || !json_join_part(&d->join, &page->part->base, &d->out))
                return false;
        d->page->page_token = token;
        d->is_whole = *token == '\0';
        if (d->is_whole)
                json_join_end(&d->join, &nothing.base, &d->out);
        return !buffer_failed(&d->out);
}

static void on_next(struct request *r, soc_status status, const ProtobufCMessage *response,
                    const struct error *error)
{
        struct download *d = r->download;

        (void)error; /* nobody can be told any more */
        d->is_asking = false;
        d->is_broken = status != SOC_OK ||
                       !take_page(r, (const Socializer__V1__ExportUserResponse *)response);
        /* Time for each page, not for the whole. */
        conn_enter(&r->server->conns, r->conn, CONN_SENDING, uv_now(r->server->gateway->loop));
}

static ssize_t on_read(void *cls, uint64_t position, char *to, size_t max)
{
        struct request *r = cls;
        struct download *d = r->download;
        size_t n = d->out.n_bytes - d->n_read;

        (void)position;
        r->server->busy = true;
        if (n > 0) {
                n = n < max ? n : max;
                memcpy(to, d->out.data + d->n_read, n);
                d->n_read += n;
                return (ssize_t)n;
        }
        buffer_clear(&d->out);
        d->n_read = 0;
        if (d->is_whole)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (!d->is_broken && !d->is_asking) {
                conn_enter(&r->server->conns, r->conn, CONN_STREAMING,
                           uv_now(r->server->gateway->loop));
                ask(r, on_next); /* ends at once where the gateway stops */
        }
        if (d->is_broken)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        if (d->is_asking)
                request_suspend(r);
        return 0;
}

static void on_first(struct request *r, soc_status status, const ProtobufCMessage *response,
                     const struct error *error)
{
        const Socializer__V1__ExportUserResponse *page =
                (const Socializer__V1__ExportUserResponse *)response;
        char disposition[96];

        r->download->is_asking = false;
        if (status != SOC_OK) {
                reply_error(r, 0, error);
                return;
        }
        if (!take_page(r, page)) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
                return;
        }
        reply_response(
                r, 200,
                MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, r, NULL));
        reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, REPLY_JSON);
        snprintf(disposition, sizeof(disposition),
                 "attachment; filename=\"socializer-export-%lld.json\"",
                 page->part->user ? (long long)page->part->user->id : 0);
        reply_header(r, "Content-Disposition", disposition);
}

void download_export(struct request *r, Socializer__V1__ExportUserRequest *first)
{
        struct download *d = calloc(1, sizeof(*d));

        if (!d) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
                return;
        }
        r->download = d;
        d->page = first;
        json_join_begin(&d->join, contract_rules(&socializer__v1__user_export__descriptor),
                        &d->out);
        ask(r, on_first);
}
