/* random_test.c - random expressions over random rows: programs against a reader of trees that
 * knows nothing of vectors, masks or registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/expr/fn.h"
#include "base/expr/prog.h"
#include "tests/support/expr_reader.h"
#include "tests/unit/expr/run.h"

#define ROWS 300u
#define PROGRAMS 1500u

/* ---- the plain evaluator ---- */

typedef struct answer {
    bool failed, is_null;
    int64_t v;
} answer;

static answer plain(const tide_expr *e, const answer *row);

static answer failure(void)
{
    return (answer){ .failed = true };
}
static answer value(int64_t v)
{
    return (answer){ .v = v };
}
static answer null(void)
{
    return (answer){ .is_null = true };
}

static answer in_type(__int128 v, tide_type type)
{
    __int128 max = type.id == TIDE_TYPE_BOOLEAN
                       ? 1
                       : (__int128)(UINT64_MAX >> (65 - 8 * tide_type_width(type)));
    return v > max || v < -max - 1 ? failure() : value((int64_t)v);
}

static bool is(const tide_expr *e, const char *name)
{
    return strcmp(e->call.fn->name, name) == 0;
}

static answer plain_binary(const tide_expr *e, answer a, answer b)
{
    __int128 x = a.v, y = b.v;
    if (is(e, "+")) return in_type(x + y, e->type);
    if (is(e, "-")) return in_type(x - y, e->type);
    if (is(e, "*")) return in_type(x * y, e->type);
    if (is(e, "/")) return y == 0 ? failure() : in_type(x / y, e->type);
    if (is(e, "%")) return y == 0 ? failure() : in_type(x % y, e->type);
    if (is(e, "=")) return value(x == y);
    if (is(e, "<>")) return value(x != y);
    if (is(e, "<")) return value(x < y);
    if (is(e, "<=")) return value(x <= y);
    if (is(e, ">")) return value(x > y);
    if (is(e, ">=")) return value(x >= y);
    fail_msg("the plain evaluator knows no %s", e->call.fn->name);
    return null();
}

/* AND, and OR with `decides` true: left to right, until one decides. */
static answer plain_logic(const tide_expr *e, const answer *row, int64_t decides)
{
    answer out = value(!decides);
    for (uint32_t i = 0; i < e->call.n_args; i++) {
        answer a = plain(e->call.args[i], row);
        if (a.failed) return a;
        if (!a.is_null && a.v == decides) return a;
        if (a.is_null) out = a;
    }
    return out;
}

static answer plain_case(const tide_expr *e, const answer *row)
{
    uint32_t n = e->call.n_args;
    for (uint32_t i = 0; i + 1 < n; i += 2) {
        answer hit = plain(e->call.args[i], row);
        if (hit.failed) return hit;
        if (!hit.is_null && hit.v) return plain(e->call.args[i + 1], row);
    }
    return n % 2 ? plain(e->call.args[n - 1], row) : null();
}

static answer plain_coalesce(const tide_expr *e, const answer *row)
{
    for (uint32_t i = 0; i < e->call.n_args; i++) {
        answer a = plain(e->call.args[i], row);
        if (a.failed || !a.is_null) return a;
    }
    return null();
}

static answer plain_in(const tide_expr *e, const answer *row)
{
    answer x = plain(e->call.args[0], row);
    if (x.failed || x.is_null) return x;
    bool has_null = false;
    for (uint32_t i = 1; i < e->call.n_args; i++) {
        answer member = plain(e->call.args[i], row);
        if (!member.is_null && member.v == x.v) return value(1);
        has_null |= member.is_null;
    }
    return has_null ? null() : value(0);
}

static answer plain_call(const tide_expr *e, const answer *row)
{
    if (is(e, "and")) return plain_logic(e, row, 0);
    if (is(e, "or")) return plain_logic(e, row, 1);
    if (is(e, "case")) return plain_case(e, row);
    if (is(e, "coalesce")) return plain_coalesce(e, row);
    if (is(e, "in set")) return plain_in(e, row);
    answer a = plain(e->call.args[0], row), b = { 0 };
    if (e->call.n_args == 2) b = plain(e->call.args[1], row);
    if (a.failed || b.failed) return failure();
    if (is(e, "is null")) return value(a.is_null);
    if (is(e, "is not null")) return value(!a.is_null);
    if (is(e, "is true")) return value(!a.is_null && a.v);
    if (is(e, "is not true")) return value(a.is_null || !a.v);
    if (is(e, "is distinct from"))
        return value(a.is_null || b.is_null ? a.is_null != b.is_null : a.v != b.v);
    if (a.is_null || b.is_null) return null();
    if (is(e, "not")) return value(!a.v);
    if (is(e, "abs")) return in_type(a.v < 0 ? -(__int128)a.v : a.v, e->type);
    if (is(e, "-") && e->call.n_args == 1) return in_type(-(__int128)a.v, e->type);
    if (is(e, "cast")) return in_type(a.v, e->type);
    return plain_binary(e, a, b);
}

