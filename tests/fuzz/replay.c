/* Runs a fuzz target over files: what was found once stays found, without libFuzzer.
 *
 *     fuzz_TARGET FILE-OR-FOLDER… */
#include "tests/fuzz/fuzz.h"

#include "common/cleanup.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static unsigned n_files;

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc;
        (void)argv;
        return 0;
}

static void replay_file(const char *path, size_t n)
{
        AUTO_FCLOSE FILE *in = fopen(path, "rb");
        AUTO_FREE uint8_t *data = malloc(n ? n : 1); /* no more: ASan sees what is read beyond */

        fuzz_must(in != NULL && data != NULL);
        fuzz_must(fread(data, 1, n, in) == n);
        fprintf(stderr, "%s\n", path);
        LLVMFuzzerTestOneInput(data, n);
        n_files++;
}

static void replay(const char *path)
{
        struct dirent **names;
        struct stat st;
        int n;

        fuzz_must(stat(path, &st) == 0);
        if (!S_ISDIR(st.st_mode)) {
                replay_file(path, (size_t)st.st_size);
                return;
        }
        n = scandir(path, &names, NULL, alphasort);
        fuzz_must(n >= 0);
        for (int i = 0; i < n; i++) {
                char inner[PATH_MAX];

                snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
                if (names[i]->d_name[0] != '.')
                        replay(inner);
                free(names[i]);
        }
        free((void *)names);
}

int main(int argc, char **argv)
{
        LLVMFuzzerInitialize(&argc, &argv);
        LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
        for (int i = 1; i < argc; i++)
                replay(argv[i]);
        printf("%u files\n", n_files);
        return n_files == 0;
}
