/* service/events/publisher.c: what is on the wire, in which order, and who cannot hold it up. */
#include "service/events/publisher.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

struct fixture {
        char dir[64];
        char url[96];
        struct publisher *publisher;
        nng_socket sub;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct error err;

        snprintf(f->dir, sizeof(f->dir), "/tmp/publisher-XXXXXX");
        if (!mkdtemp(f->dir))
                return -1;
        snprintf(f->url, sizeof(f->url), "ipc://%s/events.ipc", f->dir);
        if (publisher_new(f->url, &f->publisher, &err) != STATUS_OK)
                return -1;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        nng_msg *msg;

        publisher_free(f->publisher);
        /* Nobody sends any more, and what was sent is taken: to close a sub socket while messages
         * arrive may stop nng's closing thread for good before 1.6 (client/feed.c). */
        while (f->sub.id && nng_recvmsg(f->sub, &msg, 0) == 0)
                nng_msg_free(msg);
        if (f->sub.id)
                nng_close(f->sub);
        rmdir(f->dir);
        free(f);
        return 0;
}

static void subscribe(struct fixture *f, const void *topic, size_t n)
{
        assert_int_equal(nng_sub0_open(&f->sub), 0);
        assert_int_equal(nng_socket_set_ms(f->sub, NNG_OPT_RECVTIMEO, 20), 0);
        assert_int_equal(nng_socket_set_int(f->sub, NNG_OPT_RECVBUF, 4096), 0);
        assert_int_equal(nng_socket_set(f->sub, NNG_OPT_SUB_SUBSCRIBE, topic, n), 0);
        assert_int_equal(nng_dial(f->sub, publisher_url(f->publisher), NULL, 0), 0);
}

static void publish(struct fixture *f, int64_t room_id, int64_t seq, const char *content)
{
        Socializer__V1__RoomMessage m = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        m.room_id = event.room_id = room_id;
        m.seq = event.seq = seq;
        m.content = (char *)content;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = &m;
        publisher_room_event(f->publisher, &event);
}

/* The next message within five seconds; NULL when there is none. */
static nng_msg *receive(struct fixture *f)
{
        deadline_ns deadline = deadline_in_ms(5000);
        nng_msg *msg;

        while (!deadline_passed(deadline))
                if (nng_recvmsg(f->sub, &msg, 0) == 0)
                        return msg;
        return NULL;
}

static Socializer__V1__RoomEvent *open_event(const struct publisher_keys *keys, nng_msg *msg)
{
        const uint8_t *at = nng_msg_body(msg);
        size_t n = nng_msg_len(msg);
        size_t n_head = PUBLISHER_TOPIC_BYTES + PUBLISHER_NONCE_BYTES;
        uint8_t plain[8192];
        unsigned long long n_plain;

        if (n < n_head + PUBLISHER_TAG_BYTES || n > sizeof(plain) ||
            crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n_plain, NULL, at + n_head,
                                                       n - n_head, at, PUBLISHER_TOPIC_BYTES,
                                                       at + PUBLISHER_TOPIC_BYTES, keys->key) != 0)
                return NULL;
        return socializer__v1__room_event__unpack(NULL, (size_t)n_plain, plain);
}

/* Publishes watched messages until the subscriber is known to be connected. */
static void wait_connected(struct fixture *f, int64_t room_id)
{
        deadline_ns deadline = deadline_in_ms(5000);

        while (!deadline_passed(deadline)) {
                nng_msg *msg;

                publish(f, room_id, 0, "anybody there?");
                if (nng_recvmsg(f->sub, &msg, 0) == 0) {
                        do
                                nng_msg_free(msg);
                        while (nng_recvmsg(f->sub, &msg, 0) == 0);
                        return;
                }
        }
        fail_msg("no connection within five seconds");
}

