/* CoachService: what is answered with a document and not remembered. */
#include "service/api/coach_ask.h"
#include "service/api/wire.h"
#include "service/service.h"

#include "handlers.gen.h"

static enum status keep_account(void *arg, struct error *reterr)
{
        struct coach_ask *ask = arg;
        LEASE(lease, ask->call->service->db, LEASE_WRITE, ask->call->deadline);
        enum status st = coach_ask_disclose(ask, &lease, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status ask_for_document(struct coach_ask *ask, struct error *reterr)
{
        struct error error = ERROR_INIT;
        enum status st = call_subject(ask->call, 0, &ask->user_id, reterr);

        ask->answer_id = ask->thread_id = "";
        if (st == STATUS_OK)
                st = coach_ask_prepare(ask, reterr);
        if (st == STATUS_OK)
                st = coach_ask_begin(ask, reterr);
        if (st != STATUS_OK)
                return st;
        st = db_write(ask->call->service->db, keep_account, ask, ask->call->deadline, &error);
        if (st == STATUS_OK)
                st = coach_ask_run(ask, &error);
        coach_ask_end(ask, st, &error);
        if (st != STATUS_OK)
                *reterr = error;
        return st;
}

enum status coach_service_rehearse(struct call *call, const Socializer__V1__RehearseRequest *req,
                                   Socializer__V1__RehearseResponse *rsp, struct error *reterr)
{
        struct memory_message context = {.role = MEMORY_ROLE_USER, .content = req->context};
        struct coach_ask ask = {
                .call = call,
                .request = {.task = COACH_REHEARSE, .message = req->draft},
        };
        enum status st;

        if (*req->context)
                ask.request.history = (struct memory_list){.items = &context, .n_items = 1};
        st = ask_for_document(&ask, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->score = ask.got.document.score;
        rsp->reasons = (char **)ask.got.document.reasons.items;
        rsp->n_reasons = ask.got.document.reasons.n_items;
        rsp->better = (char *)ask.got.document.better;
        rsp->engine = (char *)ask.got.engine;
        rsp->notice = (char *)ask.got.notice;
        return STATUS_OK;
}

enum status coach_service_clarify(struct call *call, const Socializer__V1__ClarifyRequest *req,
                                  Socializer__V1__ClarifyResponse *rsp, struct error *reterr)
{
        struct coach_ask ask = {
                .call = call,
                .request = {.task = COACH_CLARIFY, .message = req->text, .language = req->language},
        };
        enum status st = ask_for_document(&ask, reterr);

        if (st != STATUS_OK)
                return st;
        rsp->text = (char *)ask.got.document.text;
        rsp->notes = (char **)ask.got.document.notes.items;
        rsp->n_notes = ask.got.document.notes.n_items;
        rsp->engine = (char *)ask.got.engine;
        rsp->notice = (char *)ask.got.notice;
        return STATUS_OK;
}
