/* In which language somebody writes: what is clear, and what is not. */
#include "service/coach/language.h"

#include "tests/support/t.h"

#include <string.h>

static struct language_detector *detector;

static int setup(void **state)
{
        (void)state;
        detector = language_detector_new();
        return detector ? 0 : -1;
}

static int teardown(void **state)
{
        (void)state;
        language_detector_free(detector);
        return 0;
}

static void sentences_are_told_apart(void **state)
{
        static const struct {
                const char *tag, *text;
        } cases[] = {
                {"en", "How do I say no to my boss without being rude?"},
                {"en", "My friend never listens to me and I don't know what to do."},
                {"de", "Wie sage ich meinem Chef ab, ohne unhöflich zu sein?"},
                {"fr", "Mon ami ne m'écoute jamais et je ne sais pas quoi faire."},
                {"nl", "Hoe zeg ik nee tegen mijn baas zonder onbeleefd te zijn?"},
                {"sv", "Hur säger jag nej till min chef utan att vara oartig?"},
                {"pl", "Jak powiedzieć szefowi nie, nie będąc niegrzecznym?"},
                {"ru", "Как сказать начальнику нет, не будучи грубым?"},
                {"ja", "上司に失礼にならずに断るにはどうすればいいですか？"},
                {"zh", "我怎么才能不失礼貌地拒绝老板？"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_string_equal(language_of_text(detector, cases[i].text), cases[i].tag);
}

static void what_is_unclear_stays_so(void **state)
{
        (void)state;
        assert_string_equal(language_of_text(detector, ""), "");
        assert_string_equal(language_of_text(detector, "ok"), "");
        assert_string_equal(language_of_text(detector, "1234567890 1234567890 1234"), "");
        assert_string_equal(language_of_text(detector, "How do I say no?"), "");
        assert_string_equal(language_of_text(NULL, "How do I say no to my boss?"), "");
}

static void a_long_text_is_cut_between_characters(void **state)
{
        char text[4001];

        (void)state;
        for (size_t i = 0; i < 4000; i += 2)
                memcpy(text + i, "ж", 2);
        memmove(text + 1, text, 3999);
        text[0] = 'x';
        text[3999] = '\0';
        assert_non_null(language_of_text(detector, text));
}

static void the_conversation_helps_where_a_message_is_short(void **state)
{
        static struct memory_message said[] = {
                {.role = MEMORY_ROLE_ASSISTANT, .content = "Tell me more about your boss, please."},
                {.role = MEMORY_ROLE_USER,
                 .content = "Mein Freund hört mir nie zu und ich weiß nicht, was ich tun soll."},
        };
        struct coach_request request = {.task = COACH_CHAT, .message = "Und jetzt?"};

        (void)state;
        assert_string_equal(language_of_request(detector, &request), "");
        request.history = (struct memory_list){.items = said, .n_items = ARRAY_SIZE(said)};
        assert_string_equal(language_of_request(detector, &request), "de");
        /* In a room those are others' words. */
        request.task = COACH_ROOM;
        assert_string_equal(language_of_request(detector, &request), "");
}

static void english_has_many_tags(void **state)
{
        (void)state;
        assert_true(language_is_english(NULL));
        assert_true(language_is_english(""));
        assert_true(language_is_english("en"));
        assert_true(language_is_english("EN-gb"));
        assert_false(language_is_english("enm"));
        assert_false(language_is_english("de"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sentences_are_told_apart),
                cmocka_unit_test(what_is_unclear_stays_so),
                cmocka_unit_test(a_long_text_is_cut_between_characters),
                cmocka_unit_test(the_conversation_helps_where_a_message_is_short),
                cmocka_unit_test(english_has_many_tags),
        };

        return !!cmocka_run_group_tests(tests, setup, teardown);
}
