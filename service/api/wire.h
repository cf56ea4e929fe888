/* From the store's structs to the contract's messages, and what lists have in common. Everything
 * lives in the arena; NULL always means that it is spent (wire_no_memory() says so). */
#ifndef SERVICE_API_WIRE_H
#define SERVICE_API_WIRE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/store/memory.h"
#include "service/store/preference.h"
#include "service/store/session.h"
#include "service/store/skill.h"
#include "service/store/training.h"
#include "service/store/user.h"

#include "socializer/v1/skill.pb-c.h"
#include "socializer/v1/training.pb-c.h"
#include "socializer/v1/user.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RESOURCE_EXHAUSTED: the answer does not fit into the call's memory. */
enum status wire_no_memory(struct error *reterr);

Google__Protobuf__Timestamp *wire_timestamp(struct arena *arena, int64_t wall_ms) MUST_CHECK;
/* Milliseconds of a timestamp; INVALID_ARGUMENT naming the field when it is outside of the years 1
 * to 9999 or no timestamp at all. */
enum status wire_timestamp_ms(const Google__Protobuf__Timestamp *timestamp, const char *field,
                              int64_t *ret_wall_ms, struct error *reterr) MUST_CHECK;

/* is_private: the caller may see the e-mail address and the temperature. */
Socializer__V1__User *wire_user(struct arena *arena, const struct user *user,
                                bool is_private) MUST_CHECK;
Socializer__V1__Session *wire_session(struct arena *arena,
                                      const struct session_info *session) MUST_CHECK;
Socializer__V1__Preference *wire_preference(struct arena *arena,
                                            const struct preference *preference) MUST_CHECK;
Socializer__V1__MemoryMessage *wire_memory_message(struct arena *arena,
                                                   const struct memory_message *message) MUST_CHECK;
Socializer__V1__MemoryThread *wire_memory_thread(struct arena *arena,
                                                 const struct memory_thread *thread) MUST_CHECK;
Socializer__V1__Skill *wire_skill(struct arena *arena, const struct skill *skill) MUST_CHECK;
Socializer__V1__UserSkill *wire_user_skill(struct arena *arena,
                                           const struct user_skill *user_skill) MUST_CHECK;
Socializer__V1__Training *wire_training(struct arena *arena,
                                        const struct training *training) MUST_CHECK;

/* Room for n messages of a repeated field. */
void *wire_list(struct arena *arena, size_t n) MUST_CHECK;
/* How many a page holds; 0 means 50. */
size_t wire_page_size(int32_t page_size);
/* Names the place behind an item: opaque text. */
char *wire_page_token(struct arena *arena, int64_t last_id) MUST_CHECK;
/* The same into a response's next_page_token, which stays as it is when there is no memory. */
enum status wire_next_page(struct arena *arena, int64_t last_id, char **ret_token,
                           struct error *reterr) MUST_CHECK;
/* "" is 0, the beginning. INVALID_ARGUMENT, field "page_token", for what wire_page_token() did not
 * write. */
enum status wire_parse_page_token(const char *page_token, int64_t *ret_last_id,
                                  struct error *reterr) MUST_CHECK;

#endif
