/* AdminService: copies of the database, made and taken away while it runs. */
#include "common/contract.h"
#include "common/log.h"
#include "common/sha256.h"
#include "service/api/wire.h"
#include "service/service.h"

#include "handlers.gen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PART_BYTES ((size_t)512 * 1024)

static bool is_unwanted(void *arg)
{
        return call_check(arg, NULL) != STATUS_OK;
}

static enum status no_such_backup(const char *name, struct error *reterr)
{
        return error_resource(reterr, STATUS_NOT_FOUND, "backup", "%s", name);
}

enum status admin_service_create_backup(struct call *call,
                                        const Socializer__V1__CreateBackupRequest *req,
                                        Socializer__V1__CreateBackupResponse *rsp,
                                        struct error *reterr)
{
        (void)req;
        struct db *db = call->service->db;
        char name[DB_BACKUP_NAME_BYTES], sha256[SHA256_CHARS + 1];
        uint64_t began_ns = clock_mono_ns();
        enum status st = db_make_backup(db, is_unwanted, call, name, reterr);

        if (st != STATUS_OK)
                return st;
        AUTO_FREE char *path = db_backup_path(db, name);
        if (!path)
                return wire_no_memory(reterr);
        st = sha256_file(path, sha256, &rsp->bytes, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->name = arena_strdup(call->arena, name);
        rsp->sha256 = arena_strdup(call->arena, sha256);
        rsp->schema_version = db_schema_version(db);
        LOG(INFO, "made a backup", LOG_STR("file", name), LOG_STR("sha256", sha256),
            LOG_INT("bytes", rsp->bytes),
            LOG_INT("ms", (int64_t)((clock_mono_ns() - began_ns) / 1000000)),
            LOG_STR("request_id", call->request_id));
        return rsp->name && rsp->sha256 ? STATUS_OK : wire_no_memory(reterr);
}

enum status admin_service_read_backup(struct call *call,
                                      const Socializer__V1__ReadBackupRequest *req,
                                      Socializer__V1__ReadBackupResponse *rsp, struct error *reterr)
{
        AUTO_FREE char *path = db_backup_path(call->service->db, req->name);
        uint8_t *data = arena_alloc(call->arena, PART_BYTES);

        if (!path || !data)
                return wire_no_memory(reterr);
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return no_such_backup(req->name, reterr);
        ssize_t n = fd < 0 ? -1 : pread(fd, data, PART_BYTES, req->offset);
        if (n < 0)
                return error_set(reterr, STATUS_INTERNAL, "cannot read '%s': %s", path,
                                 strerror(errno));
        rsp->data.data = data;
        rsp->data.len = (size_t)n;
        return STATUS_OK;
}

enum status admin_service_delete_backup(struct call *call,
                                        const Socializer__V1__DeleteBackupRequest *req,
                                        Socializer__V1__DeleteBackupResponse *rsp,
                                        struct error *reterr)
{
        (void)rsp;
        AUTO_FREE char *path = db_backup_path(call->service->db, req->name);

        if (!path)
                return wire_no_memory(reterr);
        if (unlink(path) == 0)
                return STATUS_OK;
        if (errno == ENOENT)
                return no_such_backup(req->name, reterr);
        return error_set(reterr, STATUS_INTERNAL, "cannot delete '%s': %s", path, strerror(errno));
}
