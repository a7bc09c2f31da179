/* pg_number.c - PostgreSQL's patterns for numbers. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/core/mem.h"
#include "base/expr/decimal_priv.h"
#include "base/expr/format_priv.h"

typedef enum mark_id {
    M_DIGIT,
    M_ZERO,
    M_POINT,
    M_COMMA,
    M_SIGN,
    M_MINUS,
    M_PLUS,
    M_PLUS_MINUS,
    M_ANGLES,
    M_POWER,
    M_ORDINAL,
    M_EXPONENT,
    M_ROMAN,
    M_CURRENCY,
    M_FILL,
    M_LITERAL
} mark_id;

static const struct {
    const char *name;
    mark_id id;
} marks[] = {
    { "EEEE", M_EXPONENT }, { "FM", M_FILL },    { "MI", M_MINUS },      { "PL", M_PLUS },
    { "PR", M_ANGLES },     { "RN", M_ROMAN },   { "SG", M_PLUS_MINUS }, { "SP", M_LITERAL },
    { "TH", M_ORDINAL },    { "9", M_DIGIT },    { "0", M_ZERO },        { ".", M_POINT },
    { "D", M_POINT },       { ",", M_COMMA },    { "G", M_COMMA },       { "S", M_SIGN },
    { "V", M_POWER },       { "L", M_CURRENCY },
};

typedef struct scanner {
    const char *at, *end;
    bool in_quotes;
} scanner;

static bool next_mark(scanner *s, tide_piece *out)
{
    while (s->at < s->end && *s->at == '"') {
        s->in_quotes = !s->in_quotes;
        s->at++;
    }
    if (s->at >= s->end) return false;
    if (*s->at == '\\' && s->at + 1 < s->end && s->at[1] == '"') s->at++;
    *out = (tide_piece){ .id = M_LITERAL, .byte = *s->at };
    for (size_t i = 0; !s->in_quotes && i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i].name);
        if ((size_t)(s->end - s->at) < n || strncasecmp(s->at, marks[i].name, n) != 0) continue;
        out->id = (uint8_t)marks[i].id;
        s->at += n;
        return true;
    }
    s->at++;
    return true;
}

static tide_number_shape shape_of(const tide_pattern *pattern)
{
    tide_number_shape l = { .first_zero = UINT32_MAX, .last_zero = UINT32_MAX };
    bool behind_power = false;
    for (uint32_t i = 0; i < pattern->n; i++) {
        const tide_piece *m = &pattern->pieces[i];
        uint32_t place = l.n_whole + l.n_fraction;
        switch (m->id) {
        case M_ZERO:
            if (l.first_zero == UINT32_MAX && !l.has_point) l.first_zero = place;
            l.last_zero = place;
            /* fallthrough */
        case M_DIGIT:
            if (behind_power) l.power++;
            if (l.has_point)
                l.n_fraction++;
            else
                l.n_whole++;
            break;
        case M_POINT: l.has_point = true; break;
        case M_SIGN:
            if (place || l.has_point)
                l.sign_last = true;
            else
                l.sign_first = true;
            break;
        case M_MINUS:
        case M_PLUS_MINUS: l.own_sign = true; break;
        case M_ANGLES: l.angles = true; break;
        case M_POWER: behind_power = true; break;
        case M_EXPONENT: l.exponent = true; break;
        case M_ROMAN:
            l.roman = true;
            l.lower = islower((unsigned char)m->byte);
            break;
        case M_FILL: l.fill = true; break;
        default: break;
        }
    }
    return l;
}

#define MARK_BYTES_MAX 4u   /* A digit with signs before and behind it. */
#define WHOLE_BYTES_MAX 32u /* What stands instead of marks: a Roman number, an exponent. */

void tide_pattern_number(tide_pattern *self, const char *text, size_t len)
{
    scanner s = { .at = text, .end = text + len };
    tide_piece m;
    self->n = 0;
    while (next_mark(&s, &m)) {
        TIDE_GROW(self->pieces, self->n, self->cap);
        self->pieces[self->n++] = m;
    }
    self->number = shape_of(self);
    self->bytes_max = (size_t)self->n * MARK_BYTES_MAX + WHOLE_BYTES_MAX;
    self->bad = self->number.n_whole + self->number.n_fraction > 60 ||
                (self->number.exponent && self->number.fill);
}

/* ---- printing ---- */

#define ROMAN_WIDTH 15 /* Of MMMDCCCLXXXVIII, the longest. */

