/* The secrets in the data folder: the key that signs tokens, and the operator's token. */
#ifndef SERVICE_AUTH_SECRET_H
#define SERVICE_AUTH_SECRET_H

#include "common/status.h"
#include "service/auth/token.h"

#include <stdint.h>

#define SECRET_OPERATOR_PREFIX "operator-"
/* Prefix, 32 bytes in base64url, terminator. */
#define SECRET_OPERATOR_BYTES (sizeof(SECRET_OPERATOR_PREFIX) + 43)

/* Reads DIR/token.key, which is made, with a random key and mode 0600, where there is none.
 * FAILED_PRECONDITION, and what to do, when others can read it or it is no key. */
enum status secret_load_key(const char *data_dir, uint8_t ret[static TOKEN_KEY_BYTES],
                            struct error *reterr) MUST_CHECK;
/* Makes a new operator token and puts it into DIR/operator.token, mode 0600, in one step. */
enum status secret_write_operator(const char *data_dir, char ret[static SECRET_OPERATOR_BYTES],
                                  struct error *reterr) MUST_CHECK;

#endif