static answer plain(const tide_expr *e, const answer *row)
{
    if (e->kind == TIDE_EXPR_COLUMN) return row[e->column];
    if (e->kind == TIDE_EXPR_CALL) return plain_call(e, row);
    if (e->literal.is_null) return null();
    return value(e->type.id == TIDE_TYPE_BOOLEAN ? e->literal.boolean : e->literal.i64);
}

/* ---- random expressions and rows ---- */

static const tide_type_id ids[] = { TIDE_TYPE_BIGINT,   TIDE_TYPE_BIGINT,  TIDE_TYPE_INT,
                                    TIDE_TYPE_SMALLINT, TIDE_TYPE_TINYINT, TIDE_TYPE_BOOLEAN };
static const char *const names[] = { "a", "b", "i", "s", "t", "p" };
#define N_COLUMNS 6u

static uint64_t state = 42;

static uint32_t below(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % n);
}

static const char *condition(tide_arena *arena, uint32_t depth);

static const char *number(tide_arena *arena, uint32_t depth)
{
    static const char *const literals[] = { "0",        "1",          "2",
                                            "-1",       "3",          "7",
                                            "100",      "123",        "-128",
                                            "32767",    "2147483647", "9223372036854775807",
                                            "null::int" };
    static const char *const binary[] = { "+", "-", "*", "/", "%" };
    if (depth == 0 || below(6) == 0)
        return below(3) ? names[below(5)] : literals[below(sizeof literals / sizeof *literals)];
    const char *x = number(arena, depth - 1);
    switch (below(9)) {
    case 0: return tide_arena_printf(arena, "(- %s)", x);
    case 1: return tide_arena_printf(arena, "abs(%s)", x);
    case 2: return tide_arena_printf(arena, "coalesce(%s, %s)", x, number(arena, depth - 1));
    case 3:
        return tide_arena_printf(arena, "case when %s then %s else %s end",
                                 condition(arena, depth - 1), x, number(arena, depth - 1));
    case 4:
        return tide_arena_printf(arena, "case when %s then %s when %s then %s end",
                                 condition(arena, depth - 1), x, condition(arena, depth - 1),
                                 number(arena, depth - 1));
    case 5: return tide_arena_printf(arena, "nullif(%s, %s)", x, number(arena, depth - 1));
    default:
        return tide_arena_printf(arena, "(%s %s %s)", x, binary[below(5)],
                                 number(arena, depth - 1));
    }
}

static const char *condition(tide_arena *arena, uint32_t depth)
{
    static const char *const compare[] = { "=", "<>", "<", "<=", ">", ">=", "is distinct from" };
    if (depth == 0) return below(4) ? "p" : below(2) ? "true" : "null::boolean";
    const char *x = condition(arena, depth - 1);
    switch (below(9)) {
    case 0: return tide_arena_printf(arena, "(%s and %s)", x, condition(arena, depth - 1));
    case 1: return tide_arena_printf(arena, "(%s or %s)", x, condition(arena, depth - 1));
    case 2: return tide_arena_printf(arena, "(not %s)", x);
    case 3: return tide_arena_printf(arena, "(%s is not true)", x);
    case 4: return tide_arena_printf(arena, "(%s is null)", number(arena, depth - 1));
    case 5: return tide_arena_printf(arena, "(%s in (1, 5, null, 7))", number(arena, depth - 1));
    case 6:
        return tide_arena_printf(arena, "(%s between %s and 100)", number(arena, depth - 1),
                                 number(arena, depth - 1));
    default:
        return tide_arena_printf(arena, "(%s %s %s)", number(arena, depth - 1), compare[below(7)],
                                 number(arena, depth - 1));
    }
}

static int64_t random_of(tide_type_id id)
{
    static const int64_t edges[] = { INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, INT16_MIN,
                                     INT16_MAX, INT8_MIN,  INT8_MAX,  0,         -1 };
    int64_t v = below(4) ? (int64_t)below(20) - 5 : edges[below(10)];
    switch ((int)id) {
    case TIDE_TYPE_BOOLEAN: return v & 1;
    case TIDE_TYPE_TINYINT: return (int8_t)v;
    case TIDE_TYPE_SMALLINT: return (int16_t)v;
    case TIDE_TYPE_INT: return (int32_t)v;
    default: return v;
    }
}

