#include "tests/unit/store_fixture.h"

#include "service/store/erasure.h"
#include "service/store/schema.h"
#include "service/store/skill.h"
#include "service/store/user.h"

#include <stdio.h>
#include <stdlib.h>

bool store_fixture_open(struct store_fixture *f)
{
        char path[T_PATH_BYTES + 16];
        struct error error = ERROR_INIT;

        snprintf(path, sizeof(path), "%s/test.db", f->dir);
        const struct db_options options = {
                .path = path,
                .backup_dir = f->dir,
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .n_readers = 2,
                .vfs = f->vfs,
        };
        if (db_open(&options, &f->db, &error) != STATUS_OK) {
                print_error("%s\n", error.text);
                return false;
        }
        return true;
}

int store_setup(void **state)
{
        struct store_fixture *f = calloc(1, sizeof(*f));

        t_temp_dir(f->dir);
        *state = f;
        return store_fixture_open(f) ? 0 : -1;
}

int store_teardown(void **state)
{
        struct store_fixture *f = *state;

        db_close(f->db);
        t_remove_dir(f->dir);
        free(f);
        return 0;
}

struct run {
        struct db *db;
        scenario_fn fn;
        struct scenario scenario;
};

static enum status run_on_writer(void *arg, struct error *reterr)
{
        struct run *run = arg;
        LEASE(lease, run->db, LEASE_WRITE, DEADLINE_NEVER);

        run->scenario.lease = &lease;
        run->fn(&run->scenario);
        return lease_commit(&lease, reterr);
}

void store_fixture_run(struct store_fixture *f, scenario_fn fn)
{
        struct arena arena;
        struct error error = ERROR_INIT;
        struct run run = {.db = f->db, .fn = fn, .scenario = {.arena = &arena}};

        arena_init(&arena, 16 * 1024 * 1024);
        enum status st = db_write(f->db, run_on_writer, &run, DEADLINE_NEVER, &error);
        arena_deinit(&arena);
        if (run.scenario.failed)
                fail_msg("line %d: %s (last error: %s)", run.scenario.line, run.scenario.failed,
                         run.scenario.error.text);
        if (st != STATUS_OK)
                fail_msg("%s", error.text);
}

int64_t store_fixture_user(struct scenario *s, const char *name)
{
        struct user user = {0};
        const char *email = arena_printf(s->arena, "%s@example.org", name);

        EXPECT(user_add(s->lease, s->arena, name, email, "hash", USER_ROLE_USER, &user,
                        &s->error) == STATUS_OK);
        return user.id;
}

int64_t store_fixture_skill(struct scenario *s, const char *name)
{
        struct skill skill = {0};
        bool created;

        EXPECT(skill_get_or_create(s->lease, s->arena, name, "", &skill, &created, &s->error) ==
               STATUS_OK);
        return skill.id;
}

struct room_message store_fixture_say(struct scenario *s, int64_t room_id, int64_t user_id,
                                      const char *content)
{
        const struct message_draft draft = {
                .room_id = room_id, .user_id = user_id, .username = "", .content = content};
        struct room_message message = {.content = ""};
        bool repeated;

        EXPECT(message_append(s->lease, s->arena, &draft, &message, &repeated, &s->error) ==
               STATUS_OK);
        return message;
}

void store_fixture_delete(struct scenario *s, int64_t user_id)
{
        const uint8_t id[ERASURE_ID_BYTES] = {(uint8_t)user_id, (uint8_t)(user_id >> 8)};
        enum erasure_progress progress = ERASURE_MORE;

        EXPECT(erasure_begin(s->lease, id, user_id, false, &s->error) == STATUS_OK);
        while (progress == ERASURE_MORE && !s->failed)
                EXPECT(erasure_step(s->lease, id, 100, &progress, &s->error) == STATUS_OK);
}
