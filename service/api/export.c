/* ExportService: everything of one person, a page at a time. A page is one lease and one snapshot,
 * and small; the pages together are no snapshot. */
#include "common/contract.h"
#include "service/api/coach_settings.h"
#include "service/api/ledger.h"
#include "service/api/level.h"
#include "service/api/session.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/auth/vault.h"
#include "service/service.h"
#include "service/store/membership.h"
#include "service/store/room_consent.h"

#include "handlers.gen.h"

#define PART_ITEMS 200
/* What a page has when no other section begins in it: with the largest part of a section, which is
 * half a mebibyte, it stays below the limit of an answer. */
#define PART_BYTES (128u * 1024)

/* A page token is a section and a place in it. */
#define PLACE_BITS 56

struct exporting {
        struct call *call;
        struct lease *lease;
        int64_t user_id;
        bool is_self;
        Socializer__V1__UserExport *part;
};

/* Sets a list of the part from items of the store, each by wire(arena, item). A macro, because each
 * list has types of its own. */
#define PUT_LIST(x, list_field, n_field, n, wire_call)                  \
        do {                                                            \
                (x)->part->list_field = wire_list((x)->call->arena, n); \
                if (!(x)->part->list_field)                             \
                        return wire_no_memory(reterr);                  \
                for (size_t i = 0; i < (n); i++) {                      \
                        (x)->part->list_field[i] = wire_call;           \
                        if (!(x)->part->list_field[i])                  \
                                return wire_no_memory(reterr);          \
                        (x)->part->n_field++;                           \
                }                                                       \
        } while (0)

/* --- sections: what is behind a place; *ret_next is where to go on, 0 at the end --- */

static enum status put_account(struct exporting *x, int64_t after, int64_t *ret_next,
                               struct error *reterr)
{
        (void)after;
        static char format[] = "socializer.export.1";
        struct arena *arena = x->call->arena;
        struct user user;
        enum status st = user_get(x->lease, arena, x->user_id, &user, reterr);

        if (st != STATUS_OK)
                return st;
        x->part->format = format;
        x->part->exported_at = wire_timestamp(arena, clock_wall_ms());
        x->part->user = wire_user(arena, &user, true);
        if (!x->part->exported_at || !x->part->user)
                return wire_no_memory(reterr);
        *ret_next = 0;
        return STATUS_OK;
}

static enum status put_coach_settings(struct exporting *x, int64_t after, int64_t *ret_next,
                                      struct error *reterr)
{
        (void)after;
        *ret_next = 0;
        return coach_settings_answer(x->call, x->lease, x->user_id, &x->part->coach_settings,
                                     reterr);
}

static enum status put_preferences(struct exporting *x, int64_t after, int64_t *ret_next,
                                   struct error *reterr)
{
        struct preference_list list;
        enum status st = preference_list_after(x->lease, x->call->arena, x->user_id, after,
                                               PART_ITEMS, &list, ret_next, reterr);

        if (st == STATUS_OK)
                PUT_LIST(x, preferences, n_preferences, list.n_items,
                         wire_preference(x->call->arena, &list.items[i]));
        return st;
}

static enum status put_memory(struct exporting *x, int64_t after, int64_t *ret_next,
                              struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct memory_list list;
        enum status st =
                vault_user_key(x->call->service->vault, x->lease, x->user_id, false, &key, reterr);

        if (st == STATUS_OK)
                st = memory_list(x->lease, x->call->arena, &key, x->user_id, "", after, PART_ITEMS,
                                 &list, reterr);
        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, memory, n_memory, list.n_items,
                 wire_memory_message(x->call->arena, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].id : 0;
        return STATUS_OK;
}

static enum status put_room_messages(struct exporting *x, int64_t after, int64_t *ret_next,
                                     struct error *reterr)
{
        struct room_message_list list;
        enum status st = message_list_of_user(x->lease, x->call->arena, x->user_id, after,
                                              PART_ITEMS, &list, ret_next, reterr);

        if (st == STATUS_OK)
                PUT_LIST(x, room_messages, n_room_messages, list.n_items,
                         wire_room_message(x->call->arena, &list.items[i]));
        return st;
}

static Socializer__V1__GivenReaction *answer_reaction(struct arena *arena,
                                                      const struct given_reaction *reaction)
{
        Socializer__V1__GivenReaction *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__given_reaction__init(message);
        message->message_id = reaction->message_id;
        message->room_id = reaction->room_id;
        message->emoji = (char *)reaction->emoji;
        message->created_at = wire_timestamp(arena, reaction->created_at_ms);
        return message->created_at ? message : NULL;
}

