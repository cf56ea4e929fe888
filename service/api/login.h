/* Whether somebody knows a password, for handlers on password threads. */
#ifndef SERVICE_API_LOGIN_H
#define SERVICE_API_LOGIN_H

#include "service/rpc/call.h"
#include "service/store/user.h"

/* Whether the account's password is this one, of an account by number, or by name where that is 0;
 * an unknown account takes as long as a known one. What says yes or no counts in the guard, what
 * fails otherwise does not. Holding no lease. */
enum status login_check(struct call *call, int64_t user_id, const char *username,
                        const char *password, struct user_credentials *ret, bool *ret_matches,
                        struct error *reterr) MUST_CHECK;
/* Whether what the password was checked against is still so: it may have been changed, or the
 * account closed, while the password was hashed. Inside the write lease. */
enum status login_check_unchanged(struct call *call, struct lease *lease,
                                  const struct user_credentials *before,
                                  struct error *reterr) MUST_CHECK;

#endif
