/* Answers "!ping" with "pong", once, whatever is restarted in between. FILE holds the number of the
 * last event that is done with (-1: begin now). An answer is named after its ping, so that the
 * service knows it when it comes a second time. echo -1 >cursor; ./bot ipc://var/rpc.ipc
 * ipc://var/events.ipc human password123 1 cursor */
#include <err.h>
#include <socializer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static soc_client *client;
static FILE *cursor;
static _Atomic(unsigned) n_open; /* answers that are on their way */

static void on_answered(void *closure, soc_status st, const ProtobufCMessage *r, const soc_error *e)
{
        (void)closure, (void)r;
        if (st != SOC_OK)
                errx(1, "%s", e->text);
        n_open--;
}

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        Socializer__V1__SendMessageRequest pong = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        char name[32];

        if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE &&
            strcmp(event->message->content, "!ping") == 0) {
                snprintf(name, sizeof(name), "pong-%lld", (long long)event->seq);
                pong.room_id = event->room_id;
                pong.content = (char *)"pong";
                pong.client_message_id = name;
                n_open++;
                if (soc_call_start(client, "socializer.v1.ChatService/SendMessage", &pong.base,
                                   closure, on_answered, NULL, NULL, NULL) != SOC_OK)
                        errx(1, "too many answers are open");
        }
        if (event->seq == 0 || n_open > 0)
                return; /* who starts again begins before the first ping that is open */
        rewind(cursor);
        fprintf(cursor, "%20lld\n", (long long)event->seq);
        fflush(cursor);
}

static void on_state(void *closure, int64_t room, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        (void)closure, (void)room, (void)recovered, (void)first_seq, (void)last_seq;
        if (error)
                errx(1, "%s", error->text);
}

int main(int argc, char **argv)
{
        soc_call_options patient = {.timeout_ms = 24 * 3600 * 1000};
        soc_subscriber_options events = {
                .on_event = on_event, .on_state = on_state, .closure = &patient};
        Socializer__V1__LoginRequest login = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        Socializer__V1__LoginResponse *tokens;
        soc_subscriber *subscriber;
        soc_error error;
        char after[32];

        if (argc != 7 || !(cursor = fopen(argv[6], "r+")) || !fgets(after, sizeof(after), cursor))
                errx(2, "usage: bot URL EVENTS USER PASSWORD ROOM FILE");
        login.username = argv[3];
        login.password = argv[4];
        if (soc_client_new(argv[1], NULL, &client, &error) ||
            soc_call(client, "socializer.v1.UserService/Login", &login.base, &patient,
                     (ProtobufCMessage **)&tokens, &error) ||
            soc_client_set_token(client, tokens->access_token) ||
            soc_subscriber_new(client, argv[2], &events, &subscriber, &error) ||
            soc_subscribe(subscriber, strtoll(argv[5], NULL, 10), strtoll(after, NULL, 10), NULL,
                          &error))
                errx(1, "%s", error.text);
        pause();
}
