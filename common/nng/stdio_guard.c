/* Debian's libnng.a is compiled for executables: its references to stdout and stderr want these
 * variables in the same object, which a shared library cannot give. Linked with
 * -Wl,--wrap=stdout,--wrap=stderr, they mean the hidden copies here instead. nng prints nothing but
 * the reason of a panic. */
#include <stdio.h>

extern FILE *__real_stdout;
extern FILE *__real_stderr;

extern FILE *__wrap_stdout __attribute__((visibility("hidden")));
extern FILE *__wrap_stderr __attribute__((visibility("hidden")));
FILE *__wrap_stdout;
FILE *__wrap_stderr;

__attribute__((constructor)) static void stdio_guard_init(void)
{
        __wrap_stdout = __real_stdout;
        __wrap_stderr = __real_stderr;
}
