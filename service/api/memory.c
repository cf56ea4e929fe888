/* UserService: what the coach remembers of the caller. It is the caller's alone. */
#include "common/contract.h"
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/service.h"
#include "service/store/replay.h"

#include "handlers.gen.h"

#include <stdio.h>

/* The request's messages as the store takes them. */
static enum status read_messages(struct call *call, const Socializer__V1__SaveMessagesRequest *req,
                                 struct memory_message **ret, struct error *reterr)
{
        struct memory_message *messages =
                arena_calloc(call->arena, req->n_messages + 1, sizeof(*messages));
        char field[64];

        if (!messages)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < req->n_messages; i++) {
                const Socializer__V1__MemoryMessage *m = req->messages[i];

                messages[i] = (struct memory_message){
                        .role = (enum memory_role)m->role,
                        .content = m->content,
                        .thread_id = m->thread_id,
                        .created_at_ms = MEMORY_NOW,
                };
                if (!m->created_at)
                        continue;
                snprintf(field, sizeof(field), "messages[%zu].created_at", i);
                enum status st =
                        wire_timestamp_ms(m->created_at, field, &messages[i].created_at_ms, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        *ret = messages;
        return STATUS_OK;
}

enum status user_service_save_messages(struct call *call,
                                       const Socializer__V1__SaveMessagesRequest *req,
                                       Socializer__V1__SaveMessagesResponse *rsp,
                                       struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct memory_message *messages = NULL;
        int64_t id;
        enum status st = call_self(call, req->user_id, &id, reterr);

        if (st == STATUS_OK)
                st = read_messages(call, req, &messages, reterr);
        if (st != STATUS_OK)
                return st;
        int64_t *ids = arena_calloc(call->arena, req->n_messages + 1, sizeof(*ids));
        if (!ids)
                return wire_no_memory(reterr);

        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = vault_user_key(call->service->vault, &lease, id, true, &key, reterr);
        if (st == STATUS_OK)
                st = memory_append(&lease, call->arena, &key, id, messages, req->n_messages, ids,
                                   reterr);
        if (st != STATUS_OK)
                return st;
        rsp->ids = ids;
        rsp->n_ids = req->n_messages;
        return lease_commit(&lease, reterr);
}

enum status user_service_list_messages(struct call *call,
                                       const Socializer__V1__ListMessagesRequest *req,
                                       Socializer__V1__ListMessagesResponse *rsp,
                                       struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct memory_list list;
        int64_t id, before_id = 0;
        enum status st = call_self(call, req->user_id, &id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = vault_user_key(call->service->vault, &lease, id, false, &key, reterr);
        if (st == STATUS_OK)
                st = memory_list(&lease, call->arena, &key, id, req->thread_id, before_id,
                                 wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->messages = wire_list(call->arena, list.n_items);
        if (!rsp->messages)
                return wire_no_memory(reterr);
        for (; rsp->n_messages < list.n_items; rsp->n_messages++) {
                size_t i = rsp->n_messages;

                rsp->messages[i] = wire_memory_message(call->arena, &list.items[i]);
                if (!rsp->messages[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

enum status user_service_list_threads(struct call *call,
                                      const Socializer__V1__ListThreadsRequest *req,
                                      Socializer__V1__ListThreadsResponse *rsp,
                                      struct error *reterr)
{
        struct memory_threads list;
        int64_t id, before_id = 0;
        enum status st = call_self(call, req->user_id, &id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = memory_list_threads(&lease, call->arena, id, before_id, wire_page_size(req->page_size),
                                 &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->threads = wire_list(call->arena, list.n_items);
        if (!rsp->threads)
                return wire_no_memory(reterr);
        for (; rsp->n_threads < list.n_items; rsp->n_threads++) {
                size_t i = rsp->n_threads;

                rsp->threads[i] = wire_memory_thread(call->arena, &list.items[i]);
                if (!rsp->threads[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].last_id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

/* What else holds words of a conversation, and where they still are on disk. */
static enum status forget_traces(struct call *call, struct lease *lease, int64_t user_id,
                                 struct error *reterr)
{
        enum status st = replay_forget_sealed(lease, user_id, reterr);

        if (st == STATUS_OK)
                db_empty_log(call->service->db);
        return st;
}

enum status user_service_delete_thread(struct call *call,
                                       const Socializer__V1__DeleteThreadRequest *req,
                                       Socializer__V1__DeleteThreadResponse *rsp,
                                       struct error *reterr)
{
        int64_t id;
        enum status st = call_self(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = memory_delete_thread(&lease, id, req->thread_id, &rsp->deleted, reterr);
        if (st == STATUS_OK)
                st = forget_traces(call, &lease, id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status user_service_delete_messages(struct call *call,
                                         const Socializer__V1__DeleteMessagesRequest *req,
                                         Socializer__V1__DeleteMessagesResponse *rsp,
                                         struct error *reterr)
{
        int64_t id;
        enum status st = call_self(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = memory_delete_all(&lease, id, &rsp->deleted, reterr);
        if (st == STATUS_OK)
                st = forget_traces(call, &lease, id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
