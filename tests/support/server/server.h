/* A real socializerd, and a gateway when wanted, each a process of its own in a folder of its own.
 * All of it fails the running test when it cannot do its work, and so belongs on the test's own
 * thread. */
#ifndef TESTS_SUPPORT_SERVER_SERVER_H
#define TESTS_SUPPORT_SERVER_SERVER_H

#include "tests/support/t.h"

#include <stdbool.h>
#include <sys/types.h>

#define SERVER_MAX_ARGUMENTS 16

struct server {
        char dir[T_PATH_BYTES]; /* of everything; removed by server_stop() */
        char data[T_PATH_BYTES]; /* of the service */
        char rpc_url[T_URL_BYTES];
        char rpc_tcp_url[T_URL_BYTES]; /* the same service over tcp */
        char events_url[T_URL_BYTES];
        char http_url[T_URL_BYTES]; /* "http://127.0.0.1:PORT", once there is a gateway */
        /* More arguments, set before the start; NULL ends. */
        const char *service_arguments[SERVER_MAX_ARGUMENTS];
        const char *gateway_arguments[SERVER_MAX_ARGUMENTS];
        pid_t service, gateway; /* 0: none runs */
};

/* Makes the folder and starts the service in it; returns when it answers. */
void server_start(struct server *s);
/* The same with arguments of the service, NULL ends. */
void server_start_with(struct server *s, const char *const *arguments);
/* Starts the service again, in the same folder, after it has ended. */
void server_start_again(struct server *s);
/* Starts a gateway on a free port; returns when it is ready. */
void server_start_gateway(struct server *s);
/* The end of both, cleanly (both exit with 0), and of the folder. */
void server_stop(struct server *s);

/* SIGTERM; waits. Returns the exit code, 128 + the signal when one killed it. */
int server_terminate(struct server *s);
int server_terminate_gateway(struct server *s);
/* The same without a signal, for one that has been sent already. */
int server_await_end(struct server *s);
/* SIGKILL; waits. */
void server_kill(struct server *s);
/* Stops the service in the middle of what it does; returns when each of its threads stands still.
 */
void server_pause(const struct server *s);
void server_resume(const struct server *s);
/* Starts the program with these arguments only, and waits. ret_output (may be NULL) gets what it
 * said, to be freed. */
int server_run_service(const char *const *arguments, char **ret_output);

/* Everything that the service (the gateway) has said since its first start; free() it. */
char *server_log(const struct server *s);
char *server_gateway_log(const struct server *s);
/* Open descriptors of the service. */
unsigned server_count_fds(const struct server *s);
/* The processor time that a process has taken, in hundredths of a second. */
unsigned long server_cpu_ticks(pid_t pid);

/* The token of the machine's operator. */
void server_operator_token(const struct server *s, char *ret, size_t size);
/* Creates an account as the operator. Returns its number. */
int64_t server_create_user(struct server *s, const char *username, const char *password,
                           bool is_admin);
/* Fails when a connection of the service's pool stays leased. */
void server_assert_no_leases(struct server *s);

#endif
