/* Logs in and prints who that is.
 *
 *     cc hello.c $(pkg-config --cflags --libs socializer) -o hello
 *     ./hello ipc://var/rpc.ipc human password123
 */
#include <socializer.h>
#include <stdio.h>

static int fail(const soc_error *error)
{
        fprintf(stderr, "hello: %s: %s\n", soc_status_name(error->status), error->text);
        return 1;
}

int main(int argc, char **argv)
{
        Socializer__V1__LoginRequest login = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        Socializer__V1__GetMeRequest get_me = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        ProtobufCMessage *answer = NULL;
        soc_client *client = NULL;
        soc_error error;
        int result = 1;

        if (argc != 4) {
                fprintf(stderr, "usage: hello URL USER PASSWORD\n");
                return 2;
        }
        if (soc_client_new(argv[1], NULL, &client, &error) != SOC_OK)
                return fail(&error);

        login.username = argv[2];
        login.password = argv[3];
        if (soc_call(client, "socializer.v1.UserService/Login", &login.base, NULL, &answer,
                     &error) != SOC_OK) {
                fail(&error);
                goto out;
        }
        soc_client_set_token(client, ((Socializer__V1__LoginResponse *)answer)->access_token);
        protobuf_c_message_free_unpacked(answer, NULL);

        if (soc_call(client, "socializer.v1.UserService/GetMe", &get_me.base, NULL, &answer,
                     &error) != SOC_OK) {
                fail(&error);
                goto out;
        }
        Socializer__V1__User *me = ((Socializer__V1__GetMeResponse *)answer)->user;
        printf("Hello %s, you are user %lld.\n", me->username, (long long)me->id);
        protobuf_c_message_free_unpacked(answer, NULL);
        result = 0;
out:
        soc_client_free(client);
        return result;
}
