#include "service/store/message.h"

#include "service/store/room.h"
#include "service/store/search.h"
#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static struct message_draft draft(int64_t user_id, const char *content, const char *name)
{
        return (struct message_draft){.room_id = ROOM_GENERAL,
                                      .user_id = user_id,
                                      .username = "somebody",
                                      .content = content,
                                      .client_message_id = name};
}

static enum status append(struct scenario *s, const struct message_draft *d,
                          struct room_message *ret, bool *ret_repeated)
{
        return message_append(s->lease, s->arena, d, ret, ret_repeated, &s->error);
}

static struct room_message say(struct scenario *s, int64_t user_id, const char *content,
                               const char *name)
{
        const struct message_draft d = draft(user_id, content, name);
        struct room_message message = {0};
        bool repeated = true;

        EXPECT(append(s, &d, &message, &repeated) == STATUS_OK);
        EXPECT(!repeated);
        return message;
}

static struct room_message get(struct scenario *s, int64_t id)
{
        struct room_message message = {0};

        EXPECT(message_get(s->lease, s->arena, ROOM_GENERAL, id, &message, &s->error) == STATUS_OK);
        return message;
}

static struct room_message_list after(struct scenario *s, int64_t seq, size_t limit)
{
        struct room_message_list list = {0};

        EXPECT(message_list_after(s->lease, s->arena, ROOM_GENERAL, seq, limit, &list, &s->error) ==
               STATUS_OK);
        return list;
}

static struct room_message_list before(struct scenario *s, int64_t seq, size_t limit)
{
        struct room_message_list list = {0};

        EXPECT(message_list_before(s->lease, s->arena, ROOM_GENERAL, seq, limit, &list,
                                   &s->error) == STATUS_OK);
        return list;
}

SCENARIO(messages_are_numbered_without_holes)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        EXPECT(say(s, one, "a", NULL).seq == 1);
        EXPECT(say(s, two, "b", "").seq == 2);

        struct room_message third = say(s, one, "c ☃", "n3");
        EXPECT(third.seq == 3 && third.id > 0 && third.room_id == ROOM_GENERAL);
        EXPECT(third.user_id == one && strcmp(get(s, third.id).username, "one") == 0);
        EXPECT(strcmp(third.content, "c ☃") == 0 && strcmp(third.client_message_id, "n3") == 0);

        struct room room;
        EXPECT(room_get(s->lease, s->arena, ROOM_GENERAL, one, &room, &s->error) == STATUS_OK);
        EXPECT(room.last_seq == 3 && room.kind == ROOM_KIND_GENERAL);
}

SCENARIO(a_repeat_is_the_first_message)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message first = say(s, one, "hello", "n1"), again = {0};
        bool repeated = false;

        const struct message_draft d = draft(one, "hello", "n1");

        EXPECT(append(s, &d, &again, &repeated) == STATUS_OK);
        EXPECT(repeated && again.id == first.id && again.seq == first.seq);
        EXPECT(again.created_at_ms == first.created_at_ms);
        EXPECT(say(s, one, "next", NULL).seq == 2);
}

SCENARIO(a_repeat_with_other_content_is_refused)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message again;
        bool repeated;

        const struct message_draft d = draft(one, "bye", "n1");

        say(s, one, "hello", "n1");
        EXPECT(append(s, &d, &again, &repeated) == STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "client_message_id") == 0);
        EXPECT(after(s, 0, 10).n_items == 1);
}

SCENARIO(names_of_messages_are_each_users_own)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        EXPECT(say(s, one, "hello", "same").seq == 1);
        EXPECT(say(s, two, "other", "same").seq == 2);
}

SCENARIO(an_empty_room_lists_nothing)
{
        struct room_message_list list = before(s, INT64_MAX, 10);

        EXPECT(list.n_items == 0);
}

SCENARIO(lists_go_forward_and_backward)
{
        int64_t one = store_fixture_user(s, "one");
        char content[16];

        for (int i = 1; i <= 10; i++) {
                snprintf(content, sizeof(content), "m%d", i);
                say(s, one, content, NULL);
        }
        struct room_message_list list = after(s, 3, 4);
        EXPECT(list.n_items == 4 && list.items[0].seq == 4 && list.items[3].seq == 7);
        EXPECT(after(s, 10, 4).n_items == 0);
        EXPECT(after(s, 99, 4).n_items == 0);

        list = before(s, INT64_MAX, 3);
        EXPECT(list.n_items == 3 && list.items[0].seq == 8 && list.items[2].seq == 10);
        EXPECT(strcmp(list.items[2].content, "m10") == 0);
        list = before(s, 3, 10);
        EXPECT(list.n_items == 2 && list.items[0].seq == 1 && list.items[1].seq == 2);
}

