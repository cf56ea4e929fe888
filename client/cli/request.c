/* Fields of requests, as words of the command line say them. */
#include "client/cli/cli.h"
#include "common/json.h"

#include <errno.h>
#include <string.h>

#define SERVICE "socializer.v1.UserService/"

int request_set(struct cli *cli, const char *method, ProtobufCMessage *request, const char *field,
                const char *text)
{
        const struct method *m = contract_find(method, strlen(method));
        struct error err = ERROR_INIT;

        if (json_set_field_text(
                    m->input, request,
                    protobuf_c_message_descriptor_get_field_by_name(m->input->descriptor, field),
                    text, &cli->arena, &err) != STATUS_OK)
                return report_usage(cli, "%s", err.text);
        return CLI_DONE;
}

int64_t request_number(const char *text)
{
        char *end;

        errno = 0;
        long long number = strtoll(text, &end, 10);
        return !errno && *end == '\0' && number > 0 ? number : 0;
}

int request_find_user(struct cli *cli, const char *name, const Socializer__V1__User **ret)
{
        Socializer__V1__GetUserRequest by_id = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        Socializer__V1__GetUserByUsernameRequest by_name =
                SOCIALIZER__V1__GET_USER_BY_USERNAME_REQUEST__INIT;
        const ProtobufCMessage *response = NULL;

        by_id.user_id = request_number(name);
        if (by_id.user_id) {
                int code = cli_call(cli, SERVICE "GetUser", &by_id.base, &response);
                if (code != CLI_DONE)
                        return code;
                *ret = ((const Socializer__V1__GetUserResponse *)(const void *)response)->user;
        } else {
                by_name.username = (char *)name;
                int code = cli_call(cli, SERVICE "GetUserByUsername", &by_name.base, &response);
                if (code != CLI_DONE)
                        return code;
                *ret = ((const Socializer__V1__GetUserByUsernameResponse *)(const void *)response)
                               ->user;
        }
        return *ret ? CLI_DONE : report_failed("the service answered without a user");
}
