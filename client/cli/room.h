/* What the files of 'socializer room' share. Each sub-verb takes the arguments behind its own name
 * and returns an exit code; words that are wrong are refused before a service is asked. */
#ifndef CLIENT_CLI_ROOM_H
#define CLIENT_CLI_ROOM_H

#include "client/cli/cli.h"

#define ROOM_SERVICE "socializer.v1.ChatService/"

/* room.c */
int room_list(struct cli *cli);
int room_create(struct cli *cli);
int room_show(struct cli *cli);
int room_set(struct cli *cli);
int room_delete(struct cli *cli);
int room_join(struct cli *cli);
int room_leave(struct cli *cli);

/* room_member.c */
int room_members(struct cli *cli);
int room_role(struct cli *cli);
int room_mute(struct cli *cli);
int room_remove(struct cli *cli);
int room_unban(struct cli *cli);
int room_consent(struct cli *cli);

/* room_invite.c */
int room_invite(struct cli *cli);
int room_invites(struct cli *cli);
int room_accept(struct cli *cli);
int room_decline(struct cli *cli);

/* room_message.c */
int room_search(struct cli *cli);
int room_read(struct cli *cli);

/* cli_call(), connecting first where that has not been done. */
int room_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
              const ProtobufCMessage **ret) MUST_CHECK;
/* A call whose answer says nothing: prints the line for people, or the answer as JSON. */
int room_call_and_say(struct cli *cli, const char *method, const ProtobufCMessage *request,
                      const char *format, ...) __attribute__((format(printf, 4, 5))) MUST_CHECK;
/* The number of a user; it takes a call where a name was given. */
int room_find_user(struct cli *cli, const char *name, int64_t *ret) MUST_CHECK;
/* All that is to be known about a room, line by line. */
int room_print(struct cli *cli, const char *method, const ProtobufCMessage *response,
               const Socializer__V1__Room *room);
const char *room_role_name(Socializer__V1__MemberRole role);

#endif
