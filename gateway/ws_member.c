/* A socket in a room: how it gets in and out, what it has read. */
#include "gateway/ws_internal.h"

#include <string.h>

struct ws_member *ws_member_find(const struct ws_socket *s, int64_t room_id)
{
        for (struct ws_member *m = s->members; m; m = m->next_of_socket)
                if (m->room->id == room_id)
                        return m;
        return NULL;
}

static void unlink_member(struct ws_member *m)
{
        struct ws_room *r = m->room;
        struct ws_socket *s = m->socket;

        if (m->prev)
                m->prev->next = m->next;
        else
                r->members = m->next;
        if (m->next)
                m->next->prev = m->prev;
        r->n_members--;
        for (struct ws_member **at = &s->members; *at; at = &(*at)->next_of_socket) {
                if (*at == m) {
                        *at = m->next_of_socket;
                        break;
                }
        }
        s->n_members--;
        if (s->last_room_id == r->id)
                s->last_room_id = s->members ? s->members->room->id : 0;
        m->room = NULL;
}

void ws_member_forget_password(struct ws_member *m)
{
        if (m->password)
                explicit_bzero(m->password, strlen(m->password));
        free(m->password);
        m->password = NULL;
}

void ws_member_leave(struct ws_member *m, const char *reason)
{
        struct ws_room *r = m->room;
        struct ws_socket *s = m->socket;
        bool was_present = m->present;

        ws_typing_set(m, false);
        if (reason) {
                ws_json_room_left(r->ws, r->id, reason);
                ws_socket_send_text(s);
        }
        unlink_member(m);
        ws_room_put(r);
        ws_member_forget_password(m);
        if (m->n_calls == 0)
                free(m); /* else the last call does */
        if (was_present)
                ws_presence_changed(s);
}

bool ws_member_call_ended(struct ws_member *m)
{
        m->n_calls--;
        if (m->room)
                return true;
        if (m->n_calls == 0)
                free(m);
        return false;
}

void ws_member_offer(struct ws_member *m, int64_t seq, struct ws_frame *f)
{
        if (m->state != WS_MEMBER_LIVE || seq <= m->cursor)
                return;
        m->cursor = seq;
        ws_socket_send(m->socket, f);
}

void ws_member_lost(struct ws_member *m, int64_t next, int64_t first_seq, int64_t last_seq)
{
        ws_json_room_joined(m->room->ws, m->room->id, last_seq, false, first_seq);
        ws_socket_send_text(m->socket);
        m->cursor = next - 1;
        if (m->target > last_seq)
                m->target = last_seq;
        if (m->history_end > last_seq)
                m->history_end = last_seq;
}

/* --- joining --- */

static struct ws_member *add(struct ws_socket *s, struct ws_room *r)
{
        struct ws_member *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->socket = s;
        m->room = r;
        m->next = r->members;
        if (r->members)
                r->members->prev = m;
        r->members = m;
        r->n_members++;
        m->next_of_socket = s->members;
        s->members = m;
        s->n_members++;
        return m;
}

/* The socket's new place in a room; NULL, and the socket told, when there is none. */
static struct ws_member *enter(struct ws_socket *s, int64_t room_id)
{
        const struct ws_about about = {.room_id = room_id};
        struct ws_room *r;
        struct ws_member *m;
        struct error error;

        if (s->n_members >= WS_MAX_ROOMS) {
                error_set(&error, STATUS_RESOURCE_EXHAUSTED, "at most %d rooms for a connection",
                          WS_MAX_ROOMS);
                ws_send_error(s, &error, &about);
                return NULL;
        }
        r = ws_room_get(s->ws, room_id);
        m = r ? add(s, r) : NULL;
        if (!m) {
                error_retry(&error, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
                ws_send_error(s, &error, &about);
                if (r)
                        ws_room_put(r);
        }
        return m;
}

void ws_member_join(struct ws_socket *s, int64_t room_id, const char *password, int64_t after_seq)
{
        const struct ws_about about = {.room_id = room_id};
        struct ws_member *m = ws_member_find(s, room_id);
        char *copy = NULL;
        struct error error;

        if (m && m->state == WS_MEMBER_LISTING) {
                error_set(&error, STATUS_FAILED_PRECONDITION, "you are joining this room already");
                ws_send_error(s, &error, &about);
                return;
        }
        if (password && !(copy = strdup(password))) {
                error_retry(&error, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
                ws_send_error(s, &error, &about);
                return;
        }
        if (!m)
                m = enter(s, room_id);
        if (!m) {
                free(copy);
                return;
        }
        /* Who joins again begins anew; the others do not notice. */
        m->announced = false;
        m->has_knocked = false;
        ws_member_forget_password(m);
        m->password = copy;
        m->resumes = after_seq >= 0;
        m->cursor = after_seq >= 0 ? after_seq : 0;
        m->target = 0;
        s->last_room_id = room_id;
        ws_history_list(m);
}

/* --- reading --- */

static void mark_read(struct ws_member *m);

static void on_marked(void *closure, soc_status status, const ProtobufCMessage *response,
                      const soc_error *error)
{
        struct ws_member *m = closure;
        struct ws_socket *s = m->socket;

        (void)response;
        if (ws_member_call_ended(m)) {
                const struct ws_about about = {.room_id = m->room->id};

                m->marks_read = false;
                if (status != SOC_OK)
                        ws_send_error(s, (const struct error *)error, &about);
                ws_call_refused(s, status);
                if (m->read_seq > m->read_sent)
                        mark_read(m);
                else if (status != SOC_OK)
                        m->read_seq = m->read_sent = 0; /* it may be tried again */
        }
        ws_socket_unref(s);
}

static void mark_read(struct ws_member *m)
{
        Socializer__V1__MarkReadRequest request = SOCIALIZER__V1__MARK_READ_REQUEST__INIT;
        const struct ws_about about = {.room_id = m->room->id};
        struct error error;

        request.room_id = m->room->id;
        request.seq = m->read_seq;
        m->read_sent = m->read_seq;
        if (ws_call_start(m->socket, "socializer.v1.ChatService/MarkRead", &request.base, on_marked,
                          m, &error) != STATUS_OK) {
                ws_send_error(m->socket, &error, &about);
                m->read_seq = m->read_sent = 0;
                return;
        }
        m->marks_read = true;
        m->n_calls++;
}

void ws_member_read(struct ws_member *m, int64_t seq)
{
        if (seq <= m->read_seq)
                return;
        m->read_seq = seq;
        if (!m->marks_read)
                mark_read(m);
}
