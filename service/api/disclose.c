#include "service/api/disclose.h"

#include "common/buffer.h"
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/coach/builtin.h"
#include "service/coach/prompt.h"
#include "service/store/disclosure.h"

static Socializer__V1__CoachTask wire_task(enum coach_task task)
{
        switch (task) {
        case COACH_CHAT:
                return SOCIALIZER__V1__COACH_TASK__COACH_TASK_CHAT;
        case COACH_EVALUATE:
                return SOCIALIZER__V1__COACH_TASK__COACH_TASK_EVALUATE;
        case COACH_REHEARSE:
                return SOCIALIZER__V1__COACH_TASK__COACH_TASK_REHEARSE;
        case COACH_CLARIFY:
                return SOCIALIZER__V1__COACH_TASK__COACH_TASK_CLARIFY;
        case COACH_ROOM:
                return SOCIALIZER__V1__COACH_TASK__COACH_TASK_ROOM;
        }
        return SOCIALIZER__V1__COACH_TASK__COACH_TASK_UNSPECIFIED;
}

static char *profile_of(struct arena *arena, const struct coach_request *request)
{
        AUTO_BUFFER profile = BUFFER_INIT;

        prompt_profile(&profile, request);
        return buffer_str(&profile) ? arena_strdup(arena, buffer_str(&profile)) : NULL;
}

Socializer__V1__Disclosure *disclose_begin(struct arena *arena, const struct coach_request *request,
                                           struct error *reterr)
{
        const struct coach_settings *settings = &request->settings;
        Socializer__V1__Disclosure *entry = arena_alloc(arena, sizeof(*entry));

        if (!entry)
                goto no_memory;
        socializer__v1__disclosure__init(entry);
        entry->task = wire_task(request->task);
        entry->engine = (char *)COACH_BUILTIN;
        if (!coach_engine_is_builtin(settings->provider)) {
                entry->engine = (char *)settings->provider;
                entry->endpoint = (char *)settings->endpoint;
                entry->model = (char *)settings->model;
        }
        entry->profile = profile_of(arena, request);
        entry->texts = wire_list(arena, request->history.n_items + request->n_messages + 1);
        if (entry->profile && entry->texts)
                return entry;
no_memory:
        (void)wire_no_memory(reterr);
        return NULL;
}

enum status disclose_text(struct arena *arena, Socializer__V1__Disclosure *entry,
                          enum memory_role role, const char *text, struct error *reterr)
{
        Socializer__V1__DisclosedText *item = arena_alloc(arena, sizeof(*item));

        if (!item)
                return wire_no_memory(reterr);
        socializer__v1__disclosed_text__init(item);
        item->role = role == MEMORY_ROLE_ASSISTANT
                             ? SOCIALIZER__V1__MESSAGE_ROLE__MESSAGE_ROLE_ASSISTANT
                             : SOCIALIZER__V1__MESSAGE_ROLE__MESSAGE_ROLE_USER;
        item->text = (char *)text;
        entry->texts[entry->n_texts++] = item;
        return STATUS_OK;
}

Socializer__V1__Disclosure *disclose_request(struct arena *arena,
                                             const struct coach_request *request,
                                             struct error *reterr)
{
        Socializer__V1__Disclosure *entry = disclose_begin(arena, request, reterr);
        enum status st = entry ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;

        for (size_t n = prompt_n_history(request); n-- > 0 && st == STATUS_OK;)
                st = disclose_text(arena, entry, request->history.items[n].role,
                                   request->history.items[n].content, reterr);
        if (request->task == COACH_EVALUATE)
                for (size_t i = prompt_first_message(request);
                     i < request->n_messages && st == STATUS_OK; i++)
                        st = disclose_text(arena, entry, MEMORY_ROLE_USER, request->messages[i],
                                           reterr);
        if (request->message && st == STATUS_OK)
                st = disclose_text(arena, entry, MEMORY_ROLE_USER, request->message, reterr);
        return st == STATUS_OK ? entry : NULL;
}

enum status disclose(struct service *service, struct arena *arena, struct lease *lease,
                     int64_t user_id, const Socializer__V1__Disclosure *entry, struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        size_t n = socializer__v1__disclosure__get_packed_size(entry);
        uint8_t *packed = arena_alloc(arena, n + 1);
        enum status st;

        if (!packed)
                return wire_no_memory(reterr);
        socializer__v1__disclosure__pack(entry, packed);
        st = vault_user_key(service->vault, lease, user_id, true, &key, reterr);
        return st == STATUS_OK ? disclosure_append(lease, arena, &key, user_id,
                                                   (struct frame_bytes){packed, n}, reterr)
                               : st;
}
