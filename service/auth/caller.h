/* Who calls, as authentication found. */
#ifndef SERVICE_AUTH_CALLER_H
#define SERVICE_AUTH_CALLER_H

#include <stdbool.h>
#include <stdint.h>

struct caller {
        int64_t user_id; /* 0: nobody, or the operator */
        bool is_admin; /* an administrator or the operator */
        bool is_operator; /* holds the operator token of the data folder */
        uint8_t jti[16]; /* of the token */
        int64_t expires_at_ms;
        char username[64];
};

#endif
