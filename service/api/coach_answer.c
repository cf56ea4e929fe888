/* CoachService: following an answer in the making, and ending it. */
#include "service/api/coach_answers.h"
#include "service/service.h"

#include "handlers.gen.h"

enum status coach_service_get_answer(struct call *call, const Socializer__V1__GetAnswerRequest *req,
                                     Socializer__V1__GetAnswerResponse *rsp, struct error *reterr)
{
        struct answer_view view;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = answers_get(call->service->answers, user_id, req->answer_id,
                                 (size_t)req->after, call->arena, &view, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->answer_id = req->answer_id;
        rsp->thread_id = (char *)view.thread_id;
        rsp->offset = (int32_t)view.offset;
        rsp->text = (char *)view.text;
        rsp->is_done = view.is_done;
        rsp->code = (int32_t)view.status;
        rsp->message = (char *)view.message;
        rsp->engine = (char *)view.engine;
        rsp->notice = (char *)view.notice;
        return STATUS_OK;
}

enum status coach_service_cancel_answer(struct call *call,
                                        const Socializer__V1__CancelAnswerRequest *req,
                                        Socializer__V1__CancelAnswerResponse *rsp,
                                        struct error *reterr)
{
        (void)rsp;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        return st == STATUS_OK
                       ? answers_cancel(call->service->answers, user_id, req->answer_id, reterr)
                       : st;
}
