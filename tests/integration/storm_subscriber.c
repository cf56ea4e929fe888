/* Subscribers for storm.py, several in one process that can be stopped and continued:
 *
 *     storm_subscriber RPC-URL EVENTS-URL TOKEN FILE ROOM…
 *
 * One subscriber for each ROOM, from the first event on. FILE gets a line for each durable event:
 * the subscriber's index, the event's number, the client_message_id of a message or "-". */
#include <pthread.h>
#include <signal.h>
#include <socializer.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *out;
static pthread_mutex_t out_mutex = PTHREAD_MUTEX_INITIALIZER;

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        const char *name = "-";

        if (event->seq == 0)
                return;
        if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE &&
            *event->message->client_message_id)
                name = event->message->client_message_id;
        pthread_mutex_lock(&out_mutex);
        fprintf(out, "%d %lld %s\n", *(const int *)closure, (long long)event->seq, name);
        fflush(out);
        pthread_mutex_unlock(&out_mutex);
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        (void)first_seq;
        (void)last_seq;
        if (error || !recovered)
                fprintf(stderr, "storm_subscriber: %d: room %lld: %s\n", *(const int *)closure,
                        (long long)room_id, error ? error->text : "events are gone");
}

static int fail(const char *what, const soc_error *error)
{
        fprintf(stderr, "storm_subscriber: %s: %s\n", what, error->text);
        return 1;
}

int main(int argc, char **argv)
{
        enum { FIRST_ROOM = 5, MAX_ROOMS = 100 };
        static int indices[MAX_ROOMS];
        soc_client_options client_options = {0};
        soc_client *client = NULL;
        soc_error error;
        sigset_t signals;
        int number;

        if (argc <= FIRST_ROOM || argc > FIRST_ROOM + MAX_ROOMS)
                return 2;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        out = fopen(argv[4], "w");
        if (!out)
                return 1;
        client_options.token = argv[3];
        if (soc_client_new(argv[1], &client_options, &client, &error) != SOC_OK)
                return fail("client", &error);
        for (int i = FIRST_ROOM; i < argc; i++) {
                soc_subscriber *s = NULL;

                indices[i - FIRST_ROOM] = i - FIRST_ROOM;
                const soc_subscriber_options options = {.on_event = on_event,
                                                        .on_state = on_state,
                                                        .closure = &indices[i - FIRST_ROOM]};
                if (soc_subscriber_new(client, argv[2], &options, &s, &error) != SOC_OK)
                        return fail("subscriber", &error);
                if (soc_subscribe(s, atoll(argv[i]), 0, NULL, &error) != SOC_OK)
                        return fail("subscribe", &error);
        }
        while (sigwait(&signals, &number) != 0)
                continue;
        /* Dying is not closing: nng before 1.6 may not bear closing while events pour in. */
        fclose(out);
        _Exit(0);
}
