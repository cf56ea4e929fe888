/* People who speak the RPC, for soak.py:
 *
 *     rpc_people URL CALLS-A-SECOND ROOM < TOKENS   each with a connection and a pace of their own;
 *                                                   says "MICROSECONDS STATUS" for every call
 *     rpc_people --drop URL TOKEN                   is gone with 300 calls in flight
 */
#include <pthread.h>
#include <socializer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_DROPPED 300
#define MAX_TOKEN 1024

static const char *url;
static double per_second;
static int64_t room;

static int64_t now_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static soc_client *connect_as(const char *token)
{
        soc_client_options options = {.token = token};
        soc_client *client = NULL;
        soc_error error;

        if (soc_client_new(url, &options, &client, &error) != SOC_OK) {
                fprintf(stderr, "rpc_people: %s\n", error.text);
                exit(1);
        }
        return client;
}

static soc_status read_or_write(soc_client *client, unsigned turn)
{
        Socializer__V1__GetMeRequest me = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        Socializer__V1__SendMessageRequest message = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;

        if (turn % 10 != 0)
                return soc_call(client, "socializer.v1.UserService/GetMe", &me.base, NULL, NULL,
                                NULL);
        message.room_id = room;
        message.content = (char *)"a word over the RPC";
        return soc_call(client, "socializer.v1.ChatService/SendMessage", &message.base, NULL, NULL,
                        NULL);
}

static void *live(void *token)
{
        soc_client *client = connect_as(token);
        const int64_t pace_us = (int64_t)(1e6 / per_second);
        unsigned turn = (unsigned)(uintptr_t)token / 64;
        int64_t next = now_us() + turn % 97 * pace_us / 97;

        for (;; turn++, next += pace_us) {
                int64_t wait = next - now_us();

                if (wait > 0)
                        nanosleep(&(struct timespec){.tv_sec = wait / 1000000,
                                                     .tv_nsec = wait % 1000000 * 1000},
                                  NULL);
                int64_t began = now_us();
                soc_status status = read_or_write(client, turn);
                printf("%lld %s\n", (long long)(now_us() - began), soc_status_name(status));
        }
        return NULL;
}

static void forget(void *closure, soc_status status, const ProtobufCMessage *response,
                   const soc_error *error)
{
        (void)closure;
        (void)status;
        (void)response;
        (void)error;
}

static int drop(const char *token)
{
        Socializer__V1__ListUsersRequest request = SOCIALIZER__V1__LIST_USERS_REQUEST__INIT;
        soc_client *client = connect_as(token);
        soc_error error;

        /* The first one waits for the connection. */
        (void)soc_call(client, "socializer.v1.UserService/ListUsers", &request.base, NULL, NULL,
                       NULL);
        for (unsigned i = 0; i < N_DROPPED; i++) {
                if (soc_call_start(client, "socializer.v1.UserService/ListUsers", &request.base,
                                   NULL, forget, NULL, NULL, &error) != SOC_OK)
                        return 1;
        }
        _Exit(0);
}

int main(int argc, char **argv)
{
        char token[MAX_TOKEN];
        pthread_t thread;

        if (argc == 4 && strcmp(argv[1], "--drop") == 0) {
                url = argv[2];
                return drop(argv[3]);
        }
        if (argc != 4)
                return 2;
        url = argv[1];
        per_second = atof(argv[2]);
        room = atoll(argv[3]);
        setvbuf(stdout, NULL, _IOLBF, 1 << 16);
        while (fgets(token, sizeof(token), stdin)) {
                token[strcspn(token, "\n")] = '\0';
                if (pthread_create(&thread, NULL, live, strdup(token)) != 0)
                        return 1;
        }
        pthread_join(thread, NULL);
        return 0;
}
