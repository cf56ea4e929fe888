#include "service/coach/judge.h"

#include "common/json.h"
#include "common/utf8.h"
#include "service/coach/language.h"
#include "service/coach/reading.h"
#include "service/coach/remark.h"
#include "service/coach/rewrite.h"

#include <string.h>
#include <strings.h>

/* A sentence of that length is clear; see also LONG_SENTENCE_WORDS. */
#define CLEAR_SENTENCE_WORDS 20
/* Fewer words show nothing. */
#define TELLING_WORDS 5
/* So many messages are named as evidence, and so much of one is quoted. */
#define MAX_EVIDENCE 5
#define QUOTE_BYTES  60
/* A draft in which nothing is good or bad. */
#define PLAIN_SCORE 5

static bool shows_empathy(const struct reading *r)
{
        return r->empathises && !r->blames;
}

static bool shows_listening(const struct reading *r)
{
        return !r->blames && r->asks_open && r->n_words >= TELLING_WORDS;
}

static bool shows_clarity(const struct reading *r)
{
        return r->n_words >= TELLING_WORDS && r->longest_sentence <= CLEAR_SENTENCE_WORDS &&
               !r->hedges && !r->shouts && !r->blames && (r->speaks_as_i || r->asks);
}

static bool shows_engagement(const struct reading *r)
{
        return r->asks && r->n_sentences >= 2 && r->n_words >= 2 * TELLING_WORDS && !r->blames;
}

/* What can be seen in messages, by a word in the skill's name. */
static const struct ability {
        const char *word;
        bool (*shown)(const struct reading *r);
        const char *sign;
} abilities[] = {
        {"empath", shows_empathy, "acknowledges what somebody else feels"},
        {"listen", shows_listening, "asks an open question about the other one"},
        {"clar", shows_clarity, "says a wish, a view or a question in short sentences"},
        {"engag", shows_engagement, "adds something and asks back"},
};

static const struct ability *ability_of(const char *skill_name)
{
        for (size_t i = 0; i < ARRAY_SIZE(abilities); i++)
                if (strcasestr(skill_name, abilities[i].word))
                        return &abilities[i];
        return NULL;
}

/* The beginning of a text, cut between characters. */
static void append_quote(struct buffer *out, const char *text)
{
        size_t n = utf8_fitting(text, QUOTE_BYTES);

        buffer_printf(out, "\"%.*s%s\"", (int)n, text, text[n] ? "…" : "");
}

/* The messages that show an ability; one that repeats another shows nothing new. Returns how many,
 * ret has the first MAX_EVIDENCE of them. */
static size_t find_evidence(const struct coach_request *request, const struct ability *ability,
                            size_t ret[static MAX_EVIDENCE])
{
        size_t n = 0;

        for (size_t i = 0; i < request->n_messages && n < MAX_EVIDENCE; i++) {
                struct reading r;
                bool repeated = false;

                reading_of(request->messages[i], &r);
                if (!ability->shown(&r))
                        continue;
                for (size_t k = 0; k < n && !repeated; k++)
                        repeated = strcasecmp(request->messages[ret[k]], request->messages[i]) == 0;
                if (!repeated)
                        ret[n++] = i;
        }
        return n;
}

static void say_why(struct buffer *out, const struct coach_request *request,
                    const struct user_skill *skill, const struct ability *ability,
                    const size_t *evidence, size_t n)
{
        if (n == 0) {
                buffer_printf(out, "None of %zu messages %s, as far as rules for English can tell.",
                              request->n_messages, ability->sign);
                return;
        }
        append_quote(out, request->messages[evidence[0]]);
        if (n > 1) {
                buffer_append_str(out, " and ");
                append_quote(out, request->messages[evidence[1]]);
        }
        if (n < DOCUMENT_MIN_EVIDENCE)
                buffer_printf(out, " %s. A step takes %d different messages that do; this is one.",
                              ability->sign, DOCUMENT_MIN_EVIDENCE);
        else if (skill->level >= SKILL_MAX_LEVEL)
                buffer_printf(out, ": each %s. This is the highest level already.", ability->sign);
        else
                buffer_printf(out, ": each %s.", ability->sign);
}

static void judge_skill(struct buffer *out, const struct coach_request *request,
                        const struct user_skill *skill)
{
        const struct ability *ability = ability_of(skill->skill.name);
        size_t evidence[MAX_EVIDENCE];
        size_t n = ability ? find_evidence(request, ability, evidence) : 0;
        bool rises = n >= DOCUMENT_MIN_EVIDENCE && skill->level < SKILL_MAX_LEVEL;
        AUTO_BUFFER why = BUFFER_INIT;

        buffer_append_str(out, "{\"skill\":");
        json_append_string(out, skill->skill.name);
        buffer_printf(out, ",\"delta\":%d,\"evidence\":[", rises);
        for (size_t i = 0; i < n; i++)
                buffer_printf(out, "%s%zu", i ? "," : "", evidence[i]);
        buffer_append_str(out, "],\"why\":");
        if (ability)
                say_why(&why, request, skill, ability, evidence, n);
        else
                buffer_append_str(&why, "The built-in coach works by fixed rules and cannot judge "
                                        "this skill.");
        if (buffer_str(&why))
                json_append_string(out, buffer_str(&why));
        else
                out->failed = true;
        buffer_append_char(out, '}');
}

