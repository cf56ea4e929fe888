/* client/follow: what comes over the feed. One byte whose it is ('r'oom or 'u'ser), then events: a
 * byte ('s'ealed by who has the key, or as it is), two bytes of length, and that much. */
#include "tests/fuzz/fuzz.h"

#include "client/subscriber.h"

#include <sodium.h>
#include <string.h>

#define ARENA_BYTES (256u * 1024)

struct heard {
        int64_t last_seq;
        bool is_over;
};

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        struct heard *h = closure;

        fuzz_must(!h->is_over && event->room_id == 1);
        if (event->seq <= 0 || event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED)
                return;
        fuzz_must(event->seq == h->last_seq + 1);
        h->last_seq = event->seq;
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct heard *h = closure;

        (void)room_id;
        (void)recovered;
        (void)first_seq;
        (void)last_seq;
        h->is_over = h->is_over || error;
}

static void on_user_event(void *closure, const Socializer__V1__UserEvent *event)
{
        (void)closure;
        fuzz_must(event->user_id == 1);
}

static void begin(struct soc_subscriber *s, struct follow *f)
{
        f->has_keys = f->announced = true;
        f->want_ask = false;
        f->by_topic.key = follow_topic_key(f->topic);
        fuzz_must(table_init(&s->by_id) && table_init(&s->by_topic));
        fuzz_must(timers_push(&s->agenda, &f->timer));
        table_add(&s->by_id, &f->by_id);
        table_add(&s->by_topic, &f->by_topic);
}

/* Topic, nonce and sealed text, as the service's publisher writes them. */
static void take_sealed(struct follow *f, const uint8_t *plain, size_t n)
{
        size_t n_message = FOLLOW_HEAD_BYTES + n;
        AUTO_FREE uint8_t *message = calloc(1, n_message);
        uint8_t *nonce = message + sizeof(f->topic);
        unsigned long long n_sealed;

        fuzz_must(message != NULL);
        memcpy(message, f->topic, sizeof(f->topic));
        crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + FOLLOW_NONCE_BYTES, &n_sealed, plain, n,
                                                   message, sizeof(f->topic), NULL, nonce, f->key);
        fuzz_must(n_sealed == n + FOLLOW_TAG_BYTES);
        if (n > 0) /* as subscriber.c has it: longer than the head */
                follow_event(f, message, n_message);
}

/* Who has not the key: nothing of it opens. */
static void take_raw(struct follow *f, const uint8_t *data, size_t n)
{
        AUTO_FREE uint8_t *message = malloc(n + 1);

        fuzz_must(message != NULL);
        memcpy(message, data, n);
        if (n > FOLLOW_HEAD_BYTES)
                follow_event(f, message, n);
}

static void take_all(struct follow *f, const struct heard *h, const uint8_t *data, size_t n)
{
        while (n > 0 && !h->is_over) {
                uint8_t kind = fuzz_byte(&data, &n);
                size_t length = (size_t)fuzz_byte(&data, &n) << 8;

                length |= fuzz_byte(&data, &n);
                length = length < n ? length : n;
                if (kind == 's')
                        take_sealed(f, data, length);
                else
                        take_raw(f, data, length);
                data += length;
                n -= length;
                fuzz_must(f->n_held <= 512);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        struct heard heard = {0};
        struct soc_subscriber s = {
                .options = {.on_event = on_event,
                            .on_state = on_state,
                            .on_user_event = on_user_event,
                            .closure = &heard},
        };
        bool is_room = fuzz_byte(&data, &n) == 'r';
        struct follow *f;

        fuzz_must(sodium_init() >= 0);
        pthread_mutex_init(&s.mutex, NULL);
        arena_init(&s.arena, ARENA_BYTES);
        f = follow_new(&s, is_room ? 1 : 0, is_room ? 0 : 1, 0, NULL);
        fuzz_must(f != NULL);
        begin(&s, f);
        take_all(f, &heard, data, n);
        if (!f->gone)
                table_remove(&s.by_id, &f->by_id);
        table_remove(&s.by_topic, &f->by_topic);
        follow_free(f);
        timers_deinit(&s.agenda);
        table_deinit(&s.by_id);
        table_deinit(&s.by_topic);
        arena_deinit(&s.arena);
        pthread_mutex_destroy(&s.mutex);
        return 0;
}
