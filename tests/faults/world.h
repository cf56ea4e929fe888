/* The whole service in the test's own process, on a disk that can fail, with people, rooms and
 * conversations in it. Every world begins in the same state. */
#ifndef TESTS_FAULTS_WORLD_H
#define TESTS_FAULTS_WORLD_H

#include "common/buffer.h"
#include "service/service.h"
#include "tests/faults/kit.h"
#include "tests/support/server/raw.h"
#include "tests/support/t.h"

#include <sqlite3.h>

/* ADMIN is user 1, HUMAN 2, OTHER 3, GUEST 4, LATE 5. */
enum who { NOBODY, ADMIN, HUMAN, OTHER, GUEST, LATE, WHO_COUNT };

#define WORLD_MAX_TABLES 64

/* What is in the database. */
struct world_state {
        size_t n_tables;
        struct world_table {
                char name[48];
                int64_t n_rows;
                uint64_t hash; /* of the rows */
        } tables[WORLD_MAX_TABLES];
};

struct world {
        char dir[T_PATH_BYTES];
        char url[T_URL_BYTES];
        struct service service;
        struct raw raw;
        sqlite3 *eye; /* a connection of the test's own, that looks */
        uint32_t next_id;
};

/* Makes the state in which every world begins. Once a process; world_forget_all() removes it. */
void world_prepare(void);
void world_forget_all(void);

void world_open(struct world *w);
void world_close(struct world *w);

struct world_answer {
        bool is_there; /* a reply came, and was not empty */
        enum status status;
        char text[256]; /* of an error */
        uint8_t *payload; /* to be freed */
        size_t n_payload;
};

void world_answer_deinit(struct world_answer *a);

/* What is to fail while a call is under way. */
struct world_fault {
        enum kit_fault fault;
        unsigned n;
        bool has_struck;
};

/* A call: the method is a short name, the request JSON with ' for ". id: which call it is, so that
 * one can be repeated. fault: NULL for none. A reply that the fault loses is not waited for. */
void world_call(struct world *w, uint32_t id, enum who who, const char *method, const char *request,
                struct world_fault *fault, struct world_answer *ret);
/* The same without faults; fails the test when the status is not OK. */
void world_must(struct world *w, enum who who, const char *method, const char *request);

/* Nobody is at work and no connection is leased, in a transaction or broken; a read and a write go
 * through. What does not hold is said, and false returned. */
bool world_is_well(struct world *w);
/* The same before the end of the test: waits until nothing is at work. */
bool world_is_quiet(struct world *w);

void world_look(struct world *w, struct world_state *ret);

#endif
