/* gen/: the protoc plugin, which reads a CodeGeneratorRequest. */
#include "tests/fuzz/fuzz.h"

#include "gen/plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        char *text = NULL;
        size_t n_text = 0;
        FILE *out = open_memstream(&text, &n_text);

        fuzz_must(out != NULL);
        fuzz_must(plugin_run(data, n, out) != PLUGIN_NOT_WRITTEN);
        fclose(out);
        free(text);
        return 0;
}
