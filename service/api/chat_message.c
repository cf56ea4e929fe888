/* ChatService: what is said, changed, read and found. */
#include "service/api/announce.h"
#include "service/api/practice.h"
#include "service/api/room_access.h"
#include "service/api/room_coach.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/service.h"
#include "service/store/search.h"
#include "service/upkeep/upkeep.h"

#include "handlers.gen.h"

#include <inttypes.h>
#include <string.h>

static enum status answer(struct call *call, const struct room_message *message,
                          Socializer__V1__RoomMessage **ret, struct error *reterr)
{
        *ret = wire_room_message(call->arena, message);
        return *ret ? STATUS_OK : wire_no_memory(reterr);
}

/* What a message brings about, once it is committed. */
static enum status follow_up(struct call *call, struct lease *lease, const struct room *room,
                             const struct room_message *message,
                             Socializer__V1__SendMessageResponse *rsp, struct error *reterr)
{
        const char *answer_id = NULL;
        enum status st = announce_message(call, message, reterr);

        if (st == STATUS_OK)
                st = practice_spoke(call, room, reterr);
        if (st == STATUS_OK)
                st = room_coach_ask(call, lease, room, message, &answer_id, reterr);
        if (answer_id)
                rsp->answer_id = (char *)answer_id;
        return st;
}

enum status chat_service_send_message(struct call *call,
                                      const Socializer__V1__SendMessageRequest *req,
                                      Socializer__V1__SendMessageResponse *rsp,
                                      struct error *reterr)
{
        struct room room;
        struct room_message message;
        bool repeated = false;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        struct message_draft draft = {
                .room_id = req->room_id,
                .user_id = user_id,
                .content = req->content,
                .client_message_id = req->client_message_id,
                .reply_to = req->reply_to,
        };
        st = room_access(call, &lease, req->room_id, ROOM_WRITE, &room, reterr);
        if (st == STATUS_OK) {
                draft.username = room.username;
                st = message_append(&lease, call->arena, &draft, &message, &repeated, reterr);
        } else if (message_find_repeat(&lease, call->arena, &draft, &message, NULL) == STATUS_OK) {
                /* It was said in time; only the answer comes late. */
                repeated = true;
                st = STATUS_OK;
        }
        if (st == STATUS_OK)
                st = answer(call, &message, &rsp->message, reterr);
        rsp->is_repeat = st == STATUS_OK && repeated;
        if (st == STATUS_OK && !repeated)
                st = follow_up(call, &lease, &room, &message, rsp, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- reading --- */

static enum status answer_list(struct call *call, const struct room_message_list *list,
                               Socializer__V1__RoomMessage ***ret_messages, size_t *ret_n,
                               struct error *reterr)
{
        Socializer__V1__RoomMessage **messages = wire_list(call->arena, list->n_items);

        if (!messages)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < list->n_items; i++) {
                messages[i] = wire_room_message(call->arena, &list->items[i]);
                if (!messages[i])
                        return wire_no_memory(reterr);
        }
        *ret_messages = messages;
        *ret_n = list->n_items;
        return STATUS_OK;
}

enum status chat_service_list_room_messages(struct call *call,
                                            const Socializer__V1__ListRoomMessagesRequest *req,
                                            Socializer__V1__ListRoomMessagesResponse *rsp,
                                            struct error *reterr)
{
        bool after = req->after_set_case ==
                     SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET_AFTER_SEQ;
        bool before = req->before_set_case ==
                      SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__BEFORE_SET_BEFORE_SEQ;
        size_t limit = wire_page_size(req->page_size);
        struct room_message_list list;
        struct room room;

        if (after && before)
                return error_field(reterr, "before_seq", "want it or after_seq, not both");
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);
        if (st == STATUS_OK && after)
                st = message_list_after(&lease, call->arena, room.id, req->after_seq, limit, &list,
                                        reterr);
        else if (st == STATUS_OK)
                st = message_list_before(&lease, call->arena, room.id,
                                         before ? req->before_seq : INT64_MAX, limit, &list,
                                         reterr);
        if (st != STATUS_OK)
                return st;
        rsp->last_seq = room.last_seq;
        rsp->first_seq = room.pruned_seq < room.last_seq ? room.pruned_seq + 1 : 0;
        return answer_list(call, &list, &rsp->messages, &rsp->n_messages, reterr);
}

