/* test_cli_follow SOCIALIZER BOT: programs that follow a room, against the fake chat service. */
#include "tests/support/t.h"
#include "tests/unit/chat_fake.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
/* This process only plays the service. nng before 1.6 loses a connection that is closed while it is
 * being made, and the programs, which are what is tested here, connect at any moment. */
int __lsan_is_turned_off(void)
{
        return 1;
}
#endif

#define WAIT(condition) assert_true(t_wait(condition, 10000))

extern char **environ;
static char *socializer, *bot;

struct fixture {
        struct chat_fake *chat;
        char dir[T_PATH_BYTES], output[T_PATH_BYTES + 16], cursor[T_PATH_BYTES + 16];
        pid_t pid; /* 0: none runs */
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        f->chat = chat_fake_new();
        t_temp_dir(f->dir);
        snprintf(f->output, sizeof(f->output), "%s/output", f->dir);
        snprintf(f->cursor, sizeof(f->cursor), "%s/cursor", f->dir);
        *state = f;
        return 0;
}

static void stop(struct fixture *f, int with)
{
        if (!f->pid)
                return;
        kill(f->pid, with);
        waitpid(f->pid, NULL, 0);
        f->pid = 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        stop(f, SIGKILL);
        chat_fake_free(f->chat);
        t_remove_dir(f->dir);
        free(f);
        return 0;
}

/* Runs a program whose standard output goes to f->output. */
static void start(struct fixture *f, char **argv)
{
        posix_spawn_file_actions_t actions;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, f->output,
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(posix_spawn(&f->pid, argv[0], &actions, NULL, argv, environ), 0);
        posix_spawn_file_actions_destroy(&actions);
}

/* Whether the file holds this text. */
static bool holds(const char *path, const char *text)
{
        char *content = access(path, R_OK) == 0 ? t_read_file(path, NULL) : NULL;
        bool found = content && strstr(content, text);

        free(content);
        return found;
}

/* Everything that can happen in a room of two. */
static void live_a_little(struct fixture *f)
{
        Socializer__V1__RoomMessage message = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__ReactionChange reaction = SOCIALIZER__V1__REACTION_CHANGE__INIT;
        Socializer__V1__MemberChange member = SOCIALIZER__V1__MEMBER_CHANGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        chat_fake_say(f->chat, "hello", true);
        event.room_id = 1;
        message.username = (char *)"ada";
        message.content = (char *)"hello \x1b[1mall";
        message.seq = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED;
        event.message_edited = &message;
        chat_fake_append(f->chat, &event, true);
        reaction.username = (char *)"bob";
        reaction.emoji = (char *)"+1";
        reaction.is_added = true;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION;
        event.reaction = &reaction;
        chat_fake_append(f->chat, &event, true);
        member.kind = SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED;
        member.username = (char *)"eve";
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
        event.member = &member;
        chat_fake_append(f->chat, &event, true);
        member.kind = SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED;
        member.by_user_id = 1;
        member.by_username = (char *)"ada";
        chat_fake_append(f->chat, &event, true);
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED;
        event.message_deleted = &message;
        chat_fake_append(f->chat, &event, true);
        chat_fake_say(f->chat, "the end", true);
}

static void follow_says_what_happens(void **state)
{
        struct fixture *f = *state;
        char *argv[] = {socializer,         (char *)"--rpc",     f->chat->rpc_url,
                        (char *)"--events", f->chat->events_url, (char *)"--token",
                        (char *)"token-1",  (char *)"follow",    (char *)"1",
                        (char *)"--after",  (char *)"0",         NULL};
        static const char *const lines[] = {
                "  user9: hello\n",
                "  * ada edited message 1: hello  [1mall\n",
                "  * bob reacted with +1\n",
                "  * eve joined\n",
                "  * eve was banned (by ada)\n",
                "  * message 1 of ada was deleted\n",
                "  user9: the end\n",
        };

        live_a_little(f);
        start(f, argv);
        WAIT(holds(f->output, lines[ARRAY_SIZE(lines) - 1]));
        stop(f, SIGTERM);
        char *content = t_read_file(f->output, NULL), *at = content;
        for (size_t i = 0; i < ARRAY_SIZE(lines) && at; i++)
                at = strstr(at, lines[i]);
        free(content);
        assert_non_null(at);
}

static void follow_prints_whole_events_as_json(void **state)
{
        struct fixture *f = *state;
        char *argv[] = {socializer,
                        (char *)"--rpc",
                        f->chat->rpc_url,
                        (char *)"--events",
                        f->chat->events_url,
                        (char *)"--token",
                        (char *)"token-1",
                        (char *)"follow",
                        (char *)"1",
                        (char *)"--after",
                        (char *)"3",
                        (char *)"--json",
                        NULL};

        live_a_little(f);
        start(f, argv);
        WAIT(holds(f->output, "\"the end\""));
        stop(f, SIGTERM);
        assert_true(holds(f->output, "\"member\":{\"kind\":\"joined\""));
        assert_true(holds(f->output, "\"seq\":4"));
        assert_true(holds(f->output, "\"message_deleted\":{\"room_id\""));
        assert_false(holds(f->output, "\"reaction\":"));
}

static void start_bot(struct fixture *f)
{
        char *argv[] = {bot,          f->chat->rpc_url, f->chat->events_url, (char *)"human",
                        (char *)"pw", (char *)"1",      f->cursor,           NULL};

        start(f, argv);
}

static void the_bot_answers_every_ping_once(void **state)
{
        struct fixture *f = *state;
        char end[32];

        t_write_file(f->cursor, "0\n", 2);
        chat_fake_say(f->chat, "!ping", false);
        start_bot(f);
        WAIT(chat_fake_count(f->chat, "pong") == 1);
        chat_fake_restart(f->chat);
        chat_fake_say(f->chat, "!ping", true);
        WAIT(chat_fake_count(f->chat, "pong") == 2);

        /* A crash: it is dead, and had not written anything down. */
        stop(f, SIGKILL);
        t_write_file(f->cursor, "0\n", 2);
        chat_fake_say(f->chat, "!ping", false);
        unsigned n = atomic_load(&f->chat->n_sends);
        start_bot(f);
        WAIT(atomic_load(&f->chat->n_sends) >= n + 3);
        assert_int_equal(chat_fake_count(f->chat, "pong"), 3);

        /* What is done with is written down, so that it is not asked for again. */
        int64_t seq = 0;
        WAIT((seq = chat_fake_say(f->chat, "silence", true),
              snprintf(end, sizeof(end), "%lld\n", (long long)seq), holds(f->cursor, end)));
        assert_int_equal(chat_fake_count(f->chat, "pong"), 3);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(follow_says_what_happens, setup, teardown),
                cmocka_unit_test_setup_teardown(follow_prints_whole_events_as_json, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(the_bot_answers_every_ping_once, setup, teardown),
        };

        if (argc != 3)
                return 2;
        socializer = argv[1];
        bot = argv[2];
        return !!cmocka_run_group_tests_name("cli_follow", tests, NULL, NULL);
}
