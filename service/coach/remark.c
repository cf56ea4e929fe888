#include "service/coach/remark.h"

#include <string.h>

static void remark(struct buffer *out, const char *text)
{
        buffer_append_str(out, text);
        buffer_append_char(out, '\n');
}

void remark_strengths(struct buffer *out, const struct reading *r)
{
        if (r->asks_open)
                remark(out, "You ask an open question: it invites more than yes or no.");
        if (r->empathises)
                buffer_printf(out, "\"%s\" shows that you see the other one's side. Keep that.\n",
                              r->empathy_phrase);
        if (r->speaks_as_i && !r->blames)
                buffer_printf(out, "\"%s\": you speak for yourself, which is hard to argue with.\n",
                              r->i_phrase);
        if (r->thanks && !r->empathises)
                remark(out, "You say thank you. Say for what, and it counts double.");
}

void remark_wording(struct buffer *out, const struct reading *r)
{
        if (r->blames)
                buffer_printf(out,
                              "\"%s\" sounds like a verdict, and people defend themselves "
                              "against verdicts. Say what happened and what it did to you: \"I "
                              "felt … when …\".\n",
                              r->blame_phrase);
        if (r->hedges)
                buffer_printf(out,
                              "\"%s\" makes you smaller than you are. Leave it out and "
                              "read the message again.\n",
                              r->hedge_phrase);
        if (r->shouts)
                remark(out, "Capitals and exclamation marks read as shouting. Let the words carry "
                            "the weight.");
}

void remark_shape(struct buffer *out, const struct reading *r)
{
        if (r->asks && !r->asks_open)
                remark(out, "Your question can be answered with yes or no. Begin with \"how\" or "
                            "\"what\" to hear more.");
        else if (!r->asks && !r->greets)
                remark(out, "There is no question in it. One open question at the end hands the "
                            "talk over.");
        if (!r->empathises && !r->greets && r->n_words > 12)
                remark(out, "Nothing in it speaks to how the other one feels. One such sentence "
                            "first, as in \"It sounds as if …\", opens doors.");
        if (r->longest_sentence > LONG_SENTENCE_WORDS)
                buffer_printf(out, "One sentence has %zu words. Cut it in two: a thought each.\n",
                              r->longest_sentence);
        if (r->n_words > LONG_MESSAGE_WORDS)
                buffer_printf(out,
                              "%zu words are a lot to answer. What are the two things that "
                              "matter most?\n",
                              r->n_words);
}

void remark_change(struct buffer *out, const char *before, const char *now)
{
        struct reading then, r;

        if (strcmp(before, now) == 0) {
                remark(out, "You wrote the same as the last time. Try it with other words: what "
                            "would you say to a friend?");
                return;
        }
        reading_of(before, &then);
        reading_of(now, &r);
        if (r.asks_open && !then.asks_open)
                remark(out, "Compared with your last message there is an open question now. "
                            "That is progress.");
        if (r.empathises && !then.empathises)
                remark(out, "Unlike the last time you speak to the other one's feelings. Well "
                            "done.");
        if (then.blames && !r.blames)
                remark(out, "The reproach of your last message is gone. That reads much better.");
}
