#include "gateway/sse.h"

#include "common/contract.h"
#include "common/json.h"

#include <string.h>

void sse_append_event(struct buffer *out, const char *event, const char *json)
{
        buffer_append_str(out, "event: ");
        buffer_append_str(out, event);
        buffer_append_str(out, "\ndata: ");
        buffer_append_str(out, json);
        buffer_append_str(out, "\n\n");
}

size_t sse_sentence(const char *text)
{
        static const char blank[] = " \t\r\n";
        size_t n = 0;

        while (text[n]) {
                n += strcspn(text + n, ".!?\n");
                if (!text[n])
                        break;
                bool is_line = text[n] == '\n';
                n += strspn(text + n, ".!?");
                size_t n_blank = strspn(text + n, blank);
                if (is_line || n_blank > 0 || !text[n])
                        return n + n_blank;
        }
        return n;
}

static void append_piece(struct buffer *out, const char *text, size_t n, size_t *offset)
{
        AUTO_BUFFER json = BUFFER_INIT;

        *offset += n;
        buffer_append_str(&json, "{\"text\":");
        json_append_string_n(&json, text, n);
        buffer_append_char(&json, '}');
        const char *line = buffer_str(&json);
        buffer_printf(out, "id: %zu\n", *offset);
        if (line)
                sse_append_event(out, "delta", line);
        else
                out->failed = true;
}

void sse_append_text(struct buffer *out, const char *text, size_t *offset)
{
        while (*text) {
                size_t n = sse_sentence(text);

                append_piece(out, text, n, offset);
                text += n;
        }
}

void sse_append_done(struct buffer *out, const Socializer__V1__ChatResponse *response)
{
        AUTO_BUFFER json = BUFFER_INIT;

        json_append_message(&json, contract_rules(response->base.descriptor), &response->base);
        const char *line = buffer_str(&json);
        if (line)
                sse_append_event(out, "done", line);
        else
                out->failed = true;
}

void sse_append_error(struct buffer *out, const struct error *error, const char *request_id)
{
        AUTO_BUFFER json = BUFFER_INIT;

        json_append_error(&json, error, request_id);
        const char *line = buffer_str(&json);
        if (line)
                sse_append_event(out, "error", line);
        else
                out->failed = true;
}

void sse_append_heartbeat(struct buffer *out)
{
        buffer_append_str(out, ": \n\n");
}
