/* Keeping account of what engines are told of somebody: an entry of the ledger. */
#ifndef SERVICE_API_DISCLOSE_H
#define SERVICE_API_DISCLOSE_H

#include "service/coach/coach.h"
#include "service/db/db.h"
#include "service/service.h"

#include "socializer/v1/coach.pb-c.h"

/* An entry without texts: what for, and to whom. NULL: no memory. */
Socializer__V1__Disclosure *disclose_begin(struct arena *arena, const struct coach_request *request,
                                           struct error *reterr) MUST_CHECK;
/* Adds a text, up to the number that disclose_begin() had room for: the history's and the messages'
 * and one more. */
enum status disclose_text(struct arena *arena, Socializer__V1__Disclosure *entry,
                          enum memory_role role, const char *text, struct error *reterr) MUST_CHECK;
/* An entry of all that the request tells of one user. NULL: no memory. */
Socializer__V1__Disclosure *disclose_request(struct arena *arena,
                                             const struct coach_request *request,
                                             struct error *reterr) MUST_CHECK;
/* Writes it into the user's ledger, sealed, within a write lease. */
enum status disclose(struct service *service, struct arena *arena, struct lease *lease,
                     int64_t user_id, const Socializer__V1__Disclosure *entry,
                     struct error *reterr) MUST_CHECK;

#endif
