/* fn_like.c - LIKE and ILIKE.
 *
 * A constant pattern is looked at once: most are a text, alone or with % before or behind it,
 * and need no matching of patterns. */
#include <string.h>

#include "base/core/mem.h"
#include "base/expr/find_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/utf8_priv.h"

typedef enum like_kind {
    LIKE_EXACT,
    LIKE_PREFIX,
    LIKE_SUFFIX,
    LIKE_CONTAINS,
    LIKE_PATTERN
} like_kind;

typedef struct like {
    bool constant, nocase;
    like_kind kind;
    uint32_t len;   /* Of the plain text, or of the pattern. */
    char escape[4]; /* One character; escape_len 0: none. */
    uint32_t escape_len;
    char text[];
} like;

typedef enum like_result { LIKE_NO, LIKE_YES, LIKE_BAD } like_result;

/* ---- matching any pattern ---- */

typedef struct pattern {
    const char *p;
    uint32_t len;
    const char *escape;
    uint32_t escape_len;
    bool nocase;
} pattern;

/* One element of a pattern: % (ANY), _ (ONE) or a character, and where the next one begins. */
typedef enum element { ELEMENT_ANY, ELEMENT_ONE, ELEMENT_CHAR, ELEMENT_BAD } element;

static element next_element(const pattern *p, uint32_t at, uint32_t *char_at, uint32_t *next)
{
    bool escaped = p->escape_len && p->len - at >= p->escape_len &&
                   memcmp(p->p + at, p->escape, p->escape_len) == 0;
    if (escaped) at += p->escape_len;
    if (at >= p->len) return ELEMENT_BAD; /* Ends with the escape character. */
    *char_at = at;
    *next = at + tide_utf8_size(p->p + at, p->len - at);
    if (!escaped && p->p[at] == '%') return ELEMENT_ANY;
    if (!escaped && p->p[at] == '_') return ELEMENT_ONE;
    return ELEMENT_CHAR;
}

static bool same_char(const char *a, uint32_t a_len, const char *b, uint32_t b_len, bool nocase)
{
    if (a_len == b_len && memcmp(a, b, a_len) == 0) return true;
    uint32_t size;
    return nocase && tide_utf8_lower(tide_utf8_decode(a, a_len, &size)) ==
                         tide_utf8_lower(tide_utf8_decode(b, b_len, &size));
}

/* Greedy, going back only to the last %: what an earlier % could take, the last one can as well. */
static like_result match(const char *s, uint32_t len, const pattern *p)
{
    uint32_t i = 0, at = 0, back_i = 0, back_at = UINT32_MAX;
    while (i < len || at < p->len) {
        uint32_t char_at = 0, next = 0;
        element e = at < p->len ? next_element(p, at, &char_at, &next) : ELEMENT_CHAR;
        if (at < p->len && e == ELEMENT_BAD) return LIKE_BAD;
        if (at < p->len && e == ELEMENT_ANY) {
            back_at = at = next;
            back_i = i;
            continue;
        }
        uint32_t size = i < len ? tide_utf8_size(s + i, len - i) : 0;
        bool hit =
            at < p->len && i < len &&
            (e == ELEMENT_ONE || same_char(s + i, size, p->p + char_at, next - char_at, p->nocase));
        if (hit) {
            i += size;
            at = next;
        } else if (back_at != UINT32_MAX && back_i < len) {
            back_i += tide_utf8_size(s + back_i, len - back_i);
            i = back_i;
            at = back_at;
        } else {
            return LIKE_NO;
        }
    }
    return LIKE_YES;
}

/* ---- constant patterns ---- */

/* The pattern as plain text with % at its ends only, if it is one: fills kind, text and len. */
static void simplify(like *self)
{
    const pattern p = { self->text, self->len, self->escape, self->escape_len, self->nocase };
    char *plain = tide_malloc(self->len + 1);
    uint32_t n = 0, at = 0, next = 0, char_at;
    bool any_first = false, any_last = false;
    while (at < self->len) {
        element e = next_element(&p, at, &char_at, &next);
        bool bad = e == ELEMENT_ONE || e == ELEMENT_BAD || (e == ELEMENT_CHAR && any_last);
        if (bad || self->nocase) {
            tide_free(plain);
            return;
        }
        if (e == ELEMENT_ANY && n == 0)
            any_first = true;
        else if (e == ELEMENT_ANY)
            any_last = true;
        else
            memcpy(plain + n, self->text + char_at, next - char_at);
        if (e == ELEMENT_CHAR) n += next - char_at;
        at = next;
    }
    if (n == 0 && any_first) any_last = true;
    self->kind = any_first  ? (any_last ? LIKE_CONTAINS : LIKE_SUFFIX)
                 : any_last ? LIKE_PREFIX
                            : LIKE_EXACT;
    memcpy(self->text, plain, n);
    self->len = n;
    tide_free(plain);
}

