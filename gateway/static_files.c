#include "gateway/static_files.h"

#include "gateway/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum status static_files_init(struct static_files *f, const char *dir, struct error *reterr)
{
        f->dir_fd = -1;
        if (!*dir)
                return STATUS_OK;
        f->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f->dir_fd < 0)
                return error_set(reterr, STATUS_NOT_FOUND, "cannot open the folder %s: %s", dir,
                                 strerror(errno));
        return STATUS_OK;
}

void static_files_deinit(struct static_files *f)
{
        if (f->dir_fd >= 0)
                close(f->dir_fd);
        f->dir_fd = -1;
}

bool static_files_path_safe(const char *path)
{
        /* A part that begins with a dot is hidden, or leads upwards. */
        return path[0] == '/' && !strstr(path, "/.") && !strstr(path, "//") && !strchr(path, '\\');
}

const char *static_files_type(const char *path)
{
        static const struct {
                const char *ending;
                const char *type;
        } types[] = {
                {".html", REPLY_HTML},
                {".js", "text/javascript; charset=utf-8"},
                {".mjs", "text/javascript; charset=utf-8"},
                {".css", "text/css; charset=utf-8"},
                {".json", REPLY_JSON},
                {".map", REPLY_JSON},
                {".webmanifest", "application/manifest+json"},
                {".svg", "image/svg+xml"},
                {".png", "image/png"},
                {".jpg", "image/jpeg"},
                {".ico", "image/x-icon"},
                {".webp", "image/webp"},
                {".woff2", "font/woff2"},
                {".txt", REPLY_TEXT},
        };
        const char *ending = strrchr(path, '.');

        for (size_t i = 0; ending && i < ARRAY_SIZE(types); i++)
                if (strcasecmp(ending, types[i].ending) == 0)
                        return types[i].type;
        return "application/octet-stream";
}

/* -1 when there is no such regular file. */
static int open_file(const struct static_files *f, const char *path, struct stat *ret)
{
        int fd = openat(f->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0 && (fstat(fd, ret) != 0 || !S_ISREG(ret->st_mode))) {
                close(fd);
                return -1;
        }
        return fd;
}

/* Answers with the file behind fd, which is the response's from then on. */
static void answer_file(struct request *r, const char *path, int fd, const struct stat *st,
                        const char *csp)
{
        struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)st->st_size, fd);

        if (!response)
                close(fd);
        reply_response(r, 200, response);
        reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, static_files_type(path));
        if (strcmp(static_files_type(path), REPLY_HTML) == 0)
                reply_header(r, "Content-Security-Policy", csp);
}

bool static_files_answer(const struct static_files *f, struct request *r, const char *path,
                         const char *csp)
{
        struct stat st;
        char etag[48];

        if (f->dir_fd < 0 || !static_files_path_safe(path))
                return false;
        if (strcmp(path, "/") == 0)
                path = "/index.html";
        int fd = open_file(f, path + 1, &st);
        if (fd < 0)
                return false;

        /* A name under assets/ holds a hash of its content; everything else is asked for anew,
         * which costs a 304. */
        bool is_immutable = strncmp(path, "/assets/", 8) == 0;
        snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 ".%lx\"", (uint64_t)st.st_size,
                 (uint64_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
        r->cacheable = true;
        if (reply_not_modified(r, etag)) {
                close(fd);
        } else {
                answer_file(r, path, fd, &st, csp);
                reply_header(r, MHD_HTTP_HEADER_ETAG, etag);
        }
        reply_header(r, MHD_HTTP_HEADER_CACHE_CONTROL,
                     is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
        return true;
}
