#include "service/api/wire.h"

#include "common/base64.h"

#include <sodium.h>
#include <string.h>

#define DEFAULT_PAGE_SIZE 50
#define BASE64            sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define PAGE_TOKEN_BYTES  sodium_base64_ENCODED_LEN(sizeof(int64_t), BASE64)

/* The range of google.protobuf.Timestamp. */
#define MIN_SECONDS INT64_C(-62135596800)
#define MAX_SECONDS INT64_C(253402300799)

enum status wire_no_memory(struct error *reterr)
{
        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                         "the answer is too large; ask for fewer at a time");
}

Google__Protobuf__Timestamp *wire_timestamp(struct arena *arena, int64_t wall_ms)
{
        Google__Protobuf__Timestamp *timestamp = arena_alloc(arena, sizeof(*timestamp));

        if (!timestamp)
                return NULL;
        google__protobuf__timestamp__init(timestamp);
        timestamp->seconds = wall_ms / 1000;
        timestamp->nanos = (int32_t)(wall_ms % 1000) * 1000000;
        if (timestamp->nanos < 0) { /* before 1970: nanoseconds still count forward */
                timestamp->seconds--;
                timestamp->nanos += 1000000000;
        }
        return timestamp;
}

enum status wire_timestamp_ms(const Google__Protobuf__Timestamp *timestamp, const char *field,
                              int64_t *ret_wall_ms, struct error *reterr)
{
        if (timestamp->seconds < MIN_SECONDS || timestamp->seconds > MAX_SECONDS ||
            timestamp->nanos < 0 || timestamp->nanos > 999999999)
                return error_field(reterr, field, "want a time in the years 1 to 9999");
        *ret_wall_ms = timestamp->seconds * 1000 + timestamp->nanos / 1000000;
        return STATUS_OK;
}

/* protobuf-c's messages have no const texts; nobody writes to these. */
static char *text(const char *t)
{
        return (char *)t;
}

Socializer__V1__User *wire_user(struct arena *arena, const struct user *user, bool is_private)
{
        Socializer__V1__User *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__user__init(message);
        message->id = user->id;
        message->username = text(user->username);
        message->is_active = user->is_active;
        message->role = (Socializer__V1__Role)user->role;
        message->created_at = wire_timestamp(arena, user->created_at_ms);
        if (is_private) {
                message->email_set_case = SOCIALIZER__V1__USER__EMAIL_SET_EMAIL;
                message->email = text(user->email);
                message->temperature_set_case = SOCIALIZER__V1__USER__TEMPERATURE_SET_TEMPERATURE;
                message->temperature = user->temperature;
        }
        return message->created_at ? message : NULL;
}

Socializer__V1__Session *wire_session(struct arena *arena, const struct session_info *session)
{
        size_t size = 2 * sizeof(session->jti) + 1;
        Socializer__V1__Session *message = arena_alloc(arena, sizeof(*message));
        char *id = arena_alloc(arena, size);

        if (!message || !id)
                return NULL;
        socializer__v1__session__init(message);
        message->session_id = sodium_bin2hex(id, size, session->jti, sizeof(session->jti));
        message->client = text(session->client);
        message->created_at = wire_timestamp(arena, session->created_at_ms);
        message->expires_at = wire_timestamp(arena, session->expires_at_ms);
        if (!message->created_at || !message->expires_at)
                return NULL;
        if (session->last_used_at_ms != 0) {
                message->last_used_at = wire_timestamp(arena, session->last_used_at_ms);
                if (!message->last_used_at)
                        return NULL;
        }
        return message;
}

Socializer__V1__Preference *wire_preference(struct arena *arena,
                                            const struct preference *preference)
{
        Socializer__V1__Preference *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__preference__init(message);
        message->type = text(preference->type);
        message->key = text(preference->key);
        message->value = text(preference->value);
        message->confidence = preference->confidence;
        message->updated_at = wire_timestamp(arena, preference->updated_at_ms);
        return message->updated_at ? message : NULL;
}