static enum status put_reactions(struct exporting *x, int64_t after, int64_t *ret_next,
                                 struct error *reterr)
{
        struct given_reaction *items;
        size_t n;
        enum status st = message_reactions_of_user(x->lease, x->call->arena, x->user_id, after,
                                                   PART_ITEMS, &items, &n, ret_next, reterr);

        if (st == STATUS_OK)
                PUT_LIST(x, reactions, n_reactions, n, answer_reaction(x->call->arena, &items[i]));
        return st;
}

static Socializer__V1__Membership *answer_membership(struct arena *arena,
                                                     const struct membership *membership)
{
        const struct member *member = &membership->member;
        Socializer__V1__Membership *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__membership__init(message);
        message->room_id = membership->room_id;
        message->room_name = (char *)membership->room_name;
        message->type = (Socializer__V1__RoomType)membership->kind;
        message->state = (Socializer__V1__MemberState)member->state;
        message->role = (Socializer__V1__MemberRole)member->role;
        message->last_read_seq = member->last_read_seq;
        message->joined_at = wire_timestamp(arena, member->joined_at_ms);
        if (message->joined_at && member->muted_until_ms != 0) {
                message->muted_until = wire_timestamp(arena, member->muted_until_ms);
                return message->muted_until ? message : NULL;
        }
        return message->joined_at ? message : NULL;
}

static enum status put_memberships(struct exporting *x, int64_t after, int64_t *ret_next,
                                   struct error *reterr)
{
        struct membership_list list;
        enum status st = membership_list(x->lease, x->call->arena, x->user_id, after, PART_ITEMS,
                                         &list, reterr);

        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, memberships, n_memberships, list.n_items,
                 answer_membership(x->call->arena, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].room_id : 0;
        return STATUS_OK;
}

static enum status put_invites(struct exporting *x, int64_t after, int64_t *ret_next,
                               struct error *reterr)
{
        struct invite_list list;
        enum status st = membership_invites(x->lease, x->call->arena, x->user_id, after, PART_ITEMS,
                                            &list, reterr);

        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, invites, n_invites, list.n_items, wire_invite(x->call->arena, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].id : 0;
        return STATUS_OK;
}

static enum status put_skills(struct exporting *x, int64_t after, int64_t *ret_next,
                              struct error *reterr)
{
        (void)after;
        struct user_skill_list list;
        enum status st = user_skill_list(x->lease, x->call->arena, x->user_id, &list, reterr);

        if (st == STATUS_OK)
                PUT_LIST(x, skills, n_skills, list.n_items,
                         wire_user_skill(x->call->arena, &list.items[i]));
        *ret_next = 0;
        return st;
}

static enum status put_level_changes(struct exporting *x, int64_t after, int64_t *ret_next,
                                     struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct level_change_list list;
        enum status st = level_owners_key(x->call, x->lease, x->user_id, &key, reterr);

        if (st == STATUS_OK)
                st = level_list(x->lease, x->call->arena, &key, x->user_id, 0, after, PART_ITEMS,
                                &list, reterr);
        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, level_changes, n_level_changes, list.n_items,
                 level_answer(x->call, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].id : 0;
        return STATUS_OK;
}

static enum status put_trainings(struct exporting *x, int64_t after, int64_t *ret_next,
                                 struct error *reterr)
{
        (void)after;
        struct training_list list;
        enum status st = training_list_of_user(x->lease, x->call->arena, x->user_id, &list, reterr);

        if (st == STATUS_OK)
                PUT_LIST(x, trainings, n_trainings, list.n_items,
                         wire_training(x->call->arena, &list.items[i]));
        *ret_next = 0;
        return st;
}

static enum status put_sessions(struct exporting *x, int64_t after, int64_t *ret_next,
                                struct error *reterr)
{
        struct session_list list;
        enum status st = session_list(x->lease, x->call->arena, x->user_id, clock_wall_ms(), after,
                                      PART_ITEMS, &list, reterr);

        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, sessions, n_sessions, list.n_items, session_answer(x->call, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].id : 0;
        return STATUS_OK;
}

