#include "service/coach/language.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/utf8.h"

#include <libexttextcat/textcat.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Less says too little; more says nothing new. */
#define MIN_BYTES 12
#define MAX_BYTES 1000

struct language_detector {
        void *textcat;
        pthread_mutex_t mutex; /* the library's: it says nothing of threads */
};

/* Those that language models speak well. One that is alone with another name is none of these. */
static const char *const languages[] = {
        "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he",
        "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "nb", "nl", "pl",
        "pt", "ro", "ru", "sk", "sl", "sr", "sv", "th", "tr", "uk", "vi", "zh",
};

struct language_detector *language_detector_new(void)
{
        struct language_detector *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        d->textcat = special_textcat_Init(LANGUAGE_DIR "/fpdb.conf", LANGUAGE_DIR "/");
        if (!d->textcat) {
                LOG(WARNING, "languages cannot be told apart: is libexttextcat-data installed?",
                    LOG_STR("folder", LANGUAGE_DIR));
                free(d);
                return NULL;
        }
        textcat_SetProperty(d->textcat, TCPROP_MINIMUM_DOCUMENT_SIZE, MIN_BYTES);
        pthread_mutex_init(&d->mutex, NULL);
        return d;
}

struct language_detector *language_detector_free(struct language_detector *d)
{
        if (!d)
                return NULL;
        textcat_Done(d->textcat);
        pthread_mutex_destroy(&d->mutex);
        free(d);
        return NULL;
}

/* "de--utf8" and "zh-CN-utf8" begin with the language. */
static const char *known(const char *name)
{
        size_t n = strcspn(name, "-");

        for (size_t i = 0; i < ARRAY_SIZE(languages); i++)
                if (strlen(languages[i]) == n && strncmp(languages[i], name, n) == 0)
                        return languages[i];
        return "";
}

/* It is clear when the text fits one language and no other: of a short one the library finds
 * several, and the best of them is often wrong. */
const char *language_of_text(struct language_detector *d, const char *text)
{
        candidate_t *candidates;
        const char *found = "";
        size_t n = utf8_fitting(text, MAX_BYTES);

        if (!d || n < MIN_BYTES)
                return "";
        LOCK(&d->mutex);
        candidates = textcat_GetClassifyFullOutput(d->textcat);
        if (!candidates)
                return "";
        if (textcat_ClassifyFull(d->textcat, text, n, candidates) == 1)
                found = known(candidates[0].name);
        textcat_ReleaseClassifyFullOutput(d->textcat, candidates);
        return found;
}

const char *language_of_request(struct language_detector *d, const struct coach_request *request)
{
        const char *found = request->message ? language_of_text(d, request->message) : "";
        AUTO_BUFFER said = BUFFER_INIT;

        if (*found || !d)
                return found;
        if (request->message)
                buffer_append_str(&said, request->message);
        for (size_t i = 0; i < request->n_messages; i++)
                buffer_printf(&said, "\n%s", request->messages[i]);
        /* In a room those are others' words. */
        for (size_t i = 0; request->task == COACH_CHAT && i < request->history.n_items; i++)
                if (request->history.items[i].role != MEMORY_ROLE_ASSISTANT)
                        buffer_printf(&said, "\n%s", request->history.items[i].content);
        return buffer_str(&said) ? language_of_text(d, buffer_str(&said)) : "";
}

bool language_is_english(const char *tag)
{
        return !tag || *tag == '\0' ||
               (strncasecmp(tag, "en", 2) == 0 && (tag[2] == '\0' || tag[2] == '-'));
}
