/* pg_number.c - PostgreSQL's patterns for numbers. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

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

typedef struct mark {
    mark_id id;
    const char *at; /* Where it is in the pattern. */
} mark;

typedef struct scanner {
    const char *at, *end;
    bool in_quotes;
} scanner;

static bool next_mark(scanner *s, mark *out)
{
    while (s->at < s->end && *s->at == '"') {
        s->in_quotes = !s->in_quotes;
        s->at++;
    }
    if (s->at >= s->end) return false;
    if (*s->at == '\\' && s->at + 1 < s->end && s->at[1] == '"') s->at++;
    *out = (mark){ .id = M_LITERAL, .at = s->at };
    for (size_t i = 0; !s->in_quotes && i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i].name);
        if ((size_t)(s->end - s->at) < n || strncasecmp(s->at, marks[i].name, n) != 0) continue;
        out->id = marks[i].id;
        s->at += n;
        return true;
    }
    s->at++;
    return true;
}

/* What the whole pattern asks for. */
typedef struct layout {
    uint32_t n_whole, n_fraction, power; /* Digit places before and behind the point; behind V. */
    uint32_t first_zero, last_zero; /* Digit places of the first and last '0'; UINT32_MAX: none. */
    bool fill, has_point, sign_first, sign_last, has_minus, angles, exponent, roman, lower,
        own_sign;
} layout;

static layout layout_of(const char *pattern, size_t len)
{
    layout l = { .first_zero = UINT32_MAX, .last_zero = UINT32_MAX };
    scanner s = { .at = pattern, .end = pattern + len };
    mark m;
    bool behind_power = false;
    while (next_mark(&s, &m)) {
        uint32_t place = l.n_whole + l.n_fraction;
        switch ((int)m.id) {
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
            l.lower = islower((unsigned char)*m.at);
            break;
        case M_FILL: l.fill = true; break;
        default: break;
        }
    }
    return l;
}

bool tide_number_shape_of(const char *pattern, size_t len, tide_number_shape *out)
{
    layout l = layout_of(pattern, len);
    *out = (tide_number_shape){ .n_whole = l.n_whole,
                                .n_fraction = l.n_fraction,
                                .power = l.power,
                                .exponent = l.exponent,
                                .roman = l.roman };
    return l.n_whole + l.n_fraction <= 60 && !(l.exponent && l.fill);
}

/* ---- printing ---- */

#define ROMAN_WIDTH 15 /* Of MMMDCCCLXXXVIII, the longest. */

static void put_roman(int64_t v, const layout *l, tide_bytes *out)
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
    for (uint32_t i = n; i < ROMAN_WIDTH && !l->fill; i++) tide_bytes_putc(out, ' ');
    tide_bytes_put(out, text, n);
}

/* The number being laid out over the pattern's places. */
typedef struct placer {
    const tide_number *v;
    layout l;
    tide_bytes *out;
    uint32_t place;                                  /* Digit places passed. */
    uint32_t lead;                                   /* Places before the number's first digit. */
    uint32_t n_kept;                                 /* Fraction digits that FM keeps. */
    bool overflow, sign_done, wrote_digit, no_whole; /* no_whole: ".5" for 9.9. */
} placer;

static void put_char(placer *p, char ch)
{
    tide_bytes_putc(p->out, ch);
}

/* The sign's place is right before the first digit or point. */
static void put_sign(placer *p)
{
    if (p->sign_done || p->l.own_sign) return;
    p->sign_done = true;
    bool negative = p->v->negative;
    if (p->l.sign_last) return;
    if (p->l.sign_first)
        put_char(p, negative ? '-' : '+');
    else if (p->l.angles && negative)
        put_char(p, '<');
    else if (negative)
        put_char(p, '-');
    else if (!p->l.fill)
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
    } else if (p->l.first_zero <= p->place) {
        put_sign(p);
        put_char(p, '0');
        p->wrote_digit = true;
    } else if (!p->l.fill) {
        put_char(p, ' ');
    }
}

static void put_fraction_digit(placer *p)
{
    uint32_t i = p->place - p->l.n_whole;
    if (p->overflow)
        put_char(p, '#');
    else if (i < p->n_kept)
        put_char(p, p->v->digits[p->v->n_whole + i]);
}

