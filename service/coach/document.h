/* Answers that programs read: small JSON documents, the same from every engine.
 *
 *     EVALUATE  {"changes":[{"skill":"Empathy","delta":1,"evidence":[0,2],"why":"…"}]}
 *     REHEARSE  {"score":7,"reasons":["…"],"better":"…"}
 *     CLARIFY   {"text":"…","notes":["…"]}
 *
 * Language models like to put a fence or a sentence around what they were asked for; that is
 * skipped. Everything else has to be as it stands here. */
#ifndef SERVICE_COACH_DOCUMENT_H
#define SERVICE_COACH_DOCUMENT_H

#include "common/arena.h"
#include "common/status.h"
#include "service/store/skill.h"

#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_MAX_LINES      10 /* reasons or notes */
#define DOCUMENT_MAX_TEXT_BYTES 32768
#define DOCUMENT_MAX_SCORE      10
/* A level rises on that many messages at least, whoever judges. */
#define DOCUMENT_MIN_EVIDENCE 2

struct document_change {
        int64_t skill_id;
        const char *skill; /* its name */
        int delta; /* 0 or 1: what was earned stays */
        const size_t *evidence; /* indices of the messages, ascending */
        size_t n_evidence;
        const char *why;
};

struct document_lines {
        const char **items;
        size_t n_items;
};

/* Only the members of the task's document are set. */
struct document {
        /* EVALUATE */
        struct document_change *changes; /* one a skill at most */
        size_t n_changes;
        /* REHEARSE */
        int score; /* 0 to DOCUMENT_MAX_SCORE */
        struct document_lines reasons;
        const char *better;
        /* CLARIFY */
        const char *text;
        struct document_lines notes;
};

/* Read what an engine answered; it lives in the arena. INVALID_ARGUMENT says what is wrong: no JSON
 * object, an unknown or missing member, a value out of its range. */

/* Skills and indices are those that were asked about. */
enum status document_read_evaluation(const char *answer, const struct user_skill_list *skills,
                                     size_t n_messages, struct arena *arena, struct document *ret,
                                     struct error *reterr) MUST_CHECK;
enum status document_read_rehearsal(const char *answer, struct arena *arena, struct document *ret,
                                    struct error *reterr) MUST_CHECK;
enum status document_read_clarification(const char *answer, struct arena *arena,
                                        struct document *ret, struct error *reterr) MUST_CHECK;

#endif
