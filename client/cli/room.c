/* Rooms themselves: finding, making, changing, entering and leaving them. */
#include "client/cli/room.h"

#include <stdio.h>
#include <string.h>

const char *room_role_name(Socializer__V1__MemberRole role)
{
        switch (role) {
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MEMBER:
                return "member";
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MODERATOR:
                return "moderator";
        case SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_CREATOR:
                return "creator";
        default:
                return "-";
        }
}

static const char *type_name(const Socializer__V1__Room *room)
{
        switch (room->type) {
        case SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_GENERAL:
                return "general";
        case SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_DIRECT:
                return "direct";
        default:
                return "group";
        }
}

static const char *access_name(const Socializer__V1__Room *room)
{
        if (room->type == SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_GENERAL)
                return "everybody";
        if (room->is_public)
                return room->has_password ? "password" : "public";
        return "hidden";
}

static const char *my_role(const Socializer__V1__Room *room)
{
        if (room->is_member)
                return room_role_name(room->my_role);
        return room->is_invited ? "invited" : "-";
}

static void add_row(struct output_table *t, const Socializer__V1__Room *r)
{
        output_table_addf(t, "%lld", (long long)r->id);
        output_table_add(t, output_clean(t->cli, r->name));
        output_table_add(t, type_name(r));
        output_table_add(t, access_name(r));
        output_table_add(t, my_role(r));
        output_table_addf(t, "%d", r->member_count);
        output_table_addf(t, "%d", r->unread_count);
        output_table_add(t, output_time(t->cli, r->last_event_at));
}

static void add_line(struct output_table *t, const char *name, const char *value)
{
        output_table_add(t, name);
        output_table_add(t, value);
}

/* "server, hears the conversation; now openai llama3 at http://…; not you" */
static const char *coach_text(struct cli *cli, const Socializer__V1__Room *room)
{
        bool is_server = room->coach == SOCIALIZER__V1__ROOM_COACH__ROOM_COACH_SERVER;
        bool hears_all = room->coach_hears == SOCIALIZER__V1__COACH_HEARS__COACH_HEARS_CONVERSATION;
        const char *where = "";
        const char *text;

        if (!room->coach_enabled)
                return "off";
        if (room->coach_endpoint[0])
                where = arena_printf(&cli->arena, ", now %s %s at %s",
                                     output_clean(cli, room->coach_engine),
                                     output_clean(cli, room->coach_model),
                                     output_clean(cli, room->coach_endpoint));
        text = arena_printf(&cli->arena, "%s%s; hears %s%s",
                            is_server ? "the server's" : "built in", where ? where : "",
                            hears_all ? "those who consent" : "who asks it",
                            !hears_all            ? ""
                            : room->coach_consent ? ", you too"
                                                  : ", not you");
        return text ? text : "on";
}

int room_print(struct cli *cli, const char *method, const ProtobufCMessage *response,
               const Socializer__V1__Room *room)
{
        struct output_table t = {.cli = cli, .n_columns = 2};

        if (cli->json)
                return output_message(cli, method, response);
        if (!room)
                return report_failed("the service answered without a room");
        output_table_add(&t, "ROOM");
        output_table_addf(&t, "%lld", (long long)room->id);
        add_line(&t, "NAME", output_clean(cli, room->name));
        add_line(&t, "DESCRIPTION", output_clean(cli, room->description));
        add_line(&t, "TYPE", type_name(room));
        add_line(&t, "ACCESS", access_name(room));
        add_line(&t, "COACH", coach_text(cli, room));
        add_line(&t, "YOU", my_role(room));
        output_table_add(&t, "MEMBERS");
        if (room->type == SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_GENERAL)
                output_table_add(&t, "everybody");
        else
                output_table_addf(&t, "%d of %d", room->member_count, room->max_members);
        output_table_add(&t, "KEPT");
        if (room->retention_seconds)
                output_table_addf(&t, "%lld s", (long long)room->retention_seconds);
        else
                output_table_add(&t, "for good");
        output_table_add(&t, "UNREAD");
        output_table_addf(&t, "%d", room->unread_count);
        add_line(&t, "SINCE", output_time(cli, room->created_at));
        if (room->muted_until)
                add_line(&t, "MUTED UNTIL", output_time(cli, room->muted_until));
        return output_table_print(&t);
}

