#include "gen/source.h"

#include "common/buffer.h"
#include "gen/names.h"

#include <string.h>

typedef Google__Protobuf__SourceCodeInfo__Location location;

struct source_path source_child(struct source_path parent, int32_t field, size_t index)
{
        if (parent.n + 2 <= ARRAY_SIZE(parent.at)) {
                parent.at[parent.n++] = field;
                parent.at[parent.n++] = (int32_t)index;
        }
        return parent;
}

struct source_path source_option(struct source_path element, int32_t field, int32_t option)
{
        return source_child(element, field, (size_t)option);
}

static const location *find(const Google__Protobuf__FileDescriptorProto *file,
                            const struct source_path *path)
{
        if (!file->source_code_info)
                return NULL;
        for (size_t i = 0; i < file->source_code_info->n_location; i++) {
                const location *l = file->source_code_info->location[i];

                if (l->n_path == path->n &&
                    (path->n == 0 || memcmp(l->path, path->at, path->n * sizeof(l->path[0])) == 0))
                        return l;
        }
        return NULL;
}

struct place source_place(const Google__Protobuf__FileDescriptorProto *file,
                          struct source_path path)
{
        for (;; path.n--) {
                const location *l = find(file, &path);

                if (l && l->n_span > 0)
                        return (struct place){file->name, l->span[0] + 1};
                if (path.n == 0)
                        return (struct place){file->name, 1};
        }
}

/* Appends one line of a comment to what has been gathered of it. */
static void append_line(struct buffer *out, const char *line, size_t n, bool *paragraph_open)
{
        bool alone;

        if (n > 0 && line[0] == ' ') {
                line++;
                n--;
        }
        while (n > 0 && strchr(" \t\r", line[n - 1]))
                n--;
        if (n == 0) {
                if (out->n_bytes > 0 && *paragraph_open)
                        buffer_append_str(out, "\n\n");
                *paragraph_open = false;
                return;
        }
        alone = line[0] == ' ' || (n > 1 && line[0] == '-' && line[1] == ' ');
        if (*paragraph_open)
                buffer_append_char(out, alone ? '\n' : ' ');
        buffer_append(out, line, n);
        *paragraph_open = true;
}

const char *source_comment(struct arena *a, const Google__Protobuf__FileDescriptorProto *file,
                           struct source_path path)
{
        AUTO_BUFFER out = BUFFER_INIT;
        const location *l = find(file, &path);
        const char *text = NULL;
        bool paragraph_open = false;

        if (l)
                text = l->leading_comments ? l->leading_comments : l->trailing_comments;
        while (text && *text) {
                size_t n = strcspn(text, "\n");

                append_line(&out, text, n, &paragraph_open);
                text += n;
                text += *text == '\n';
        }
        while (out.n_bytes > 0 && out.data[out.n_bytes - 1] == '\n')
                out.n_bytes--;
        if (out.n_bytes == 0)
                return "";
        char *comment = names_must(arena_strndup(a, (const char *)out.data, out.n_bytes));
        /* protoc looks at strings, not at comments. */
        for (char *at = comment; *(at += names_utf8_bytes(at));)
                *at = '?';
        return comment;
}
