/* What the coach does for people; verb_coach.c says which function does what. */
#ifndef CLIENT_CLI_COACH_H
#define CLIENT_CLI_COACH_H

#include "client/cli/cli.h"

#define COACH_SERVICE "socializer.v1.CoachService/"

/* coach_talk.c: prints the answer to the words of the line as it is made. */
int coach_talk(struct cli *cli);
/* coach.c; their arguments are behind the word itself. */
int coach_rehearse(struct cli *cli);
int coach_clarify(struct cli *cli);
int coach_settings(struct cli *cli);

#endif
