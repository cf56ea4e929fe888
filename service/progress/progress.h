/* Moves levels by what people say: every fifth message of a user is an occasion to let the coach
 * judge those that it has not judged yet. A thread of its own asks the engine; nobody who talks
 * waits for it, no lease is held meanwhile, and the writer only takes in what came of it. */
#ifndef SERVICE_PROGRESS_PROGRESS_H
#define SERVICE_PROGRESS_PROGRESS_H

#include "common/status.h"

#include <stdint.h>

struct coach;
struct vault; /* service/auth: keys to what was said to the coach */
struct db;
struct progress;

enum status progress_new(struct db *db, struct coach *coach, struct vault *vault,
                         struct progress **ret, struct error *reterr) MUST_CHECK;
/* Before the database is closed and the coach is freed. What is not evaluated by then is at the
 * next start. Accepts NULL, returns NULL. */
struct progress *progress_free(struct progress *p);

/* Any thread; neither waits. */

/* Something has been said in a room, and is committed. */
void progress_wake(struct progress *p);
/* The user is due for an evaluation (evaluation_note()), and that is committed. */
void progress_add(struct progress *p, int64_t user_id);

#endif
