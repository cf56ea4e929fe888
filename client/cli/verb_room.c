/* Rooms, and the people in them: which file of room*.c does what. */
#include "client/cli/room.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_ARGUMENTS 102 /* "invite ROOM" and a hundred users */

static const struct sub_verb {
        const char *name, *usage;
        int min_arguments, max_arguments; /* behind the name */
        unsigned flags; /* enum cli_flags that it takes */
        int (*run)(struct cli *cli);
} sub_verbs[] = {
        {"list", "room list [--public] [QUERY]", 0, 1, CLI_PUBLIC, room_list},
        {"create",
         "room create NAME [--public] [--password] [--coach] [--invite USER]…, or --direct USER", 0,
         1, CLI_PUBLIC | CLI_PASSWORD | CLI_COACH | CLI_INVITE | CLI_DIRECT, room_create},
        {"show", "room show ROOM", 1, 1, 0, room_show},
        {"set", "room set ROOM KEY=VALUE…", 2, MAX_ARGUMENTS, 0, room_set},
        {"delete", "room delete ROOM [--yes]", 1, 1, CLI_YES, room_delete},
        {"join", "room join ROOM [--password]", 1, 1, CLI_PASSWORD, room_join},
        {"leave", "room leave ROOM", 1, 1, 0, room_leave},
        {"members", "room members ROOM [active|left|banned]", 1, 2, 0, room_members},
        {"invite", "room invite ROOM USER…", 2, MAX_ARGUMENTS, 0, room_invite},
        {"invites", "room invites", 0, 0, 0, room_invites},
        {"accept", "room accept ID", 1, 1, 0, room_accept},
        {"decline", "room decline ID", 1, 1, 0, room_decline},
        {"role", "room role ROOM USER member|moderator|creator", 3, 3, 0, room_role},
        {"mute", "room mute ROOM USER SECONDS", 3, 3, 0, room_mute},
        {"remove", "room remove ROOM USER [--ban]", 2, 2, CLI_BAN, room_remove},
        {"unban", "room unban ROOM USER", 2, 2, 0, room_unban},
        {"consent", "room consent ROOM yes|no", 2, 2, 0, room_consent},
        {"search", "room search QUERY [--room ROOM]", 1, 1, CLI_ROOM, room_search},
        {"read", "room read ROOM [SEQ]", 1, 2, 0, room_read},
};

int room_call(struct cli *cli, const char *method, const ProtobufCMessage *request,
              const ProtobufCMessage **ret)
{
        int code = cli->client ? CLI_DONE : cli_connect(cli, false);

        return code == CLI_DONE ? cli_call(cli, method, request, ret) : code;
}

int room_call_and_say(struct cli *cli, const char *method, const ProtobufCMessage *request,
                      const char *format, ...)
{
        const ProtobufCMessage *response = NULL;
        int code = room_call(cli, method, request, &response);
        va_list args;

        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, method, response);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        return CLI_DONE;
}

int room_find_user(struct cli *cli, const char *name, int64_t *ret)
{
        const Socializer__V1__User *user;
        int64_t id = request_number(name);
        int code = CLI_DONE;

        if (id) {
                *ret = id;
                return CLI_DONE;
        }
        if (!cli->client)
                code = cli_connect(cli, false);
        if (code == CLI_DONE)
                code = request_find_user(cli, name, &user);
        if (code == CLI_DONE)
                *ret = user->id;
        return code;
}

static int run(struct cli *cli)
{
        const char *name = cli->arguments[0];

        for (size_t i = 0; i < ARRAY_SIZE(sub_verbs); i++) {
                const struct sub_verb *s = &sub_verbs[i];

                if (strcmp(s->name, name) != 0)
                        continue;
                cli->arguments++;
                cli->n_arguments--;
                if (cli->n_arguments < s->min_arguments || cli->n_arguments > s->max_arguments ||
                    (cli->given & ~s->flags))
                        return report_usage(cli, "want: socializer %s", s->usage);
                return s->run(cli);
        }
        return report_usage(cli, "there is no 'room %s'", name);
}

const struct verb verb_room = {
        .name = "room",
        .run = run,
        .min_arguments = 1,
        .max_arguments = MAX_ARGUMENTS,
        .flags = CLI_PUBLIC | CLI_PASSWORD | CLI_COACH | CLI_INVITE | CLI_DIRECT | CLI_YES |
                 CLI_BAN | CLI_ROOM,
        .usage = "room list|create|show|...",
        .summary = "Makes, finds and looks after rooms",
        .help = "  room list [--public] [QUERY]     rooms that you are in, or all public ones; "
                "with\n"
                "                                   QUERY in their name\n"
                "  room create NAME                 makes a room; --public: listed, and open to "
                "all;\n"
                "                                   --password: asks for one; --coach: the coach\n"
                "                                   answers there; --invite USER: may be repeated\n"
                "  room create --direct USER        the room of you two\n"
                "  room show ROOM                   one\n"
                "  room set ROOM KEY=VALUE...       changes name, description, is_public,\n"
                "                                   max_members, retention_seconds, "
                "coach_enabled,\n"
                "                                   coach (builtin or server) or coach_hears\n"
                "                                   (message or conversation); the word password\n"
                "                                   asks for one, password= takes it away\n"
                "  room delete ROOM [--yes]         with all that was said; --yes: do not ask\n"
                "  room join ROOM [--password]      enters; --password: asks for it\n"
                "  room leave ROOM                  the last one's leaving deletes it\n"
                "  room members ROOM [STATE]        active (the default), left or banned\n"
                "  room invite ROOM USER...         invites, also who has left or declined\n"
                "  room invites                     invitations that wait for your answer\n"
                "  room accept ID                   enters the room of an invitation\n"
                "  room decline ID                  says no\n"
                "  room role ROOM USER ROLE         member, moderator or creator\n"
                "  room mute ROOM USER SECONDS      0 ends it\n"
                "  room remove ROOM USER [--ban]    --ban: for good\n"
                "  room unban ROOM USER             may come again\n"
                "  room consent ROOM yes|no         whether what you say there may be sent to the\n"
                "                                   coach when others address it\n"
                "  room search QUERY [--room ROOM]  the newest 100 messages with these words\n"
                "  room read ROOM [SEQ]             marks all as read, or all up to SEQ\n"
                "\n"
                "ROOM is a number, or general; USER a number or a name. Passwords are asked for, "
                "or\n"
                "read from standard input.\n"
                "\n"
                "Examples:\n"
                "  socializer room create 'Book club' --invite ada --invite grace\n"
                "  socializer room create 'Open house' --public --password < password-file\n"
                "  socializer room set 2 description='We read.' coach_enabled=true\n"
                "  socializer room list --public --json\n"
                "  socializer room search 'dead souls' --room 2\n",
};
