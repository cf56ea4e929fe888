/* What was said in rooms: finding it, and having read it. */
#include "client/cli/room.h"

#include <stdio.h>
#include <string.h>

static void add_row(struct output_table *t, const Socializer__V1__RoomMessage *m)
{
        output_table_addf(t, "%lld", (long long)m->room_id);
        output_table_addf(t, "%lld", (long long)m->message_id);
        output_table_add(t, output_time(t->cli, m->timestamp));
        output_table_add(t, output_clean(t->cli, m->username));
        output_table_add(t, output_clean(t->cli, m->content));
}

int room_search(struct cli *cli)
{
        static const char *const titles[] = {">ROOM", ">ID", "TIME", "WHO", "TEXT"};
        static const char method[] = ROOM_SERVICE "SearchMessages";
        Socializer__V1__SearchMessagesRequest request =
                SOCIALIZER__V1__SEARCH_MESSAGES_REQUEST__INIT;
        struct output_table t = {.cli = cli, .n_columns = ARRAY_SIZE(titles)};
        const ProtobufCMessage *response = NULL;
        int code = cli->room ? request_set(cli, method, &request.base, "room_id", cli->room)
                             : CLI_DONE;

        request.query = cli->arguments[0];
        request.page_size = 100;
        if (code == CLI_DONE)
                code = room_call(cli, method, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, method, response);
        const Socializer__V1__SearchMessagesResponse *r = (const void *)response;
        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                output_table_add(&t, titles[i]);
        for (size_t i = 0; i < r->n_messages; i++)
                add_row(&t, r->messages[i]);
        return output_table_print(&t);
}

/* The end of the room, for who has read all of it. */
static int find_end(struct cli *cli, int64_t room_id, int64_t *ret)
{
        Socializer__V1__GetRoomRequest request = SOCIALIZER__V1__GET_ROOM_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        request.room_id = room_id;
        int code = room_call(cli, ROOM_SERVICE "GetRoom", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        const Socializer__V1__Room *room =
                ((const Socializer__V1__GetRoomResponse *)(const void *)response)->room;
        if (!room || room->last_seq == 0)
                return report_failed("nothing has happened in room %lld yet", (long long)room_id);
        *ret = room->last_seq;
        return CLI_DONE;
}

int room_read(struct cli *cli)
{
        static const char method[] = ROOM_SERVICE "MarkRead";
        Socializer__V1__MarkReadRequest request = SOCIALIZER__V1__MARK_READ_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;
        int code = request_set(cli, method, &request.base, "room_id", cli->arguments[0]);

        if (code == CLI_DONE && cli->n_arguments > 1)
                code = request_set(cli, method, &request.base, "seq", cli->arguments[1]);
        else if (code == CLI_DONE)
                code = find_end(cli, request.room_id, &request.seq);
        if (code == CLI_DONE)
                code = room_call(cli, method, &request.base, &response);
        if (code != CLI_DONE)
                return code;
        if (cli->json)
                return output_message(cli, method, response);
        const Socializer__V1__MarkReadResponse *r = (const void *)response;
        printf("room %lld is read up to %lld\n", (long long)request.room_id,
               (long long)r->last_read_seq);
        return CLI_DONE;
}
