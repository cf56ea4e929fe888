/* The documents of the built-in coach, by its rules: it judges what it can see, says what it saw,
 * and says where it cannot judge. */
#ifndef SERVICE_COACH_JUDGE_H
#define SERVICE_COACH_JUDGE_H

#include "common/buffer.h"
#include "service/coach/coach.h"

/* Append the document of the task. */

/* EVALUATE: empathy, active listening, clarity and engagement rise a level when at least
 * DOCUMENT_MIN_EVIDENCE different messages show them. */
void judge_messages(struct buffer *out, const struct coach_request *request);
/* REHEARSE. */
void judge_draft(struct buffer *out, const struct coach_request *request);
/* CLARIFY. */
void judge_clarity(struct buffer *out, const struct coach_request *request);

#endif
