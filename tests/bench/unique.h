/* Names that are nobody else's, as random as those that clients give their messages. */
#ifndef TESTS_BENCH_UNIQUE_H
#define TESTS_BENCH_UNIQUE_H

#include <stdint.h>
#include <sys/random.h>

#define UNIQUE_CHARS 32

/* One a thread, or a slot; zeroes to begin with. */
struct unique {
        uint64_t state;
};

/* splitmix64: cheap enough not to show in what is measured. */
static inline uint64_t unique_number(struct unique *u)
{
        uint64_t z;

        while (u->state == 0)
                (void)!getrandom(&u->state, sizeof(u->state), 0);
        z = (u->state += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* UNIQUE_CHARS hexadecimal digits, terminated. */
static inline void unique_text(struct unique *u, char ret[static UNIQUE_CHARS + 1])
{
        for (unsigned i = 0; i < UNIQUE_CHARS; i += 16) {
                uint64_t number = unique_number(u);

                for (unsigned j = 0; j < 16; j++, number >>= 4)
                        ret[i + j] = "0123456789abcdef"[number & 15];
        }
        ret[UNIQUE_CHARS] = '\0';
}

#endif
