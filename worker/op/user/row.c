/* row.c - reading rows and batches from callbacks; failures of callbacks. */
#include <stdarg.h>
#include <stdio.h>

#include "base/core/mem.h"
#include "worker/op/user/user_priv.h"

/* The failure of the callback that runs on this thread, if it has one. */
static _Thread_local char failure[512];
static _Thread_local bool failed;

void tide_user_clear_failure(void)
{
    failed = false;
    failure[0] = '\0';
}

bool tide_user_has_failed(void)
{
    return failed;
}

tide_op_result tide_user_fail(const tide_user_op *op)
{
    (void)tide_fail(TIDE_E_USER_CODE, "callback of %s: %s", op->name,
                    failure[0] ? failure : "failed without a reason (tide_fail_text gives one)");
    tide_user_clear_failure();
    return TIDE_OP_FAILED;
}

tide_status tide_user_open(const tide_user_op *op,
                           void *(*open)(void *arg, uint32_t subtask, uint32_t parallelism),
                           void *arg, const tide_op_env *env, void **opened)
{
    *opened = arg;
    tide_user_clear_failure();
    if (open == NULL) return TIDE_OK;
    *opened = open(arg, env->subtask, env->parallelism);
    if (*opened && !tide_user_has_failed()) return TIDE_OK;
    (void)tide_user_fail(op);
    return tide_error_code();
}

static void set_failure(const char *format, va_list ap)
{
    if (failed) return; /* The first one is the cause. */
    failed = true;
    vsnprintf(failure, sizeof failure, format, ap);
}

void tide_user_misuse(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set_failure(format, ap);
    va_end(ap);
}

void tide_fail_text(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set_failure(format, ap);
    va_end(ap);
}

/* ---- values ---- */
static uint32_t columns_of(const tide_row *row)
{
    return row->batch ? row->batch->n_cols : row->spec->n;
}

static tide_value value_of(const tide_row *row, uint32_t column)
{
    if (column >= columns_of(row)) {
        tide_user_misuse("column %u of a row of %u columns was read", column, columns_of(row));
        return (tide_value){ .is_null = true };
    }
    return row->batch ? tide_col_value(row->batch->cols[column], row->phys)
                      : tide_key_value(row->spec, column, row->key);
}

static tide_value value_as(const tide_row *row, uint32_t column, bool fits, tide_value v,
                           const char *as)
{
    (void)row;
    if (v.is_null || fits) return v;
    char text[TIDE_TYPE_TEXT_MAX];
    tide_user_misuse("column %u is a %s and was read as %s", column,
                     tide_type_print(v.type, text, sizeof text), as);
    return (tide_value){ .is_null = true };
}

bool tide_row_is_null(const tide_row *row, uint32_t column)
{
    return value_of(row, column).is_null;
}

bool tide_row_bool(const tide_row *row, uint32_t column)
{
    tide_value v = value_of(row, column);
    v = value_as(row, column, v.type.id == TIDE_TYPE_BOOLEAN, v, "a boolean");
    return !v.is_null && v.boolean;
}

static bool is_i64(tide_type t)
{
    return tide_type_is_integer(t) || tide_type_is_timestamp(t) || t.id == TIDE_TYPE_DATE ||
           t.id == TIDE_TYPE_TIME;
}

int64_t tide_row_i64(const tide_row *row, uint32_t column)
{
    tide_value v = value_of(row, column);
    v = value_as(row, column, is_i64(v.type), v, "a 64-bit integer");
    return v.is_null ? 0 : v.i64;
}

double tide_row_f64(const tide_row *row, uint32_t column)
{
    tide_value v = value_of(row, column);
    v = value_as(row, column, v.type.id == TIDE_TYPE_FLOAT || v.type.id == TIDE_TYPE_DOUBLE, v,
                 "a double");
    return v.is_null ? 0 : v.f64;
}

__int128 tide_row_decimal(const tide_row *row, uint32_t column)
{
    tide_value v = value_of(row, column);
    v = value_as(row, column, v.type.id == TIDE_TYPE_DECIMAL, v, "a decimal");
    return v.is_null ? 0 : v.i128;
}

/* Inline strings must not point at a copy of the view, so this reads the column itself. */
static tide_text text_in_place(const tide_row *row, uint32_t column)
{
    tide_text text = { "", 0 };
    if (row->batch) {
        const tide_col *col = row->batch->cols[column];
        if (tide_col_valid(col, row->phys)) text.ptr = tide_col_str(col, row->phys, &text.len);
    } else if (!tide_key_is_null(row->spec, row->key, column)) {
        const tide_key_str *s = (const tide_key_str *)(row->key + row->spec->at[column]);
        text = (tide_text){ tide_key_str_ptr(s), s->len };
    }
    return text;
}

tide_text tide_row_text(const tide_row *row, uint32_t column)
{
    tide_value v = value_of(row, column);
    v = value_as(row, column, tide_type_is_string(v.type), v, "a text");
    return v.is_null ? (tide_text){ "", 0 } : text_in_place(row, column);
}

/* ---- batches ---- */
uint32_t tide_rows_count(const tide_rows *rows)
{
    return rows->batch->n_rows;
}

const tide_row *tide_rows_row(const tide_rows *rows, uint32_t i)
{
    if (i >= rows->batch->n_rows) {
        tide_user_misuse("row %u of a batch of %u rows was read", i, rows->batch->n_rows);
        i = 0;
    }
    tide_rows *self = (tide_rows *)(uintptr_t)rows; /* The handle's own scratch row. */
    self->row = (struct tide_row){ .batch = rows->batch, .phys = i };
    return &self->row;
}

static const tide_col *column_of(const tide_rows *rows, uint32_t column)
{
    if (column < rows->batch->n_cols) return rows->batch->cols[column];
    tide_user_misuse("column %u of a batch of %u columns was read", column, rows->batch->n_cols);
    return NULL;
}

const void *tide_rows_values(const tide_rows *rows, uint32_t column)
{
    const tide_col *col = column_of(rows, column);
    return col ? col->values : NULL;
}

const uint64_t *tide_rows_valid(const tide_rows *rows, uint32_t column)
{
    const tide_col *col = column_of(rows, column);
    return col ? col->validity : NULL;
}

tide_text tide_rows_text(const tide_rows *rows, uint32_t column, uint32_t i)
{
    struct tide_row row = { .batch = rows->batch, .phys = i < rows->batch->n_rows ? i : 0 };
    return tide_row_text(&row, column);
}
