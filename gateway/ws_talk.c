/* What a peer does with messages: says, changes and deletes them, reacts to them. Whether it may,
 * the service knows; what comes of it, everybody in the room hears as an event. */
#include "gateway/ws_internal.h"

static enum status get_content(json_t *object, const char **ret, struct error *reterr)
{
        enum status st = ws_field_text(object, "content", WS_MAX_CONTENT, ret, reterr);

        if (st == STATUS_OK && (!*ret || **ret == '\0'))
                st = error_field(reterr, "content", "content: want 1 to %d characters, got none",
                                 WS_MAX_CONTENT);
        return st;
}

enum status ws_talk_message(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        struct ws_about about = {0};
        const char *content = NULL;
        bool given;
        struct ws_member *m;
        enum status st = ws_field_text(object, "client_message_id", WS_MAX_CLIENT_ID,
                                       &about.client_message_id, reterr);

        if (st == STATUS_OK)
                st = get_content(object, &content, reterr);
        if (st == STATUS_OK)
                st = ws_field_number(object, "reply_to", 0, &given, &request.reply_to, reterr);
        if (st != STATUS_OK)
                return st;
        m = ws_field_speaker(s, object, reterr);
        if (!m)
                return reterr->status;
        ws_typing_set(m, false);
        about.room_id = m->room->id;
        request.room_id = m->room->id;
        request.content = (char *)content;
        if (about.client_message_id)
                request.client_message_id = (char *)about.client_message_id;
        return ws_call_report(s, "socializer.v1.ChatService/SendMessage", &request.base, &about,
                              reterr);
}

/* The room and the message that are meant. */
static enum status get_target(struct ws_socket *s, json_t *object, struct ws_about *ret,
                              struct error *reterr)
{
        bool given = false;
        enum status st = ws_field_number(object, "message_id", 1, &given, &ret->message_id, reterr);
        struct ws_member *m;

        if (st == STATUS_OK && !given)
                st = error_field(reterr, "message_id", "message_id: say which message");
        if (st != STATUS_OK)
                return st;
        m = ws_field_speaker(s, object, reterr);
        if (!m)
                return reterr->status;
        ret->room_id = m->room->id;
        return STATUS_OK;
}

enum status ws_talk_edit(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__EditMessageRequest request = SOCIALIZER__V1__EDIT_MESSAGE_REQUEST__INIT;
        struct ws_about about = {0};
        const char *content = NULL;
        enum status st = get_content(object, &content, reterr);

        if (st == STATUS_OK)
                st = get_target(s, object, &about, reterr);
        if (st != STATUS_OK)
                return st;
        request.room_id = about.room_id;
        request.message_id = about.message_id;
        request.content = (char *)content;
        return ws_call_report(s, "socializer.v1.ChatService/EditMessage", &request.base, &about,
                              reterr);
}

enum status ws_talk_delete(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__DeleteMessageRequest request = SOCIALIZER__V1__DELETE_MESSAGE_REQUEST__INIT;
        struct ws_about about = {0};
        enum status st = get_target(s, object, &about, reterr);

        if (st != STATUS_OK)
                return st;
        request.room_id = about.room_id;
        request.message_id = about.message_id;
        return ws_call_report(s, "socializer.v1.ChatService/DeleteMessage", &request.base, &about,
                              reterr);
}

static enum status add_reaction(struct ws_socket *s, const struct ws_about *about,
                                const char *emoji, struct error *reterr)
{
        Socializer__V1__AddReactionRequest request = SOCIALIZER__V1__ADD_REACTION_REQUEST__INIT;

        request.room_id = about->room_id;
        request.message_id = about->message_id;
        request.emoji = (char *)emoji;
        return ws_call_report(s, "socializer.v1.ChatService/AddReaction", &request.base, about,
                              reterr);
}

static enum status remove_reaction(struct ws_socket *s, const struct ws_about *about,
                                   const char *emoji, struct error *reterr)
{
        Socializer__V1__RemoveReactionRequest request =
                SOCIALIZER__V1__REMOVE_REACTION_REQUEST__INIT;

        request.room_id = about->room_id;
        request.message_id = about->message_id;
        request.emoji = (char *)emoji;
        return ws_call_report(s, "socializer.v1.ChatService/RemoveReaction", &request.base, about,
                              reterr);
}

enum status ws_talk_react(struct ws_socket *s, json_t *object, struct error *reterr)
{
        json_t *is_added = json_object_get(object, "is_added");
        struct ws_about about = {0};
        const char *emoji = NULL;
        enum status st = ws_field_text(object, "emoji", WS_MAX_EMOJI, &emoji, reterr);

        if (st == STATUS_OK && (!emoji || *emoji == '\0'))
                st = error_field(reterr, "emoji", "emoji: want 1 to %d characters, got none",
                                 WS_MAX_EMOJI);
        if (st == STATUS_OK && is_added && !json_is_boolean(is_added))
                st = error_field(reterr, "is_added", "is_added: want true or false");
        if (st == STATUS_OK)
                st = get_target(s, object, &about, reterr);
        if (st != STATUS_OK)
                return st;
        return json_is_false(is_added) ? remove_reaction(s, &about, emoji, reterr)
                                       : add_reaction(s, &about, emoji, reterr);
}
