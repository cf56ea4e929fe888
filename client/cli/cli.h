/* The command line: what its verbs share. A verb is a file, verb_NAME.c. */
#ifndef CLIENT_CLI_CLI_H
#define CLIENT_CLI_CLI_H

#include "client/error.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/contract.h"

#include <stdbool.h>

/* Exit codes. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

enum cli_flags {
        CLI_NAMES = 1 << 0, /* options that only some verbs take */
        CLI_ADMIN = 1 << 1,
        CLI_EMAIL = 1 << 2,
        CLI_YES = 1 << 3,
        CLI_AFTER = 1 << 4,
        CLI_PUBLIC = 1 << 5,
        CLI_PASSWORD = 1 << 6,
        CLI_COACH = 1 << 7,
        CLI_INVITE = 1 << 8,
        CLI_DIRECT = 1 << 9,
        CLI_BAN = 1 << 10,
        CLI_ROOM = 1 << 11,
        CLI_REPLY_TO = 1 << 12,
        CLI_THREAD = 1 << 13,
        CLI_LANGUAGE = 1 << 14,
        CLI_DISPUTE = 1 << 15,
        CLI_PLANS = 1 << 16,
};

#define CLI_MAX_INVITES 100

struct cli {
        /* Of the command line and the environment. */
        const char *rpc; /* NULL: in the data folder */
        const char *events; /* NULL: in the data folder */
        const char *data;
        const char *token; /* NULL: see cli_connect() */
        uint32_t timeout_ms; /* 0: the method's own */
        bool json, compact;
        const struct verb *verb; /* NULL: none was named */
        unsigned given; /* enum cli_flags */
        const char *email; /* --email */
        int64_t after_seq; /* --after; -1: from now on */
        const char *invites[CLI_MAX_INVITES]; /* --invite, repeated */
        unsigned n_invites;
        const char *direct; /* --direct */
        const char *room; /* --room */
        const char *reply_to; /* --reply-to */
        const char *thread; /* --thread */
        const char *language; /* --language */
        const char *dispute; /* --dispute */
        char **arguments; /* after the verb */
        int n_arguments;

        soc_client *client;
        struct answer *answers; /* freed by cli_disconnect() */
        struct arena arena; /* whatever lives until the end */
};

struct verb {
        const char *name;
        int (*run)(struct cli *cli); /* returns an exit code */
        int min_arguments, max_arguments;
        unsigned flags; /* enum cli_flags that it takes */
        const char *usage; /* "call METHOD [JSON|-]" */
        const char *summary; /* one line */
        const char *help; /* the rest, with examples */
};

extern const struct verb verb_call, verb_list, verb_describe, verb_login, verb_logout, verb_pool,
        verb_queries, verb_user, verb_room, verb_send, verb_follow, verb_coach, verb_skills,
        verb_levels, verb_sessions, verb_export, verb_backup, verb_restore;

/* options.c */
/* Reads the command line and the environment. CLI_DONE: go on, or, with cli->verb NULL, everything
 * has been said (--help). */
int options_parse(int argc, char **argv, struct cli *cli) MUST_CHECK;

/* report.c: one line on standard error that says why and what to do; each returns an exit code. */
int report_error(const struct error *e);
int report_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
int report_usage(const struct cli *cli, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* No such method: names those that are close. */
int report_unknown_method(const char *name);
/* How many letters have to change to make one of the other, capitals aside. */
unsigned report_distance(const char *a, const char *b);

/* connect.c */
/* Connects, with the token that fits. as_admin: the operator token of the data folder comes before
 * the saved login; it is what the operator has who is no user. Says why not. */
int cli_connect(struct cli *cli, bool as_admin) MUST_CHECK;
void cli_disconnect(struct cli *cli);
/* Calls and waits. request is of the method's input type; the answer lives until
 * cli_disconnect(). Says why not. */
int cli_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessage **ret) MUST_CHECK;

/* Frees the answers so far, for who gets many. */
void cli_forget_answers(struct cli *cli);

/* request.c */
/* Sets a field as a word says it: "general", "true", "moderator", "12". Of a repeated one: appends.
 * Says what is wrong with it. */
int request_set(struct cli *cli, const char *method, ProtobufCMessage *request, const char *field,
                const char *text) MUST_CHECK;
/* A positive number; 0 for anything else. */
int64_t request_number(const char *text);
/* A user by number or by name. */
int request_find_user(struct cli *cli, const char *name,
                      const Socializer__V1__User **ret) MUST_CHECK;

/* login_file.c: the token of the saved login. */
enum status login_file_read(struct arena *arena, const char **ret_token,
                            struct error *reterr) MUST_CHECK;
enum status login_file_write(const char *token, struct arena *arena, const char **ret_path,
                             struct error *reterr) MUST_CHECK;
enum status login_file_remove(struct arena *arena, struct error *reterr) MUST_CHECK;
/* A file of one line, at most as long as a token may be. NOT_FOUND when it is not there. */
enum status login_file_read_line(const char *path, struct arena *arena, const char **ret,
                                 struct error *reterr) MUST_CHECK;

/* input.c */
/* Everything on standard input, terminated; NULL, having said why, when it is too much or cannot be
 * read. */
const char *input_all(struct cli *cli, size_t *ret_n) MUST_CHECK;
/* A line: from the terminal after asking, without echo when secret, or else from standard input.
 * NULL, having said why, when there is none. */
const char *input_line(struct cli *cli, const char *question, bool secret) MUST_CHECK;

/* output.c */
/* The message as JSON, indented unless --compact. */
int output_message(struct cli *cli, const char *method, const ProtobufCMessage *message);
/* Text from elsewhere as a terminal may have it: one line, no control characters. */
const char *output_clean(struct cli *cli, const char *text);
/* "2026-11-23 10:00:00" in local time; "-" for NULL. */
const char *output_time(struct cli *cli, const Google__Protobuf__Timestamp *at);

/* A table for people: cells row by row, NULL ends a row's; the first row are the titles. Numbers to
 * the right where the title begins with '>'. */
struct output_table {
        struct cli *cli;
        size_t n_columns, n_cells, capacity;
        const char **cells;
};
void output_table_add(struct output_table *t, const char *cell);
void output_table_addf(struct output_table *t, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int output_table_print(struct output_table *t);

#endif