int room_list(struct cli *cli)
{
        static const char *const titles[] = {">ID", "NAME",     "TYPE",    "ACCESS",
                                             "YOU", ">MEMBERS", ">UNREAD", "LAST"};
        Socializer__V1__ListRoomsRequest request = SOCIALIZER__V1__LIST_ROOMS_REQUEST__INIT;
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};
        const ProtobufCMessage *response = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        if (cli->given & CLI_PUBLIC)
                request.scope = SOCIALIZER__V1__ROOM_SCOPE__ROOM_SCOPE_PUBLIC;
        if (cli->n_arguments)
                request.query = cli->arguments[0];
        request.page_size = 500;
        for (;;) {
                int code = room_call(cli, ROOM_SERVICE "ListRooms", &request.base, &response);
                if (code == CLI_DONE && cli->json)
                        code = output_message(cli, ROOM_SERVICE "ListRooms", response);
                if (code != CLI_DONE)
                        return code;
                const Socializer__V1__ListRoomsResponse *page = (const void *)response;
                for (size_t i = 0; !cli->json && i < page->n_rooms; i++)
                        add_row(&t, page->rooms[i]);
                if (page->next_page_token[0] == '\0')
                        break;
                request.page_token = page->next_page_token;
        }
        return cli->json ? CLI_DONE : output_table_print(&t);
}

/* --- making and changing --- */

static int check_create(struct cli *cli)
{
        if (!(cli->given & CLI_DIRECT))
                return cli->n_arguments == 1
                               ? CLI_DONE
                               : report_usage(cli, "a room needs a name, or --direct USER");
        if (cli->n_arguments)
                return report_usage(cli, "a direct room has the other one's name");
        if (cli->given & ~(unsigned)CLI_DIRECT)
                return report_usage(cli, "a direct room is hidden, for two, and without a coach");
        return CLI_DONE;
}

static int find_users(struct cli *cli, const char *const *names, size_t n, int64_t *ids)
{
        int code = CLI_DONE;

        for (size_t i = 0; i < n && code == CLI_DONE; i++)
                code = room_find_user(cli, names[i], &ids[i]);
        return code;
}

