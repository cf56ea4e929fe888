/* What every test needs: cmocka, folders and addresses of its own, waiting without sleeping. All of
 * it fails the running test when it cannot do its work, and so belongs on the test's own thread. */
#ifndef TESTS_SUPPORT_T_H
#define TESTS_SUPPORT_T_H

#include "common/clock.h"
#include "common/status.h"

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#define T_PATH_BYTES 256
#define T_URL_BYTES  128

/* Makes a folder under $TMPDIR, or /tmp. t_remove_dir() removes it with all that is in it. */
void t_temp_dir(char ret[static T_PATH_BYTES]);
void t_remove_dir(const char *path);
/* The same as cmocka's setup and teardown: *state is the path. */
int t_dir_setup(void **state);
int t_dir_teardown(void **state);

/* An address of nng's in that folder: "ipc:///tmp/…/NAME.ipc". */
void t_scratch_url(const char *dir, const char *name, char ret[static T_URL_BYTES]);
/* A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
uint16_t t_free_port(void);

/* The whole file, terminated; free() it. ret_n may be NULL. */
char *t_read_file(const char *path, size_t *ret_n);
void t_write_file(const char *path, const void *data, size_t n);
/* Open descriptors of this process. */
unsigned t_count_fds(void);

/* The folder tests/vectors. */
const char *t_vectors(void);
/* Calls fn for every file of tests/vectors/FOLDER whose name starts with prefix; fails when there
 * is none. The file's name says what is expected of it. */
typedef void (*t_vector_fn)(const char *name, const char *data, size_t n, void *arg);
void t_each_vector(const char *folder, const char *prefix, t_vector_fn fn, void *arg);

/* Polls until the condition holds, at most deadline_ms; its value says whether it does. */
#define t_wait(condition, deadline_ms)                                        \
        __extension__({                                                       \
                const deadline_ns t_end_ = deadline_in_ms(deadline_ms);       \
                bool t_holds_;                                                \
                while (!(t_holds_ = (condition)) && !deadline_passed(t_end_)) \
                        t_pause_();                                           \
                t_holds_ || (condition);                                      \
        })
void t_pause_(void);

/* Names both when they differ. */
#define assert_status(got, want) t_assert_status_(got, want, __FILE__, __LINE__)
void t_assert_status_(enum status got, enum status want, const char *file, int line);

#endif
