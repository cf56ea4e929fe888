/* A talk with the coach: its words are printed as they come, as the caller's own events. What is
 * missing of them, the end brings. */
#include "client/cli/coach.h"
#include "common/buffer.h"
#include "common/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FOLLOW_MS 1000 /* for the subscription to be there */

struct talk {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        char answer_id[33];
        size_t n_printed; /* bytes of the answer */
        char last; /* of them */
        bool is_followed, is_over;
        soc_status status;
        soc_error error;
};

/* Lines stay lines; a terminal gets no other control characters of somebody else's making. */
static void print_text(struct talk *t, const char *text)
{
        for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
                bool is_c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;

                if (is_c1)
                        at++;
                if (is_c1 || (*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
                        putchar(' ');
                else
                        putchar(*at);
                t->last = (char)*at;
        }
        t->n_printed += strlen(text);
        fflush(stdout);
}

static void on_event(void *closure, const Socializer__V1__UserEvent *event)
{
        struct talk *t = closure;
        const Socializer__V1__CoachDelta *delta = event->coach_delta;

        if (event->event_case != SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DELTA ||
            strcmp(delta->answer_id, t->answer_id) != 0)
                return;
        LOCK(&t->mutex);
        size_t offset = (size_t)delta->offset;
        if (!t->is_over && offset <= t->n_printed && offset + strlen(delta->text) > t->n_printed)
                print_text(t, delta->text + (t->n_printed - offset));
}

/* There, or in vain: either way nobody waits for it any longer. */
static void on_state(void *closure, int64_t user_id, const soc_error *error)
{
        struct talk *t = closure;
        LOCK(&t->mutex);

        (void)user_id;
        (void)error;
        t->is_followed = true;
        pthread_cond_signal(&t->changed);
}

static void on_answered(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct talk *t = closure;
        LOCK(&t->mutex);

        t->status = status;
        if (status == SOC_OK) {
                const char *text = ((const Socializer__V1__ChatResponse *)response)->response;

                if (strlen(text) > t->n_printed)
                        print_text(t, text + t->n_printed);
        } else {
                t->error = *error;
        }
        t->is_over = true;
        pthread_cond_signal(&t->changed);
}

static void wait_followed(struct talk *t)
{
        deadline_ns end = deadline_in_ms(FOLLOW_MS);
        LOCK(&t->mutex);

        while (!t->is_followed && clock_cond_wait(&t->changed, &t->mutex, end))
                continue;
}

static void wait_over(struct talk *t)
{
        LOCK(&t->mutex);

        while (!t->is_over)
                pthread_cond_wait(&t->changed, &t->mutex);
}

/* Follows the caller; NULL: the answer then comes at once, at its end. */
static soc_subscriber *follow(struct cli *cli, struct talk *t, int64_t user_id)
{
        const soc_subscriber_options options = {
                .on_user_event = on_event, .on_user_state = on_state, .closure = t};
        const char *url = cli->events ? cli->events
                                      : arena_printf(&cli->arena, "ipc://%s/events.ipc", cli->data);
        soc_subscriber *subscriber = NULL;

        if (!url || soc_subscriber_new(cli->client, url, &options, &subscriber, NULL) != SOC_OK)
                return NULL;
        if (soc_subscribe_user(subscriber, user_id, NULL, NULL) == SOC_OK)
                wait_followed(t);
        return subscriber;
}

static void talk_init(struct talk *t)
{
        uint8_t name[16];

        *t = (struct talk){.last = '\n'};
        pthread_mutex_init(&t->mutex, NULL);
        clock_cond_init(&t->changed);
        randombytes_buf(name, sizeof(name));
        sodium_bin2hex(t->answer_id, sizeof(t->answer_id), name, sizeof(name));
}

static int stream(struct cli *cli, Socializer__V1__ChatRequest *request, int64_t user_id)
{
        /* Another answer would not continue the one that has begun. */
        const soc_call_options options = {.timeout_ms = cli->timeout_ms, .no_retry = true};
        struct talk t;
        soc_error error;

        talk_init(&t);
        request->answer_id = t.answer_id;
        soc_subscriber *subscriber = follow(cli, &t, user_id);
        soc_status st = soc_call_start(cli->client, COACH_SERVICE "Chat", &request->base, &options,
                                       on_answered, &t, NULL, &error);
        if (st == SOC_OK) {
                wait_over(&t);
                st = t.status;
                error = t.error;
        }
        soc_subscriber_free(subscriber);
        pthread_cond_destroy(&t.changed);
        pthread_mutex_destroy(&t.mutex);
        if (t.last != '\n')
                putchar('\n');
        return st == SOC_OK ? CLI_DONE : report_error(error_of(&error));
}

int coach_talk(struct cli *cli)
{
        Socializer__V1__ChatRequest request = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        Socializer__V1__GetMeRequest who = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        size_t n;

        request.message = cli->arguments[0];
        if (strcmp(request.message, "-") == 0)
                request.message = (char *)input_all(cli, &n);
        if (!request.message)
                return CLI_FAILED;
        if (cli->thread)
                request.thread_id = (char *)cli->thread;
        int code = cli_connect(cli, false);
        if (code == CLI_DONE && cli->json) {
                code = cli_call(cli, COACH_SERVICE "Chat", &request.base, &response);
                return code == CLI_DONE ? output_message(cli, COACH_SERVICE "Chat", response)
                                        : code;
        }
        if (code == CLI_DONE)
                code = cli_call(cli, "socializer.v1.UserService/GetMe", &who.base, &response);
        if (code != CLI_DONE)
                return code;
        const Socializer__V1__User *user =
                ((const Socializer__V1__GetMeResponse *)(const void *)response)->user;
        return stream(cli, &request, user ? user->id : 0);
}
