#include "client/pending.h"

#include "client/stub.h"
#include "common/wire.h"

#include <stdarg.h>
#include <string.h>

void pending_pool_init(struct pending_pool *pool)
{
        *pool = (struct pending_pool){0};
        pthread_mutex_init(&pool->mutex, NULL);
}

void pending_pool_deinit(struct pending_pool *pool)
{
        for (struct soc_pending *p = pool->free, *next; p; p = next) {
                next = p->next;
                free(p);
        }
        pthread_mutex_destroy(&pool->mutex);
}

static struct soc_pending *take_free(struct pending_pool *pool)
{
        LOCK(&pool->mutex);
        struct soc_pending *p = pool->free;

        if (p) {
                pool->free = p->next;
                pool->n_free--;
        }
        return p;
}

static void run_task(struct task *task)
{
        pending_deliver((struct soc_pending *)task); /* its first member */
}

struct soc_pending *pending_new(struct pending_pool *pool, size_t n_bytes)
{
        bool pooled = n_bytes <= PENDING_POOLED_BYTES;
        struct soc_pending *p = pooled ? take_free(pool) : NULL;

        if (!p)
                p = malloc(sizeof(*p) + (pooled ? PENDING_POOLED_BYTES : n_bytes));
        if (!p)
                return NULL;
        memset(p, 0, offsetof(struct soc_pending, error));
        p->error.status = STATUS_OK;
        p->error.retry_after_ms = 0;
        p->error.field[0] = p->error.resource[0] = p->error.text[0] = '\0';
        p->task.run = run_task;
        p->pool = pooled ? pool : NULL;
        p->timer.index = TIMERS_NOWHERE;
        atomic_init(&p->refs, 1);
        return p;
}

void pending_ref(struct soc_pending *p)
{
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

void pending_unref(struct soc_pending *p)
{
        if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
                return;
        harvest_unref(p->harvest);
        token_unref(p->token);
        if (p->pool) {
                LOCK(&p->pool->mutex);
                if (p->pool->n_free < PENDING_POOLED_MAX) {
                        p->next = p->pool->free;
                        p->pool->free = p;
                        p->pool->n_free++;
                        return;
                }
        }
        free(p);
}

void pending_fail(struct soc_pending *p, enum status status, const char *format, ...)
{
        char text[sizeof(p->error.text)];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        p->error = ERROR_INIT;
        p->status = error_set(&p->error, status, "%s", text);
}

/* The response of a call that ended well, in the harvest's arena or, where the callback keeps it,
 * on the heap. NULL, and the call's status and error say why, when the bytes are no response. */
static ProtobufCMessage *unpack(struct soc_pending *p)
{
        const ProtobufCMessageDescriptor *type = p->method->output->descriptor;
        struct arena *arena = &p->harvest->arena;
        ProtobufCMessage *response = NULL;
        struct error err = ERROR_INIT;

        arena_reset(arena);
        if (wire_unpack(type, p->reply.data, p->reply.n_bytes, arena, &response, &err) !=
            STATUS_OK) {
                pending_fail(p, STATUS_INTERNAL, "the service's answer to %s is malformed: %s",
                             p->method->name, err.text);
                return NULL;
        }
        if (!p->keep)
                return response;
        /* The first pass has shown that the bytes are sound and how large the tree is. */
        response = protobuf_c_message_unpack(type, NULL, p->reply.n_bytes, p->reply.data);
        if (!response)
                pending_fail(p, STATUS_RESOURCE_EXHAUSTED, "no memory for the answer");
        return response;
}

void pending_deliver(struct soc_pending *p)
{
        ProtobufCMessage *response = p->status == STATUS_OK ? unpack(p) : NULL;

        if (p->stub)
                stub_deliver(p, response);
        else
                p->callback(p->closure, (soc_status)p->status, response, error_public(&p->error));
        pending_unref(p);
}

struct token *token_new(const char *text, size_t n)
{
        struct token *t = malloc(sizeof(*t) + n);

        if (!t)
                return NULL;
        atomic_init(&t->refs, 1);
        t->n_bytes = n;
        memcpy(t->bytes, text, n);
        return t;
}

struct token *token_ref(struct token *t)
{
        if (t)
                atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
        return t;
}

struct token *token_unref(struct token *t)
{
        if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
                explicit_bzero(t->bytes, t->n_bytes);
                free(t);
        }
        return NULL;
}