static char *put_roman(char *at, int64_t v, const tide_number_shape *l)
{
    static const struct {
        int32_t value;
        char text[3];
    } steps[] = {
        { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" }, { 100, "C" },
        { 90, "XC" },  { 50, "L" },   { 40, "XL" }, { 10, "X" },   { 9, "IX" },
        { 5, "V" },    { 4, "IV" },   { 1, "I" },
    };
    char text[ROMAN_WIDTH + 2];
    uint32_t n = 0;
    if (v < 1 || v > 3999) {
        memset(text, '#', n = ROMAN_WIDTH);
    } else {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            for (; v >= steps[i].value; v -= steps[i].value)
                for (const char *p = steps[i].text; *p; p++)
                    text[n++] = (char)(l->lower ? tolower((unsigned char)*p) : *p);
    }
    for (uint32_t i = n; i < ROMAN_WIDTH && !l->fill; i++) *at++ = ' ';
    memcpy(at, text, n);
    return at + n;
}

/* The number being laid out over the pattern's places. */
typedef struct placer {
    const tide_number *v;
    const tide_number_shape *l;
    char *at;
    uint32_t place;                                  /* Digit places passed. */
    uint32_t lead;                                   /* Places before the number's first digit. */
    uint32_t n_kept;                                 /* Fraction digits that FM keeps. */
    bool overflow, sign_done, wrote_digit, no_whole; /* no_whole: ".5" for 9.9. */
} placer;

static void put_char(placer *p, char ch)
{
    *p->at++ = ch;
}

/* The sign's place is right before the first digit or point. */
static void put_sign(placer *p)
{
    if (p->sign_done || p->l->own_sign) return;
    p->sign_done = true;
    bool negative = p->v->negative;
    if (p->l->sign_last) return;
    if (p->l->sign_first)
        put_char(p, negative ? '-' : '+');
    else if (p->l->angles && negative)
        put_char(p, '<');
    else if (negative)
        put_char(p, '-');
    else if (!p->l->fill)
        put_char(p, ' ');
}

static void put_whole_digit(placer *p)
{
    if (p->overflow) {
        put_sign(p);
        put_char(p, '#');
        p->wrote_digit = true;
        return;
    }
    if (p->place >= p->lead && !(p->no_whole && p->place >= p->lead)) {
        put_sign(p);
        put_char(p, p->v->digits[p->place - p->lead]);
        p->wrote_digit = true;
    } else if (p->l->first_zero <= p->place) {
        put_sign(p);
        put_char(p, '0');
        p->wrote_digit = true;
    } else if (!p->l->fill) {
        put_char(p, ' ');
    }
}

static void put_fraction_digit(placer *p)
{
    uint32_t i = p->place - p->l->n_whole;
    if (p->overflow)
        put_char(p, '#');
    else if (i < p->n_kept)
        put_char(p, p->v->digits[p->v->n_whole + i]);
}

static void put_point(placer *p)
{
    if (p->l->n_fraction == 0 && !p->overflow) return;
    if (p->no_whole && p->l->fill && p->n_kept == 0) { /* FM9.9 of 0 is "0." */
        put_sign(p);
        put_char(p, '0');
    }
    put_sign(p);
    put_char(p, '.');
}

static void put_ordinal(placer *p, bool lower)
{
    static const char suffixes[][3] = { "TH", "ST", "ND", "RD" };
    const char *end = p->v->digits + p->v->n_whole;
    int last = end[-1] - '0', teens = p->v->n_whole > 1 ? end[-2] - '0' : 0;
    const char *suffix = suffixes[last >= 1 && last <= 3 && teens != 1 ? last : 0];
    if (p->v->negative || p->overflow) return;
    put_char(p, lower ? (char)tolower((unsigned char)suffix[0]) : suffix[0]);
    put_char(p, lower ? (char)tolower((unsigned char)suffix[1]) : suffix[1]);
}

static void put_own_sign(placer *p, uint8_t id)
{
    bool negative = p->v->negative;
    if (id == M_MINUS ? negative : negative && id == M_PLUS_MINUS)
        put_char(p, '-');
    else if (id != M_MINUS && !negative)
        put_char(p, '+');
    else if (!p->l->fill)
        put_char(p, ' ');
}

static void put_mark(placer *p, const tide_piece *m)
{
    switch (m->id) {
    case M_DIGIT:
    case M_ZERO:
        if (p->place < p->l->n_whole)
            put_whole_digit(p);
        else
            put_fraction_digit(p);
        p->place++;
        break;
    case M_POINT: put_point(p); break;
    case M_COMMA:
        if (p->wrote_digit)
            put_char(p, ',');
        else if (!p->l->fill)
            put_char(p, ' ');
        break;
    case M_MINUS:
    case M_PLUS:
    case M_PLUS_MINUS: put_own_sign(p, m->id); break;
    case M_ORDINAL: put_ordinal(p, islower((unsigned char)m->byte)); break;
    case M_CURRENCY:
        if (!p->l->fill) put_char(p, ' ');
        break;
    case M_LITERAL: put_char(p, m->byte); break;
    default: break;
    }
    bool last_digit =
        p->place == p->l->n_whole + p->l->n_fraction && (m->id == M_DIGIT || m->id == M_ZERO);
    if (last_digit && p->l->sign_last) put_char(p, p->v->negative ? '-' : '+');
    if (last_digit && p->l->angles && (p->v->negative || !p->l->fill))
        put_char(p, p->v->negative ? '>' : ' ');
}

/* FM drops zeros at the end of the fraction, but those that the pattern has as 0. */
static uint32_t kept_fraction(const tide_number *v, const tide_number_shape *l)
{
    uint32_t n = l->n_fraction;
    if (!l->fill) return n;
    uint32_t fixed = l->last_zero != UINT32_MAX && l->last_zero >= l->n_whole
                         ? l->last_zero - l->n_whole + 1
                         : 0;
    while (n > fixed && v->digits[v->n_whole + n - 1] == '0') n--;
    return n;
}

/* "1.5" as " 1.50e+00". The digits given are enough. */
static char *put_exponent(char *at, const tide_number *v, const tide_number_shape *l)
{
    uint32_t n = v->n_whole + v->n_fraction, first = 0;
    while (first + 1 < n && v->digits[first] == '0') first++;
    bool zero = v->digits[first] == '0';
    int exponent = zero ? 0 : (int)v->n_whole - 1 - (int)first;
    char digits[80] = { 0 };
    uint32_t wanted = l->n_fraction + 1;
    for (uint32_t i = 0; i < wanted; i++)
        digits[i] = !zero && first + i < n ? v->digits[first + i] : '0';
    if (!zero && first + wanted < n && v->digits[first + wanted] >= '5') {
        uint32_t i = wanted;
        while (i && digits[i - 1] == '9') digits[--i] = '0';
        if (i) {
            digits[i - 1]++;
        } else {
            digits[0] = '1';
            exponent++;
        }
    }
    *at++ = v->negative ? '-' : ' ';
    *at++ = digits[0];
    if (l->n_fraction) *at++ = '.';
    memcpy(at, digits + 1, l->n_fraction);
    at += l->n_fraction;
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    return tide_put2(at, (uint32_t)(exponent < 0 ? -exponent : exponent));
}

static char *put_marks(char *at, const tide_number *v, const tide_pattern *pattern)
{
    const tide_number_shape *l = &pattern->number;
    placer p = { .v = v, .l = l, .at = at };
    bool whole_is_zero = v->n_whole == 1 && v->digits[0] == '0';
    p.no_whole = whole_is_zero && l->n_fraction > 0 && l->first_zero == UINT32_MAX;
    uint32_t n_whole = whole_is_zero && l->n_whole == 0 ? 0 : v->n_whole;
    p.overflow = n_whole > l->n_whole;
    p.lead = p.overflow ? 0 : l->n_whole - n_whole;
    p.n_kept = kept_fraction(v, l);
    for (uint32_t i = 0; i < pattern->n; i++) put_mark(&p, &pattern->pieces[i]);
    return p.at;
}

void tide_print_number(const tide_number *v, const tide_pattern *pattern, tide_bytes *out)
{
    char *at = tide_bytes_reserve(out, pattern->bytes_max);
    int64_t value = 0;
    if (pattern->number.roman) {
        for (uint32_t i = 0; i < v->n_whole && value < 10000; i++)
            value = value * 10 + v->digits[i] - '0';
        at = put_roman(at, v->negative ? -value : value, &pattern->number);
    } else if (pattern->number.exponent) {
        at = put_exponent(at, v, &pattern->number);
    } else {
        at = put_marks(at, v, pattern);
    }
    out->n = (size_t)(at - out->p);
}

/* ---- reading ---- */

bool tide_read_number(const char *text, size_t len, const tide_pattern *pattern, uint32_t scale,
                      __int128 *out)
{
    const char *at = text, *end = text + len;
    __int128 v = 0;
    uint32_t n_digits = 0, n_fraction = 0;
    bool negative = false, behind = false;
    for (uint32_t i = 0; i < pattern->n && at < end; i++) {
        uint8_t id = pattern->pieces[i].id;
        if (id == M_FILL || id == M_ANGLES) continue;
        while (at < end && *at == ' ') at++;
        if (at < end && (*at == '-' || *at == '+' || *at == '<')) {
            negative |= *at == '-' || *at == '<';
            at++;
            if (id >= M_SIGN && id <= M_PLUS_MINUS) continue;
        }
        if (at == end) break;
        bool place = id == M_DIGIT || id == M_ZERO;
        if (place && isdigit((unsigned char)*at)) {
            if (++n_digits > 37) return false;
            if (!behind || n_fraction < scale) v = v * 10 + (*at - '0');
            n_fraction += behind && n_fraction < scale;
            at++;
        } else if (id == M_POINT || id == M_COMMA) {
            behind |= id == M_POINT && *at == '.';
            at += *at == (id == M_POINT ? '.' : ',');
        } else if (id == M_LITERAL || id == M_CURRENCY) {
            at++;
        }
    }
    for (; at < end; at++) negative |= *at == '-';
    if (n_digits == 0 || !tide_decimal_rescale(v, n_fraction, scale, out)) return false;
    if (negative) *out = -*out;
    return true;
}
