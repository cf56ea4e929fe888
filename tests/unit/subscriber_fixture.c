#include "tests/unit/subscriber_fixture.h"

#include <stdlib.h>

/* Of messages and other durable events alike. */
static void hear(struct heard *h, int64_t seq, char kind)
{
        if (h->n == 0)
                h->first = seq;
        else if (seq != h->last + 1)
                h->n_bad++;
        h->last = seq;
        h->kinds[h->n++ % sizeof(h->kinds)] = kind;
}

static void on_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        if (m->room_id == 1)
                hear(h, m->seq, 'm');
        h->in_room[m->room_id]++;
}

static char kind_of(const Socializer__V1__RoomEvent *event)
{
        switch (event->event_case) {
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE:
                return 'm';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED:
                return 'e';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED:
                return 'd';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION:
                return 'r';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER:
                return 'b';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM:
                return 's';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING:
                return 't';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_PRESENCE:
                return 'p';
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED:
                return 'x';
        default:
                return '?';
        }
}

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        if (event->seq > 0)
                hear(h, event->seq, kind_of(event));
        else
                h->n_passing[(unsigned char)kind_of(event)]++;
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        (void)room_id;
        h->n_states++;
        h->n_lost += !recovered && !error;
        h->ended = error ? error->status : SOC_OK;
        h->first_seq = first_seq;
        h->last_seq = last_seq;
        if (!recovered)
                h->last = first_seq - 1;
}

static void on_user_event(void *closure, const Socializer__V1__UserEvent *event)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        h->of_user[event->user_id]++;
        h->last_user_event = (int)event->event_case;
}

static void on_user_state(void *closure, int64_t user_id, const soc_error *error)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        h->n_user_states += user_id > 0;
        h->user_ended = error ? error->status : SOC_OK;
}

soc_subscriber_options options_of(struct heard *h)
{
        return (soc_subscriber_options){.on_message = on_message,
                                        .on_state = on_state,
                                        .on_event = on_event,
                                        .on_user_event = on_user_event,
                                        .on_user_state = on_user_state,
                                        .closure = h};
}

int subscriber_setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.token = "token-1"};
        const soc_subscriber_options events = options_of(&f->heard);

        pthread_mutex_init(&f->heard.mutex, NULL);
        f->chat = chat_fake_new();
        *state = f;
        if (soc_client_new(f->chat->rpc_url, &options, &f->client, NULL) != SOC_OK)
                return -1;
        return soc_subscriber_new(f->client, f->chat->events_url, &events, &f->subscriber, NULL) !=
               SOC_OK;
}

int subscriber_teardown(void **state)
{
        struct fixture *f = *state;

        soc_subscriber_free(f->subscriber);
        soc_client_free(f->client);
        chat_fake_free(f->chat);
        pthread_mutex_destroy(&f->heard.mutex);
        free(f);
        return 0;
}

struct heard heard(struct fixture *f)
{
        LOCK(&f->heard.mutex);

        return f->heard;
}

void subscribe(struct fixture *f, int64_t after_seq)
{
        assert_int_equal(soc_subscribe(f->subscriber, 1, after_seq, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states > 0);
}

void connect_events(struct fixture *f)
{
        Socializer__V1__Presence presence = SOCIALIZER__V1__PRESENCE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_PRESENCE;
        event.presence = &presence;
        WAIT((events_fake_room(f->chat->events, &event), heard(f).n_passing['p'] > 0));

        int64_t seq = chat_fake_say(f->chat, "anybody there?", true);
        WAIT(heard(f).last >= seq);
}

void say(struct fixture *f, unsigned n, bool published)
{
        for (unsigned i = 0; i < n; i++)
                chat_fake_say(f->chat, "something", published);
}
