/* A fuzz target is one file with LLVMFuzzerTestOneInput(): clang's libFuzzer calls it with what it
 * thinks up (scripts/fuzz), tests/fuzz/replay.c with the files of its corpus (an ordinary test).
 * Whatever the input, it must return, within its memory, and with what it promises kept. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What holds for every input; never compiled out. */
#define fuzz_must(condition)                                                             \
        do {                                                                             \
                if (!(condition)) {                                                      \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
                                #condition);                                             \
                        abort();                                                         \
                }                                                                        \
        } while (0)

/* A copy of its own, terminated: where it is read beyond, ASan sees it. free() it. */
char *fuzz_text(const uint8_t *data, size_t n);
/* A refusal says what it is, in UTF-8; anything else says nothing. */
void fuzz_check_error(enum status st, const struct error *error);
/* Takes a number off the input; 0 at its end. */
uint8_t fuzz_byte(const uint8_t **data, size_t *n);

#endif