SCENARIO(a_list_of_long_messages_ends_early_but_never_empty)
{
        int64_t one = store_fixture_user(s, "one");
        char *content = arena_alloc(s->arena, 20001);

        EXPECT(content != NULL);
        if (!content)
                return;
        memset(content, 'x', 20000);
        for (int i = 0; i < 40; i++)
                say(s, one, content, NULL);

        struct room_message_list list = after(s, 0, 500);
        EXPECT(list.n_items > 20 && list.n_items < 30);
        EXPECT(list.items[0].seq == 1);
        list = before(s, INT64_MAX, 500);
        EXPECT(list.n_items > 20 && list.n_items < 30);
        EXPECT(list.items[list.n_items - 1].seq == 40);
}

SCENARIO(a_deleted_users_messages_keep_their_places)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");

        bool added;

        EXPECT(message_react(s->lease, say(s, one, "mine", "n1").id, two, "+", &added, &s->error) ==
               STATUS_OK);
        say(s, two, "theirs", NULL);
        store_fixture_delete(s, one);

        struct room_message_list list = after(s, 0, 10);
        EXPECT(list.n_items == 2 && list.items[0].seq == 1 && list.items[0].user_id == 0);
        EXPECT(strcmp(list.items[0].content, "") == 0 && strcmp(list.items[0].username, "") == 0);
        EXPECT(strcmp(list.items[1].content, "theirs") == 0);
        EXPECT(list.items[0].n_reactions == 0);
}

SCENARIO(an_edited_message_keeps_its_place)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message m = say(s, one, "before", "n1"), again;
        const struct message_draft d = draft(one, "before", "n1");
        bool repeated = false;

        EXPECT(message_edit(s->lease, s->arena, &m, "after", &s->error) == STATUS_OK);
        EXPECT(strcmp(get(s, m.id).content, "after") == 0 && get(s, m.id).edited_at_ms > 0);
        EXPECT(get(s, m.id).seq == m.seq);
        /* What was sent first is not known any more: the repeat gets what became of it. */
        EXPECT(append(s, &d, &again, &repeated) == STATUS_OK && repeated && again.id == m.id);
}

SCENARIO(a_deleted_message_is_an_empty_place)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message m = say(s, one, "gone soon", NULL);
        bool added;

        EXPECT(message_react(s->lease, m.id, one, "!", &added, &s->error) == STATUS_OK && added);
        EXPECT(message_delete(s->lease, &m, &s->error) == STATUS_OK);
        struct room_message now = get(s, m.id);
        EXPECT(now.is_deleted && strcmp(now.content, "") == 0 && now.n_reactions == 0);
        EXPECT(now.seq == m.seq && now.user_id == one);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message_reaction") == 0);
}

SCENARIO(a_reply_shows_the_beginning_of_what_it_answers)
{
        int64_t one = store_fixture_user(s, "one");
        char content[301], excerpt[301] = "";
        bool repeated;

        for (int i = 0; i < 150; i++)
                memcpy(content + (ptrdiff_t)2 * i, "é", 2);
        content[300] = '\0';
        memcpy(excerpt, content, 200);
        struct room_message first = say(s, one, content, NULL), reply, m;
        struct message_draft d = draft(one, "yes", NULL);
        d.reply_to = first.id;
        EXPECT(append(s, &d, &reply, &repeated) == STATUS_OK);
        m = get(s, reply.id);
        EXPECT(m.reply.message_id == first.id && m.reply.seq == first.seq);
        EXPECT(strcmp(m.reply.excerpt, excerpt) == 0 && strcmp(m.reply.username, "one") == 0);
        EXPECT(message_delete(s->lease, &first, &s->error) == STATUS_OK);
        EXPECT(strcmp(get(s, reply.id).reply.excerpt, "") == 0);

        d.reply_to = 999;
        EXPECT(append(s, &d, &reply, &repeated) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.field, "reply_to") == 0);
}

SCENARIO(reactions_are_grouped_in_the_order_they_came)
{
        int64_t one = store_fixture_user(s, "one"), two = store_fixture_user(s, "two");
        struct room_message m = say(s, one, "like it?", NULL);
        bool added;

        EXPECT(message_react(s->lease, m.id, two, "b", &added, &s->error) == STATUS_OK && added);
        EXPECT(message_react(s->lease, m.id, one, "a", &added, &s->error) == STATUS_OK && added);
        EXPECT(message_react(s->lease, m.id, one, "b", &added, &s->error) == STATUS_OK && added);
        EXPECT(message_react(s->lease, m.id, one, "b", &added, &s->error) == STATUS_OK && !added);
        m = get(s, m.id);
        EXPECT(m.n_reactions == 2);
        for (size_t i = 0; i < m.n_reactions; i++)
                EXPECT(m.reactions[i].count == (*m.reactions[i].emoji == 'b' ? 2 : 1));
        EXPECT(message_unreact(s->lease, m.id, one, "b", &s->error) == STATUS_OK);
        EXPECT(message_unreact(s->lease, m.id, one, "b", &s->error) == STATUS_NOT_FOUND);
        EXPECT(store_fixture_count(s, "SELECT n_reactions FROM message") == 2);
}

