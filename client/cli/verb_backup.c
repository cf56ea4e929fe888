/* A copy of the database, fetched from the running service into a file here. */
#include "client/cli/cli.h"
#include "common/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE "socializer.v1.AdminService/"

static int write_all(int fd, const char *path, const uint8_t *data, size_t n)
{
        while (n > 0) {
                ssize_t written = write(fd, data, n);

                if (written < 0)
                        return report_failed("%s: %s", path, strerror(errno));
                data += written;
                n -= (size_t)written;
        }
        return CLI_DONE;
}

static int fetch_parts(struct cli *cli, const char *name, int fd, const char *path,
                       char ret_sha256[static SHA256_CHARS + 1])
{
        Socializer__V1__ReadBackupRequest request = SOCIALIZER__V1__READ_BACKUP_REQUEST__INIT;
        crypto_hash_sha256_state state;

        crypto_hash_sha256_init(&state);
        request.name = (char *)name;
        for (;;) {
                const ProtobufCMessage *response;
                int code = cli_call(cli, SERVICE "ReadBackup", &request.base, &response);

                if (code != CLI_DONE)
                        return code;
                const ProtobufCBinaryData *data =
                        &((const Socializer__V1__ReadBackupResponse *)(const void *)response)->data;
                if (data->len == 0)
                        break;
                code = write_all(fd, path, data->data, data->len);
                if (code != CLI_DONE)
                        return code;
                crypto_hash_sha256_update(&state, data->data, data->len);
                request.offset += (int64_t)data->len;
                cli_forget_answers(cli);
        }
        sha256_final_hex(&state, ret_sha256);
        return CLI_DONE;
}

static int sync_file(int fd, const char *path)
{
        return fsync(fd) == 0 ? CLI_DONE : report_failed("%s: %s", path, strerror(errno));
}

/* "HASH  NAME", as sha256sum -c reads it beside the file. */
static int write_checksum(struct cli *cli, const char *path, const char *sha256)
{
        char *copy = arena_strdup(&cli->arena, path);
        const char *sum_path = arena_printf(&cli->arena, "%s.sha256", path);
        const char *line =
                copy ? arena_printf(&cli->arena, "%s  %s\n", sha256, basename(copy)) : NULL;

        if (!sum_path || !line)
                return report_failed("out of memory");
        AUTO_CLOSE int fd = open(sum_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return report_failed("%s: %s", sum_path, strerror(errno));
        int code = write_all(fd, sum_path, (const uint8_t *)line, strlen(line));
        return code == CLI_DONE ? sync_file(fd, sum_path) : code;
}

static int fetch(struct cli *cli, const char *name, const char *want, const char *path)
{
        char sha256[SHA256_CHARS + 1];
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return report_failed("%s: %s", path, strerror(errno));
        int code = fetch_parts(cli, name, fd, path, sha256);
        if (code == CLI_DONE)
                code = sync_file(fd, path);
        if (code == CLI_DONE && strcmp(sha256, want) != 0)
                code = report_failed("%s is not what the service wrote; try again", path);
        if (code == CLI_DONE)
                code = write_checksum(cli, path, sha256);
        if (code != CLI_DONE)
                unlink(path);
        return code;
}

static void delete_there(struct cli *cli, const char *name)
{
        Socializer__V1__DeleteBackupRequest request = SOCIALIZER__V1__DELETE_BACKUP_REQUEST__INIT;
        const ProtobufCMessage *response;

        request.name = (char *)name;
        (void)!cli_call(cli, SERVICE "DeleteBackup", &request.base, &response);
}

static int run(struct cli *cli)
{
        Socializer__V1__CreateBackupRequest request = SOCIALIZER__V1__CREATE_BACKUP_REQUEST__INIT;
        const char *path = cli->arguments[0];
        const ProtobufCMessage *response;

        if (access(path, F_OK) == 0)
                return report_failed("%s is there already", path);
        int code = cli_connect(cli, true);
        if (code == CLI_DONE)
                code = cli_call(cli, SERVICE "CreateBackup", &request.base, &response);
        if (code != CLI_DONE)
                return code;
        const Socializer__V1__CreateBackupResponse *made = (const void *)response;
        const char *name = arena_strdup(&cli->arena, made->name);
        const char *sha256 = arena_strdup(&cli->arena, made->sha256);
        long long n_bytes = made->bytes;
        int version = made->schema_version;
        if (!name || !sha256)
                return report_failed("out of memory");
        code = fetch(cli, name, sha256, path);
        delete_there(cli, name);
        if (code == CLI_DONE)
                printf("%s: %lld bytes, schema %d, checked\n"
                       "keep a copy of master.key apart from it: without it no conversation can be "
                       "read\n",
                       path, n_bytes, version);
        return code;
}

const struct verb verb_backup = {
        .name = "backup",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 1,
        .usage = "backup FILE",
        .summary = "Writes a checked copy of the database while the service runs",
        .help = "FILE must not exist; FILE.sha256 beside it is what 'sha256sum -c' reads. The "
                "master\n"
                "key is not in it: keep a copy of master.key apart. For administrators, and for\n"
                "whoever may read operator.token in the data folder.\n"
                "\n"
                "Examples:\n"
                "  socializer backup /srv/backup/socializer-$(date +%F).db\n",
};
