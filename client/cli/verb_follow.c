/* What is said and done in a room, as it happens. */
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

static void print_json(const ProtobufCMessage *message)
{
        AUTO_BUFFER line = BUFFER_INIT;

        json_append_message(&line, contract_rules(message->descriptor), message);
        if (!buffer_failed(&line))
                printf("%s\n", buffer_str(&line));
}

/* What a line took is given back. When nobody reads any more (a pipe that was closed, say), it
 * ends. */
static void end_line(struct follow *f)
{
        arena_reset(&f->cli->arena);
        if (fflush(stdout) != 0)
                kill(getpid(), SIGTERM);
}

static void on_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct follow *f = closure;

        LOCK(&f->mutex);
        if (f->cli->json)
                print_json(&m->base);
        else
                printf("%s  %s: %s\n", output_time(f->cli, m->timestamp),
                       output_clean(f->cli, m->username), output_clean(f->cli, m->content));
        end_line(f);
}

#define KIND(name) SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_##name
#define ROLE(name) SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_##name

static const char *role_text(Socializer__V1__MemberRole role)
{
        return role == ROLE(CREATOR)     ? "has the room now"
               : role == ROLE(MODERATOR) ? "is a moderator now"
                                         : "is a member now";
}

static const char *change_text(const Socializer__V1__MemberChange *m)
{
        switch (m->kind) {
        case KIND(JOINED):
                return "joined";
        case KIND(LEFT):
                return "left";
        case KIND(REMOVED):
                return "was removed";
        case KIND(BANNED):
                return "was banned";
        case KIND(UNBANNED):
                return "is no longer banned";
        case KIND(ROLE):
                return role_text(m->role);
        case KIND(MUTED):
                return "was muted";
        case KIND(UNMUTED):
                return "is no longer muted";
        default:
                return "has changed";
        }
}

/* "ada is a moderator now (by bob)" */
static const char *member_text(struct cli *cli, const Socializer__V1__MemberChange *m)
{
        const char *text =
                arena_printf(&cli->arena, "%s %s", output_clean(cli, m->username), change_text(m));

        if (!text || !m->by_user_id)
                return text;
        return arena_printf(&cli->arena, "%s (by %s)", text, output_clean(cli, m->by_username));
}

/* What is to be said of an event; NULL: nothing. Messages go by their numbers, as in --after. */
static const char *event_text(struct cli *cli, const Socializer__V1__RoomEvent *e)
{
        switch (e->event_case) {
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED:
                return arena_printf(&cli->arena, "%s edited message %lld: %s",
                                    output_clean(cli, e->message_edited->username),
                                    (long long)e->message_edited->seq,
                                    output_clean(cli, e->message_edited->content));
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED:
                return arena_printf(&cli->arena, "message %lld of %s was deleted",
                                    (long long)e->message_deleted->seq,
                                    output_clean(cli, e->message_deleted->username));
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION:
                return arena_printf(&cli->arena, "%s %s %s",
                                    output_clean(cli, e->reaction->username),
                                    e->reaction->is_added ? "reacted with" : "took back",
                                    output_clean(cli, e->reaction->emoji));
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER:
                return member_text(cli, e->member);
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM:
                return arena_printf(&cli->arena, "the room has changed: %s",
                                    output_clean(cli, e->room->name));
        default:
                return NULL;
        }
}

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        struct follow *f = closure;

        if (event->seq == 0)
                return; /* typing and the like */
        LOCK(&f->mutex);
        if (f->cli->json) {
                print_json(&event->base);
        } else {
                const char *text = event_text(f->cli, event);

                if (text)
                        printf("%s  * %s\n", output_time(f->cli, event->timestamp), text);
        }
        end_line(f);
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
                fprintf(stderr, "socializer: what was before %lld is gone\n", (long long)first_seq);
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
        const soc_subscriber_options options = {.on_message = on_message,
                                                .on_state = on_state,
                                                .on_event = on_event,
                                                .closure = &f};
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
        .summary = "Prints what happens in a room, as it happens, until Ctrl-C",
        .help = "ROOM is a number, or general. Prints messages, edits, deletions, reactions, and "
                "who\n"
                "comes and goes. With --json one object a line: a RoomMessage, and of all else "
                "the\n"
                "whole RoomEvent.\n"
                "\n"
                "  --after N  first what happened after event N; every message is one\n"
                "\n"
                "Examples:\n"
                "  socializer follow general\n"
                "  socializer follow 3 --after 0 --json\n",
};