void judge_messages(struct buffer *out, const struct coach_request *request)
{
        buffer_append_str(out, "{\"changes\":[");
        for (size_t i = 0; i < request->skills.n_items; i++) {
                if (i > 0)
                        buffer_append_char(out, ',');
                judge_skill(out, request, &request->skills.items[i]);
        }
        buffer_append_str(out, "]}");
}

/* A list of texts: the first DOCUMENT_MAX_LINES lines. */
static void append_lines(struct buffer *out, struct buffer *lines)
{
        size_t n = 0;

        buffer_append_char(out, '[');
        for (char *line = (char *)buffer_str(lines); line && *line && n < DOCUMENT_MAX_LINES; n++) {
                char *end = strchr(line, '\n');

                *end = '\0';
                if (n > 0)
                        buffer_append_char(out, ',');
                json_append_string(out, line);
                line = end + 1;
        }
        buffer_append_char(out, ']');
        if (buffer_failed(lines))
                out->failed = true;
}

static int score(const struct reading *r)
{
        int score = PLAIN_SCORE + 2 * r->asks_open + 2 * r->empathises +
                    (r->speaks_as_i && !r->blames) + r->thanks - 3 * r->blames - r->hedges -
                    2 * r->shouts - (r->longest_sentence > LONG_SENTENCE_WORDS) -
                    (r->n_words > LONG_MESSAGE_WORDS) - (r->n_words < SHORT_MESSAGE_WORDS);

        return score < 0 ? 0 : score > DOCUMENT_MAX_SCORE ? DOCUMENT_MAX_SCORE : score;
}

/* No rule makes a wish out of a reproach: there the form is given, and the user fills it in. */
static void say_better(struct buffer *out, const char *draft, const struct reading *r)
{
        struct rewrite done;

        if (r->blames) {
                buffer_append_str(out, "When [what happened], I felt [what it did to you]. I would "
                                       "like [your wish]. How do you see it?");
                return;
        }
        rewrite_text(out, draft, &done);
        if (!r->asks)
                buffer_append_str(out, " How do you see it?");
}

static void note_language(struct buffer *notes, const struct coach_request *request)
{
        if (!language_is_english(request->detected))
                buffer_printf(notes,
                              "The built-in coach's rules read English: of a text in another "
                              "language (\"%s\", it seems) they see little.\n",
                              request->detected);
}

void judge_draft(struct buffer *out, const struct coach_request *request)
{
        struct reading r;
        AUTO_BUFFER reasons = BUFFER_INIT;
        AUTO_BUFFER better = BUFFER_INIT;

        reading_of(request->message, &r);
        note_language(&reasons, request);
        remark_strengths(&reasons, &r);
        remark_wording(&reasons, &r);
        remark_shape(&reasons, &r);
        if (r.n_words < SHORT_MESSAGE_WORDS)
                buffer_append_str(&reasons, "That is very short: it leaves little to answer to.\n");
        if (reasons.n_bytes == 0)
                buffer_append_str(&reasons, "Clear and friendly: nothing works against you.\n");
        say_better(&better, request->message, &r);

        buffer_printf(out, "{\"score\":%d,\"reasons\":", score(&r));
        append_lines(out, &reasons);
        buffer_append_str(out, ",\"better\":");
        if (buffer_str(&better))
                json_append_string(out, buffer_str(&better));
        else
                out->failed = true;
        buffer_append_char(out, '}');
}

void judge_clarity(struct buffer *out, const struct coach_request *request)
{
        struct rewrite done;
        AUTO_BUFFER text = BUFFER_INIT;
        AUTO_BUFFER notes = BUFFER_INIT;

        rewrite_text(&text, request->message, &done);
        note_language(&notes, request);
        if (!language_is_english(request->language))
                buffer_printf(&notes,
                              "The built-in coach works by fixed rules and cannot translate into "
                              "\"%s\".\n",
                              request->language);
        if (done.unhedged)
                buffer_append_str(&notes, "Left out what makes you smaller than you are.\n");
        if (done.calmed)
                buffer_append_str(&notes, "Took out what reads as shouting.\n");
        if (done.split)
                buffer_append_str(&notes, "Cut a long sentence: a thought each.\n");
        if (notes.n_bytes == 0)
                buffer_append_str(
                        &notes, "By fixed rules, for English, there is nothing to make clearer.\n");

        buffer_append_str(out, "{\"text\":");
        if (buffer_str(&text))
                json_append_string(out, buffer_str(&text));
        else
                out->failed = true;
        buffer_append_str(out, ",\"notes\":");
        append_lines(out, &notes);
        buffer_append_char(out, '}');
}
