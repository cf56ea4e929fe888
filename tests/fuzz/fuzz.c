#include "tests/fuzz/fuzz.h"

#include "common/wire.h"

#include <string.h>

char *fuzz_text(const uint8_t *data, size_t n)
{
        char *text = malloc(n + 1);

        fuzz_must(text != NULL);
        if (n)
                memcpy(text, data, n);
        text[n] = '\0';
        return text;
}

void fuzz_check_error(enum status st, const struct error *error)
{
        if (st == STATUS_OK)
                return;
        fuzz_must(error->status == st && *error->text);
        fuzz_must(wire_utf8_valid(error->text, strlen(error->text)));
        fuzz_must(wire_utf8_valid(error->field, strlen(error->field)));
        fuzz_must(wire_utf8_valid(error->resource, strlen(error->resource)));
}

uint8_t fuzz_byte(const uint8_t **data, size_t *n)
{
        if (*n == 0)
                return 0;
        --*n;
        return *(*data)++;
}