enum status chat_service_get_room_message(struct call *call,
                                          const Socializer__V1__GetRoomMessageRequest *req,
                                          Socializer__V1__GetRoomMessageResponse *rsp,
                                          struct error *reterr)
{
        struct room room;
        struct room_message message;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);

        if (st == STATUS_OK)
                st = message_get(&lease, call->arena, room.id, req->message_id, &message, reterr);
        return st == STATUS_OK ? answer(call, &message, &rsp->message, reterr) : st;
}

/* --- changing --- */

/* An event about a message, by the caller. */
static struct room_event event_about(const struct call *call, const struct room_message *message,
                                     enum room_event_kind kind, const char *detail)
{
        return (struct room_event){
                .room_id = message->room_id,
                .kind = kind,
                .user_id = call->caller.user_id,
                .username = call->caller.username,
                .message_id = message->id,
                .detail = detail,
                .message = *message,
        };
}

static enum status refuse_deleted(const struct room_message *message, struct error *reterr)
{
        if (!message->is_deleted)
                return STATUS_OK;
        return error_set(reterr, STATUS_FAILED_PRECONDITION, "message %" PRId64 " is deleted",
                         message->id);
}

enum status chat_service_edit_message(struct call *call,
                                      const Socializer__V1__EditMessageRequest *req,
                                      Socializer__V1__EditMessageResponse *rsp,
                                      struct error *reterr)
{
        struct room room;
        struct room_message message;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_WRITE, &room, reterr);

        if (st == STATUS_OK)
                st = message_get(&lease, call->arena, room.id, req->message_id, &message, reterr);
        if (st == STATUS_OK)
                st = refuse_deleted(&message, reterr);
        if (st == STATUS_OK && message.user_id != call->caller.user_id)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "message %" PRId64 " is not yours", message.id);
        if (st == STATUS_OK && strcmp(message.content, req->content) != 0) {
                st = message_edit(&lease, call->arena, &message, req->content, reterr);
                struct room_event event = event_about(call, &message, ROOM_EVENT_EDITED, NULL);
                if (st == STATUS_OK)
                        st = announce_event(call, &lease, &event, reterr);
        }
        if (st == STATUS_OK)
                st = answer(call, &message, &rsp->message, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status chat_service_delete_message(struct call *call,
                                        const Socializer__V1__DeleteMessageRequest *req,
                                        Socializer__V1__DeleteMessageResponse *rsp,
                                        struct error *reterr)
{
        (void)rsp;
        struct room room;
        struct room_message message;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st =
                room_access(call, &lease, req->room_id,
                            call->caller.is_admin ? ROOM_MODERATE : ROOM_READ, &room, reterr);

        if (st == STATUS_OK)
                st = message_get(&lease, call->arena, room.id, req->message_id, &message, reterr);
        if (st == STATUS_OK && message.user_id != call->caller.user_id &&
            (*message.coach_engine == '\0' || message.asker_id != call->caller.user_id))
                st = room_access(call, &lease, room.id, ROOM_MODERATE, &room, reterr);
        if (st == STATUS_OK && !message.is_deleted) {
                st = message_delete(&lease, &message, reterr);
                if (st == STATUS_OK && room.coach_enabled)
                        st = announce_coach_ends(call, room.id, message.id,
                                                 "the question is deleted", reterr);
                struct room_event event = event_about(call, &message, ROOM_EVENT_DELETED, NULL);
                if (st == STATUS_OK)
                        st = announce_event(call, &lease, &event, reterr);
        }
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- reactions --- */

/* Any text would do, but it stands in lists and paths. */
static enum status check_emoji(const char *emoji, struct error *reterr)
{
        for (const char *c = emoji; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 0x7f)
                        return error_field(reterr, "emoji", "want no spaces in it");
        return STATUS_OK;
}

static enum status react(struct call *call, struct lease *lease, struct room_message *message,
                         const char *emoji, struct error *reterr)
{
        struct room_event event = event_about(call, message, ROOM_EVENT_REACTION_ADDED, emoji);
        bool added = false;
        enum status st =
                message_react(lease, message->id, call->caller.user_id, emoji, &added, reterr);

        if (st == STATUS_OK && added)
                st = announce_event(call, lease, &event, reterr);
        if (st == STATUS_OK)
                st = message_get(lease, call->arena, message->room_id, message->id, message,
                                 reterr);
        return st;
}

enum status chat_service_add_reaction(struct call *call,
                                      const Socializer__V1__AddReactionRequest *req,
                                      Socializer__V1__AddReactionResponse *rsp,
                                      struct error *reterr)
{
        struct room room;
        struct room_message message;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = check_emoji(req->emoji, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = room_access(call, &lease, req->room_id, ROOM_WRITE, &room, reterr);
        if (st == STATUS_OK)
                st = message_get(&lease, call->arena, room.id, req->message_id, &message, reterr);
        if (st == STATUS_OK)
                st = refuse_deleted(&message, reterr);
        if (st == STATUS_OK)
                st = react(call, &lease, &message, req->emoji, reterr);
        if (st == STATUS_OK)
                st = answer(call, &message, &rsp->message, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status chat_service_remove_reaction(struct call *call,
                                         const Socializer__V1__RemoveReactionRequest *req,
                                         Socializer__V1__RemoveReactionResponse *rsp,
                                         struct error *reterr)
{
        (void)rsp;
        struct room room;
        struct room_message message;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);

        if (st == STATUS_OK)
                st = message_get(&lease, call->arena, room.id, req->message_id, &message, reterr);
        if (st == STATUS_OK)
                st = message_unreact(&lease, message.id, call->caller.user_id, req->emoji, reterr);
        if (st != STATUS_OK)
                return st;
        struct room_event event =
                event_about(call, &message, ROOM_EVENT_REACTION_REMOVED, req->emoji);
        st = announce_event(call, &lease, &event, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- marks and words --- */

enum status chat_service_mark_read(struct call *call, const Socializer__V1__MarkReadRequest *req,
                                   Socializer__V1__MarkReadResponse *rsp, struct error *reterr)
{
        struct room room;
        int64_t user_id, seq = 0;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);
        if (st == STATUS_OK && req->seq > room.last_seq)
                return error_field(reterr, "seq", "want at most %" PRId64 ", the last of the room",
                                   room.last_seq);
        if (st == STATUS_OK)
                st = room_mark_read(&lease, room.id, user_id, req->seq, &seq, reterr);
        if (st == STATUS_OK && seq == req->seq)
                st = announce_read(call, room.id, seq, reterr);
        rsp->last_read_seq = seq;
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status search(struct call *call, const Socializer__V1__SearchMessagesRequest *req,
                          int64_t user_id, int64_t before_id, struct room_message_list *ret,
                          bool *ret_more, struct error *reterr)
{
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = lease_snapshot(&lease, reterr);

        if (st == STATUS_OK && req->room_id != 0)
                st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);
        return st == STATUS_OK ? search_find(&lease, call->arena, user_id, req->room_id, req->query,
                                             before_id, wire_page_size(req->page_size), ret,
                                             ret_more, reterr)
                               : st;
}

enum status chat_service_search_messages(struct call *call,
                                         const Socializer__V1__SearchMessagesRequest *req,
                                         Socializer__V1__SearchMessagesResponse *rsp,
                                         struct error *reterr)
{
        struct room_message_list list;
        int64_t user_id, before_id = 0;
        bool more;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        /* What was said a moment ago is found as well. */
        if (st == STATUS_OK)
                st = upkeep_index(call->service->upkeep, call->deadline, reterr);
        if (st == STATUS_OK)
                st = search(call, req, user_id, before_id, &list, &more, reterr);
        if (st == STATUS_OK)
                st = answer_list(call, &list, &rsp->messages, &rsp->n_messages, reterr);
        if (st != STATUS_OK || !more)
                return st;
        return wire_next_page(call->arena, list.items[list.n_items - 1].id, &rsp->next_page_token,
                              reterr);
}
