#include "tests/unit/db_fixture.h"

/* Runs the body of a case on the writer thread, in a write lease that is not committed. Asserts are
 * for the test's own thread: what was found is noted and looked at there. */
struct scene {
        struct db *db;
        enum status (*act)(struct lease *lease, struct error *reterr);
};

static enum status act(void *arg, struct error *reterr)
{
        const struct scene *scene = arg;
        LEASE(lease, scene->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = scene->act(&lease, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status on_writer(struct db_fixture *f,
                             enum status (*fn)(struct lease *lease, struct error *reterr),
                             struct error *reterr)
{
        struct scene scene = {f->db, fn};

        return db_write(f->db, act, &scene, DEADLINE_NEVER, reterr);
}

static const char blob[] = {'a', '\0', 'b'};

static enum status insert_values(struct lease *lease, struct error *reterr)
{
        enum status st = fixture_insert(lease, "Ada", reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "INSERT INTO note (id, person_id, title, body, weight) VALUES ($1, 1, $2, $3, $4)");
        stmt_bind_int(&q, 1, INT64_C(9007199254740991));
        stmt_bind_text(&q, 2, "h\xc3\xa9llo");
        stmt_bind_blob(&q, 3, blob, sizeof(blob));
        stmt_bind_double(&q, 4, 0.25);
        st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;
        if (stmt_changes(&q) != 1)
                return error_set(reterr, STATUS_INTERNAL, "changes");

        stmt_reset(&q);
        stmt_bind_int(&q, 1, 1);
        stmt_bind_text(&q, 2, "second");
        stmt_bind_null(&q, 3);
        st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;

        stmt_reset(&q);
        stmt_bind_int(&q, 1, 2);
        stmt_bind_text(&q, 2, "third");
        stmt_bind_blob(&q, 3, NULL, 0);
        return stmt_run(&q, reterr);
}

static void values_come_back_as_they_were_bound(void **state)
{
        struct db_fixture *f = *state;
        size_t n;

        ASSERT_OK(on_writer(f, insert_values, err));
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT id, title, body, weight FROM note ORDER BY id DESC");
        ASSERT_OK(stmt_row(&q, err));
        assert_int_equal(stmt_int(&q, 0), INT64_C(9007199254740991));
        assert_string_equal(stmt_text(&q, 1), "h\xc3\xa9llo");
        assert_memory_equal(stmt_blob(&q, 2, &n), blob, sizeof(blob));
        assert_int_equal(n, sizeof(blob));
        assert_true(stmt_double(&q, 3) == 0.25);

        ASSERT_OK(stmt_row(&q, err));
        assert_false(stmt_is_null(&q, 2)); /* empty is not NULL */
        assert_non_null(stmt_blob(&q, 2, &n));
        assert_int_equal(n, 0);

        ASSERT_OK(stmt_row(&q, err));
        assert_true(stmt_is_null(&q, 2));
        assert_string_equal(stmt_text(&q, 2), "");
}

static void no_row_is_not_found_and_leaves_the_error_alone(void **state)
{
        struct db_fixture *f = *state;
        struct error error = {.text = "untouched"};
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT id FROM person");

        assert_int_equal(stmt_row(&q, &error), STATUS_NOT_FOUND);
        assert_int_equal(stmt_row(&q, &error), STATUS_NOT_FOUND); /* and does not start anew */
        assert_string_equal(error.text, "untouched");
        ASSERT_OK(stmt_run(&q, err));
}

static enum status insert_ada(struct lease *lease, struct error *reterr)
{
        return fixture_insert(lease, "ADA", reterr);
}

static void a_taken_name_is_already_exists_with_its_column(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_int_equal(on_writer(f, insert_ada, &error), STATUS_ALREADY_EXISTS);
        assert_int_equal(error.status, STATUS_ALREADY_EXISTS);
        assert_string_equal(error.field, "username");
        assert_string_equal(error.text, "this username is taken");
        assert_int_equal(fixture_count(f->db), 1);
}

static enum status insert_note_twice(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO note (person_id, title) VALUES (1, 'a') RETURNING id");
        enum status st = stmt_row(&q, reterr);

        if (st != STATUS_OK)
                return st;
        stmt_reset(&q);
        return stmt_row(&q, reterr);
}

static void of_several_columns_the_last_is_named(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_int_equal(on_writer(f, insert_note_twice, &error), STATUS_ALREADY_EXISTS);
        assert_string_equal(error.field, "title");
}

static enum status insert_orphan(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO note (person_id, title) VALUES (77, 'a') RETURNING id");
        return stmt_row(&q, reterr);
}

static enum status insert_untitled(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO note (person_id, title) VALUES (1, '')");
        return stmt_run(&q, reterr);
}

static enum status insert_text_as_id(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO note (person_id, title) VALUES ('one', 'a')");
        return stmt_run(&q, reterr);
}

static void broken_references_and_checks_are_failed_preconditions(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_int_equal(on_writer(f, insert_orphan, &error), STATUS_FAILED_PRECONDITION);
        assert_int_equal(on_writer(f, insert_untitled, &error), STATUS_FAILED_PRECONDITION);
        assert_int_equal(on_writer(f, insert_text_as_id, &error), STATUS_INTERNAL);
}

static enum status insert_again_after_a_conflict(struct lease *lease, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO person (username, username_key) VALUES ($1, $1)");
        stmt_bind_text(&q, 1, "ada");
        if (stmt_run(&q, reterr) != STATUS_ALREADY_EXISTS)
                return error_set(reterr, STATUS_INTERNAL, "no conflict");
        if (stmt_run(&q, reterr) != STATUS_ALREADY_EXISTS)
                return error_set(reterr, STATUS_INTERNAL, "the error did not last");
        stmt_reset(&q);
        stmt_bind_text(&q, 1, "grace");
        return stmt_run(&q, reterr);
}

static void after_a_conflict_the_lease_goes_on(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        ASSERT_OK(on_writer(f, insert_again_after_a_conflict, err));
        assert_true(fixture_has(f->db, "grace"));
}

static unsigned n_statements(struct db_fixture *f)
{
        struct db_conn_info conns[3];
        unsigned n = 0;

        for (size_t i = 0, n_conns = db_conn_list(f->db, conns, 3); i < n_conns; i++)
                n += conns[i].n_statements;
        return n;
}

static void a_statement_is_prepared_once(void **state)
{
        struct db_fixture *f = *state;

        fixture_count(f->db);
        unsigned before = n_statements(f);
        for (int i = 0; i < 20; i++)
                fixture_count(f->db);
        assert_int_equal(n_statements(f), before);
}

/* The rows of a statement within the rows of the same statement. */
static int64_t count_down(struct lease *lease, int64_t from)
{
        int64_t sum = 0;
        enum status st;

        STMT(q, lease, "SELECT id FROM person WHERE id <= $1");
        stmt_bind_int(&q, 1, from);
        while ((st = stmt_row(&q, NULL)) == STATUS_OK)
                sum += 1 + count_down(lease, stmt_int(&q, 0) - 1);
        return sum;
}

static void a_statement_may_be_used_inside_itself(void **state)
{
        struct db_fixture *f = *state;
        const char *names[] = {"a", "b", "c"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                ASSERT_OK(fixture_add(f->db, names[i], DEADLINE_NEVER, err));
        for (int i = 0; i < 2; i++) {
                LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
                assert_int_equal(count_down(&lease, 3), 7);
        }
}

#define MANY_1(p)                                      \
        {                                              \
                STMT(q, lease, "SELECT '" p "'");      \
                if (stmt_row(&q, reterr) != STATUS_OK) \
                        return STATUS_INTERNAL;        \
        }
#define MANY_4(p)  MANY_1(p "a") MANY_1(p "b") MANY_1(p "c") MANY_1(p "d")
#define MANY_16(p) MANY_4(p "a") MANY_4(p "b") MANY_4(p "c") MANY_4(p "d")
#define MANY_64(p) MANY_16(p "a") MANY_16(p "b") MANY_16(p "c") MANY_16(p "d")

static enum status run_many(struct lease *lease, struct error *reterr)
{
        MANY_64("x")
        MANY_64("y")
        return STATUS_OK;
}

static void the_cache_grows(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(on_writer(f, run_many, err));
        unsigned n = n_statements(f);
        assert_true(n >= 128);
        ASSERT_OK(on_writer(f, run_many, err));
        assert_int_equal(n_statements(f), n);
}

static void wrong_sql_is_internal(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);

        STMT(wrong, &lease, "SELEKT 1");
        assert_int_equal(stmt_row(&wrong, &error), STATUS_INTERNAL);
        STMT(two, &lease, "SELECT 1; SELECT 2");
        assert_int_equal(stmt_row(&two, &error), STATUS_INTERNAL);
        STMT(none, &lease, "");
        assert_int_equal(stmt_row(&none, &error), STATUS_INTERNAL);
        STMT(quoted, &lease, "SELECT \"no such column\" FROM person");
        assert_int_equal(stmt_row(&quoted, &error), STATUS_INTERNAL);
        STMT(parameter, &lease, "SELECT $1");
        stmt_bind_int(&parameter, 2, 1);
        assert_int_equal(stmt_row(&parameter, &error), STATUS_INTERNAL);
        assert_non_null(strstr(error.text, "$2"));
        STMT(right, &lease, "SELECT 1");
        ASSERT_OK(stmt_row(&right, err));
}

static void parameters_do_not_outlast_their_use(void **state)
{
        struct db_fixture *f = *state;

        for (int i = 0; i < 2; i++) {
                LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
                STMT(q, &lease, "SELECT $1 IS NULL");
                if (i == 0)
                        stmt_bind_text(&q, 1, "x");
                ASSERT_OK(stmt_row(&q, err));
                assert_int_equal(stmt_int(&q, 0), i);
        }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(values_come_back_as_they_were_bound),
                CASE(no_row_is_not_found_and_leaves_the_error_alone),
                CASE(a_taken_name_is_already_exists_with_its_column),
                CASE(of_several_columns_the_last_is_named),
                CASE(broken_references_and_checks_are_failed_preconditions),
                CASE(after_a_conflict_the_lease_goes_on),
                CASE(a_statement_is_prepared_once),
                CASE(a_statement_may_be_used_inside_itself),
                CASE(the_cache_grows),
                CASE(wrong_sql_is_internal),
                CASE(parameters_do_not_outlast_their_use),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
