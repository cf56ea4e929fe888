/* Sealing what was written before there were keys. */
#ifndef SERVICE_AUTH_SEAL_OLD_H
#define SERVICE_AUTH_SEAL_OLD_H

#include "service/auth/vault.h"

/* Seals all that waits for it, a part in each transaction, and empties the write-ahead log.
 * Interrupted, it goes on at the next start. Before anybody is served; not on the writer thread. */
enum status seal_old(struct vault *vault, struct db *db, struct error *reterr) MUST_CHECK;

#endif
