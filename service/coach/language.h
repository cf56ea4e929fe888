/* In which language somebody writes, as far as that can be told: by libexttextcat, which compares
 * the letters and their neighbours with what is usual in a language. A few words are not enough. */
#ifndef SERVICE_COACH_LANGUAGE_H
#define SERVICE_COACH_LANGUAGE_H

#include "service/coach/coach.h"

struct language_detector;

/* NULL where the fingerprints of languages cannot be read, which is logged: nothing is detected
 * then. */
struct language_detector *language_detector_new(void) MUST_CHECK;
/* Accepts NULL, returns NULL. */
struct language_detector *language_detector_free(struct language_detector *d);

/* The language of a text: "de", static; "" when it is not clear. d may be NULL. Any thread. */
const char *language_of_text(struct language_detector *d, const char *text);
/* That of what is asked; where that is too short, of what was asked before, too. */
const char *language_of_request(struct language_detector *d, const struct coach_request *request);

/* Whether a tag, such as "en-GB", is English's; "" and NULL are. */
bool language_is_english(const char *tag);

#endif