static void a_message_arrives_sealed_under_its_topic(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys keys;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &keys, &err), STATUS_OK);
        subscribe(f, keys.topic, sizeof(keys.topic));
        wait_connected(f, 1);
        publish(f, 1, 7, "the secret of the evening");

        nng_msg *msg = receive(f);
        assert_non_null(msg);
        assert_memory_equal(nng_msg_body(msg), keys.topic, sizeof(keys.topic));
        assert_null(memmem(nng_msg_body(msg), nng_msg_len(msg), "secret", 6));

        Socializer__V1__RoomEvent *event = open_event(&keys, msg);
        assert_non_null(event);
        assert_int_equal(event->room_id, 1);
        assert_int_equal(event->event_case, SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE);
        assert_int_equal(event->message->seq, 7);
        assert_string_equal(event->message->content, "the secret of the evening");
        socializer__v1__room_event__free_unpacked(event, NULL);
        nng_msg_free(msg);
}

static void messages_keep_their_order(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys keys;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &keys, &err), STATUS_OK);
        subscribe(f, keys.topic, sizeof(keys.topic));
        wait_connected(f, 1);
        for (int64_t seq = 1; seq <= 500; seq++)
                publish(f, 1, seq, "x");
        for (int64_t seq = 1; seq <= 500; seq++) {
                nng_msg *msg = receive(f);
                assert_non_null(msg);
                Socializer__V1__RoomEvent *event = open_event(&keys, msg);
                assert_non_null(event);
                nng_msg_free(msg);
                if (event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK)
                        seq--;
                else
                        assert_int_equal(event->message->seq, seq);
                socializer__v1__room_event__free_unpacked(event, NULL);
        }
}

static void a_watermark_follows_when_the_talk_pauses(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys keys;
        struct error err;
        bool found = false;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &keys, &err), STATUS_OK);
        subscribe(f, keys.topic, sizeof(keys.topic));
        wait_connected(f, 1);
        publish(f, 1, 42, "last");
        for (int i = 0; i < 4 && !found; i++) {
                nng_msg *msg = receive(f);
                assert_non_null(msg);
                Socializer__V1__RoomEvent *event = open_event(&keys, msg);
                assert_non_null(event);
                found = event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK &&
                        event->watermark->last_seq == 42;
                socializer__v1__room_event__free_unpacked(event, NULL);
                nng_msg_free(msg);
        }
        assert_true(found);
}

static void rooms_have_topics_and_keys_of_their_own(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys one, two, again;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &one, &err), STATUS_OK);
        assert_int_equal(publisher_room_keys(f->publisher, 2, &two, &err), STATUS_OK);
        assert_int_equal(publisher_room_keys(f->publisher, 1, &again, &err), STATUS_OK);
        assert_memory_not_equal(one.topic, two.topic, sizeof(one.topic));
        assert_memory_not_equal(one.key, two.key, sizeof(one.key));
        assert_memory_equal(&one, &again, sizeof(one));
        assert_true(one.epoch != 0 && one.epoch != two.epoch);

        subscribe(f, one.topic, sizeof(one.topic));
        wait_connected(f, 1);
        publish(f, 2, 1, "for others");
        publish(f, 1, 2, "for us");
        for (int i = 0; i < 3; i++) {
                nng_msg *msg = receive(f);
                assert_non_null(msg);
                assert_memory_equal(nng_msg_body(msg), one.topic, sizeof(one.topic));
                Socializer__V1__RoomEvent *event = open_event(&two, msg);
                assert_null(event);
                nng_msg_free(msg);
        }
}

static void thousands_of_rooms_keep_their_keys(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys first, again;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &first, &err), STATUS_OK);
        for (int64_t id = 2; id < 3000; id++)
                assert_int_equal(publisher_room_keys(f->publisher, id, &again, &err), STATUS_OK);
        assert_int_equal(publisher_room_keys(f->publisher, 1, &again, &err), STATUS_OK);
        assert_memory_equal(&first, &again, sizeof(first));
}

/* What the next message holds under these keys; the caller's to free. NULL: none, or not theirs. */
static Socializer__V1__RoomEvent *next_event(struct fixture *f, const struct publisher_keys *keys)
{
        nng_msg *msg = receive(f);
        Socializer__V1__RoomEvent *event;

        if (!msg)
                return NULL;
        event = open_event(keys, msg);
        nng_msg_free(msg);
        return event;
}

