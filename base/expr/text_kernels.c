/* text_kernels.c - the text functions that queries run most, over columns. */
#include <string.h>

#include "base/core/assert.h"
#include "base/expr/find_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/utf8_priv.h"

/* Calls f for each live row; other rows of a string result become empty. */
TIDE_INLINE void for_live(const tide_kcall *k, void (*f)(const tide_kcall *k, uint32_t row))
{
    if (tide_type_is_string(k->out->vec.type))
        memset(k->out->vec.values, 0, k->n * sizeof(tide_view));
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++)
        for (uint64_t live = tide_kcall_live_word(k, w); live; live &= live - 1)
            f(k, w * 64 + (uint32_t)__builtin_ctzll(live));
}

/* ---- finding ---- */

TIDE_INLINE uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Eight places at a time: where both the text's first byte and its last one are right, a byte of
 * `diff` is zero. The lowest zero byte is found exactly; those above it are looked at again. */
uint32_t tide_find_text(const char *p, uint32_t len, const char *what, uint32_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    if (n == 0) return 0;
    if (n > len) return UINT32_MAX;
    if (n == 1) {
        const char *at = memchr(p, what[0], len);
        return at ? (uint32_t)(at - p) : UINT32_MAX;
    }
    uint64_t first = ones * (uint8_t)what[0], last = ones * (uint8_t)what[n - 1];
    uint32_t n_starts = len - n + 1, i = 0;
    for (; i + 8 <= n_starts; i += 8) {
        uint64_t diff = (load8(p + i) ^ first) | (load8(p + i + n - 1) ^ last);
        uint64_t zeros = (diff - ones) & ~diff & (ones << 7);
        for (; zeros; zeros &= zeros - 1) {
            uint32_t at = i + (uint32_t)__builtin_ctzll(zeros) / 8;
            if (memcmp(p + at, what, n) == 0) return at;
        }
    }
    for (; i < n_starts; i++)
        if (p[i] == what[0] && memcmp(p + i, what, n) == 0) return i;
    return UINT32_MAX;
}

/* ---- lengths ---- */

void tide_vec_octet_length(const tide_kcall *k)
{
    const tide_view *views = k->args[0]->values;
    int32_t *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = (int32_t)views[i].len;
}

TIDE_INLINE void char_length_row(const tide_kcall *k, uint32_t row)
{
    uint32_t len;
    const char *p = tide_vec_str(k->args[0], row, &len);
    ((int32_t *)k->out->vec.values)[row] = (int32_t)tide_utf8_chars(p, len);
}
void tide_vec_char_length(const tide_kcall *k)
{
    for_live(k, char_length_row);
}

/* ---- case ---- */

/* Text with other letters than ASCII's, whose size may change. */
TIDE_NOINLINE static void turn_letters(const tide_kcall *k, uint32_t row, const char *p,
                                       uint32_t len, bool up)
{
    tide_bytes *scratch = &k->prog->rowcall.scratch;
    scratch->n = 0;
    for (uint32_t i = 0, size; i < len; i += size) {
        uint32_t code = tide_utf8_decode(p + i, len - i, &size);
        uint32_t turned = up ? tide_utf8_upper(code) : tide_utf8_lower(code);
        if (turned == code)
            tide_bytes_put(scratch, p + i, size);
        else
            scratch->n += tide_utf8_encode(turned, tide_bytes_reserve(scratch, 4));
    }
    tide_kcall_put_str(k, row, scratch->p, (uint32_t)scratch->n);
}

TIDE_INLINE void turn_row(const tide_kcall *k, uint32_t row, bool up)
{
    uint32_t len;
    const char *p = tide_vec_str(k->args[0], row, &len);
    char *to = tide_kcall_reserve_str(k, row, len);
    if (tide_utf8_turn_ascii(p, to, len, up ? 'a' : 'A'))
        turn_letters(k, row, p, len, up);
    else if (len > TIDE_VIEW_INLINE_MAX)
        memcpy(((tide_view *)k->out->vec.values)[row].prefix, to, 4);
}
TIDE_INLINE void upper_row(const tide_kcall *k, uint32_t row)
{
    turn_row(k, row, true);
}
TIDE_INLINE void lower_row(const tide_kcall *k, uint32_t row)
{
    turn_row(k, row, false);
}