static enum status put_disclosures(struct exporting *x, int64_t after, int64_t *ret_next,
                                   struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct disclosure_list list;
        enum status st =
                vault_user_key(x->call->service->vault, x->lease, x->user_id, false, &key, reterr);

        if (st == STATUS_OK)
                st = disclosure_list(x->lease, x->call->arena, &key, x->user_id, after, PART_ITEMS,
                                     &list, reterr);
        if (st != STATUS_OK)
                return st;
        PUT_LIST(x, disclosures, n_disclosures, list.n_items,
                 ledger_answer(x->call->arena, &list.items[i]));
        *ret_next = list.more ? list.items[list.n_items - 1].id : 0;
        return STATUS_OK;
}

static enum status put_consents(struct exporting *x, int64_t after, int64_t *ret_next,
                                struct error *reterr)
{
        (void)after;
        *ret_next = 0;
        return room_consent_list(x->lease, x->call->arena, x->user_id,
                                 &x->part->coach_consent_room_ids,
                                 &x->part->n_coach_consent_room_ids, reterr);
}

/* In the order of their members in UserExport, which is what makes the pages one document. A
 * private one is the user's alone, as it is in the methods that show it. */
static const struct section {
        enum status (*put)(struct exporting *x, int64_t after, int64_t *ret_next,
                           struct error *reterr);
        const char *private_name; /* NULL: administrators see it too */
} sections[] = {
        {put_account, NULL},
        {put_coach_settings, "coach_settings"},
        {put_preferences, NULL},
        {put_memory, "memory"},
        {put_room_messages, "room_messages"},
        {put_reactions, "reactions"},
        {put_memberships, NULL},
        {put_invites, "invites"},
        {put_skills, NULL},
        {put_level_changes, NULL},
        {put_trainings, NULL},
        {put_sessions, NULL},
        {put_disclosures, "disclosures"},
        {put_consents, "coach_consent_room_ids"},
};

/* --- pages --- */

static bool is_left_out(const struct exporting *x, size_t section)
{
        return sections[section].private_name && !x->is_self;
}

static enum status say_left_out(struct exporting *x, struct error *reterr)
{
        static char evidence[] = "level_changes.evidence.text";
        char **names = wire_list(x->call->arena, ARRAY_SIZE(sections) + 1);

        if (!names)
                return wire_no_memory(reterr);
        x->part->left_out = names;
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                if (is_left_out(x, i))
                        names[x->part->n_left_out++] = (char *)sections[i].private_name;
        if (!x->is_self)
                names[x->part->n_left_out++] = evidence;
        return STATUS_OK;
}

/* Fills the part from a place on; *ret_place: where the next one begins, 0 at the end. */
static enum status put_part(struct exporting *x, int64_t place, int64_t *ret_place,
                            struct error *reterr)
{
        size_t section = (size_t)(place >> PLACE_BITS);
        int64_t after = place & ((INT64_C(1) << PLACE_BITS) - 1);
        enum status st = place == 0 ? say_left_out(x, reterr) : STATUS_OK;

        for (; st == STATUS_OK && section < ARRAY_SIZE(sections); section++, after = 0) {
                int64_t next = 0;

                if (protobuf_c_message_get_packed_size(&x->part->base) > PART_BYTES) {
                        *ret_place = (int64_t)section << PLACE_BITS;
                        return STATUS_OK;
                }
                if (!is_left_out(x, section))
                        st = sections[section].put(x, after, &next, reterr);
                if (st == STATUS_OK && next != 0) {
                        *ret_place = (int64_t)section << PLACE_BITS | next;
                        return STATUS_OK;
                }
        }
        *ret_place = 0;
        return st;
}

enum status export_service_export_user(struct call *call,
                                       const Socializer__V1__ExportUserRequest *req,
                                       Socializer__V1__ExportUserResponse *rsp,
                                       struct error *reterr)
{
        struct exporting x = {.call = call};
        int64_t place = 0, next = 0;
        enum status st = call_subject(call, req->user_id, &x.user_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &place, reterr);
        if (st == STATUS_OK && (size_t)(place >> PLACE_BITS) >= ARRAY_SIZE(sections))
                st = error_field(reterr, "page_token",
                                 "want next_page_token of the page before, or nothing");
        if (st != STATUS_OK)
                return st;
        x.is_self = x.user_id == call->caller.user_id;
        x.part = rsp->part = arena_alloc(call->arena, sizeof(*x.part));
        if (!x.part)
                return wire_no_memory(reterr);
        socializer__v1__user_export__init(x.part);

        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        x.lease = &lease;
        st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = put_part(&x, place, &next, reterr);
        if (st != STATUS_OK || next == 0)
                return st;
        return wire_next_page(call->arena, next, &rsp->next_page_token, reterr);
}
