/* service/coach/sse and completion: what a language model streams. The first byte is the size of
 * the pieces it comes in; however it is cut, the same events come out. */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"
#include "service/coach/completion.h"
#include "service/coach/sse.h"

#include <string.h>

struct heard {
        struct buffer all; /* each event's data, a NUL behind it */
        struct buffer text; /* of the completions */
        unsigned high;
};

static void read_completion(struct heard *h, const char *data)
{
        AUTO_BUFFER mended = BUFFER_INIT;
        struct completion completion;
        struct error error = ERROR_INIT;

        completion_mend(&mended, data, &h->high);
        fuzz_must(!buffer_failed(&mended));
        enum status st = completion_read((char *)mended.data, mended.n_bytes, &completion, &error);
        fuzz_check_error(st, &error);
        if (st != STATUS_OK)
                return;
        fuzz_must(wire_utf8_valid(completion.text, completion.n_text));
        buffer_append(&h->text, completion.text, completion.n_text);
        completion_deinit(&completion);
}

static enum status on_event(void *closure, const char *data, struct error *reterr)
{
        struct heard *h = closure;

        (void)reterr;
        fuzz_must(wire_utf8_valid(data, strlen(data)));
        buffer_append(&h->all, data, strlen(data) + 1);
        read_completion(h, data);
        return STATUS_OK;
}

static enum status feed(const uint8_t *data, size_t n, size_t piece, struct heard *h)
{
        struct error error = ERROR_INIT;
        enum status st = STATUS_OK;
        struct sse sse;

        sse_init(&sse);
        for (size_t at = 0; at < n && st == STATUS_OK; at += piece)
                st = sse_feed(&sse, data + at, piece < n - at ? piece : n - at, on_event, h,
                              &error);
        if (st == STATUS_OK)
                st = sse_end(&sse, on_event, h, &error);
        fuzz_check_error(st, &error);
        sse_deinit(&sse);
        return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        struct heard whole = {0}, pieces = {0};
        size_t piece = 1u + fuzz_byte(&data, &n);
        enum status st = feed(data, n, n ? n : 1, &whole);

        fuzz_must(feed(data, n, piece, &pieces) == st);
        fuzz_must(whole.all.n_bytes == pieces.all.n_bytes);
        fuzz_must(whole.all.n_bytes == 0 ||
                  memcmp(whole.all.data, pieces.all.data, whole.all.n_bytes) == 0);
        buffer_deinit(&whole.all);
        buffer_deinit(&whole.text);
        buffer_deinit(&pieces.all);
        buffer_deinit(&pieces.text);
        return 0;
}
