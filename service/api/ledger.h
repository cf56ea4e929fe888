/* Entries of the ledger as their user sees them. */
#ifndef SERVICE_API_LEDGER_H
#define SERVICE_API_LEDGER_H

#include "common/arena.h"
#include "service/store/disclosure.h"

#include "socializer/v1/coach.pb-c.h"

/* All in the arena; NULL means that it is spent. */
Socializer__V1__Disclosure *ledger_answer(struct arena *arena,
                                          const struct disclosure *entry) MUST_CHECK;

#endif
