/* What is said in a room, as it is said. */
#include "client/cli/cli.h"
#include "common/buffer.h"
#include "common/json.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* What the subscriber's thread tells the main thread. */
struct follow {
        struct cli *cli;
        pthread_mutex_t mutex; /* of the output, and of what follows */
        bool ended;
        struct error error;
};

static void print_json(struct follow *f, const Socializer__V1__RoomMessage *m)
{
        AUTO_BUFFER line = BUFFER_INIT;

        (void)f;
        json_append_message(&line, contract_rules(m->base.descriptor), &m->base);
        if (!buffer_failed(&line))
                printf("%s\n", buffer_str(&line));
}

static void on_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct follow *f = closure;

        LOCK(&f->mutex);
        if (f->cli->json) {
                print_json(f, m);
        } else {
                printf("%s  %s: %s\n", output_time(f->cli, m->timestamp),
                       output_clean(f->cli, m->username), output_clean(f->cli, m->content));
                arena_reset(&f->cli->arena);
        }
        /* Nobody reads any more (a pipe that was closed, say). */
        if (fflush(stdout) != 0)
                kill(getpid(), SIGTERM);
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct follow *f = closure;

        (void)room_id;
        (void)last_seq;
        LOCK(&f->mutex);
        if (error && error->status != SOC_OK) {
                f->ended = true;
                f->error = *(const struct error *)error;
                kill(getpid(), SIGTERM);
        } else if (!recovered && f->cli->after_seq >= 0) {
                fprintf(stderr, "socializer: messages before %lld are gone\n",
                        (long long)first_seq);
        }
}

/* The number of a room as people write it: 3, or general. */
static int read_room(struct cli *cli, const char *text, int64_t *ret)
{
        static const char method[] = "socializer.v1.ChatService/Subscribe";
        const struct method *m = contract_find(method, strlen(method));
        Socializer__V1__SubscribeRequest request = SOCIALIZER__V1__SUBSCRIBE_REQUEST__INIT;
        struct error err = ERROR_INIT;

        if (json_set_field_text(m->input, &request.base,
                                protobuf_c_message_descriptor_get_field_by_name(
                                        m->input->descriptor, "room_id"),
                                text, &cli->arena, &err) != STATUS_OK)
                return report_usage(cli, "%s", err.text);
        *ret = request.room_id;
        return CLI_DONE;
}

/* Waits for Ctrl-C, SIGTERM, or the end of the subscription, which sends one. */
static int follow(struct cli *cli, const char *events_url, int64_t room, const sigset_t *signals)
{
        struct follow f = {.cli = cli, .mutex = PTHREAD_MUTEX_INITIALIZER};
        const soc_subscriber_options options = {
                .on_message = on_message, .on_state = on_state, .closure = &f};
        soc_subscriber *subscriber = NULL;
        soc_error error;
        int which;

        if (soc_subscriber_new(cli->client, events_url, &options, &subscriber, &error) != SOC_OK)
                return report_error(error_of(&error));
        soc_status st = soc_subscribe(subscriber, room, cli->after_seq, NULL, &error);
        if (st == SOC_OK)
                sigwait(signals, &which);
        soc_subscriber_free(subscriber);
        pthread_mutex_destroy(&f.mutex);
        if (st != SOC_OK)
                return report_error(error_of(&error));
        return f.ended ? report_error(&f.error) : CLI_DONE;
}

static int run(struct cli *cli)
{
        int64_t room = 0;
        sigset_t signals;
        int code = read_room(cli, cli->arguments[0], &room);

        if (code != CLI_DONE)
                return code;
        /* Before the library starts threads, so that only sigwait() takes them. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        code = cli_connect(cli, false);
        if (code != CLI_DONE)
                return code;
        AUTO_BUFFER url = BUFFER_INIT;
        if (cli->events)
                buffer_append_str(&url, cli->events);
        else
                buffer_printf(&url, "ipc://%s/events.ipc", cli->data);
        if (buffer_failed(&url))
                return report_failed("no memory");
        return follow(cli, buffer_str(&url), room, &signals);
}

const struct verb verb_follow = {
        .name = "follow",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 1,
        .flags = CLI_AFTER,
        .usage = "follow ROOM [--after N]",
        .summary = "Prints what is said in a room, as it is said, until Ctrl-C",
        .help = "ROOM is a number, or general. With --json one object a line.\n"
                "\n"
                "  --after N  first what was said after message N\n"
                "\n"
                "Examples:\n"
                "  socializer follow general\n"
                "  socializer follow 3 --after 0 --json\n",
};