static void *prepare(const tide_expr *e, bool nocase, void (**drop_out)(void *imm))
{
    const tide_expr *text = e->call.args[1];
    bool constant = text->kind == TIDE_EXPR_LITERAL && !text->literal.is_null;
    const tide_value *escape = NULL;
    if (e->call.n_args == 3) {
        constant &= e->call.args[2]->kind == TIDE_EXPR_LITERAL;
        escape = &e->call.args[2]->literal;
    }
    uint32_t len = constant ? text->literal.str.len : 0;
    like *self = tide_calloc(1, sizeof *self + len + 1);
    *drop_out = tide_free;
    self->nocase = nocase;
    if (!constant || (escape && (escape->is_null || escape->str.len > 4))) return self;
    self->constant = true;
    self->kind = LIKE_PATTERN;
    self->len = len;
    memcpy(self->text, text->literal.str.ptr, len);
    self->escape_len = escape ? escape->str.len : 1;
    memcpy(self->escape, escape ? escape->str.ptr : "\\", self->escape_len);
    simplify(self);
    return self;
}

void *tide_prepare_like(const tide_expr *e, void (**drop_out)(void *imm))
{
    return prepare(e, false, drop_out);
}
void *tide_prepare_ilike(const tide_expr *e, void (**drop_out)(void *imm))
{
    return prepare(e, true, drop_out);
}

/* ---- rows ---- */

static like_result like_row(const tide_kcall *k, const like *self, uint32_t row)
{
    uint32_t len, p_len, escape_len = 1;
    const char *s = tide_vec_str(k->args[0], row, &len), *escape = "\\";
    if (self->constant) {
        const pattern p = { self->text, self->len, self->escape, self->escape_len, self->nocase };
        return match(s, len, &p);
    }
    const char *text = tide_vec_str(k->args[1], row, &p_len);
    if (k->n_args == 3) escape = tide_vec_str(k->args[2], row, &escape_len);
    if (escape_len && tide_utf8_size(escape, escape_len) != escape_len) return LIKE_BAD;
    const pattern p = { text, p_len, escape, escape_len, self->nocase };
    return match(s, len, &p);
}

/* The first four bytes, which every view has at hand, decide most rows. */
static bool plain_row(const tide_kcall *k, const like *self, const tide_view *view)
{
    uint32_t n = self->len, len = view->len;
    if (len < n || (self->kind == LIKE_EXACT && len != n)) return false;
    if (self->kind <= LIKE_PREFIX && memcmp(view->prefix, self->text, n < 4 ? n : 4) != 0)
        return false;
    const char *s = tide_view_ptr(view, k->args[0]->data);
    if (self->kind == LIKE_CONTAINS) return tide_find_text(s, len, self->text, n) != UINT32_MAX;
    return memcmp(self->kind == LIKE_SUFFIX ? s + (len - n) : s, self->text, n) == 0;
}

void tide_vec_like(const tide_kcall *k)
{
    const like *self = k->imm;
    const tide_view *views = k->args[0]->values;
    uint8_t *out = k->out->vec.values;
    memset(out, 0, k->n);
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++)
        for (uint64_t live = tide_kcall_live_word(k, w); live; live &= live - 1) {
            uint32_t row = w * 64 + (uint32_t)__builtin_ctzll(live);
            if (self->constant && self->kind != LIKE_PATTERN) {
                out[row] = plain_row(k, self, &views[k->args[0]->constant ? 0 : row]);
                continue;
            }
            like_result result = like_row(k, self, row);
            out[row] = result == LIKE_YES;
            if (result == LIKE_BAD)
                tide_kcall_error(k, row, TIDE_E_INVALID, "bad LIKE pattern or escape character");
        }
}
