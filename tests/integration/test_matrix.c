/* The matrix of who may do what to whose. A refused call changes nothing of OWNER's, and no answer
 * to anybody but OWNER, who is allowed to see it, has a word of OWNER's in it. */
#include "tests/integration/matrix.h"

#include "common/arena.h"
#include "common/buffer.h"
#include "common/contract.h"
#include "common/wire.h"
#include "tests/support/server/ask.h"
#include "tests/support/server/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECRET   "zebrafish" /* is in everything that is OWNER's own */
#define SEALED   "moonflower" /* is in what not even administrators may read */
#define PASSWORD "password123"
#define THREAD   "a-thread"

struct world {
        struct server server;
        soc_client *client;
        char *tokens[N_CALLERS];
        char owner[32]; /* the name */
        int64_t owner_id, member_id, moderator_id, guest_id, banned_id;
        char *guest; /* a token */
        char *banned;
        unsigned n_names, n_levels;

        /* OWNER's, of the row that is being tried. */
        bool is_ready; /* all of it is there */
        int64_t room_id, message_id, invite_id, change_id, training_id;
        char session[64], answer[32];
};

static const char *const names[N_CALLERS] = {
        [CALLER_STRANGER] = "sten",
        [CALLER_MEMBER] = "mel",
        [CALLER_MODERATOR] = "mona",
        [CALLER_ADMIN] = "admin",
};

