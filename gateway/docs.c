#include "gateway/docs.h"

#include "common/contract.h"
#include "gateway/reply.h"

#include <sodium.h>
#include <string.h>

/* Swagger UI sets style attributes and shows pictures of its own as data: URLs. */
static const char docs_csp[] =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/* Addresses are relative, so that it works below a path of a reverse proxy. */
static const char page[] = "<!doctype html>\n"
                           "<html lang=\"en\">\n"
                           "<head>\n"
                           "<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n"
                           "<title>Socializer API</title>\n"
                           "<link rel=\"stylesheet\" href=\"%sswagger-ui.css\">\n"
                           "<link rel=\"icon\" href=\"%sfavicon-32x32.png\">\n"
                           "</head>\n"
                           "<body>\n"
                           "<div id=\"swagger-ui\"></div>\n"
                           "<script src=\"%sswagger-ui-bundle.js\"></script>\n"
                           "<script src=\"%ssocializer.js\"></script>\n"
                           "</body>\n"
                           "</html>\n";

static const char page_without_files[] =
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
        "<title>Socializer API</title></head>\n<body>\n<h1>Socializer API</h1>\n"
        "<p>Swagger UI is not installed (see --docs). The OpenAPI document is at "
        "<a href=\"/openapi.json\">/openapi.json</a>.</p>\n</body>\n</html>\n";

static const char script[] = "SwaggerUIBundle({\n"
                             "  url: new URL('../openapi.json', document.currentScript.src).href,\n"
                             "  dom_id: '#swagger-ui',\n"
                             "  deepLinking: true,\n"
                             "  validatorUrl: null,\n"
                             "});\n";

enum status docs_init(struct docs *d, const char *dir, struct error *reterr)
{
        uint8_t hash[16];
        char hex[2 * sizeof(hash) + 1];

        crypto_generichash(hash, sizeof(hash), (const uint8_t *)contract_openapi,
                           contract_openapi_bytes, NULL, 0);
        sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
        snprintf(d->openapi_etag, sizeof(d->openapi_etag), "\"%s\"", hex);
        return static_files_init(&d->files, dir, reterr);
}

void docs_openapi(struct request *r)
{
        const char *etag = r->server->docs.openapi_etag;

        r->cacheable = true;
        if (!reply_not_modified(r, etag)) {
                reply_bytes(r, 200, REPLY_JSON, contract_openapi, contract_openapi_bytes);
                reply_header(r, MHD_HTTP_HEADER_ETAG, etag);
        }
        reply_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}

void docs_page(struct request *r)
{
        const struct docs *d = &r->server->docs;

        if (!*d->files.dir) {
                reply_bytes(r, 200, REPLY_HTML, page_without_files, sizeof(page_without_files) - 1);
        } else {
                const char *base = strcmp(r->match.route->path, "/docs/") == 0 ? "" : "docs/";

                buffer_printf(&r->out, page, base, base, base, base);
                reply_out(r, 200, REPLY_HTML);
        }
        reply_header(r, "Content-Security-Policy", docs_csp);
}

void docs_file(struct request *r, const char *name)
{
        char path[128];

        if (strcmp(name, "socializer.js") == 0) {
                reply_bytes(r, 200, static_files_type(name), script, sizeof(script) - 1);
                return;
        }
        int n = snprintf(path, sizeof(path), "/%s", name);
        if (n < 0 || (size_t)n >= sizeof(path) ||
            !static_files_answer(&r->server->docs.files, r, path, docs_csp))
                reply_errorf(r, 404, STATUS_NOT_FOUND, "no such file: %.100s", name);
}
