/* run.c - evaluating one expression text in a test. */
#include "tests/unit/expr/run.h"

#include "base/column/text.h"
#include "tests/support/expr_reader.h"

#define NOW_US INT64_C(1709210096789012) /* 2024-02-29 12:34:56.789012 */

const char *value_text(tide_arena *arena, const tide_value *v)
{
    if (v->is_null) return "NULL";
    if (v->type.id == TIDE_TYPE_STRING) return tide_arena_strndup(arena, v->str.ptr, v->str.len);
    if (v->type.id == TIDE_TYPE_BYTES) {
        char *text = tide_arena_alloc(arena, (size_t)v->str.len * 2 + 3);
        memcpy(text, "\\x", 3);
        for (uint32_t i = 0; i < v->str.len; i++)
            memcpy(text + 2 + 2 * (size_t)i,
                   tide_arena_printf(arena, "%02x", (uint8_t)v->str.ptr[i]), 3);
        return text;
    }
    char text[TIDE_TEXT_MAX];
    return tide_arena_strndup(arena, text, tide_print_value(v, text));
}

static const char *run(tide_arena *arena, const tide_expr *e)
{
    tide_prog *prog;
    if (tide_prog_compile(&e, 1, &prog) != TIDE_OK)
        return tide_arena_printf(arena, "ERROR: %s", tide_error_text());
    tide_pool *pool = tide_pool_new(0);
    tide_prog_env env = { .pool = pool, .now_us = NOW_US, .random_seed = 42 };
    tide_row_errors errs = { 0 };
    tide_batch *in = tide_batch_new(pool, NULL, 0, 1);
    tide_col *out;
    tide_prog_eval(prog, &env, in, &out, &errs);
    tide_value v = tide_col_value(out, 0);
    const char *text =
        errs.n ? tide_arena_printf(arena, "ERROR: %s", errs.items[0].text) : value_text(arena, &v);
    tide_col_unref(&out);
    tide_batch_unref(&in);
    tide_row_errors_fini(&errs);
    tide_prog_free(&prog);
    tide_pool_free(&pool);
    return text;
}

const char *eval_text(tide_arena *arena, const char *text)
{
    const tide_expr *e;
    if (read_expr(arena, text, NULL, &e) != TIDE_OK)
        return tide_arena_printf(arena, "ERROR: %s", tide_error_text());
    return run(arena, e);
}
