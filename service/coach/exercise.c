#include "service/coach/exercise.h"

#include "common/cleanup.h"

#include <string.h>

enum { STAGES = 3, EACH = 2 }; /* levels 0-3, 4-6, 7-10 */

struct topic {
        const char *words[6]; /* one of them is in the skill's name; ends with NULL */
        const char *exercises[STAGES][EACH];
};

static const struct topic topics[] = {
        {{"listen", NULL},
         {{"In your next conversation, let the other one finish, wait two seconds, and only then "
           "answer.",
           "Once today, repeat in your own words what somebody told you, and ask: did I get that "
           "right?"},
          {"Ask two follow-up questions about the same thing before you say anything about "
           "yourself.",
           "Listen for the feeling behind the words and name it as a guess: it sounds as if …"},
          {"In a disagreement, sum up the other side so well that they say: exactly.",
           "Hold a talk of ten minutes in which you only ask and sum up. Write down what you "
           "learned that you did not expect."}}},
        {{"empath", "compassion", "support", NULL},
         {{"Tell somebody what you think they feel, as a guess and not as a fact.",
           "When somebody complains today, answer with one sentence about their feeling before "
           "any advice."},
          {"Ask somebody who is under stress what would help: an ear, an idea or a hand.",
           "Think of a person you find difficult and write three sentences from their view."},
          {"Stay with a friend's bad mood for five minutes without solving or cheering up.",
           "After a hard talk, ask: was there something you wish I had noticed?"}}},
        {{"small talk", "conversation", "talk", "network", "friend", NULL},
         {{"Open one talk today with something you both can see, then ask a question that starts "
           "with how or what.",
           "Greet three people by name and ask each one open question."},
          {"Give a little more than you were asked for, so that the other one has something to ask "
           "back.",
           "Find something you have in common with somebody you hardly know, within five minutes."},
          {"Bring two people who do not know each other into one conversation.",
           "End a talk warmly: say what you enjoyed and when you will meet again."}}},
        {{"assert", "bound", "confiden", "saying no", "negotiat", NULL},
         {{"Say one wish today in the form: I would like …, because …",
           "Decline something small without a long excuse: thank you, but no."},
          {"Ask for a thing that you would usually do without. Name it exactly and then be silent.",
           "Answer a request with: let me think, I will tell you by tomorrow. And do."},
          {"Raise a matter that bothers you: what happened, how it is for you, what you ask for.",
           "In a negotiation, ask three questions about what the other side needs before you make "
           "an offer."}}},
        {{"conflict", "anger", "feedback", "critic", "difficult", NULL},
         {{"Describe what annoyed you without the words always and never.",
           "Tell somebody one thing they did well: what it was and what came of it."},
          {"Give feedback as: I saw …, its effect was …, I would like …",
           "When you are criticised, say thank you and ask for an example before you answer."},
          {"Go back to an old quarrel and ask what the other one would have needed from you.",
           "Settle a disagreement by first writing down, together, what you both want."}}},
        {{"speak", "present", "speech", "storytell", NULL},
         {{"Tell a story of one minute with a beginning, a turn and an end.",
           "Say one thing in a meeting within its first five minutes."},
          {"Present an idea in three sentences: the problem, your idea, what you ask for.",
           "Record two minutes of yourself and count the filler words. Do it again with pauses."},
          {"Answer three hard questions about your talk aloud, before somebody asks them.",
           "Change one opinion in a group with a story instead of with numbers."}}},
};

static const char *const general[STAGES][EACH] = {
        {"Choose one conversation tomorrow in which you will practise it, and write down one "
         "sentence that you want to say.",
         "Watch somebody who is good at it and note two things that they do."},
        {"Practise it with somebody you trust, and ask them for one thing to keep and one thing to "
         "change.",
         "Use it in a talk that matters a little, and write three lines about it afterwards."},
        {"Use it where it is hard for you, and prepare your first sentence.",
         "Teach it to somebody: explain it in two sentences and show one example."},
};

const char *exercise_for(const char *skill_name, int level, size_t turn)
{
        int stage = level <= 3 ? 0 : level <= 6 ? 1 : 2;

        for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
                for (const char *const *word = topics[i].words; *word; word++)
                        if (strcasestr(skill_name, *word))
                                return topics[i].exercises[stage][turn % EACH];
        return general[stage][turn % EACH];
}