Socializer__V1__MemoryMessage *wire_memory_message(struct arena *arena,
                                                   const struct memory_message *memory)
{
        Socializer__V1__MemoryMessage *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__memory_message__init(message);
        message->id = memory->id;
        message->role = (Socializer__V1__MessageRole)memory->role;
        message->content = text(memory->content);
        message->thread_id = text(memory->thread_id);
        message->created_at = wire_timestamp(arena, memory->created_at_ms);
        return message->created_at ? message : NULL;
}

Socializer__V1__MemoryThread *wire_memory_thread(struct arena *arena,
                                                 const struct memory_thread *thread)
{
        Socializer__V1__MemoryThread *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__memory_thread__init(message);
        message->thread_id = text(thread->id);
        message->messages = thread->n_messages;
        message->last_message_at = wire_timestamp(arena, thread->last_at_ms);
        return message->last_message_at ? message : NULL;
}

Socializer__V1__Skill *wire_skill(struct arena *arena, const struct skill *skill)
{
        Socializer__V1__Skill *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__skill__init(message);
        message->id = skill->id;
        message->name = text(skill->name);
        message->description = text(skill->description);
        message->created_at = wire_timestamp(arena, skill->created_at_ms);
        return message->created_at ? message : NULL;
}

Socializer__V1__UserSkill *wire_user_skill(struct arena *arena, const struct user_skill *user_skill)
{
        Socializer__V1__UserSkill *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__user_skill__init(message);
        message->skill = wire_skill(arena, &user_skill->skill);
        message->level = user_skill->level;
        message->updated_at = wire_timestamp(arena, user_skill->updated_at_ms);
        return message->skill && message->updated_at ? message : NULL;
}

Socializer__V1__Training *wire_training(struct arena *arena, const struct training *training)
{
        Socializer__V1__Training *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__training__init(message);
        message->id = training->id;
        message->user_id = training->user_id;
        message->skill_id = training->skill_id;
        message->status = (Socializer__V1__TrainingStatus)training->status;
        message->progress = training->progress;
        message->days = training->days;
        message->level = training->level;
        message->next_milestone = training->next_milestone;
        message->started_at = wire_timestamp(arena, training->started_at_ms);
        message->due_at = wire_timestamp(arena, training->due_at_ms);
        if (!message->started_at || !message->due_at)
                return NULL;
        if (training->is_completed) {
                message->completed_at = wire_timestamp(arena, training->completed_at_ms);
                if (!message->completed_at)
                        return NULL;
        }
        return message;
}

void *wire_list(struct arena *arena, size_t n)
{
        /* One more, because no memory at all is NULL. */
        return arena_calloc(arena, n + 1, sizeof(void *));
}

size_t wire_page_size(int32_t page_size)
{
        return page_size > 0 ? (size_t)page_size : DEFAULT_PAGE_SIZE;
}

char *wire_page_token(struct arena *arena, int64_t last_id)
{
        char *token = arena_alloc(arena, PAGE_TOKEN_BYTES);

        if (!token)
                return NULL;
        return sodium_bin2base64(token, PAGE_TOKEN_BYTES, (const uint8_t *)&last_id,
                                 sizeof(last_id), BASE64);
}

enum status wire_next_page(struct arena *arena, int64_t last_id, char **ret_token,
                           struct error *reterr)
{
        char *token = wire_page_token(arena, last_id);

        if (!token)
                return wire_no_memory(reterr);
        *ret_token = token;
        return STATUS_OK;
}

enum status wire_parse_page_token(const char *page_token, int64_t *ret_last_id,
                                  struct error *reterr)
{
        int64_t last_id = 0;
        size_t n;

        if (*page_token == '\0') {
                *ret_last_id = 0;
                return STATUS_OK;
        }
        if (!base64_decode(BASE64, page_token, strlen(page_token), &last_id, sizeof(last_id), &n) ||
            n != sizeof(last_id) || last_id <= 0)
                return error_field(reterr, "page_token",
                                   "want next_page_token of the page before, or nothing");
        *ret_last_id = last_id;
        return STATUS_OK;
}
