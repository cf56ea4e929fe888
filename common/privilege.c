#include "common/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static enum status find_user(const char *name, const struct passwd **ret, struct error *reterr)
{
        errno = 0;
        *ret = getpwnam(name);
        if (!*ret)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "--user %s: %s", name,
                                 errno ? strerror(errno) : "there is no such user");
        return STATUS_OK;
}

static enum status failed(const char *name, struct error *reterr)
{
        return error_set(reterr, STATUS_PERMISSION_DENIED, "--user %s: cannot become that user: %s",
                         name, strerror(errno));
}

enum status privilege_give(const char *path, const char *user, struct error *reterr)
{
        const struct passwd *who;

        if (!user)
                return STATUS_OK;
        enum status st = find_user(user, &who, reterr);
        if (st == STATUS_OK && chown(path, who->pw_uid, who->pw_gid) != 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: cannot be given to %s: %s", path, user, strerror(errno));
        return st;
}

static enum status become(const char *user, struct error *reterr)
{
        const struct passwd *who;
        enum status st = find_user(user, &who, reterr);

        if (st != STATUS_OK)
                return st;
        if (geteuid() != 0 && geteuid() == who->pw_uid && getuid() == who->pw_uid)
                return STATUS_OK;
        if (initgroups(who->pw_name, who->pw_gid) != 0 ||
            setresgid(who->pw_gid, who->pw_gid, who->pw_gid) != 0 ||
            setresuid(who->pw_uid, who->pw_uid, who->pw_uid) != 0)
                return failed(user, reterr);
        /* There is no way back. */
        if (who->pw_uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
                errno = EPERM;
                return failed(user, reterr);
        }
        return STATUS_OK;
}

enum status privilege_drop(const char *user, struct error *reterr)
{
        static const struct rlimit no_core = {0, 0};
        enum status st = user ? become(user, reterr) : STATUS_OK;

        if (st != STATUS_OK)
                return st;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
                return error_set(reterr, STATUS_INTERNAL, "cannot give up rights: %s",
                                 strerror(errno));
        return STATUS_OK;
}
