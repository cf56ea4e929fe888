#include "gen/emit.h"

#include <string.h>

void emit_string(struct buffer *out, const char *text, size_t n)
{
        buffer_append_char(out, '"');
        for (size_t i = 0; i < n; i++) {
                char c = text[i];

                if (c == '"' || c == '\\')
                        buffer_printf(out, "\\%c", c);
                else if (c == '\n')
                        buffer_append_str(out, "\\n");
                else if ((unsigned char)c < 0x20)
                        buffer_printf(out, "\\%03o", (unsigned)(unsigned char)c);
                else
                        buffer_append_char(out, c);
        }
        buffer_append_char(out, '"');
}

void emit_double(struct buffer *out, double value)
{
        char text[40];

        for (int digits = 1; digits <= 17; digits++) {
                snprintf(text, sizeof(text), "%.*g", digits, value);
                if (strtod(text, NULL) == value)
                        break;
        }
        buffer_append_str(out, text);
}

void emit_banner(struct buffer *out, const struct model *m)
{
        buffer_append_str(out, "/* Made by protoc-gen-socializer. Do not edit; edit\n");
        for (size_t i = 0; i < m->request->n_file_to_generate; i++)
                buffer_printf(out, " *     %s\n", m->request->file_to_generate[i]);
        buffer_append_str(out, " */\n");
}