static json_t *owner_asks(struct world *w, const char *method, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static json_t *asks(struct world *w, const char *token, const char *method, const char *format,
                    va_list args)
{
        char request[512];

        vsnprintf(request, sizeof(request), format, args);
        return ask_well(w->client, token, method, request);
}

static json_t *owner_asks(struct world *w, const char *method, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        json_t *answer = asks(w, w->tokens[CALLER_OWNER], method, format, args);
        va_end(args);
        return answer;
}

static void must(struct world *w, const char *token, const char *method, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void must(struct world *w, const char *token, const char *method, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        json_decref(asks(w, token, method, format, args));
        va_end(args);
}

/* --- people --- */

static char *sign_in(struct world *w, const char *name, int64_t *ret_id)
{
        *ret_id = server_create_user(&w->server, name, PASSWORD, false);
        return ask_login(w->client, name, PASSWORD);
}

static void replace(char **text, char *with)
{
        free(*text);
        *text = with;
}

static void new_owner(struct world *w)
{
        char request[256];
        json_t *answer;

        snprintf(w->owner, sizeof(w->owner), "olga%u", ++w->n_names);
        snprintf(request, sizeof(request),
                 "{\"username\":\"%s\",\"email\":\"" SECRET
                 "%u@example.org\",\"password\":\"" PASSWORD "\"}",
                 w->owner, w->n_names);
        answer = ask_well(w->client, "", "UserService/Register", request);
        w->owner_id = ask_number(answer, "id");
        json_decref(answer);
        snprintf(request, sizeof(request),
                 "{\"username\":\"%s\",\"password\":\"" PASSWORD "\",\"client\":\"" SECRET "\"}",
                 w->owner);
        answer = ask_well(w->client, "", "UserService/Login", request);
        replace(&w->tokens[CALLER_OWNER],
                strdup(json_string_value(json_object_get(answer, "access_token"))));
        json_decref(answer);
}

static int setup(void **state)
{
        static const char *const arguments[] = {"--write-rate", "0", NULL};
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        server_start_with(&w->server, arguments);
        server_create_user(&w->server, "admin", PASSWORD, true);
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
        w->tokens[CALLER_NOBODY] = strdup("");
        w->tokens[CALLER_ADMIN] = ask_login(w->client, "admin", PASSWORD);
        /* Nothing here is about how often. */
        must(w, w->tokens[CALLER_ADMIN], "CoachService/UpdateServerSettings",
             "{\"requests_per_minute\":1000}");
        int64_t id;
        w->tokens[CALLER_STRANGER] = sign_in(w, "sten", &id);
        w->tokens[CALLER_MEMBER] = sign_in(w, "mel", &w->member_id);
        w->tokens[CALLER_MODERATOR] = sign_in(w, "mona", &w->moderator_id);
        w->guest = sign_in(w, "gina", &w->guest_id);
        w->banned = sign_in(w, "bert", &w->banned_id);
        w->tokens[CALLER_REVOKED] = ask_login(w->client, "admin", PASSWORD);
        must(w, w->tokens[CALLER_REVOKED], "UserService/Logout", "{}");
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        server_assert_no_leases(&w->server);
        soc_client_free(w->client);
        server_stop(&w->server);
        for (size_t i = 0; i < N_CALLERS; i++)
                free(w->tokens[i]);
        free(w->guest);
        free(w->banned);
        free(w);
        return 0;
}

/* --- what is OWNER's --- */

static int64_t invite(struct world *w, int64_t user_id)
{
        json_t *answer = owner_asks(w, "ChatService/InviteUser",
                                    "{\"room_id\":%" PRId64 ",\"user_id\":%" PRId64 "}", w->room_id,
                                    user_id);
        int64_t id = ask_number(json_object_get(answer, "invite"), "id");

        json_decref(answer);
        return id;
}

static void take_in(struct world *w, const char *token, int64_t user_id)
{
        must(w, token, "ChatService/AcceptInvite", "{\"invite_id\":%" PRId64 "}",
             invite(w, user_id));
}

static void new_room(struct world *w)
{
        json_t *answer =
                owner_asks(w, "ChatService/CreateRoom",
                           "{\"name\":\"" SECRET " room\",\"description\":\"" SECRET "\"}");

        w->room_id = ask_number(json_object_get(answer, "room"), "id");
        json_decref(answer);
        take_in(w, w->tokens[CALLER_MEMBER], w->member_id);
        take_in(w, w->tokens[CALLER_MODERATOR], w->moderator_id);
        take_in(w, w->banned, w->banned_id);
        must(w, w->tokens[CALLER_OWNER], "ChatService/UpdateMember",
             "{\"room_id\":%" PRId64 ",\"user_id\":%" PRId64 ",\"role\":\"moderator\"}", w->room_id,
             w->moderator_id);
        must(w, w->tokens[CALLER_OWNER], "ChatService/RemoveMember",
             "{\"room_id\":%" PRId64 ",\"user_id\":%" PRId64 ",\"ban\":true}", w->room_id,
             w->banned_id);
        w->invite_id = invite(w, w->guest_id);
        answer = owner_asks(w, "ChatService/SendMessage",
                            "{\"room_id\":%" PRId64 ",\"content\":\"" SEALED " words\"}",
                            w->room_id);
        w->message_id = ask_number(json_object_get(answer, "message"), "message_id");
        json_decref(answer);
}

static void new_belongings(struct world *w)
{
        const char *token = w->tokens[CALLER_OWNER];
        json_t *answer;

        must(w, token, "UserService/SetPreference",
             "{\"user_id\":\"me\",\"type\":\"ui\",\"key\":\"theme\",\"value\":\"" SECRET "\"}");
        must(w, token, "UserService/SaveMessages",
             "{\"user_id\":\"me\",\"messages\":[{\"role\":\"user\",\"content\":\"" SEALED
             "\",\"thread_id\":\"" THREAD "\"}]}");
        must(w, token, "SkillService/SetUserSkill",
             "{\"user_id\":\"me\",\"skill_id\":1,\"level\":%u}", 1 + w->n_levels++ % 2);
        answer = owner_asks(w, "SkillService/ListLevelChanges", "{\"user_id\":\"me\"}");
        w->change_id = ask_number(json_array_get(json_object_get(answer, "changes"), 0), "id");
        json_decref(answer);
        answer = owner_asks(w, "TrainingService/ListUserTrainings", "{\"user_id\":\"me\"}");
        w->training_id = ask_number(json_array_get(json_object_get(answer, "trainings"), 0), "id");
        json_decref(answer);
        answer = owner_asks(w, "UserService/ListSessions", "{\"user_id\":\"me\"}");
        json_t *session = json_array_get(json_object_get(answer, "sessions"), 0);
        snprintf(w->session, sizeof(w->session), "%s",
                 json_string_value(json_object_get(session, "session_id")));
        json_decref(answer);
}

static void new_answer(struct world *w)
{
        snprintf(w->answer, sizeof(w->answer), "answer-%u", ++w->n_names);
        must(w, w->tokens[CALLER_OWNER], "CoachService/Chat",
             "{\"message\":\"" SEALED "\",\"thread_id\":\"" THREAD "\",\"answer_id\":\"%s\"}",
             w->answer);
}

static void drop_room(struct world *w)
{
        char request[64];
        struct error error;

        snprintf(request, sizeof(request), "{\"room_id\":%" PRId64 "}", w->room_id);
        enum status st = ask(w->client, w->tokens[CALLER_ADMIN], "ChatService/DeleteRoom", request,
                             NULL, &error);
        assert_true(st == STATUS_OK || st == STATUS_NOT_FOUND);
}

/* OWNER has everything that a row may be about, and as if nobody had touched it. */
static void prepare(struct world *w, const struct matrix_row *row)
{
        if (!w->is_ready) {
                if (w->room_id)
                        drop_room(w);
                if (w->owner_id == 0)
                        new_owner(w);
                new_room(w);
                new_belongings(w);
                w->is_ready = true;
        }
        if (strstr(row->request, "$answer") || strstr(row->method, "Disclosures"))
                new_answer(w);
}

/* --- one cell --- */

static void append_value(struct world *w, const char *name, size_t n, struct buffer *out)
{
        const struct {
                const char *name;
                int64_t number;
                const char *text;
        } values[] = {
                {"user", w->owner_id, NULL},
                {"room", w->room_id, NULL},
                {"message", w->message_id, NULL},
                {"invite", w->invite_id, NULL},
                {"change", w->change_id, NULL},
                {"training", w->training_id, NULL},
                {"member", w->member_id, NULL},
                {"guest", w->guest_id, NULL},
                {"banned", w->banned_id, NULL},
                {"session", 0, w->session},
                {"answer", 0, w->answer},
                {"thread", 0, THREAD},
                {"name", 0, w->owner},
        };

        if (n == 3 && memcmp(name, "new", 3) == 0) {
                buffer_printf(out, "fresh%u", w->n_names);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                if (strlen(values[i].name) != n || memcmp(values[i].name, name, n) != 0)
                        continue;
                if (values[i].text)
                        buffer_append_str(out, values[i].text);
                else
                        buffer_printf(out, "%" PRId64, values[i].number);
                return;
        }
        fail_msg("what is $%.*s?", (int)n, name);
}

static void write_request(struct world *w, const char *from, struct buffer *out)
{
        w->n_names++;
        while (*from) {
                size_t n = strcspn(from, "$");

                buffer_append(out, from, n);
                from += n;
                if (*from == '$') {
                        n = strspn(from + 1, "abcdefghijklmnopqrstuvwxyz");
                        append_value(w, from + 1, n, out);
                        from += 1 + n;
                }
        }
}

/* Everything of OWNER's, as OWNER sees it. */
static char *look(struct world *w)
{
        static const char *const own[] = {
                "UserService/GetMe",
                "UserService/ListPreferences",
                "UserService/ListMessages",
                "UserService/ListThreads",
                "SkillService/ListUserSkills",
                "SkillService/ListLevelChanges",
                "TrainingService/ListUserTrainings",
                "CoachService/GetSettings",
        };
        static const char *const of_room[] = {
                "ChatService/GetRoom",         "ChatService/ListMembers",
                "ChatService/ListRoomInvites", "ChatService/ListRoomMessages",
                "ChatService/ListRoomEvents",
        };
        AUTO_BUFFER all = BUFFER_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(own) + ARRAY_SIZE(of_room); i++) {
                json_t *answer = i < ARRAY_SIZE(own)
                                         ? owner_asks(w, own[i], "{}")
                                         : owner_asks(w, of_room[i - ARRAY_SIZE(own)],
                                                      "{\"room_id\":%" PRId64 "}", w->room_id);
                char *text = json_dumps(answer, JSON_SORT_KEYS);

                buffer_append_str(&all, text);
                free(text);
                json_decref(answer);
        }
        return strdup(buffer_str(&all));
}

static char letter_of(enum status st, json_t *answer)
{
        static const struct {
                enum status status;
                char letter;
        } letters[] = {
                {STATUS_UNAUTHENTICATED, '-'},  {STATUS_PERMISSION_DENIED, 'D'},
                {STATUS_NOT_FOUND, 'M'},        {STATUS_FAILED_PRECONDITION, 'C'},
                {STATUS_INVALID_ARGUMENT, 'B'}, {STATUS_ALREADY_EXISTS, 'T'},
        };

        for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
                if (letters[i].status == st)
                        return letters[i].letter;
        if (st != STATUS_OK)
                return '?';
        char *text = json_dumps(answer, 0);
        char letter = strcasestr(text, SEALED) ? 'x' : strcasestr(text, SECRET) ? 's' : 'p';
        free(text);
        return letter;
}

static void sign_in_again(struct world *w, enum matrix_caller caller)
{
        w->owner_id = 0;
        w->is_ready = false;
        if (names[caller])
                replace(&w->tokens[caller], ask_login(w->client, names[caller], PASSWORD));
}

static bool cell_holds(struct world *w, const struct matrix_row *row, enum matrix_caller caller)
{
        AUTO_BUFFER request = BUFFER_INIT;
        struct error error = ERROR_INIT;
        json_t *answer = NULL;

        prepare(w, row);
        write_request(w, row->request, &request);
        AUTO_FREE char *before = look(w);
        enum status st = ask(w->client, w->tokens[caller], row->method, buffer_str(&request),
                             &answer, &error);
        char got = letter_of(st, answer);
        json_decref(answer);
        if (got != row->outcomes[caller])
                print_error("%s %s by caller %d: %s %s: '%c' instead of '%c'\n", row->method,
                            buffer_str(&request), (int)caller, status_name(st), error.text, got,
                            row->outcomes[caller]);
        if (st != STATUS_OK) {
                AUTO_FREE char *after = look(w);

                if (strcmp(before, after) != 0) {
                        print_error("%s by caller %d was refused and changed something:\n%s\n%s\n",
                                    row->method, (int)caller, before, after);
                        return false;
                }
        }
        if (st == STATUS_OK && contract_find_short(row->method)->side_effects)
                w->is_ready = false;
        if (st == STATUS_OK && row->ends_accounts)
                sign_in_again(w, caller);
        return got == row->outcomes[caller];
}

static void everybody_gets_what_is_theirs(void **state)
{
        unsigned n_wrong = 0;

        for (unsigned i = 0; i < n_matrix_rows; i++) {
                for (unsigned caller = 0; caller < N_CALLERS; caller++)
                        n_wrong += !cell_holds(*state, &matrix_rows[i], caller);
        }
        assert_int_equal(n_wrong, 0);
}

/* --- the table is whole --- */

static bool is_id(const ProtobufCFieldDescriptor *f)
{
        size_t n = strlen(f->name);

        return (n > 3 && strcmp(f->name + n - 3, "_id") == 0) ||
               (n > 4 && strcmp(f->name + n - 4, "_ids") == 0);
}

/* client_… are the caller's own words, not names of objects. */
static bool names_object(const ProtobufCFieldDescriptor *f)
{
        return is_id(f) && strncmp(f->name, "client_", 7) != 0;
}

static bool row_names(const struct method *m, const char *field)
{
        char quoted[80];

        snprintf(quoted, sizeof(quoted), "\"%s\":", field);
        for (unsigned i = 0; i < n_matrix_rows; i++) {
                if (contract_find_short(matrix_rows[i].method) == m &&
                    strstr(matrix_rows[i].request, quoted))
                        return true;
        }
        return false;
}

static void every_method_is_in_it_with_every_object_it_names(void **state)
{
        unsigned n_missing = 0;

        (void)state;
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];
                bool found = false;

                for (unsigned k = 0; k < n_matrix_rows; k++)
                        found = found || contract_find_short(matrix_rows[k].method) == m;
                if (!found)
                        print_error("%s is not in the matrix\n", m->name);
                n_missing += !found;
                for (unsigned k = 0; k < m->input->descriptor->n_fields; k++) {
                        const ProtobufCFieldDescriptor *f = &m->input->descriptor->fields[k];

                        if (!names_object(f) || row_names(m, f->name))
                                continue;
                        print_error("no row of %s says %s\n", m->name, f->name);
                        n_missing++;
                }
        }
        assert_int_equal(n_missing, 0);
}

