/* fn_pcre2.c - regular expressions, by PCRE2.
 *
 * Patterns are written as for PostgreSQL: . matches line ends, ^ and $ the text's ends, \m \M \y
 * \Y are word boundaries. Unlike PostgreSQL's, of several alternatives the first that matches is
 * taken, not the longest. A pattern is compiled once, or again when another one comes. Work per
 * match is limited: what would take longer is a row error. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/core/mem.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/utf8_priv.h"

#define MATCH_STEPS_MAX 1000000u
#define MATCH_DEPTH_MAX 10000u
#define MATCH_HEAP_KIB_MAX 16384u

/* A compiled pattern with what it was compiled from. */
typedef struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    tide_bytes source;      /* The pattern, then the escape. */
    uint32_t pattern_bytes; /* Of the source. */
    uint32_t options;
    uint32_t preset; /* Options that the function brings itself. */
    bool similar;    /* The pattern is one of SIMILAR TO. */
    bool compiled;   /* To machine code. */
} regex;

static void drop_code(regex *self)
{
    pcre2_match_data_free(self->match);
    pcre2_code_free(self->code);
    self->match = NULL;
    self->code = NULL;
}

static void drop_regex(void *imm)
{
    regex *self = imm;
    drop_code(self);
    pcre2_match_context_free(self->limits);
    tide_bytes_fini(&self->source);
    tide_free(self);
}