static void put_point(placer *p)
{
    if (p->l.n_fraction == 0 && !p->overflow) return;
    if (p->no_whole && p->l.fill && p->n_kept == 0) { /* FM9.9 of 0 is "0." */
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

static void put_own_sign(placer *p, mark_id id)
{
    bool negative = p->v->negative;
    if (id == M_MINUS ? negative : negative && id == M_PLUS_MINUS)
        put_char(p, '-');
    else if (id != M_MINUS && !negative)
        put_char(p, '+');
    else if (!p->l.fill)
        put_char(p, ' ');
}

static void put_mark(placer *p, const mark *m)
{
    switch ((int)m->id) {
    case M_DIGIT:
    case M_ZERO:
        if (p->place < p->l.n_whole)
            put_whole_digit(p);
        else
            put_fraction_digit(p);
        p->place++;
        break;
    case M_POINT: put_point(p); break;
    case M_COMMA:
        if (p->wrote_digit)
            put_char(p, ',');
        else if (!p->l.fill)
            put_char(p, ' ');
        break;
    case M_MINUS:
    case M_PLUS:
    case M_PLUS_MINUS: put_own_sign(p, m->id); break;
    case M_ORDINAL: put_ordinal(p, islower((unsigned char)*m->at)); break;
    case M_CURRENCY:
        if (!p->l.fill) put_char(p, ' ');
        break;
    case M_LITERAL: put_char(p, *m->at); break;
    default: break;
    }
    bool last_digit =
        p->place == p->l.n_whole + p->l.n_fraction && (m->id == M_DIGIT || m->id == M_ZERO);
    if (last_digit && p->l.sign_last) put_char(p, p->v->negative ? '-' : '+');
    if (last_digit && p->l.angles && (p->v->negative || !p->l.fill))
        put_char(p, p->v->negative ? '>' : ' ');
}

/* FM drops zeros at the end of the fraction, but those that the pattern has as 0. */
static uint32_t kept_fraction(const tide_number *v, const layout *l)
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
static void put_exponent(const tide_number *v, const layout *l, tide_bytes *out)
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
    tide_bytes_putc(out, v->negative ? '-' : ' ');
    tide_bytes_putc(out, digits[0]);
    if (l->n_fraction) tide_bytes_putc(out, '.');
    tide_bytes_put(out, digits + 1, l->n_fraction);
    tide_bytes_printf(out, "e%c%02d", exponent < 0 ? '-' : '+',
                      exponent < 0 ? -exponent : exponent);
}

void tide_print_number(const tide_number *v, const char *pattern, size_t len, tide_bytes *out)
{
    placer p = { .v = v, .l = layout_of(pattern, len), .out = out };
    if (p.l.roman) {
        int64_t value = 0;
        for (uint32_t i = 0; i < v->n_whole && value < 10000; i++)
            value = value * 10 + v->digits[i] - '0';
        put_roman(v->negative ? -value : value, &p.l, out);
        return;
    }
    if (p.l.exponent) {
        put_exponent(v, &p.l, out);
        return;
    }
    bool whole_is_zero = v->n_whole == 1 && v->digits[0] == '0';
    p.no_whole = whole_is_zero && p.l.n_fraction > 0 && p.l.first_zero == UINT32_MAX;
    uint32_t n_whole = whole_is_zero && p.l.n_whole == 0 ? 0 : v->n_whole;
    p.overflow = n_whole > p.l.n_whole;
    p.lead = p.overflow ? 0 : p.l.n_whole - n_whole;
    p.n_kept = kept_fraction(v, &p.l);
    scanner s = { .at = pattern, .end = pattern + len };
    mark m;
    while (next_mark(&s, &m)) put_mark(&p, &m);
}

/* ---- reading ---- */

bool tide_read_number(const char *text, size_t len, const char *pattern, size_t pattern_len,
                      uint32_t scale, __int128 *out)
{
    scanner s = { .at = pattern, .end = pattern + pattern_len };
    const char *at = text, *end = text + len;
    mark m;
    __int128 v = 0;
    uint32_t n_digits = 0, n_fraction = 0;
    bool negative = false, behind = false;
    while (at < end && next_mark(&s, &m)) {
        if (m.id == M_FILL || m.id == M_ANGLES) continue;
        while (at < end && *at == ' ') at++;
        if (at < end && (*at == '-' || *at == '+' || *at == '<')) {
            negative |= *at == '-' || *at == '<';
            at++;
            if (m.id >= M_SIGN && m.id <= M_PLUS_MINUS) continue;
        }
        if (at == end) break;
        bool place = m.id == M_DIGIT || m.id == M_ZERO;
        if (place && isdigit((unsigned char)*at)) {
            if (++n_digits > 37) return false;
            if (!behind || n_fraction < scale) v = v * 10 + (*at - '0');
            n_fraction += behind && n_fraction < scale;
            at++;
        } else if (m.id == M_POINT || m.id == M_COMMA) {
            behind |= m.id == M_POINT && *at == '.';
            at += *at == (m.id == M_POINT ? '.' : ',');
        } else if (m.id == M_LITERAL || m.id == M_CURRENCY) {
            at++;
        }
    }
    for (; at < end; at++) negative |= *at == '-';
    if (n_digits == 0 || !tide_decimal_rescale(v, n_fraction, scale, out)) return false;
    if (negative) *out = -*out;
    return true;
}
