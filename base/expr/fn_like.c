/* fn_like.c - LIKE and ILIKE.
 *
 * A constant pattern is taken apart once, into the pieces between its %: the first and the last one
 * stand at the text's ends, each of the others is looked for behind the one before. ILIKE with a
 * pattern of ASCII is LIKE over texts whose ASCII letters are small: other letters than those do
 * not turn into them. */
#include <string.h>

#include "base/core/mem.h"
#include "base/expr/find_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/utf8_priv.h"

/* A part of a piece: a text, or so many characters of any kind. */
typedef struct like_run {
    bool any;
    uint32_t at, len; /* Of the pattern's text; any: characters. */
} like_run;

/* What is between two %: its runs. */
typedef struct like_piece {
    uint32_t first, n;
} like_piece;

typedef struct like {
    bool constant, nocase;
    bool in_pieces; /* Else the pattern is matched as it is. */
    bool contains;  /* The one piece is a text, somewhere. */
    bool any_first, any_last;
    uint32_t len, escape_len; /* escape_len 0: none. */
    char escape[4];           /* One character. */
    uint32_t least;           /* Bytes that a text has at least. */
    uint32_t head, head_mask; /* What a text begins with, as far as its first four bytes tell. */
    uint32_t n_pieces, n_runs;
    like_piece *pieces;
    like_run *runs;
    char *plain; /* What runs refer to. */
    char text[]; /* The pattern. */
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

static void drop_like(void *imm)
{
    like *self = imm;
    tide_free(self->pieces);
    tide_free(self->runs);
    tide_free(self->plain);
    tide_free(self);
}

/* The piece's next element: a character of n bytes at self->plain + at, or any (n 0). */
static void add_element(like *self, uint32_t at, uint32_t n)
{
    like_piece *piece = &self->pieces[self->n_pieces - 1];
    like_run *last = piece->n ? &self->runs[self->n_runs - 1] : NULL;
    if (last == NULL || last->any != (n == 0)) {
        last = &self->runs[self->n_runs++];
        *last = (like_run){ .any = n == 0, .at = at };
        piece->n++;
    }
    last->len += n ? n : 1;
    self->least += n ? n : 1;
}

/* What every text begins with, for the four bytes that views have at hand. */
static void note_head(like *self)
{
    const like_run *first = &self->runs[0];
    if (self->nocase || self->any_first || self->n_runs == 0 || first->any) return;
    uint32_t n = first->len < 4 ? first->len : 4;
    memcpy(&self->head, self->plain + first->at, n);
    memset(&self->head_mask, 0xff, n);
}

/* False if there are other letters than ASCII's, which may have another case as well. */
static bool turn_small(like *self, uint32_t n)
{
    char *small = tide_malloc(n + 1);
    bool others = tide_utf8_turn_ascii(self->plain, small, n, 'A');
    tide_free(self->plain);
    self->plain = small;
    return !others;
}

/* Not a pattern that ends with the escape, which is an error of the rows that get so far; nor one
 * that has letters with another case than ASCII's. */
static void take_apart(like *self)
{
    const pattern p = { self->text, self->len, self->escape, self->escape_len, self->nocase };
    uint32_t n = 0, next = 0, char_at;
    bool begins = true; /* Of a piece. */
    self->pieces = tide_malloc((self->len + 1) * sizeof *self->pieces);
    self->runs = tide_malloc((self->len + 1) * sizeof *self->runs);
    self->plain = tide_malloc(self->len + 1);
    for (uint32_t at = 0; at < self->len; at = next) {
        element e = next_element(&p, at, &char_at, &next);
        if (e == ELEMENT_BAD) return;
        if (e == ELEMENT_ANY) {
            self->any_first |= self->n_pieces == 0;
            begins = self->any_last = true;
            continue;
        }
        if (begins) self->pieces[self->n_pieces++] = (like_piece){ .first = self->n_runs };
        begins = self->any_last = false;
        uint32_t size = e == ELEMENT_ONE ? 0 : next - char_at;
        memcpy(self->plain + n, self->text + char_at, size);
        add_element(self, n, size);
        n += size;
    }
    if (self->nocase && !turn_small(self, n)) return;
    note_head(self);
    self->contains = self->any_first && self->any_last && self->n_runs == 1 && !self->runs[0].any;
    self->in_pieces = true;
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
    *drop_out = drop_like;
    self->nocase = nocase;
    if (!constant || (escape && (escape->is_null || escape->str.len > 4))) return self;
    self->constant = true;
    self->len = len;
    memcpy(self->text, text->literal.str.ptr, len);
    self->escape_len = escape ? escape->str.len : 1;
    memcpy(self->escape, escape ? escape->str.ptr : "\\", self->escape_len);
    take_apart(self);
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

/* ---- matching pieces ---- */

/* n characters on from `at`, and back from it; UINT32_MAX if there are fewer. */
static uint32_t skip_chars(const char *s, uint32_t at, uint32_t len, uint32_t n)
{
    for (; n && at < len; n--) at += tide_utf8_size(s + at, len - at);
    return n ? UINT32_MAX : at;
}
static uint32_t back_chars(const char *s, uint32_t at, uint32_t n)
{
    for (; n && at; n--) {
        do at--;
        while (at && !tide_utf8_starts(s[at]));
    }
    return n ? UINT32_MAX : at;
}

/* The bytes that a piece takes at the start of s, or UINT32_MAX. */
static uint32_t match_at(const like *self, const like_piece *piece, const char *s, uint32_t len)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < piece->n; i++) {
        const like_run *run = &self->runs[piece->first + i];
        if (len - at < run->len) return UINT32_MAX;
        if (!run->any) {
            if (memcmp(s + at, self->plain + run->at, run->len) != 0) return UINT32_MAX;
            at += run->len;
            continue;
        }
        at = skip_chars(s, at, len, run->len);
        if (at == UINT32_MAX) return at;
    }
    return at;
}

