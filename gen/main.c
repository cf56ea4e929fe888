/* protoc-gen-socializer: a plugin of protoc. Reads the contract and writes the tables of
 * common/contract.h, the handlers that the service has to have, and the OpenAPI document.
 *
 *     protoc --plugin=PATH --socializer_out=DIR \
 *             --socializer_opt=base=FILE,version=VERSION FILE.proto ...
 *
 * base is a JSON file with the part of the OpenAPI document that no .proto says. A contract that
 * breaks a rule is refused with "FILE:LINE: reason" for each. */
#include "gen/plugin.h"

#include "common/buffer.h"

static bool read_all(FILE *in, struct buffer *out)
{
        size_t n;

        do {
                uint8_t *room = buffer_reserve(out, 65536);

                if (!room)
                        return false;
                n = fread(room, 1, 65536, in);
                out->n_bytes += n;
        } while (n > 0);
        return !ferror(in) && !buffer_failed(out);
}

int main(void)
{
        AUTO_BUFFER input = BUFFER_INIT;

        if (!read_all(stdin, &input)) {
                fputs("protoc-gen-socializer: cannot read the request\n", stderr);
                return 1;
        }
        switch (plugin_run(input.data, input.n_bytes, stdout)) {
        case PLUGIN_NO_REQUEST:
                fputs("protoc-gen-socializer: this program is run by protoc --socializer_out\n",
                      stderr);
                return 2;
        case PLUGIN_NOT_WRITTEN:
                fputs("protoc-gen-socializer: cannot write the response\n", stderr);
                return 1;
        case PLUGIN_DONE:
                break;
        }
        return 0;
}