static void expect_event(struct fixture *f, const struct publisher_keys *keys,
                         Socializer__V1__RoomEvent__EventCase which)
{
        Socializer__V1__RoomEvent *event = next_event(f, keys);

        assert_non_null(event);
        assert_int_equal(event->event_case, which);
        socializer__v1__room_event__free_unpacked(event, NULL);
}

static void an_old_key_opens_nothing_that_comes_later(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys old, new;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &old, &err), STATUS_OK);
        subscribe(f, "", 0);
        wait_connected(f, 1);
        publisher_rekey_room(f->publisher, 1);
        expect_event(f, &old, SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY);

        assert_int_equal(publisher_room_keys(f->publisher, 1, &new, &err), STATUS_OK);
        assert_memory_not_equal(old.topic, new.topic, sizeof(old.topic));
        assert_true(old.epoch != new.epoch);
        publish(f, 1, 8, "without you");
        nng_msg *msg = receive(f);
        assert_non_null(msg);
        assert_memory_equal(nng_msg_body(msg), new.topic, sizeof(new.topic));
        assert_null(open_event(&old, msg));
        Socializer__V1__RoomEvent *event = open_event(&new, msg);
        assert_non_null(event);
        assert_string_equal(event->message->content, "without you");
        socializer__v1__room_event__free_unpacked(event, NULL);
        nng_msg_free(msg);
}

static void a_room_that_ends_says_so_and_is_forgotten(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys old, new;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 7, &old, &err), STATUS_OK);
        subscribe(f, "", 0);
        wait_connected(f, 7);
        publish(f, 7, 1, "last words");
        expect_event(f, &old, SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE);
        publisher_end_room(f->publisher, 7);
        expect_event(f, &old, SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED);
        assert_int_equal(publisher_room_keys(f->publisher, 7, &new, &err), STATUS_OK);
        assert_memory_not_equal(old.key, new.key, sizeof(old.key));
}

static void a_user_has_a_channel_beside_the_room_of_that_number(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys room, user;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__SessionsChanged changed = SOCIALIZER__V1__SESSIONS_CHANGED__INIT;
        struct error err;

        assert_int_equal(publisher_room_keys(f->publisher, 5, &room, &err), STATUS_OK);
        assert_int_equal(publisher_user_keys(f->publisher, 5, &user, &err), STATUS_OK);
        assert_memory_not_equal(room.topic, user.topic, sizeof(room.topic));
        subscribe(f, user.topic, sizeof(user.topic));
        event.user_id = 5;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS;
        event.sessions = &changed;
        deadline_ns deadline = deadline_in_ms(5000);
        nng_msg *msg = NULL;
        while (!msg && !deadline_passed(deadline)) {
                publisher_user_event(f->publisher, &event);
                if (nng_recvmsg(f->sub, &msg, 0) != 0)
                        msg = NULL;
        }
        assert_non_null(msg);
        assert_memory_equal(nng_msg_body(msg), user.topic, sizeof(user.topic));
        assert_null(open_event(&room, msg));
        nng_msg_free(msg);
}

#define STOP_AT_ONCE -1

/* A subscriber in a process of its own, which ends without a word: "test_publisher URL N" reads N
 * messages first, or stops as soon as it is connected. */
static int vanish(const char *url, int n)
{
        nng_socket sub;
        nng_msg *msg;

        if (nng_sub0_open(&sub) || nng_socket_set(sub, NNG_OPT_SUB_SUBSCRIBE, "", 0) ||
            nng_socket_set_ms(sub, NNG_OPT_RECVTIMEO, 2000) || nng_dial(sub, url, NULL, 0))
                _exit(1);
        if (n == STOP_AT_ONCE)
                raise(SIGSTOP);
        while (n-- > 0 && nng_recvmsg(sub, &msg, 0) == 0)
                nng_msg_free(msg);
        _exit(0);
}

/* Subscribes in a process of its own: closing a socket on which messages pour in is on the list of
 * what nng before 1.6 does not bear, and dying is not closing. */