/* Where a piece begins that ends where s does, or UINT32_MAX. */
static uint32_t match_before(const like *self, const like_piece *piece, const char *s, uint32_t len)
{
    for (uint32_t i = piece->n; i-- > 0;) {
        const like_run *run = &self->runs[piece->first + i];
        if (len < run->len) return UINT32_MAX;
        if (!run->any) {
            len -= run->len;
            if (memcmp(s + len, self->plain + run->at, run->len) != 0) return UINT32_MAX;
            continue;
        }
        len = back_chars(s, len, run->len);
        if (len == UINT32_MAX) return len;
    }
    return len;
}

/* Behind the first place in s where a piece is, or UINT32_MAX. Its first text, which other
 * characters may stand before, is looked for. */
static uint32_t find_piece(const like *self, const like_piece *piece, const char *s, uint32_t len)
{
    const like_run *text = &self->runs[piece->first];
    uint32_t before = text->any ? text->len : 0;
    if (text->any && piece->n == 1) return match_at(self, piece, s, len);
    text += text->any;
    for (uint32_t at = 0; at < len;) {
        uint32_t from = skip_chars(s, at, len, before);
        if (from == UINT32_MAX) return from;
        uint32_t n = tide_find_text(s + from, len - from, self->plain + text->at, text->len);
        if (n == UINT32_MAX) return n;
        at = back_chars(s, from + n, before);
        n = piece->n == 1 ? text->len : match_at(self, piece, s + at, len - at);
        if (n != UINT32_MAX) return at + n;
        at += tide_utf8_size(s + at, len - at);
    }
    return UINT32_MAX;
}

static bool match_pieces(const like *self, const char *s, uint32_t len)
{
    uint32_t first = 0, last = self->n_pieces, from = 0;
    if (len < self->least) return false;
    if (last == 0) return self->any_last || len == 0;
    if (!self->any_first) {
        from = match_at(self, &self->pieces[first++], s, len);
        if (from == UINT32_MAX) return false;
        if (first == last && !self->any_last) return from == len;
    }
    if (!self->any_last) {
        len = match_before(self, &self->pieces[--last], s, len);
        if (len == UINT32_MAX || len < from) return false;
    }
    for (; first < last; first++) {
        uint32_t n = find_piece(self, &self->pieces[first], s + from, len - from);
        if (n == UINT32_MAX) return false;
        from += n;
    }
    return true;
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

static bool piece_row(const tide_kcall *k, const like *self, const tide_view *view)
{
    uint32_t head, len = view->len;
    memcpy(&head, view->prefix, sizeof head);
    if (len < self->least || (head & self->head_mask) != self->head) return false;
    const char *s = tide_view_ptr(view, k->args[0]->data);
    if (self->nocase) {
        tide_bytes *small = &k->prog->rowcall.scratch;
        small->n = 0;
        char *to = tide_bytes_reserve(small, len + 1);
        tide_utf8_turn_ascii(s, to, len, 'A');
        s = to;
    }
    if (self->contains) return tide_find_text(s, len, self->plain, self->runs[0].len) != UINT32_MAX;
    return match_pieces(self, s, len);
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
            if (self->in_pieces) {
                out[row] = piece_row(k, self, &views[k->args[0]->constant ? 0 : row]);
                continue;
            }
            like_result result = like_row(k, self, row);
            out[row] = result == LIKE_YES;
            if (result == LIKE_BAD)
                tide_kcall_error(k, row, TIDE_E_INVALID, "bad LIKE pattern or escape character");
        }
}