SCENARIO(a_message_has_only_so_many_emojis)
{
        int64_t one = store_fixture_user(s, "one");
        struct room_message m = say(s, one, "like it?", NULL);
        char emoji[8];
        bool added;

        for (int i = 0; i < MESSAGE_MAX_EMOJIS; i++) {
                snprintf(emoji, sizeof(emoji), "e%d", i);
                EXPECT(message_react(s->lease, m.id, one, emoji, &added, &s->error) == STATUS_OK);
        }
        EXPECT(message_react(s->lease, m.id, one, "one more", &added, &s->error) ==
               STATUS_FAILED_PRECONDITION);
        EXPECT(get(s, m.id).n_reactions == MESSAGE_MAX_EMOJIS);
}

static size_t found(struct scenario *s, int64_t user_id, const char *query)
{
        struct room_message_list list = {0};
        bool more = true;

        while (more)
                EXPECT(search_index(s->lease, 2, &more, &s->error) == STATUS_OK);
        EXPECT(search_find(s->lease, s->arena, user_id, 0, query, 0, 10, &list, &more, &s->error) ==
               STATUS_OK);
        return list.n_items;
}

SCENARIO(messages_are_found_by_their_words)
{
        int64_t one = store_fixture_user(s, "one");
        bool behind = false;

        say(s, one, "The quick brown fox", NULL);
        say(s, one, "A quick Ménu, \"quoted\"", NULL);
        struct room_message third = say(s, one, "nothing of the kind", NULL);
        EXPECT(search_is_behind(s->lease, &behind, &s->error) == STATUS_OK && behind);
        EXPECT(found(s, one, "quick") == 2);
        EXPECT(found(s, one, "fox QUICK") == 1);
        EXPECT(found(s, one, "menu") == 1);
        EXPECT(found(s, one, "bro") == 1 && found(s, one, "bro fox") == 0);
        EXPECT(found(s, one, "fox) OR (\"kind") == 0);
        EXPECT(search_is_behind(s->lease, &behind, &s->error) == STATUS_OK && !behind);

        EXPECT(message_edit(s->lease, s->arena, &third, "a fox after all", &s->error) == STATUS_OK);
        EXPECT(found(s, one, "fox") == 2 && found(s, one, "kind") == 0);
        EXPECT(message_delete(s->lease, &third, &s->error) == STATUS_OK);
        EXPECT(found(s, one, "fox") == 1);
        store_fixture_delete(s, one);
        EXPECT(found(s, one, "quick") == 0);
}

/* FTS5 writes its index when a transaction ends, so that these are three. */
static void say_much(struct scenario *s)
{
        int64_t one = store_fixture_user(s, "one");
        char content[64];

        say(s, one, "what stays", NULL);
        for (int i = 0; i < 300; i++) {
                snprintf(content, sizeof(content), "forget w%d x%d y%d", i, 7 * i, 13 * i);
                say(s, one, content, NULL);
        }
        EXPECT(found(s, one, "forget") == 10);
}

static void forget_most(struct scenario *s)
{
        for (int64_t id = 2; id <= 301; id++) {
                struct room_message m = get(s, id);

                EXPECT(message_delete(s->lease, &m, &s->error) == STATUS_OK);
        }
}

#define INDEX_BYTES "SELECT sum(length(block)) FROM message_text_data"

static void compact_index(struct scenario *s)
{
        int64_t before = store_fixture_count(s, INDEX_BYTES);
        bool more = true;

        EXPECT(found(s, 1, "forget") == 0);
        for (bool first = true; more; first = false)
                EXPECT(search_compact(s->lease, first, &more, &s->error) == STATUS_OK);
        EXPECT(store_fixture_count(s, INDEX_BYTES) < before / 10);
        EXPECT(found(s, 1, "stays") == 1);
}

static void what_is_forgotten_leaves_the_index(void **state)
{
        store_fixture_run(*state, say_much);
        store_fixture_run(*state, forget_most);
        store_fixture_run(*state, compact_index);
}

SCENARIO(a_search_needs_a_word)
{
        struct room_message_list list;
        bool more;

        EXPECT(search_find(s->lease, s->arena, 1, 0, " \"*() ", 0, 10, &list, &more, &s->error) ==
               STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "query") == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(messages_are_numbered_without_holes),
                STORE_TEST(a_repeat_is_the_first_message),
                STORE_TEST(a_repeat_with_other_content_is_refused),
                STORE_TEST(names_of_messages_are_each_users_own),
                STORE_TEST(an_empty_room_lists_nothing),
                STORE_TEST(lists_go_forward_and_backward),
                STORE_TEST(a_list_of_long_messages_ends_early_but_never_empty),
                STORE_TEST(a_deleted_users_messages_keep_their_places),
                STORE_TEST(an_edited_message_keeps_its_place),
                STORE_TEST(a_deleted_message_is_an_empty_place),
                STORE_TEST(a_reply_shows_the_beginning_of_what_it_answers),
                STORE_TEST(reactions_are_grouped_in_the_order_they_came),
                STORE_TEST(a_message_has_only_so_many_emojis),
                STORE_TEST(messages_are_found_by_their_words),
                STORE_TEST(what_is_forgotten_leaves_the_index),
                STORE_TEST(a_search_needs_a_word),
        };
        return !!cmocka_run_group_tests_name("store_message", tests, NULL, NULL);
}