static regex *new_regex(uint32_t preset, bool similar, void (**drop_out)(void *imm))
{
    regex *self = tide_calloc(1, sizeof *self);
    self->preset = preset;
    self->similar = similar;
    self->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(self->limits, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(self->limits, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(self->limits, MATCH_HEAP_KIB_MAX);
    *drop_out = drop_regex;
    return self;
}

void *tide_prepare_regex(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_regex(0, false, drop_out);
}
void *tide_prepare_regex_nocase(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_regex(PCRE2_CASELESS, false, drop_out);
}
void *tide_prepare_similar(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_regex(0, true, drop_out);
}

/* ---- patterns ---- */

/* The escape \ch, outside of brackets or inside, as PCRE2 has it: it lacks some, and its \d is any
 * script's digit where \w is any script's letter. */
static void translate_escape(char ch, bool in_class, tide_bytes *to)
{
    static const struct {
        char escape;
        const char *outside, *inside;
    } others[] = {
        { 'm', "\\b(?=\\w)", NULL }, { 'M', "\\b(?<=\\w)", NULL }, { 'y', "\\b", NULL },
        { 'Y', "\\B", NULL },        { 'Z', "\\z", NULL },         { 'd', "[0-9]", "0-9" },
        { 'D', "[^0-9]", NULL },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *text = in_class ? others[i].inside : others[i].outside;
        if (others[i].escape == ch && text) {
            tide_bytes_puts(to, text);
            return;
        }
    }
    tide_bytes_putc(to, '\\');
    tide_bytes_putc(to, ch);
}

/* Bytes of [:class:], [.x.] or [=x=] at p; 0 if there is none. */
static uint32_t bracket_name(const char *p, uint32_t len)
{
    if (len < 4 || p[0] != '[' || !strchr(":.=", p[1]) || !p[1]) return 0;
    for (uint32_t i = 2; i + 1 < len; i++)
        if (p[i] == p[1] && p[i + 1] == ']') return i + 2;
    return 0;
}

/* Is p[at] a ] that stands for itself, as the first of its brackets? */
static bool is_first(const char *p, uint32_t at, uint32_t open)
{
    return at == open + 1 || (at == open + 2 && p[open + 1] == '^');
}

/* PostgreSQL's pattern as PCRE2's. */
static void translate(const char *p, uint32_t len, tide_bytes *to)
{
    static const char digits[] = "[:digit:]";
    bool in_class = false;
    for (uint32_t i = 0, open = 0; i < len; i++) {
        uint32_t name = in_class ? bracket_name(p + i, len - i) : 0;
        if (p[i] == '\\' && i + 1 < len) {
            translate_escape(p[++i], in_class, to);
        } else if (name) {
            bool is_digits = name == sizeof digits - 1 && memcmp(p + i, digits, name) == 0;
            tide_bytes_put(to, is_digits ? "0-9" : p + i, is_digits ? 3 : name);
            i += name - 1;
        } else {
            tide_bytes_putc(to, p[i]);
            if (!in_class && p[i] == '[') open = i;
            in_class = in_class ? p[i] != ']' || is_first(p, i, open) : p[i] == '[';
        }
    }
}

static bool is_escape(char ch, const tide_value *escape)
{
    return escape->str.len && ch == escape->str.ptr[0];
}

/* SIMILAR TO's pattern: % and _ as in LIKE, | * + ? {} () [] as here, everything else for
 * itself. */
static void translate_similar(const char *p, uint32_t len, const tide_value *escape, tide_bytes *to)
{
    /* A % at an end only says that the other text need not reach so far. */
    bool in_class = false, cuts = len && !memchr(p, '|', len) && !is_escape('%', escape);
    bool any_first = cuts && p[0] == '%' && (len == 1 || !strchr("*+?{", p[1])), any_last = false;
    if (any_first) p++, len--;
    tide_bytes_puts(to, any_first ? "(?:" : "^(?:");
    for (uint32_t i = 0; i < len; i++) {
        bool escaped = is_escape(p[i], escape) && i + 1 < len;
        char ch = escaped ? p[++i] : p[i];
        if (escaped || (!in_class && strchr(".^$\\", ch) && ch)) {
            if (!tide_utf8_is_alnum((uint8_t)ch)) tide_bytes_putc(to, '\\');
            tide_bytes_putc(to, ch);
        } else if (in_class) {
            if (ch == '\\') tide_bytes_putc(to, '\\');
            tide_bytes_putc(to, ch);
            in_class = ch != ']';
        } else if (ch == '%' && cuts && i + 1 == len) {
            any_last = true;
        } else if (ch == '%' || ch == '_') {
            tide_bytes_puts(to, ch == '%' ? ".*" : ".");
        } else {
            tide_bytes_putc(to, ch);
            in_class = ch == '[';
        }
    }
    tide_bytes_puts(to, any_last ? ")" : ")$");
}

/* PostgreSQL's flags; *global_out: 'g' was among them. */
static tide_row_result read_flags(tide_rowcall *c, const tide_value *flags, uint32_t *options,
                                  bool *global_out)
{
    *global_out = false;
    for (uint32_t i = 0; flags && i < flags->str.len; i++) {
        switch (flags->str.ptr[i]) {
        case 'g': *global_out = true; break;
        case 'i': *options |= PCRE2_CASELESS; break;
        case 'c': *options &= ~PCRE2_CASELESS; break;
        case 'x': *options |= PCRE2_EXTENDED; break;
        case 'm':
        case 'n': *options = (*options & ~PCRE2_DOTALL) | PCRE2_MULTILINE; break;
        case 'p': *options &= ~PCRE2_DOTALL; break;
        case 'w': *options |= PCRE2_MULTILINE; break;
        case 's': *options = (*options | PCRE2_DOTALL) & ~PCRE2_MULTILINE; break;
        case 'q': *options |= PCRE2_LITERAL; break;
        default:
            return tide_row_fail(c, TIDE_E_INVALID, "invalid regular expression option: \"%c\"",
                                 flags->str.ptr[i]);
        }
    }
    return TIDE_ROW_VALUE;
}

/* The options that PCRE2 takes beside PCRE2_LITERAL. */
#define LITERAL_OPTIONS (PCRE2_LITERAL | PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF)

static tide_row_result compile(tide_rowcall *c, regex *self, const tide_value *pattern,
                               const tide_value *escape, uint32_t options)
{
    int code;
    PCRE2_SIZE at;
    drop_code(self);
    c->scratch.n = 0;
    if (options & PCRE2_LITERAL) {
        tide_bytes_put(&c->scratch, pattern->str.ptr, pattern->str.len);
        options &= LITERAL_OPTIONS;
    } else if (self->similar) {
        translate_similar(pattern->str.ptr, pattern->str.len, escape, &c->scratch);
    } else {
        translate(pattern->str.ptr, pattern->str.len, &c->scratch);
    }
    tide_bytes_putc(&c->scratch, '\0');
    self->code =
        pcre2_compile((PCRE2_SPTR)c->scratch.p, c->scratch.n - 1, options, &code, &at, NULL);
    if (self->code == NULL) {
        PCRE2_UCHAR why[128];
        pcre2_get_error_message(code, why, sizeof why);
        return tide_row_fail(c, TIDE_E_INVALID, "invalid regular expression: %s",
                             (const char *)why);
    }
    /* Without it matching is slower, not different. */
    self->compiled = pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE) == 0;
    self->match = pcre2_match_data_create_from_pattern(self->code, NULL);
    return TIDE_ROW_VALUE;
}

/* Makes the call's regex that of `pattern`. */
static tide_row_result use_pattern(tide_rowcall *c, regex *self, const tide_value *pattern,
                                   const tide_value *escape, uint32_t options)
{
    uint32_t n = pattern->str.len, escape_len = escape ? escape->str.len : 0;
    bool same = self->code && self->options == options && self->pattern_bytes == n &&
                self->source.n == n + escape_len &&
                (n == 0 || memcmp(self->source.p, pattern->str.ptr, n) == 0) &&
                (escape_len == 0 || memcmp(self->source.p + n, escape->str.ptr, escape_len) == 0);
    if (same) return TIDE_ROW_VALUE;
    if (compile(c, self, pattern, escape, options) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    self->options = options;
    self->pattern_bytes = n;
    self->source.n = 0;
    tide_bytes_put(&self->source, pattern->str.ptr, n);
    if (escape_len) tide_bytes_put(&self->source, escape->str.ptr, escape_len);
    return TIDE_ROW_VALUE;
}

/* UCP: \w is any script's letter or digit. Without it the compiled code of PCRE2 10.42 finds no
 * character beyond ASCII that is \W, \S or \D when PCRE2_MATCH_INVALID_UTF is given. */
#define DEFAULT_OPTIONS                                                                            \
    (PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY)

/* The regex of args[1], with the flags of args[flags_at] if there are so many. */
static tide_row_result use_args(tide_rowcall *c, const tide_value *args, uint32_t flags_at,
                                regex **self_out, bool *global_out)
{
    regex *self = (regex *)(uintptr_t)c->imm;
    uint32_t options = DEFAULT_OPTIONS | self->preset;
    *self_out = self;
    const tide_value *flags = c->n_args > flags_at ? &args[flags_at] : NULL;
    if (read_flags(c, flags, &options, global_out) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    return use_pattern(c, self, &args[1], NULL, options);
}

/* ---- matching ---- */

/* The next match at or behind `from`: VALUE, NULL for none, or FAILED. */
static tide_row_result find(tide_rowcall *c, regex *self, const tide_value *s, size_t from)
{
    PCRE2_SPTR text = (PCRE2_SPTR)s->str.ptr;
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;
    if (self->compiled) /* Past pcre2_match's checks of what is the same for every row. */
        rc = pcre2_jit_match(self->code, text, s->str.len, from, 0, self->match, self->limits);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(self->code, text, s->str.len, from, PCRE2_NO_JIT, self->match,
                         self->limits);
    if (rc >= 0) return TIDE_ROW_VALUE;
    if (rc == PCRE2_ERROR_NOMATCH) return TIDE_ROW_NULL;
    PCRE2_UCHAR why[128];
    pcre2_get_error_message(rc, why, sizeof why);
    return tide_row_fail(c, TIDE_E_LIMIT, "regular expression: %s", (const char *)why);
}

/* Where the search goes on behind the match just found. */
static size_t behind_match(const regex *self, const tide_value *s)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(self->match);
    if (at[1] > at[0] || at[1] >= s->str.len) return at[1] + (at[1] == at[0]);
    return at[1] + tide_utf8_size(s->str.ptr + at[1], (uint32_t)(s->str.len - at[1]));
}

/* Group n of the match as the result; NULL if it took no part. */
static tide_row_result group(const regex *self, const tide_value *s, uint32_t n, tide_value *out)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(self->match);
    if (n >= pcre2_get_ovector_count(self->match) || at[2 * n] == PCRE2_UNSET) return TIDE_ROW_NULL;
    return tide_row_str(out, s->str.ptr + at[2 * n], at[2 * n + 1] - at[2 * n]);
}

static tide_row_result matched(tide_row_result found, tide_value *out)
{
    if (found == TIDE_ROW_FAILED) return found;
    out->boolean = found == TIDE_ROW_VALUE;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_regexp_like(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    regex *self;
    bool global;
    if (use_args(c, args, 2, &self, &global) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    return matched(find(c, self, &args[0], 0), out);
}

tide_row_result tide_row_similar(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    static const tide_value backslash = { .str = { "\\", 1 } };
    regex *self = (regex *)(uintptr_t)c->imm;
    const tide_value *escape = c->n_args == 3 ? &args[2] : &backslash;
    if (escape->str.len > 1) return tide_row_fail(c, TIDE_E_INVALID, "invalid escape string");
    if (use_pattern(c, self, &args[1], escape, DEFAULT_OPTIONS) == TIDE_ROW_FAILED)
        return TIDE_ROW_FAILED;
    return matched(find(c, self, &args[0], 0), out);
}

tide_row_result tide_row_regexp_count(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    regex *self;
    bool global;
    size_t from = 0;
    out->i64 = 0;
    if (use_args(c, args, 2, &self, &global) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    while (from <= args[0].str.len) {
        tide_row_result found = find(c, self, &args[0], from);
        if (found == TIDE_ROW_FAILED) return found;
        if (found == TIDE_ROW_NULL) break;
        out->i64++;
        from = behind_match(self, &args[0]);
    }
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_regexp_instr(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    regex *self;
    bool global;
    if (use_args(c, args, 2, &self, &global) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    tide_row_result found = find(c, self, &args[0], 0);
    if (found == TIDE_ROW_FAILED) return found;
    out->i64 = 0;
    if (found == TIDE_ROW_VALUE)
        out->i64 =
            tide_utf8_chars(args[0].str.ptr, (uint32_t)pcre2_get_ovector_pointer(self->match)[0]) +
            1;
    return TIDE_ROW_VALUE;
}

/* Group `n` of the first match. */
static tide_row_result first_group(tide_rowcall *c, const tide_value *args, int64_t n,
                                   tide_value *out)
{
    regex *self;
    bool global;
    if (use_args(c, args, UINT32_MAX, &self, &global) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    tide_row_result found = find(c, self, &args[0], 0);
    if (found != TIDE_ROW_VALUE || n < 0 || n > UINT16_MAX)
        return found == TIDE_ROW_VALUE ? TIDE_ROW_NULL : found;
    return group(self, &args[0], (uint32_t)n, out);
}

tide_row_result tide_row_regexp_substr(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return first_group(c, args, 0, out);
}
tide_row_result tide_row_regexp_extract(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    return first_group(c, args, c->n_args == 3 ? args[2].i64 : 0, out);
}

/* substring(s, pattern): the first group if there is one, else the match. */
tide_row_result tide_row_regexp_substring(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    tide_row_result whole = first_group(c, args, 0, out);
    const regex *self = c->imm;
    if (whole != TIDE_ROW_VALUE || pcre2_get_ovector_count(self->match) < 2) return whole;
    return group(self, &args[0], 1, out);
}

/* ---- replacing ---- */

/* The replacement with its \1 to \9 and \& filled in. */
static void put_replacement(tide_rowcall *c, const regex *self, const tide_value *s,
                            const tide_value *with)
{
    for (uint32_t i = 0; i < with->str.len; i++) {
        char ch = with->str.ptr[i], next = i + 1 < with->str.len ? with->str.ptr[i + 1] : '\0';
        tide_value part;
        if (ch != '\\' || next == '\0') {
            tide_bytes_putc(&c->out, ch);
            continue;
        }
        i++;
        bool is_group = next == '&' || (next >= '1' && next <= '9');
        uint32_t n = next == '&' ? 0 : (uint32_t)(next - '0');
        if (is_group && group(self, s, n, &part) == TIDE_ROW_VALUE)
            tide_bytes_put(&c->out, part.str.ptr, part.str.len);
        else if (!is_group && next == '\\')
            tide_bytes_putc(&c->out, '\\');
        else if (!is_group)
            tide_bytes_put(&c->out, with->str.ptr + i - 1, 2);
    }
}

tide_row_result tide_row_regexp_replace(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    regex *self;
    bool global;
    const tide_value *s = &args[0];
    size_t from = 0, copied = 0;
    if (use_args(c, args, 3, &self, &global) == TIDE_ROW_FAILED) return TIDE_ROW_FAILED;
    while (from <= s->str.len) {
        tide_row_result found = find(c, self, s, from);
        if (found == TIDE_ROW_FAILED) return found;
        if (found == TIDE_ROW_NULL) break;
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(self->match);
        tide_bytes_put(&c->out, s->str.ptr + copied, at[0] - copied);
        put_replacement(c, self, s, &args[2]);
        copied = at[1];
        if (!global) break;
        from = behind_match(self, s);
    }
    tide_bytes_put(&c->out, s->str.ptr + copied, s->str.len - copied);
    return tide_row_out(c, out);
}
