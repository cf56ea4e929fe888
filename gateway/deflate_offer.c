#include "gateway/deflate_offer.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>

#define MAX_WINDOW_BITS 15

/* A token, cut where it is longer than any that is known here. */
struct word {
        char text[32];
};

enum parameter {
        SERVER_NO_CONTEXT_TAKEOVER,
        CLIENT_NO_CONTEXT_TAKEOVER,
        SERVER_MAX_WINDOW_BITS,
        CLIENT_MAX_WINDOW_BITS,
};

static const char *const parameters[] = {
        [SERVER_NO_CONTEXT_TAKEOVER] = "server_no_context_takeover",
        [CLIENT_NO_CONTEXT_TAKEOVER] = "client_no_context_takeover",
        [SERVER_MAX_WINDOW_BITS] = "server_max_window_bits",
        [CLIENT_MAX_WINDOW_BITS] = "client_max_window_bits",
};

static void skip_space(const char **at)
{
        *at += strspn(*at, " \t");
}

/* Whether this character is next; steps over it and the space around it. */
static bool take(const char **at, char c)
{
        skip_space(at);
        if (**at != c)
                return false;
        (*at)++;
        skip_space(at);
        return true;
}

static bool take_word(const char **at, struct word *ret)
{
        size_t n = strspn(*at, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        snprintf(ret->text, sizeof(ret->text), "%.*s", (int)n, *at);
        *at += n;
        return n > 0;
}

/* A token, or a string in quotes that holds one. */
static bool take_value(const char **at, struct word *ret)
{
        char inside[sizeof(ret->text)];
        const char *value = inside;
        size_t n = 0;

        if (**at != '"')
                return take_word(at, ret);
        for ((*at)++; **at != '"'; (*at)++) {
                if (**at == '\\')
                        (*at)++;
                if (**at == '\0' || n == sizeof(inside) - 1)
                        return false;
                inside[n++] = **at;
        }
        (*at)++;
        inside[n] = '\0';
        return take_word(&value, ret) && *value == '\0';
}

/* 8 to 15, without a leading zero; 0 = it is none of these. */
static unsigned read_window_bits(const char *value)
{
        if ((value[0] == '8' || value[0] == '9') && value[1] == '\0')
                return (unsigned)(value[0] - '0');
        if (value[0] == '1' && value[1] >= '0' && value[1] <= '5' && value[2] == '\0')
                return 10 + (unsigned)(value[1] - '0');
        return 0;
}

/* One parameter of an offer; value NULL: it has none. False: it cannot be kept. */
static bool keep_parameter(struct deflate_offer *offer, unsigned *seen, const char *name,
                           const char *value)
{
        unsigned p = 0;
        unsigned bits = value ? read_window_bits(value) : 0;

        while (p < ARRAY_SIZE(parameters) && strcmp(parameters[p], name) != 0)
                p++;
        if (p == ARRAY_SIZE(parameters) || *seen & 1u << p)
                return false;
        *seen |= 1u << p;
        switch ((enum parameter)p) {
        case SERVER_NO_CONTEXT_TAKEOVER:
        case CLIENT_NO_CONTEXT_TAKEOVER:
                return !value;
        case SERVER_MAX_WINDOW_BITS:
                if (bits == 0)
                        return false;
                offer->window_bits = bits;
                snprintf(offer->answer + strlen(offer->answer),
                         sizeof(offer->answer) - strlen(offer->answer), "; %s=%u", name, bits);
                return true;
        case CLIENT_MAX_WINDOW_BITS:
                /* Needs no answer: we inflate whatever its window is. */
                return !value || bits > 0;
        }
        return false;
}

/* False: malformed. An offer that cannot be kept has window_bits 0. */
static bool read_offer(const char **at, struct deflate_offer *ret)
{
        struct word name;
        struct word value;
        unsigned seen = 0;
        bool kept;

        *ret = (struct deflate_offer){
                .window_bits = MAX_WINDOW_BITS,
                .answer = "permessage-deflate; server_no_context_takeover; "
                          "client_no_context_takeover",
        };
        if (!take_word(at, &name))
                return false;
        kept = strcmp(name.text, "permessage-deflate") == 0;
        while (take(at, ';')) {
                bool has_value;

                if (!take_word(at, &name))
                        return false;
                has_value = take(at, '=');
                if (has_value && !take_value(at, &value))
                        return false;
                kept = kept && keep_parameter(ret, &seen, name.text, has_value ? value.text : NULL);
        }
        if (!kept)
                *ret = (struct deflate_offer){0};
        return true;
}

bool deflate_offer_accept(const char *header, struct deflate_offer *ret)
{
        struct deflate_offer taken = {0};
        const char *at = header;

        *ret = taken;
        skip_space(&at);
        while (*at) {
                struct deflate_offer offer;

                if (take(&at, ','))
                        continue; /* a list may have empty elements */
                if (!read_offer(&at, &offer) || (*at && *at != ','))
                        return false;
                if (taken.window_bits == 0)
                        taken = offer;
        }
        *ret = taken;
        return true;
}