/* Fills rows with what the batch has. */
static tide_batch *random_batch(tide_pool *pool, answer (*rows)[N_COLUMNS])
{
    tide_type types[N_COLUMNS];
    bool has_nulls = below(3) > 0;
    tide_builder b;
    for (uint32_t c = 0; c < N_COLUMNS; c++) types[c] = tide_type_of(ids[c]);
    tide_builder_init(&b, pool, types, N_COLUMNS, ROWS);
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t c = 0; c < N_COLUMNS; c++) {
            answer a = has_nulls && below(5) == 0 ? null() : value(random_of(ids[c]));
            tide_value v = { .type = types[c], .is_null = a.is_null, .i64 = a.v };
            if (types[c].id == TIDE_TYPE_BOOLEAN) v.boolean = a.v != 0;
            tide_colb_put_value(&b.cols[c], i, &v);
            rows[i][c] = a;
        }
    b.n = ROWS;
    tide_batch *out = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return out;
}

static void compare_row(const char *text, uint32_t i, answer expected, const tide_col *out,
                        bool failed)
{
    tide_value v = tide_col_value(out, i);
    int64_t got = v.type.id == TIDE_TYPE_BOOLEAN ? v.boolean : v.i64;
    if (failed != expected.failed)
        fail_msg("%s\nrow %u %s", text, i, failed ? "fails, and should not" : "should fail");
    if (failed) return;
    if (v.is_null != expected.is_null || (!v.is_null && got != expected.v))
        fail_msg("%s\nrow %u is %s%lld, not %s%lld", text, i, v.is_null ? "NULL " : "",
                 (long long)got, expected.is_null ? "NULL " : "", (long long)expected.v);
}

/* The same with half of the rows selected, when `sel` has them. */
static void run_and_compare(tide_pool *pool, const char *text, const tide_expr *e, tide_batch *in,
                            answer (*rows)[N_COLUMNS], const uint16_t *sel)
{
    tide_prog *prog;
    assert_int_equal(tide_prog_compile(&e, 1, &prog), TIDE_OK);
    tide_prog_env env = { .pool = pool };
    tide_row_errors errs = { 0 };
    tide_col *out;
    for (uint32_t again = 0; again < 2; again++) {
        tide_prog_eval(prog, &env, in, &out, &errs);
        for (uint32_t k = 0, err = 0; k < in->n_rows; k++) {
            bool failed = err < errs.n && errs.items[err].row == k;
            err += failed;
            compare_row(text, k, plain(e, rows[sel ? sel[k] : k]), out, failed);
        }
        tide_col_unref(&out);
    }
    tide_row_errors_fini(&errs);
    tide_prog_free(&prog);
}

static void programs_agree_with_plain_evaluation(void **unused)
{
    (void)unused;
    static answer rows[ROWS][N_COLUMNS];
    tide_field fields[N_COLUMNS];
    for (uint32_t c = 0; c < N_COLUMNS; c++)
        fields[c] = (tide_field){ .name = names[c], .type = tide_type_of(ids[c]) };
    const tide_schema schema = { N_COLUMNS, fields };
    tide_pool *pool = tide_pool_new(0);
    uint16_t sel[ROWS];
    for (uint32_t n = 0; n < PROGRAMS; n++) {
        tide_arena *arena = tide_arena_new();
        const char *text = below(2) ? number(arena, 3) : condition(arena, 3);
        const tide_expr *e;
        tide_status rv = read_expr(arena, text, &schema, &e);
        if (rv == TIDE_OK) {
            if (below(2)) e = tide_expr_fold(arena, e);
            tide_batch *in = random_batch(pool, rows);
            run_and_compare(pool, text, e, in, rows, NULL);
            uint32_t n_sel = 0;
            for (uint32_t i = 0; i < ROWS; i++)
                if (below(2)) sel[n_sel++] = (uint16_t)i;
            tide_batch *some = tide_batch_select(pool, in, sel, n_sel);
            run_and_compare(pool, text, e, some, rows, sel);
            tide_batch_unref(&some);
            tide_batch_unref(&in);
        } else {
            fail_msg("%s: %s", text, tide_error_text());
        }
        tide_arena_free(&arena);
    }
    assert_int_equal(tide_pool_bytes(pool), 0);
    tide_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(programs_agree_with_plain_evaluation) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
