#include "gateway/static_files.h"

#include "common/cleanup.h"
#include "gateway/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static int open_dir(const char *dir)
{
        return *dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

enum status static_files_init(struct static_files *f, const char *dir, struct error *reterr)
{
        AUTO_CLOSE int dir_fd = open_dir(dir);

        f->dir = dir;
        if (*dir && dir_fd < 0)
                return error_set(reterr, STATUS_NOT_FOUND, "cannot open the folder %s: %s", dir,
                                 strerror(errno));
        return STATUS_OK;
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
static int open_file(int dir_fd, const char *path, struct stat *ret)
{
        int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0 && (fstat(fd, ret) != 0 || !S_ISREG(ret->st_mode))) {
                close(fd);
                return -1;
        }
        return fd;
}

struct file {
        int fd; /* the response's as soon as there is one */
        struct stat st;
        bool is_gzip;
};

/* The file, or what the build has compressed of it, for who takes that. */
static bool find_file(const char *dir, const struct request *r, const char *path, struct file *ret)
{
        AUTO_CLOSE int dir_fd = open_dir(dir);
        char compressed[PATH_MAX];
        int n = snprintf(compressed, sizeof(compressed), "%s.gz", path + 1);

        *ret = (struct file){.fd = -1};
        if (dir_fd < 0)
                return false;
        if (headers_accept_gzip(&r->headers) && n > 0 && (size_t)n < sizeof(compressed)) {
                ret->fd = open_file(dir_fd, compressed, &ret->st);
                ret->is_gzip = ret->fd >= 0;
        }
        if (ret->fd < 0)
                ret->fd = open_file(dir_fd, path + 1, &ret->st);
        return ret->fd >= 0;
}

static void answer_file(struct request *r, const char *path, const struct file *file,
                        const char *csp)
{
        struct MHD_Response *response =
                MHD_create_response_from_fd64((uint64_t)file->st.st_size, file->fd);

        if (!response)
                close(file->fd);
        reply_response(r, 200, response);
        reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, static_files_type(path));
        if (file->is_gzip)
                reply_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
        if (strcmp(static_files_type(path), REPLY_HTML) == 0)
                reply_header(r, "Content-Security-Policy", csp);
}

bool static_files_answer(const struct static_files *f, struct request *r, const char *path,
                         const char *csp)
{
        struct file file;
        char etag[48];

        if (!static_files_path_safe(path))
                return false;
        if (strcmp(path, "/") == 0)
                path = "/index.html";
        if (!find_file(f->dir, r, path, &file))
                return false;

        /* A name under assets/ holds a hash of its content; everything else is asked for anew,
         * which costs a 304. */
        bool is_immutable = strncmp(path, "/assets/", 8) == 0;
        snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 ".%lx\"", (uint64_t)file.st.st_size,
                 (uint64_t)file.st.st_mtim.tv_sec, (unsigned long)file.st.st_mtim.tv_nsec);
        r->cacheable = true;
        if (reply_not_modified(r, etag)) {
                close(file.fd);
        } else {
                answer_file(r, path, &file, csp);
                reply_header(r, MHD_HTTP_HEADER_ETAG, etag);
        }
        reply_header(r, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
        reply_header(r, MHD_HTTP_HEADER_CACHE_CONTROL,
                     is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
        return true;
}
