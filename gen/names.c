#include "gen/names.h"

#include "common/utf8.h"

#include <ctype.h>
#include <string.h>

void *names_must(void *memory)
{
        if (!memory) {
                fputs("protoc-gen-socializer: no memory\n", stderr);
                exit(1);
        }
        return memory;
}

/* An underscore goes before a capital that follows no capital, as protoc-c does it. */
static char *snake(struct arena *a, const char *camel, size_t n, int (*to_case)(int))
{
        char *text = names_must(arena_alloc(a, 2 * n + 1));
        char *at = text;
        bool was_upper = true;

        for (size_t i = 0; i < n; i++) {
                bool is_upper = isupper((unsigned char)camel[i]);

                if (is_upper && !was_upper)
                        *at++ = '_';
                *at++ = (char)to_case((unsigned char)camel[i]);
                was_upper = is_upper;
        }
        *at = '\0';
        return text;
}

const char *names_snake(struct arena *a, const char *camel)
{
        return snake(a, camel, strlen(camel), tolower);
}

const char *names_upper_snake(struct arena *a, const char *camel)
{
        return snake(a, camel, strlen(camel), toupper);
}

static char *camel(struct arena *a, const char *name, size_t n, int (*to_case)(int))
{
        char *text = names_must(arena_alloc(a, n + 1));
        char *at = text;
        bool raise = true;

        for (size_t i = 0; i < n; i++) {
                if (name[i] == '_') {
                        raise = true;
                        continue;
                }
                *at++ = raise ? (char)to_case((unsigned char)name[i]) : name[i];
                raise = false;
        }
        *at = '\0';
        return text;
}

typedef char *(*piece_fn)(struct arena *a, const char *piece, size_t n, int (*to_case)(int));

static const char *join(struct arena *a, const char *full_name, piece_fn piece, int (*to_case)(int))
{
        const char *joined = "";

        for (const char *at = full_name; *at;) {
                size_t n = strcspn(at, ".");
                const char *part = piece(a, at, n, to_case);

                joined = names_must(arena_printf(a, "%s%s%s", joined, *joined ? "__" : "", part));
                at += n;
                at += *at == '.';
        }
        return joined;
}

const char *names_lower(struct arena *a, const char *full_name)
{
        return join(a, full_name, snake, tolower);
}

const char *names_type(struct arena *a, const char *full_name)
{
        return join(a, full_name, camel, toupper);
}

const char *names_last(const char *full_name)
{
        const char *dot = strrchr(full_name, '.');

        return dot ? dot + 1 : full_name;
}

size_t names_utf8_bytes(const char *text)
{
        size_t left = strlen(text), at = 0, n;

        while (at < left && (n = utf8_char_bytes((const uint8_t *)text + at, left - at)) > 0)
                at += n;
        return at;
}
