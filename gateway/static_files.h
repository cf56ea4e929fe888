/* Files of a folder over HTTP. Nothing outside the folder, no hidden files, no symbolic link as the
 * last part of a path. */
#ifndef GATEWAY_STATIC_FILES_H
#define GATEWAY_STATIC_FILES_H

#include "common/status.h"

#include <stdbool.h>

struct request;

/* The folder is looked up for each request: who puts another in its place serves that at once. */
struct static_files {
        const char *dir; /* the caller's; "" = there is none */
};

enum status static_files_init(struct static_files *f, const char *dir,
                              struct error *reterr) MUST_CHECK;

/* Answers with a file; path is decoded, "/assets/app.js"; "/" is "/index.html". Who takes gzip gets
 * "/assets/app.js.gz", where the build has made one. csp is for HTML.
 * False, and no answer, when there is no such file. */
bool static_files_answer(const struct static_files *f, struct request *r, const char *path,
                         const char *csp);
/* Whether a decoded path may be looked up at all. */
bool static_files_path_safe(const char *path);
/* By the name's ending; "application/octet-stream" for unknown ones. */
const char *static_files_type(const char *path);

#endif
