/* fn_text.c - text functions of one row's values. Positions and lengths count characters. */
#include <string.h>

#include "base/core/mem.h"
#include "base/expr/find_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/utf8_priv.h"

#define RESULT_BYTES_MAX                                                                           \
    (UINT32_C(16) << 20) /* Of one result: a bound for repeat, lpad, replace. */

/* Appends to the result; false if that makes it too long. */
static bool put(tide_rowcall *c, const char *p, size_t n)
{
    if (c->out.n + n > RESULT_BYTES_MAX) return false;
    tide_bytes_put(&c->out, p, n);
    return true;
}

static tide_row_result too_long(tide_rowcall *c)
{
    return tide_row_fail(c, TIDE_E_LIMIT, "result is longer than %u bytes", RESULT_BYTES_MAX);
}

static void put_code(tide_rowcall *c, uint32_t code)
{
    c->out.n += tide_utf8_encode(code, tide_bytes_reserve(&c->out, 4));
}

/* ---- size, single characters ---- */

tide_row_result tide_row_bit_length(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i64 = (int64_t)args[0].str.len * 8;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_ascii(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t size;
    out->i64 = args[0].str.len ? tide_utf8_decode(args[0].str.ptr, args[0].str.len, &size) : 0;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_chr(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t code = args[0].i64;
    if (code == 0) return tide_row_fail(c, TIDE_E_INVALID, "null character not permitted");
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return tide_row_fail(c, TIDE_E_INVALID, "requested character not valid: %lld",
                             (long long)code);
    put_code(c, (uint32_t)code);
    return tide_row_out(c, out);
}

TIDE_INLINE bool is_ascii_letter(char ch)
{
    return (uint8_t)((ch | 0x20) - 'a') < 26;
}
TIDE_INLINE bool is_ascii_alnum(char ch)
{
    return is_ascii_letter(ch) || (uint8_t)(ch - '0') < 10;
}

/* Each byte depends on the one before it only, so that the loop runs over many at once. */
TIDE_HOT static void initcap_ascii(const char *restrict p, char *restrict to, uint32_t len)
{
    if (len) to[0] = (char)(is_ascii_letter(p[0]) ? p[0] & ~0x20 : p[0]);
    for (uint32_t i = 1; i < len; i++) {
        char turned = (char)(is_ascii_alnum(p[i - 1]) ? p[i] | 0x20 : p[i] & ~0x20);
        to[i] = is_ascii_letter(p[i]) ? turned : p[i];
    }
}

tide_row_result tide_row_initcap(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr;
    uint32_t len = args[0].str.len, size;
    bool in_word = false;
    if (tide_utf8_is_ascii(p, len)) {
        initcap_ascii(p, tide_bytes_reserve(&c->out, len), len);
        c->out.n = len;
        return tide_row_out(c, out);
    }
    for (uint32_t i = 0; i < len; i += size) {
        uint32_t code = tide_utf8_decode(p + i, len - i, &size);
        uint32_t turned = in_word ? tide_utf8_lower(code) : tide_utf8_upper(code);
        in_word = tide_utf8_is_alnum(code);
        if (turned == code)
            tide_bytes_put(&c->out, p + i, size);
        else
            put_code(c, turned);
    }
    return tide_row_out(c, out);
}

/* Eight bytes at a time from the end; the rest singly. */
static void reverse_ascii(const char *p, uint32_t len, char *to)
{
    uint32_t end = len;
    for (uint64_t eight; end >= 8; end -= 8, to += 8) {
        memcpy(&eight, p + end - 8, 8);
        eight = __builtin_bswap64(eight);
        memcpy(to, &eight, 8);
    }
    while (end) *to++ = p[--end];
}

tide_row_result tide_row_reverse(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr;
    uint32_t end = args[0].str.len;
    char *to = tide_bytes_reserve(&c->out, end);
    c->out.n = end;
    if (tide_utf8_is_ascii(p, end)) {
        reverse_ascii(p, end, to);
        return tide_row_out(c, out);
    }
    while (end) {
        uint32_t start = end - 1;
        while (start && !tide_utf8_starts(p[start])) start--;
        memcpy(to, p + start, end - start);
        to += end - start;
        end = start;
    }
    return tide_row_out(c, out);
}

/* ---- cutting ---- */

/* Bytes of the first n characters, n >= 0. Where these bytes and the next are ASCII's, so many. */
static uint32_t first_bytes(const char *p, uint32_t len, int64_t n)
{
    if (n >= len) return len;
    if (tide_utf8_is_ascii(p, (uint32_t)n + 1)) return (uint32_t)n;
    return tide_utf8_offset(p, len, (uint64_t)n);
}

tide_row_result tide_row_left(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    int64_t n = args[1].i64;
    if (n < 0) n += tide_utf8_chars(args[0].str.ptr, args[0].str.len);
    return tide_row_str(out, args[0].str.ptr,
                        n <= 0 ? 0 : first_bytes(args[0].str.ptr, args[0].str.len, n));
}

tide_row_result tide_row_right(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    const char *p = args[0].str.ptr;
    uint32_t len = args[0].str.len;
    int64_t n = args[1].i64;
    if (n >= 0 && n <= len && tide_utf8_is_ascii(p + len - n, (uint32_t)n))
        return tide_row_str(out, p + len - n, (size_t)n);
    int64_t skip = n >= 0 ? tide_utf8_chars(p, len) - n : -n;
    uint32_t from = skip <= 0 ? 0 : first_bytes(p, len, skip);
    return tide_row_str(out, p + from, len - from);
}

/* Is the character p[0..size) in the set? */
static bool in_set(const tide_value *set, const char *p, uint32_t size)
{
    for (uint32_t i = 0, n; i < set->str.len; i += n) {
        n = tide_utf8_size(set->str.ptr + i, set->str.len - i);
        if (n == size && memcmp(set->str.ptr + i, p, n) == 0) return true;
    }
    return false;
}

static tide_row_result trim(const tide_rowcall *c, const tide_value *args, bool start, bool end,
                            tide_value *out)
{
    static const tide_value blank = { .str = { " ", 1 } };
    const tide_value *set = c->n_args == 2 ? &args[1] : &blank;
    const char *p = args[0].str.ptr;
    uint32_t from = 0, to = args[0].str.len;
    while (start && from < to) {
        uint32_t size = tide_utf8_size(p + from, to - from);
        if (!in_set(set, p + from, size)) break;
        from += size;
    }
    while (end && from < to) {
        uint32_t last = to - 1;
        while (last > from && !tide_utf8_starts(p[last])) last--;
        if (!in_set(set, p + last, to - last)) break;
        to = last;
    }
    return tide_row_str(out, p + from, to - from);
}

tide_row_result tide_row_btrim(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return trim(c, args, true, true, out);
}
tide_row_result tide_row_ltrim(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return trim(c, args, true, false, out);
}
tide_row_result tide_row_rtrim(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return trim(c, args, false, true, out);
}

/* ---- filling ---- */

/* n characters of the fill, over and over. */
static bool put_fill(tide_rowcall *c, const char *fill, uint32_t fill_len, int64_t n)
{
    int64_t fill_chars = tide_utf8_chars(fill, fill_len);
    if (fill_len == 1 && c->out.n + (uint64_t)n <= RESULT_BYTES_MAX) {
        memset(tide_bytes_reserve(&c->out, (size_t)n), fill[0], (size_t)n);
        c->out.n += (size_t)n;
        return true;
    }
    for (; n >= fill_chars; n -= fill_chars)
        if (!put(c, fill, fill_len)) return false;
    return put(c, fill, first_bytes(fill, fill_len, n));
}

static tide_row_result pad(tide_rowcall *c, const tide_value *args, bool left, tide_value *out)
{
    const char *p = args[0].str.ptr, *fill = c->n_args == 3 ? args[2].str.ptr : " ";
    uint32_t len = args[0].str.len, fill_len = c->n_args == 3 ? args[2].str.len : 1;
    int64_t n = args[1].i64, missing = n - tide_utf8_chars(p, len);
    if (n <= 0) return tide_row_str(out, "", 0);
    if (missing <= 0) return tide_row_str(out, p, first_bytes(p, len, n));
    if (fill_len == 0) return tide_row_str(out, p, len);
    bool ok = left ? put_fill(c, fill, fill_len, missing) && put(c, p, len)
                   : put(c, p, len) && put_fill(c, fill, fill_len, missing);
    return ok ? tide_row_out(c, out) : too_long(c);
}

tide_row_result tide_row_lpad(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return pad(c, args, true, out);
}
tide_row_result tide_row_rpad(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return pad(c, args, false, out);
}

tide_row_result tide_row_repeat(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    if (args[0].str.len == 0) return tide_row_str(out, "", 0);
    for (int64_t i = 0; i < args[1].i64; i++)
        if (!put(c, args[0].str.ptr, args[0].str.len)) return too_long(c);
    return tide_row_out(c, out);
}

/* ---- finding and replacing ---- */

/* The byte offset of `what` in p[from..len), or UINT32_MAX. */
static uint32_t find(const char *p, uint32_t len, uint32_t from, const char *what,
                     uint32_t what_len)
{
    uint32_t at = tide_find_text(p + from, len - from, what, what_len);
    return at == UINT32_MAX ? at : from + at;
}

static int64_t position(const tide_value *s, const tide_value *what, uint32_t from)
{
    uint32_t at = find(s->str.ptr, s->str.len, from, what->str.ptr, what->str.len);
    return at == UINT32_MAX ? 0 : (int64_t)tide_utf8_chars(s->str.ptr, at) + 1;
}

tide_row_result tide_row_strpos(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    out->i64 = position(&args[0], &args[1], 0);
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_locate(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t from = c->n_args == 3 ? args[2].i64 : 1;
    const tide_value *s = &args[1];
    if (from < 1 || from > (int64_t)tide_utf8_chars(s->str.ptr, s->str.len) + 1)
        out->i64 = 0;
    else
        out->i64 =
            position(s, &args[0], tide_utf8_offset(s->str.ptr, s->str.len, (uint64_t)from - 1));
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_starts_with(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t n = args[1].str.len;
    out->boolean = args[0].str.len >= n && memcmp(args[0].str.ptr, args[1].str.ptr, n) == 0;
    return TIDE_ROW_VALUE;
}
tide_row_result tide_row_ends_with(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t n = args[1].str.len, len = args[0].str.len;
    out->boolean = len >= n && memcmp(args[0].str.ptr + (len - n), args[1].str.ptr, n) == 0;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_replace(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr;
    uint32_t len = args[0].str.len, what_len = args[1].str.len, from = 0;
    if (what_len == 0) return tide_row_str(out, p, len);
    for (;;) {
        uint32_t at = find(p, len, from, args[1].str.ptr, what_len);
        if (at == UINT32_MAX) break;
        if (!put(c, p + from, at - from) || !put(c, args[2].str.ptr, args[2].str.len))
            return too_long(c);
        from = at + what_len;
    }
    return put(c, p + from, len - from) ? tide_row_out(c, out) : too_long(c);
}

/* For constant sets of ASCII: what each byte becomes. */
typedef struct translation {
    char to[128];
    bool drops[128], drops_any;
} translation;

void *tide_prepare_translate(const tide_expr *e, void (**drop_out)(void *imm))
{
    const tide_expr *from = e->call.args[1], *to = e->call.args[2];
    for (const tide_expr *const *arg = e->call.args + 1; arg < e->call.args + 3; arg++)
        if ((*arg)->kind != TIDE_EXPR_LITERAL || (*arg)->literal.is_null ||
            !tide_utf8_is_ascii((*arg)->literal.str.ptr, (*arg)->literal.str.len))
            return NULL;
    translation *self = tide_calloc(1, sizeof *self);
    *drop_out = tide_free;
    for (int i = 0; i < 128; i++) self->to[i] = (char)i;
    for (uint32_t i = from->literal.str.len; i-- > 0;) { /* Of equal ones the first counts. */
        uint8_t ch = (uint8_t)from->literal.str.ptr[i];
        self->drops[ch] = i >= to->literal.str.len;
        self->drops_any |= self->drops[ch];
        if (!self->drops[ch]) self->to[ch] = to->literal.str.ptr[i];
    }
    return self;
}

static void translate_ascii(tide_rowcall *c, const translation *by, const char *p, uint32_t len)
{
    char *to = tide_bytes_reserve(&c->out, len + 1);
    c->out.n = len;
    if (by->drops_any) {
        char *at = to;
        for (uint32_t i = 0; i < len; i++) {
            *at = by->to[(uint8_t)p[i]];
            at += !by->drops[(uint8_t)p[i]];
        }
        c->out.n = (size_t)(at - to);
        return;
    }
    for (uint32_t i = 0; i < len; i++) to[i] = by->to[(uint8_t)p[i]];
}

tide_row_result tide_row_translate(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr, *from = args[1].str.ptr, *to = args[2].str.ptr;
    uint32_t len = args[0].str.len, from_len = args[1].str.len, to_len = args[2].str.len, size;
    if (c->imm && tide_utf8_is_ascii(p, len)) {
        translate_ascii(c, c->imm, p, len);
        return tide_row_out(c, out);
    }
    for (uint32_t i = 0; i < len; i += size) {
        size = tide_utf8_size(p + i, len - i);
        uint32_t at = 0, to_at = 0;
        while (at < from_len) { /* Both sets side by side. */
            uint32_t n = tide_utf8_size(from + at, from_len - at);
            if (n == size && memcmp(from + at, p + i, n) == 0) break;
            at += n;
            if (to_at < to_len) to_at += tide_utf8_size(to + to_at, to_len - to_at);
        }
        if (at == from_len)
            tide_bytes_put(&c->out, p + i, size);
        else if (to_at < to_len)
            tide_bytes_put(&c->out, to + to_at, tide_utf8_size(to + to_at, to_len - to_at));
    }
    return tide_row_out(c, out);
}

tide_row_result tide_row_overlay(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr;
    uint32_t len = args[0].str.len;
    int64_t from = args[2].i64;
    int64_t n = c->n_args == 4 ? args[3].i64 : tide_utf8_chars(args[1].str.ptr, args[1].str.len);
    if (from <= 0) return tide_row_fail(c, TIDE_E_INVALID, "negative substring length not allowed");
    int64_t rest = from - 1 + n;
    uint32_t rest_at = rest <= 0 ? 0 : tide_utf8_offset(p, len, (uint64_t)rest);
    bool ok = put(c, p, tide_utf8_offset(p, len, (uint64_t)from - 1)) &&
              put(c, args[1].str.ptr, args[1].str.len) && put(c, p + rest_at, len - rest_at);
    return ok ? tide_row_out(c, out) : too_long(c);
}

/* Part n (from 0) between delimiters; false if there are fewer. */
static bool part_at(const tide_value *s, const tide_value *delimiter, int64_t n, tide_value *out)
{
    const char *p = s->str.ptr;
    uint32_t len = s->str.len, from = 0;
    for (;;) {
        uint32_t at = find(p, len, from, delimiter->str.ptr, delimiter->str.len);
        if (n == 0) {
            tide_row_str(out, p + from, (at == UINT32_MAX ? len : at) - from);
            return true;
        }
        if (at == UINT32_MAX) return false;
        from = at + delimiter->str.len;
        n--;
    }
}

tide_row_result tide_row_split_part(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    int64_t n = args[2].i64, parts = 1;
    if (n == 0) return tide_row_fail(c, TIDE_E_INVALID, "field position must not be zero");
    if (args[0].str.len == 0) return tide_row_str(out, "", 0);
    if (args[1].str.len == 0) {
        bool whole = n == 1 || n == -1;
        return tide_row_str(out, args[0].str.ptr, whole ? args[0].str.len : 0);
    }
    if (n < 0) {
        uint32_t at = 0;
        while ((at = find(args[0].str.ptr, args[0].str.len, at, args[1].str.ptr,
                          args[1].str.len)) != UINT32_MAX) {
            at += args[1].str.len;
            parts++;
        }
        n += parts + 1;
    }
    if (n < 1 || !part_at(&args[0], &args[1], n - 1, out)) return tide_row_str(out, "", 0);
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_split_index(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    if (args[2].i64 < 0 || args[1].str.len == 0) return TIDE_ROW_NULL;
    return part_at(&args[0], &args[1], args[2].i64, out) ? TIDE_ROW_VALUE : TIDE_ROW_NULL;
}

/* ---- joining, quoting, numbers ---- */

tide_row_result tide_row_concat(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    for (uint32_t i = 0; i < c->n_args; i++)
        if (!args[i].is_null) tide_bytes_put(&c->out, args[i].str.ptr, args[i].str.len);
    return tide_row_out(c, out);
}

tide_row_result tide_row_concat_ws(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    bool first = true;
    if (args[0].is_null) return TIDE_ROW_NULL;
    for (uint32_t i = 1; i < c->n_args; i++) {
        if (args[i].is_null) continue;
        if (!first) tide_bytes_put(&c->out, args[0].str.ptr, args[0].str.len);
        first = false;
        tide_bytes_put(&c->out, args[i].str.ptr, args[i].str.len);
    }
    return tide_row_out(c, out);
}

tide_row_result tide_row_quote_literal(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const char *p = args[0].str.ptr;
    uint32_t len = args[0].str.len;
    bool backslash = memchr(p, '\\', len) != NULL;
    char *to = tide_bytes_reserve(&c->out, 2 * (size_t)len + 3), *at = to;
    if (backslash) *at++ = 'E';
    *at++ = '\'';
    if (backslash || memchr(p, '\'', len)) {
        for (uint32_t i = 0; i < len; i++) {
            at[0] = at[1] = p[i];
            at += p[i] == '\'' || p[i] == '\\' ? 2 : 1;
        }
    } else {
        memcpy(at, p, len);
        at += len;
    }
    *at++ = '\'';
    c->out.n = (size_t)(at - to);
    return tide_row_out(c, out);
}

static tide_row_result put_hex_number(tide_rowcall *c, uint64_t v, tide_value *out)
{
    uint32_t n = (67 - (uint32_t)__builtin_clzll(v | 1)) / 4;
    char *to = tide_bytes_reserve(&c->out, n);
    c->out.n = n;
    for (uint32_t i = n; i-- > 0; v >>= 4) to[i] = "0123456789abcdef"[v & 15];
    return tide_row_out(c, out);
}

tide_row_result tide_row_to_hex(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_hex_number(c, (uint64_t)args[0].i64, out);
}
tide_row_result tide_row_to_hex_int(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return put_hex_number(c, (uint32_t)args[0].i64, out);
}