void tide_vec_upper(const tide_kcall *k)
{
    for_live(k, upper_row);
}
void tide_vec_lower(const tide_kcall *k)
{
    for_live(k, lower_row);
}

/* ---- a || b ---- */

TIDE_INLINE void concat_row(const tide_kcall *k, uint32_t row)
{
    uint32_t a_len, b_len;
    const char *a = tide_vec_str(k->args[0], row, &a_len),
               *b = tide_vec_str(k->args[1], row, &b_len);
    char *to = tide_kcall_reserve_str(k, row, a_len + b_len);
    memcpy(to, a, a_len);
    memcpy(to + a_len, b, b_len);
    if (a_len + b_len > TIDE_VIEW_INLINE_MAX)
        memcpy(((tide_view *)k->out->vec.values)[row].prefix, to, 4);
}

void tide_vec_concat(const tide_kcall *k)
{
    for_live(k, concat_row);
}

/* ---- substring: views into the same bytes ---- */

/* Bytes from..to of the row's string as the result's view; `base`: where its buffers are in the
 * result. */
static void cut_view(const tide_kcall *k, uint32_t row, uint32_t from, uint32_t to, uint32_t base)
{
    const tide_vec *a = k->args[0];
    const tide_view *whole = (const tide_view *)a->values + (a->constant ? 0 : row);
    tide_view *view = (tide_view *)k->out->vec.values + row;
    const char *p = tide_view_ptr(whole, a->data) + from;
    *view = (tide_view){ .len = to - from };
    if (view->len <= TIDE_VIEW_INLINE_MAX) {
        memcpy(view->inline_, p, view->len);
        return;
    }
    memcpy(view->prefix, p, 4);
    view->buf = whole->buf + base;
    view->offset = whole->offset + from;
}

static int64_t int_arg(const tide_vec *v, uint32_t row)
{
    return ((const int32_t *)v->values)[v->constant ? 0 : row];
}

static void substring_row(const tide_kcall *k, uint32_t row, uint32_t base)
{
    uint32_t len;
    const char *p = tide_vec_str(k->args[0], row, &len);
    int64_t from = int_arg(k->args[1], row), end = INT64_MAX;
    if (k->n_args == 3) {
        int64_t n = int_arg(k->args[2], row);
        if (n < 0) {
            tide_kcall_error(k, row, TIDE_E_INVALID, "negative substring length not allowed");
            return;
        }
        end = from + n; /* Behind the last character; a start before the text counts. */
    }
    if (from < 1) from = 1;
    if (end <= from) return;
    bool by_bytes = k->args[0]->type.id == TIDE_TYPE_BYTES || tide_utf8_is_ascii(p, len);
    uint64_t first = (uint64_t)from - 1, n = (uint64_t)(end - from);
    if (by_bytes) {
        if (first >= len) return;
        cut_view(k, row, (uint32_t)first, n < len - first ? (uint32_t)(first + n) : len, base);
        return;
    }
    uint32_t start = tide_utf8_offset(p, len, first);
    cut_view(k, row, start, start + tide_utf8_offset(p + start, len - start, n), base);
}

void tide_vec_substring(const tide_kcall *k)
{
    uint32_t base = tide_kcall_share(k, k->args[0]);
    memset(k->out->vec.values, 0, k->n * sizeof(tide_view));
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++)
        for (uint64_t live = tide_kcall_live_word(k, w); live; live &= live - 1)
            substring_row(k, w * 64 + (uint32_t)__builtin_ctzll(live), base);
}
