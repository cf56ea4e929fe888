/* A database of its own for each test of the store, and scenarios that run on its writer thread,
 * where a write lease is to be had. cmocka's asserts work on the test's own thread alone, so a
 * scenario notes what it finds with EXPECT() and the test fails afterwards. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/message.h"
#include "tests/support/t.h"

#include <stdint.h>

struct store_fixture {
        char dir[T_PATH_BYTES];
        const char *vfs; /* NULL: the real disk */
        struct db *db;
};

struct scenario {
        struct lease *lease;
        struct arena *arena;
        struct error error; /* of the last call that was given it */
        const char *failed; /* the first expectation that did not hold */
        int line;
};

typedef void (*scenario_fn)(struct scenario *s);

/* Does not end the scenario: what follows must bear it. */
#define EXPECT(condition)                         \
        do {                                      \
                if (!(condition) && !s->failed) { \
                        s->failed = #condition;   \
                        s->line = __LINE__;       \
                }                                 \
        } while (0)

/* Defines a test of that name; the body gets "struct scenario *s". */
#define SCENARIO(name)                                  \
        static void name##_body(struct scenario *s);    \
        static void name(void **state)                  \
        {                                               \
                store_fixture_run(*state, name##_body); \
        }                                               \
        static void name##_body(struct scenario *s)

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

/* The database of the fixture's folder, made where there is none. False, and said, when it does not
 * open. */
bool store_fixture_open(struct store_fixture *f);
/* For cmocka; *state is a struct store_fixture. */
int store_setup(void **state);
int store_teardown(void **state);
/* Runs the scenario in one write lease, commits, and fails the test if an expectation failed. */
void store_fixture_run(struct store_fixture *f, scenario_fn fn);

/* An account (NAME@example.org) or a skill, new or of the catalogue; its number, 0 when that
 * failed. */
int64_t store_fixture_user(struct scenario *s, const char *name);
int64_t store_fixture_skill(struct scenario *s, const char *name);
/* A message of the user, in a room. */
struct room_message store_fixture_say(struct scenario *s, int64_t room_id, int64_t user_id,
                                      const char *content);
/* Deletes an account to the end. */
void store_fixture_delete(struct scenario *s, int64_t user_id);
/* The value of a statement like SELECT count(*); -1 when it failed. */
#define store_fixture_count(s, sql)                                               \
        __extension__({                                                           \
                STMT(count_, (s)->lease, sql);                                    \
                stmt_row(&count_, NULL) == STATUS_OK ? stmt_int(&count_, 0) : -1; \
        })

#endif