static pid_t spawn_subscriber(struct fixture *f, int n)
{
        char count[8];
        char *argv[] = {(char *)"subscriber", f->url, count, NULL};
        pid_t pid;

        snprintf(count, sizeof(count), "%d", n);
        assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
        return pid;
}

static void a_subscriber_that_does_not_read_holds_nobody_up(void **state)
{
        struct fixture *f = *state;
        char content[2000];
        pid_t stopped = spawn_subscriber(f, STOP_AT_ONCE);
        int status;

        struct publisher_keys keys;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &keys, NULL), STATUS_OK);
        memset(content, 'x', sizeof(content) - 1);
        content[sizeof(content) - 1] = '\0';
        assert_int_equal(waitpid(stopped, &status, WUNTRACED), stopped);
        assert_true(WIFSTOPPED(status));
        uint64_t started = clock_mono_ns();
        __lsan_disable();
        for (int64_t seq = 1; seq <= 20000; seq++)
                publish(f, 1, seq, content);
        __lsan_enable();
        assert_true(clock_mono_ns() - started < 30 * UINT64_C(1000000000));
        kill(stopped, SIGKILL);
        assert_int_equal(waitpid(stopped, &status, 0), stopped);
}

static void subscribers_that_vanish_leave_the_publisher_working(void **state)
{
        struct fixture *f = *state;
        struct publisher_keys keys;
        struct error err;
        int64_t seq = 1;

        assert_int_equal(publisher_room_keys(f->publisher, 1, &keys, &err), STATUS_OK);
        for (int round = 0; round < 12; round++) {
                int n_alive = 0;

                for (; n_alive < 4; n_alive++)
                        spawn_subscriber(f, n_alive * 100);
                while (n_alive > 0) {
                        /* nng before 1.6 loses the message that it was sending to who vanished. */
                        __lsan_disable();
                        for (int k = 0; k < 50; k++)
                                publish(f, 1, seq++, "to nobody in particular");
                        __lsan_enable();
                        while (waitpid(-1, NULL, WNOHANG) > 0)
                                n_alive--;
                }
        }
        subscribe(f, keys.topic, sizeof(keys.topic));
        wait_connected(f, 1);
}

static void a_bad_address_is_refused(void **state)
{
        (void)state;
        struct publisher *p = NULL;
        struct error err;

        assert_int_equal(publisher_new("nonsense", &p, &err), STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, "nonsense"));
        assert_null(p);
}

static void an_address_in_use_is_refused(void **state)
{
        struct fixture *f = *state;
        struct publisher *p = NULL;
        struct error err;

        assert_int_equal(publisher_new(f->url, &p, &err), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(err.text, f->url));
        assert_null(p);
}

static void a_port_of_zero_becomes_a_real_one(void **state)
{
        (void)state;
        struct publisher *p;
        struct error err;

        assert_int_equal(publisher_new("tcp://127.0.0.1:0", &p, &err), STATUS_OK);
        assert_int_equal(strncmp(publisher_url(p), "tcp://127.0.0.1:", 16), 0);
        assert_string_not_equal(publisher_url(p), "tcp://127.0.0.1:0");
        publisher_free(p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
        if (argc == 3)
                return vanish(argv[1], atoi(argv[2]));

        const struct CMUnitTest tests[] = {
                CASE(a_message_arrives_sealed_under_its_topic),
                CASE(messages_keep_their_order),
                CASE(a_watermark_follows_when_the_talk_pauses),
                CASE(rooms_have_topics_and_keys_of_their_own),
                CASE(thousands_of_rooms_keep_their_keys),
                CASE(an_old_key_opens_nothing_that_comes_later),
                CASE(a_room_that_ends_says_so_and_is_forgotten),
                CASE(a_user_has_a_channel_beside_the_room_of_that_number),
                CASE(a_subscriber_that_does_not_read_holds_nobody_up),
                CASE(subscribers_that_vanish_leave_the_publisher_working),
                cmocka_unit_test(a_bad_address_is_refused),
                CASE(an_address_in_use_is_refused),
                cmocka_unit_test(a_port_of_zero_becomes_a_real_one),
        };
        return !!cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
