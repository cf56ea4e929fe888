/* What the coach does for people; verb_coach.c says which function does what. */
#ifndef CLIENT_CLI_COACH_H
#define CLIENT_CLI_COACH_H

#include "client/cli/cli.h"

#define COACH_SERVICE "socializer.v1.CoachService/"

/* coach_talk.c: prints the answer to the words of the line as it is made. */
int coach_talk(struct cli *cli);
/* cli_call(), connecting first where that has not been done. */
int coach_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessage **ret) MUST_CHECK;
/* coach.c; their arguments are behind the word itself. */
int coach_rehearse(struct cli *cli);
int coach_clarify(struct cli *cli);
int coach_settings(struct cli *cli);
/* coach_ledger.c */
int coach_ledger(struct cli *cli);

#endif
