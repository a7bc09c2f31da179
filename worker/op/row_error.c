/* row_error.c - what becomes of a row that cannot be computed: the on-error policy, in one
 * place. */
#include <inttypes.h>

#include "base/column/text.h"
#include "base/core/bytes.h"
#include "worker/op/op_priv.h"

/* Longest text of one value, and of a row, in a message. */
#define VALUE_TEXT_MAX 40u
#define ROW_TEXT_MAX 400u

static void print_row(const tide_batch *in, uint32_t phys, tide_bytes *out);
static void print_place(const tide_op_env *env, uint32_t pos, tide_bytes *out);

tide_status tide_op_bad_row(const tide_op_env *env, const tide_batch *in, uint32_t phys,
                            tide_status code, uint32_t pos, const char *text)
{
    if (env->on_error == TIDE_ON_ERROR_SKIP) {
        atomic_fetch_add_explicit(&env->counters->bad_rows, 1, memory_order_relaxed);
        return TIDE_OK;
    }
    tide_bytes place = { 0 }, row = { 0 };
    print_place(env, pos, &place);
    print_row(in, phys, &row);
    tide_status rv = tide_fail(code, "%s%s; the row is (%s)", tide_bytes_text(&place), text,
                               tide_bytes_text(&row));
    tide_bytes_fini(&place);
    tide_bytes_fini(&row);
    return rv;
}

tide_status tide_op_bad_rows(const tide_op_env *env, const tide_batch *in,
                             const tide_row_errors *errs)
{
    for (uint32_t i = 0; i < errs->n; i++) {
        const tide_row_error *e = &errs->items[i];
        TIDE_TRY(tide_op_bad_row(env, in, tide_batch_phys(in, e->row), e->code, e->pos, e->text));
    }
    return TIDE_OK;
}

uint32_t tide_op_good_rows(const tide_row_errors *errs, uint32_t n, uint16_t *keep)
{
    uint32_t n_keep = 0, e = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (e < errs->n && errs->items[e].row == i)
            e++;
        else
            keep[n_keep++] = (uint16_t)i;
    }
    return n_keep;
}

/* "job.sql:3:14: ", or nothing when the position is unknown. */
static void print_place(const tide_op_env *env, uint32_t pos, tide_bytes *out)
{
    if (pos == TIDE_POS_UNKNOWN || env->source_text == NULL) return;
    uint32_t line = 1, column = 1;
    for (uint32_t i = 0; i < pos && env->source_text[i] != '\0'; i++) {
        unsigned char c = (unsigned char)env->source_text[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xC0) != 0x80) {
            column++; /* Characters, not bytes: continuation bytes do not count. */
        }
    }
    tide_bytes_printf(out, "%s:%" PRIu32 ":%" PRIu32 ": ",
                      env->source_name ? env->source_name : "<job>", line, column);
}

static void print_row(const tide_batch *in, uint32_t phys, tide_bytes *out)
{
    for (uint32_t c = 0; c < in->n_cols && out->n < ROW_TEXT_MAX; c++) {
        tide_value v = tide_col_value(in->cols[c], phys);
        if (c) tide_bytes_puts(out, ", ");
        if (v.is_null) {
            tide_bytes_puts(out, "NULL");
        } else if (tide_type_is_string(v.type)) {
            bool cut = v.str.len > VALUE_TEXT_MAX;
            tide_bytes_putc(out, '\'');
            tide_bytes_put(out, v.str.ptr, cut ? VALUE_TEXT_MAX : v.str.len);
            tide_bytes_puts(out, cut ? "...'" : "'");
        } else {
            out->n += tide_print_value(&v, tide_bytes_reserve(out, TIDE_TEXT_MAX));
        }
    }
    if (out->n >= ROW_TEXT_MAX) tide_bytes_puts(out, ", ...");
}
