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

static void append_delta(struct buffer *out, const char *text, size_t n)
{
        AUTO_BUFFER json = BUFFER_INIT;

        buffer_append_str(&json, "{\"text\":");
        json_append_string_n(&json, text, n);
        buffer_append_char(&json, '}');
        const char *line = buffer_str(&json);
        if (line)
                sse_append_event(out, "delta", line);
        else
                out->failed = true;
}

void sse_append_chat(struct buffer *out, const Socializer__V1__ChatResponse *response)
{
        AUTO_BUFFER json = BUFFER_INIT;

        for (const char *at = response->response; *at;) {
                size_t n = sse_sentence(at);

                append_delta(out, at, n);
                at += n;
        }
        json_append_message(&json, contract_rules(response->base.descriptor), &response->base);
        const char *line = buffer_str(&json);
        if (line)
                sse_append_event(out, "done", line);
        else
                out->failed = true;
}