int room_create(struct cli *cli)
{
        Socializer__V1__CreateRoomRequest request = SOCIALIZER__V1__CREATE_ROOM_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int64_t ids[CLI_MAX_INVITES];
        int code = check_create(cli);

        if (code != CLI_DONE)
                return code;
        request.user_ids = ids;
        request.n_user_ids = cli->n_invites;
        code = find_users(cli, cli->invites, cli->n_invites, ids);
        if (code == CLI_DONE && cli->direct) {
                request.type = SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_DIRECT;
                request.n_user_ids = 1;
                code = find_users(cli, &cli->direct, 1, ids);
        }
        if (code != CLI_DONE)
                return code;
        if (cli->n_arguments)
                request.name = cli->arguments[0];
        if (cli->given & CLI_PASSWORD) {
                request.password = (char *)input_line(cli, "password of the room", true);
                if (!request.password)
                        return CLI_FAILED;
        }
        request.is_public = (cli->given & CLI_PUBLIC) != 0;
        request.coach_enabled = (cli->given & CLI_COACH) != 0;
        code = room_call(cli, ROOM_SERVICE "CreateRoom", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        return room_print(
                cli, ROOM_SERVICE "CreateRoom", response,
                ((const Socializer__V1__CreateRoomResponse *)(const void *)response)->room);
}

static int get(struct cli *cli, const ProtobufCMessage **ret)
{
        Socializer__V1__GetRoomRequest request = SOCIALIZER__V1__GET_ROOM_REQUEST__INIT;
        int code = request_set(cli, ROOM_SERVICE "GetRoom", &request.base, "room_id",
                               cli->arguments[0]);

        return code == CLI_DONE ? room_call(cli, ROOM_SERVICE "GetRoom", &request.base, ret) : code;
}

int room_show(struct cli *cli)
{
        const ProtobufCMessage *response = NULL;
        int code = get(cli, &response);

        if (code != CLI_DONE)
                return code;
        return room_print(cli, ROOM_SERVICE "GetRoom", response,
                          ((const Socializer__V1__GetRoomResponse *)(const void *)response)->room);
}

/* KEY=VALUE, or the word password, whose value nobody types where others can read it. */
static int set_one(struct cli *cli, Socializer__V1__UpdateRoomRequest *request, const char *word)
{
        static const char *const keys[] = {
                "name",  "description", "is_public",   "coach_enabled",
                "coach", "coach_hears", "max_members", "retention_seconds"};
        const char *value = strchr(word, '=');
        size_t n = value ? (size_t)(value - word) : strlen(word);

        if (strncmp(word, "password", n) == 0 && n == strlen("password")) {
                if (value && value[1])
                        return report_usage(cli, "others can see the command line: write only "
                                                 "'password', and it is asked for");
                request->password_set_case =
                        SOCIALIZER__V1__UPDATE_ROOM_REQUEST__PASSWORD_SET_PASSWORD;
                request->password =
                        value ? (char *)"" : (char *)input_line(cli, "password of the room", true);
                return request->password ? CLI_DONE : CLI_FAILED;
        }
        for (size_t i = 0; value && i < ARRAY_SIZE(keys); i++)
                if (strlen(keys[i]) == n && strncmp(word, keys[i], n) == 0)
                        return request_set(cli, ROOM_SERVICE "UpdateRoom", &request->base, keys[i],
                                           value + 1);
        return report_usage(cli,
                            "want name, description, is_public, coach_enabled, coach, "
                            "coach_hears, max_members or retention_seconds and '=', or password, "
                            "not '%s'",
                            word);
}

int room_set(struct cli *cli)
{
        Socializer__V1__UpdateRoomRequest request = SOCIALIZER__V1__UPDATE_ROOM_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, ROOM_SERVICE "UpdateRoom", &request.base, "room_id",
                               cli->arguments[0]);

        for (int i = 1; i < cli->n_arguments && code == CLI_DONE; i++)
                code = set_one(cli, &request, cli->arguments[i]);
        if (code == CLI_DONE)
                code = room_call(cli, ROOM_SERVICE "UpdateRoom", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        return room_print(
                cli, ROOM_SERVICE "UpdateRoom", response,
                ((const Socializer__V1__UpdateRoomResponse *)(const void *)response)->room);
}

int room_delete(struct cli *cli)
{
        Socializer__V1__DeleteRoomRequest request = SOCIALIZER__V1__DELETE_ROOM_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = get(cli, &response);

        if (code != CLI_DONE)
                return code;
        const Socializer__V1__Room *room =
                ((const Socializer__V1__GetRoomResponse *)(const void *)response)->room;
        if (!room)
                return report_failed("the service answered without a room");
        const char *name = output_clean(cli, room->name);
        if (!(cli->given & CLI_YES) && isatty(STDIN_FILENO)) {
                const char *question = arena_printf(
                        &cli->arena, "type the name of room %lld, %s, to delete it for everybody",
                        (long long)room->id, name);
                const char *typed = question ? input_line(cli, question, false) : NULL;
                if (!typed || strcmp(typed, room->name) != 0)
                        return report_failed("nothing is deleted");
        }
        request.room_id = room->id;
        return room_call_and_say(cli, ROOM_SERVICE "DeleteRoom", &request.base,
                                 "room %lld, %s, is deleted\n", (long long)room->id, name);
}

/* --- entering and leaving --- */

int room_join(struct cli *cli)
{
        Socializer__V1__JoinRoomRequest request = SOCIALIZER__V1__JOIN_ROOM_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, ROOM_SERVICE "JoinRoom", &request.base, "room_id",
                               cli->arguments[0]);

        if (code == CLI_DONE && (cli->given & CLI_PASSWORD)) {
                request.password = (char *)input_line(cli, "password of the room", true);
                if (!request.password)
                        return CLI_FAILED;
        }
        if (code == CLI_DONE)
                code = room_call(cli, ROOM_SERVICE "JoinRoom", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        return room_print(cli, ROOM_SERVICE "JoinRoom", response,
                          ((const Socializer__V1__JoinRoomResponse *)(const void *)response)->room);
}

int room_leave(struct cli *cli)
{
        Socializer__V1__LeaveRoomRequest request = SOCIALIZER__V1__LEAVE_ROOM_REQUEST__INIT;
        int code = request_set(cli, ROOM_SERVICE "LeaveRoom", &request.base, "room_id",
                               cli->arguments[0]);

        return code == CLI_DONE
                       ? room_call_and_say(cli, ROOM_SERVICE "LeaveRoom", &request.base,
                                           "you have left room %lld\n", (long long)request.room_id)
                       : code;
}