/* What the contract says of access is the least that a row may say. */
static void nobody_gets_more_than_the_contract_says(void **state)
{
        (void)state;
        for (unsigned i = 0; i < n_matrix_rows; i++) {
                const struct matrix_row *row = &matrix_rows[i];
                const struct method *m = contract_find_short(row->method);

                assert_non_null(m);
                assert_int_equal(strlen(row->outcomes), N_CALLERS);
                if (m->access != ACCESS_PUBLIC)
                        assert_memory_equal(row->outcomes, "--", 2);
                for (unsigned c = CALLER_STRANGER; c <= CALLER_OWNER; c++) {
                        if (m->access == ACCESS_ADMIN)
                                assert_int_equal(row->outcomes[c], 'D');
                }
                assert_int_not_equal(row->outcomes[CALLER_STRANGER], 's');
                assert_int_not_equal(row->outcomes[CALLER_STRANGER], 'x');
                assert_int_not_equal(row->outcomes[CALLER_ADMIN], 'x');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_method_is_in_it_with_every_object_it_names),
                cmocka_unit_test(nobody_gets_more_than_the_contract_says),
                cmocka_unit_test_setup_teardown(everybody_gets_what_is_theirs, setup, teardown),
        };
        struct error error = ERROR_INIT;

        if (wire_validate_init(&error) != STATUS_OK)
                return 1;
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
