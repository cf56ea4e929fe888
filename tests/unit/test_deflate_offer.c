#include "gateway/deflate_offer.h"

#include "tests/support/t.h"

#include <string.h>

#define PLAIN "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static void an_offer_is_taken_when_it_can_be_kept(void **state)
{
        (void)state;
        static const struct {
                const char *header, *answer; /* "": declined */
                unsigned window_bits;
        } cases[] = {
                {"", "", 0},
                {" , ,", "", 0},
                {"permessage-deflate", PLAIN, 15},
                {"permessage-deflate; client_max_window_bits", PLAIN, 15},
                {"permessage-deflate;client_max_window_bits=8", PLAIN, 15},
                {" ,\tpermessage-deflate ; server_no_context_takeover , x", PLAIN, 15},
                {"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                 PLAIN, 15},
                {"permessage-deflate; server_max_window_bits=8", PLAIN "; server_max_window_bits=8",
                 8},
                {"permessage-deflate; server_max_window_bits=15",
                 PLAIN "; server_max_window_bits=15", 15},
                {"permessage-deflate; server_max_window_bits = \"1\\0\"",
                 PLAIN "; server_max_window_bits=10", 10},
                /* Not ours, or no such window. */
                {"x-webkit-deflate-frame", "", 0},
                {"permessage-deflate-too-long-to-be-anything-known-here", "", 0},
                {"permessage-deflate; server_max_window_bits", "", 0},
                {"permessage-deflate; server_max_window_bits=7", "", 0},
                {"permessage-deflate; server_max_window_bits=16", "", 0},
                {"permessage-deflate; server_max_window_bits=08", "", 0},
                {"permessage-deflate; server_max_window_bits=150", "", 0},
                {"permessage-deflate; client_max_window_bits=x", "", 0},
                {"permessage-deflate; server_no_context_takeover=1", "", 0},
                {"permessage-deflate; client_no_context_takeover=\"1\"", "", 0},
                {"permessage-deflate; level=9", "", 0},
                {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", "", 0},
                {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", "",
                 0},
                /* The first that can be kept. */
                {"permessage-deflate; level=9, x; y=\"z\", permessage-deflate; "
                 "server_max_window_bits=12, permessage-deflate",
                 PLAIN "; server_max_window_bits=12", 12},
                {"permessage-deflate; server_max_window_bits=99, permessage-deflate", PLAIN, 15},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct deflate_offer offer;

                if (!deflate_offer_accept(cases[i].header, &offer))
                        fail_msg("malformed: %s", cases[i].header);
                if (offer.window_bits != cases[i].window_bits ||
                    strcmp(offer.answer, cases[i].answer) != 0)
                        fail_msg("%s: answer '%s', window %u", cases[i].header, offer.answer,
                                 offer.window_bits);
        }
}

static void what_is_no_list_of_extensions_is_malformed(void **state)
{
        (void)state;
        static const char *const cases[] = {
                ";",
                "permessage-deflate;",
                "permessage-deflate; ;client_max_window_bits",
                "permessage-deflate x",
                "permessage-deflate; server_max_window_bits=",
                "permessage-deflate; server_max_window_bits=\"10",
                "permessage-deflate; server_max_window_bits=\"10\\",
                "permessage-deflate; server_max_window_bits=\"\"",
                "permessage-deflate; server_max_window_bits=\"1 0\"",
                "permessage-deflate; server_max_window_bits=10\"",
                "permessage-deflate; x=\"0123456789012345678901234567890123456789\"",
                "permessage-deflate, (",
                "permessage-deflate; \xc3\xbc",
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct deflate_offer offer = {.window_bits = 1};

                if (deflate_offer_accept(cases[i], &offer))
                        fail_msg("not malformed: %s", cases[i]);
                assert_int_equal(offer.window_bits, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_offer_is_taken_when_it_can_be_kept),
                cmocka_unit_test(what_is_no_list_of_extensions_is_malformed),
        };
        return !!cmocka_run_group_tests_name("deflate_offer", tests, NULL, NULL);
}
