/* An export that goes to its client while it is read from the service, page by page: one JSON
 * document of any length, of which a page is in memory. The client's reading asks for the next
 * page. An error before the first page is an HTTP error like any other; one after it breaks the
 * connection, so that half a document is never taken for a whole one. */
#ifndef GATEWAY_DOWNLOAD_H
#define GATEWAY_DOWNLOAD_H

#include "gateway/request.h"

struct download;

/* first asks for the first page, and lives in the request's arena. */
void download_export(struct request *r, Socializer__V1__ExportUserRequest *first);
/* Accepts NULL, returns NULL. */
struct download *download_free(struct download *d);

#endif
