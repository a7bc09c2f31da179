/* pg_time.c - PostgreSQL's patterns for times. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/column/digits.h"
#include "base/core/mem.h"
#include "base/expr/format_priv.h"

typedef enum field_id {
    F_HH12,
    F_HH24,
    F_MI,
    F_SS,
    F_MS,
    F_US,
    F_FF1,
    F_FF2,
    F_FF3,
    F_FF4,
    F_FF5,
    F_FF6,
    F_SSSS,
    F_AM,
    F_A_M,
    F_Y_YYY,
    F_YYYY,
    F_YYY,
    F_YY,
    F_Y,
    F_IYYY,
    F_IYY,
    F_IY,
    F_I,
    F_AD,
    F_A_D,
    F_MONTH,
    F_MON,
    F_MM,
    F_DAY,
    F_DY,
    F_DDD,
    F_IDDD,
    F_DD,
    F_D,
    F_ID,
    F_W,
    F_WW,
    F_IW,
    F_CC,
    F_J,
    F_Q,
    F_RM,
    F_TZ,
    F_TZH,
    F_TZM,
    F_OF,
    F_FX,
    F_LITERAL
} field_id;

/* Longer names before their beginnings. `letters`: the case of the pattern's letters is the
 * result's. */
static const struct {
    const char *name;
    field_id id;
    bool letters;
} fields[] = {
    { "HH24", F_HH24, false }, { "HH12", F_HH12, false },   { "HH", F_HH12, false },
    { "MI", F_MI, false },     { "SSSSS", F_SSSS, false },  { "SSSS", F_SSSS, false },
    { "SS", F_SS, false },     { "MS", F_MS, false },       { "US", F_US, false },
    { "FF1", F_FF1, false },   { "FF2", F_FF2, false },     { "FF3", F_FF3, false },
    { "FF4", F_FF4, false },   { "FF5", F_FF5, false },     { "FF6", F_FF6, false },
    { "A.M.", F_A_M, true },   { "P.M.", F_A_M, true },     { "AM", F_AM, true },
    { "PM", F_AM, true },      { "Y,YYY", F_Y_YYY, false }, { "YYYY", F_YYYY, false },
    { "YYY", F_YYY, false },   { "YY", F_YY, false },       { "Y", F_Y, false },
    { "IYYY", F_IYYY, false }, { "IYY", F_IYY, false },     { "IY", F_IY, false },
    { "IDDD", F_IDDD, false }, { "ID", F_ID, false },       { "IW", F_IW, false },
    { "I", F_I, false },       { "A.D.", F_A_D, true },     { "B.C.", F_A_D, true },
    { "AD", F_AD, true },      { "BC", F_AD, true },        { "MONTH", F_MONTH, true },
    { "MON", F_MON, true },    { "MM", F_MM, false },       { "DAY", F_DAY, true },
    { "DY", F_DY, true },      { "DDD", F_DDD, false },     { "DD", F_DD, false },
    { "D", F_D, false },       { "WW", F_WW, false },       { "W", F_W, false },
    { "CC", F_CC, false },     { "J", F_J, false },         { "Q", F_Q, false },
    { "RM", F_RM, true },      { "TZH", F_TZH, false },     { "TZM", F_TZM, false },
    { "TZ", F_TZ, true },      { "OF", F_OF, false },       { "FX", F_FX, false },
};

static const char *const month_names[] = { "January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December" };
static const char *const day_names[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday" };
static const char *const roman_months[] = { "I",   "II",   "III", "IV", "V",  "VI",
                                            "VII", "VIII", "IX",  "X",  "XI", "XII" };

typedef enum letter_case { AS_UPPER, AS_TITLE, AS_LOWER } letter_case;

/* Reads the next piece at *at_p; false at the end. */
typedef struct scanner {
    const char *at, *end;
    bool in_quotes;
} scanner;

static bool starts_with(const scanner *s, const char *word, bool any_case)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n) return false;
    return any_case ? strncasecmp(s->at, word, n) == 0 : strncmp(s->at, word, n) == 0;
}

static bool take(scanner *s, const char *word)
{
    if (!starts_with(s, word, true)) return false;
    s->at += strlen(word);
    return true;
}

static bool next_literal(scanner *s, tide_piece *out)
{
    *out = (tide_piece){ .id = F_LITERAL, .byte = *s->at++, .quoted = s->in_quotes };
    return true;
}

static bool next_piece(scanner *s, tide_piece *out)
{
    while (s->at < s->end && *s->at == '"') {
        s->in_quotes = !s->in_quotes;
        s->at++;
    }
    if (s->at >= s->end) return false;
    if (*s->at == '\\' && s->at + 1 < s->end && (s->in_quotes || s->at[1] == '"')) {
        s->at++;
        return next_literal(s, out);
    }
    if (s->in_quotes) return next_literal(s, out);
    const char *from = s->at;
    bool fill = take(s, "FM");
    take(s, "TM");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *at = s->at;
        if (!take(s, fields[i].name)) continue;
        *out = (tide_piece){ .id = (uint8_t)fields[i].id, .fill = fill };
        if (fields[i].letters)
            out->letters = islower((unsigned char)at[0])   ? AS_LOWER
                           : islower((unsigned char)at[1]) ? AS_TITLE
                                                           : AS_UPPER;
        out->th = starts_with(s, "TH", true);
        out->th_lower = starts_with(s, "th", false);
        if (out->th) s->at += 2;
        return true;
    }
    s->at = from;
    return next_literal(s, out);
}

/* ---- printing ---- */

#define FIELD_BYTES_MAX 32u /* Twenty digits with sign and "th", or a word. */

static char *put_word(char *at, const char *word, size_t n, uint8_t letters, uint32_t width)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)word[i];
        bool up = letters == AS_UPPER || (letters == AS_TITLE && i == 0);
        *at++ = (char)(up ? toupper(ch) : tolower(ch));
    }
    for (size_t i = n; i < width; i++) *at++ = ' ';
    return at;
}

/* Of these fields PostgreSQL counts the sign as a digit. */
static bool has_sign_inside(field_id id)
{
    return id == F_MS || id == F_US || id == F_DD || id == F_DDD || (id >= F_FF1 && id <= F_FF6);
}

static char *put_number(char *at, int64_t v, uint32_t width, const tide_piece *p)
{
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (width == 2 && (uint64_t)v < 100 && !p->fill && !p->th) return tide_put2(at, (uint32_t)v);
    uint32_t n = tide_count_digits(magnitude);
    if (v < 0) *at++ = '-';
    if (v < 0 && has_sign_inside((field_id)p->id) && width) width--;
    at = tide_put_digits(at, magnitude, n < width && !p->fill ? width : n);
    if (!p->th) return at;
    static const char suffixes[][3] = { "TH", "ST", "ND", "RD" };
    int64_t last = v % 10, teens = v / 10 % 10;
    const char *suffix = suffixes[last >= 1 && last <= 3 && teens != 1 ? last : 0];
    return put_word(at, suffix, 2, p->th_lower ? AS_LOWER : AS_UPPER, 0);
}

static int64_t iso_year(const tide_parts *t)
{
    int32_t year;
    uint32_t week;
    tide_iso_week(t->days, &year, &week);
    return year;
}
static int64_t iso_week(const tide_parts *t)
{
    int32_t year;
    uint32_t week;
    tide_iso_week(t->days, &year, &week);
    return week;
}
static int64_t iso_day(const tide_parts *t)
{
    return (tide_day_of_week(t->days) + 6) % 7 + 1;
}

/* The numeric fields: value and width. False for others. */
static bool number_of(const tide_parts *t, field_id id, int64_t *v, uint32_t *width)
{
    static const int64_t fraction_units[] = { 100000, 10000, 1000, 100, 10, 1 };
    *width = 2;
    switch ((int)id) {
    case F_HH12: *v = t->hour % 12 == 0 ? 12 : t->hour % 12; return true;
    case F_HH24: *v = t->hour; return true;
    case F_MI: *v = t->minute; return true;
    case F_SS: *v = t->second; return true;
    case F_MS: *v = t->micros / 1000, *width = 3; return true;
    case F_US: *v = t->micros, *width = 6; return true;
    case F_SSSS: *v = t->hour * 3600 + t->minute * 60 + t->second, *width = 0; return true;
    case F_YYYY: *v = t->year, *width = 4; return true;
    case F_YYY: *v = t->year % 1000, *width = 3; return true;
    case F_YY: *v = t->year % 100; return true;
    case F_Y: *v = t->year % 10, *width = 1; return true;
    case F_IYYY: *v = iso_year(t), *width = 4; return true;
    case F_IYY: *v = iso_year(t) % 1000, *width = 3; return true;
    case F_IY: *v = iso_year(t) % 100; return true;
    case F_I: *v = iso_year(t) % 10, *width = 1; return true;
    case F_MM: *v = t->month; return true;
    case F_DDD:
        *v = t->is_interval ? t->year * 360 + t->month * 30 + t->day : tide_day_of_year(t->days);
        *width = 3;
        return true;
    case F_IDDD: *v = (iso_week(t) - 1) * 7 + iso_day(t), *width = 3; return true;
    case F_DD: *v = t->day; return true;
    case F_D: *v = tide_day_of_week(t->days) + 1, *width = 1; return true;
    case F_ID: *v = iso_day(t), *width = 1; return true;
    case F_W: *v = (t->day - 1) / 7 + 1, *width = 1; return true;
    case F_WW: *v = (tide_day_of_year(t->days) - 1) / 7 + 1; return true;
    case F_IW: *v = iso_week(t); return true;
    case F_CC: *v = t->is_interval ? t->year / 100 : (t->year + 99) / 100; return true;
    case F_J: *v = t->days + INT64_C(2440588), *width = 0; return true;
    case F_Q: *v = (t->month + 2) / 3, *width = 1; return true;
    default: break;
    }
    if (id < F_FF1 || id > F_FF6) return false;
    *v = t->micros / fraction_units[id - F_FF1];
    *width = (uint32_t)(id - F_FF1) + 1;
    return true;
}

/* The name of a month; nothing for an interval without months. */
static char *put_month(char *at, const char *const *names, const tide_parts *t, const tide_piece *p,
                       uint32_t width)
{
    if (t->month == 0) return at;
    const char *name = names[t->month >= 1 && t->month <= 12 ? t->month - 1 : 0];
    return put_word(at, name, p->id == F_MON ? 3 : strlen(name), p->letters, p->fill ? 0 : width);
}

static char *put_word_field(char *at, const tide_parts *t, const tide_piece *p)
{
    uint8_t dotted = p->letters == AS_TITLE ? AS_UPPER : p->letters;
    const char *day = day_names[tide_day_of_week(t->days)];
    bool is_pm = t->hour % 24 >= 12;
    switch (p->id) {
    case F_AM: return put_word(at, is_pm ? "PM" : "AM", 2, p->letters, 0);
    case F_A_M: return put_word(at, is_pm ? "P.M." : "A.M.", 4, dotted, 0);
    case F_AD: return put_word(at, "AD", 2, p->letters, 0);
    case F_A_D: return put_word(at, "A.D.", 4, dotted, 0);
    case F_MONTH: return put_month(at, month_names, t, p, 9);
    case F_MON: return put_month(at, month_names, t, p, 0);
    case F_RM: return put_month(at, roman_months, t, p, 4);
    case F_DAY: return put_word(at, day, strlen(day), p->letters, p->fill ? 0 : 9);
    case F_DY: return put_word(at, day, 3, p->letters, 0);
    case F_Y_YYY:
        return at + snprintf(at, FIELD_BYTES_MAX, "%lld,%03lld", (long long)(t->year / 1000),
                             (long long)(t->year % 1000));
    case F_TZ: return t->has_zone ? put_word(at, "UTC", 3, p->letters, 0) : at;
    case F_OF:
    case F_TZH: return put_word(at, "+00", 3, AS_UPPER, 0);
    case F_TZM: return put_word(at, "00", 2, AS_UPPER, 0);
    default: return at;
    }
}

void tide_print_pg_time(const tide_parts *t, const tide_pattern *pattern, tide_bytes *out)
{
    char *at = tide_bytes_reserve(out, pattern->bytes_max);
    for (uint32_t i = 0; i < pattern->n; i++) {
        const tide_piece *p = &pattern->pieces[i];
        int64_t v;
        uint32_t width;
        if (p->id == F_LITERAL)
            *at++ = p->byte;
        else if (number_of(t, (field_id)p->id, &v, &width))
            at = put_number(at, v, width, p);
        else
            at = put_word_field(at, t, p);
    }
    out->n = (size_t)(at - out->p);
}

/* ---- taking a pattern apart ---- */

static bool is_number_field(uint8_t id)
{
    tide_parts t = { .month = 1, .day = 1, .year = 2000 };
    int64_t v;
    uint32_t width;
    return number_of(&t, (field_id)id, &v, &width);
}

void tide_pattern_pg_time(tide_pattern *self, const char *text, size_t len)
{
    scanner s = { .at = text, .end = text + len };
    tide_piece p;
    self->n = 0;
    self->is_java = self->bad = false;
    while (next_piece(&s, &p)) {
        if (self->n && is_number_field(p.id)) self->pieces[self->n - 1].number_follows = true;
        TIDE_GROW(self->pieces, self->n, self->cap);
        self->pieces[self->n++] = p;
    }
    self->bytes_max = (size_t)self->n * FIELD_BYTES_MAX;
}

/* ---- reading ---- */

typedef struct text_reader {
    const char *at, *end;
} text_reader;

static void skip_blanks(text_reader *r)
{
    while (r->at < r->end && tide_is_space(*r->at)) r->at++;
}

/* Up to `max` digits. */
static bool read_digits(text_reader *r, uint32_t max, int64_t *out, uint32_t *n_out)
{
    uint32_t n = 0;
    *out = 0;
    for (; n < max && r->at < r->end && tide_is_digit(*r->at); n++)
        *out = *out * 10 + (*r->at++ - '0');
    if (n_out) *n_out = n;
    return n > 0;
}

/* The name (or its first three letters) that the text goes on with. */
static bool read_name(text_reader *r, const char *const *names, uint32_t n_names, bool whole,
                      int64_t *out)
{
    for (uint32_t i = 0; i < n_names; i++) {
        size_t n = whole ? strlen(names[i]) : 3;
        if ((size_t)(r->end - r->at) < n || strncasecmp(r->at, names[i], n) != 0) continue;
        r->at += n;
        *out = i;
        return true;
    }
    return false;
}

static bool read_half(text_reader *r, bool dotted, bool *is_pm)
{
    size_t n = dotted ? 4 : 2;
    if ((size_t)(r->end - r->at) < n) return false;
    *is_pm = toupper((unsigned char)*r->at) == 'P';
    bool ok =
        strncasecmp(r->at, dotted ? (*is_pm ? "P.M." : "A.M.") : (*is_pm ? "PM" : "AM"), n) == 0;
    r->at += n;
    return ok;
}

/* Years of fewer than four digits are those nearest to 2020. */
static int64_t full_year(int64_t year, uint32_t digits)
{
    if (digits > 3 || year >= 1000) return year;
    if (digits == 3) return year < 520 ? year + 2000 : year + 1000;
    return year < 70    ? year + 2000
           : year < 100 ? year + 1900
           : year < 520 ? year + 2000
                        : year + 1000;
}

/* "5" as milliseconds are 500. */
static bool read_fraction(text_reader *r, uint32_t width, int64_t *micros)
{
    uint32_t n;
    if (!read_digits(r, width, micros, &n)) return false;
    for (; n < 6; n++) *micros *= 10;
    return true;
}

/* How many digits a numeric field takes when another number follows at once. */
static uint32_t width_of(field_id id)
{
    switch ((int)id) {
    case F_YYYY:
    case F_IYYY: return 4;
    case F_YYY:
    case F_IYY:
    case F_DDD:
    case F_IDDD: return 3;
    case F_Y:
    case F_I:
    case F_D:
    case F_ID:
    case F_W:
    case F_Q: return 1;
    case F_SSSS: return 5;
    case F_J: return 7;
    default: return 2;
    }
}

static bool read_number_field(text_reader *r, field_id id, uint32_t width, tide_read_time *out)
{
    int64_t v;
    uint32_t n;
    if (id == F_MS) return read_fraction(r, 3, &out->micros);
    if (id == F_US) return read_fraction(r, 6, &out->micros);
    if (id >= F_FF1 && id <= F_FF6)
        return read_fraction(r, (uint32_t)(id - F_FF1) + 1, &out->micros);
    if (!read_digits(r, width, &v, &n)) return false;
    switch ((int)id) {
    case F_HH12:
        out->hour = v;
        out->is_12_hours = true;
        break;
    case F_HH24: out->hour = v; break;
    case F_MI: out->minute = v; break;
    case F_SS: out->second = v; break;
    case F_SSSS: out->second_of_day = v; break;
    case F_YYYY: out->year = v; break;
    case F_YYY:
    case F_YY:
    case F_Y: out->year = full_year(v, n); break;
    case F_IYYY: out->iso_year = v; break;
    case F_IYY:
    case F_IY:
    case F_I: out->iso_year = full_year(v, n); break;
    case F_MM: out->month = v; break;
    case F_DD: out->day = v; break;
    case F_DDD: out->day_of_year = v; break;
    case F_IW: out->iso_week = v; break;
    case F_ID: out->iso_day = v; break;
    case F_J: out->julian = v; break;
    default: break; /* D, W, Q, CC: read over. */
    }
    return true;
}

static bool read_offset(text_reader *r, tide_read_time *out)
{
    int64_t hours, minutes = 0;
    int sign = r->at < r->end && *r->at == '-' ? -1 : 1;
    if (r->at < r->end && (*r->at == '-' || *r->at == '+')) r->at++;
    if (!read_digits(r, 2, &hours, NULL)) return false;
    out->offset_minutes = sign * (hours * 60 + minutes);
    return true;
}

static bool read_field(text_reader *r, const tide_piece *p, tide_read_time *out)
{
    int64_t v, more;
    skip_blanks(r);
    switch (p->id) {
    case F_AM:
    case F_A_M: out->is_12_hours = true; return read_half(r, p->id == F_A_M, &out->is_pm);
    case F_MONTH:
    case F_MON:
        if (!read_name(r, month_names, 12, p->id == F_MONTH, &v) &&
            !read_name(r, month_names, 12, false, &v))
            return false;
        out->month = v + 1;
        return true;
    case F_DAY:
    case F_DY:
        return read_name(r, day_names, 7, p->id == F_DAY, &v) ||
               read_name(r, day_names, 7, false, &v);
    case F_RM:
        for (int64_t i = 11; i >= 0; i--) { /* Longer ones first: VIII before VII. */
            static const uint8_t order[] = { 0, 4, 9, 1, 3, 5, 8, 10, 2, 6, 11, 7 };
            const char *name = roman_months[order[i]];
            size_t n = strlen(name);
            if ((size_t)(r->end - r->at) < n || strncasecmp(r->at, name, n) != 0) continue;
            r->at += n;
            out->month = order[i] + 1;
            return true;
        }
        return false;
    case F_Y_YYY:
        if (!read_digits(r, 3, &v, NULL) || r->at == r->end || *r->at++ != ',') return false;
        if (!read_digits(r, 3, &more, NULL)) return false;
        out->year = v * 1000 + more;
        return true;
    case F_TZH:
    case F_OF: return read_offset(r, out);
    case F_TZM:
        if (!read_digits(r, 2, &v, NULL) || out->offset_minutes == INT64_MIN) return false;
        out->offset_minutes += out->offset_minutes < 0 ? -v : v;
        return true;
    case F_AD:
    case F_A_D:
        r->at += r->end - r->at < 2 ? r->end - r->at : p->id == F_AD ? 2 : 4;
        return r->at <= r->end;
    case F_TZ:
    case F_FX: return true;
    default: break;
    }
    field_id id = (field_id)p->id;
    return read_number_field(r, id, p->number_follows ? width_of(id) : id == F_YYYY ? 5 : 9, out);
}

/* A byte of the pattern that stands for itself: blanks and signs are matched loosely. */
static void read_literal(text_reader *r, const tide_piece *p)
{
    bool separator = !p->quoted && !isalnum((unsigned char)p->byte);
    if (separator) {
        skip_blanks(r);
        if (tide_is_space(p->byte)) return;
        if (r->at < r->end && !isalnum((unsigned char)*r->at) && *r->at != '-' && *r->at != '+')
            r->at++;
        else if (r->at < r->end && *r->at == p->byte)
            r->at++;
        else if (r->at < r->end && *r->at == '-')
            r->at++;
        return;
    }
    if (r->at < r->end) r->at++;
}

bool tide_read_pg_time(const char *text, size_t len, const tide_pattern *pattern,
                       tide_read_time *out)
{
    text_reader r = { text, text + len };
    tide_read_time_init(out);
    skip_blanks(&r);
    for (uint32_t i = 0; i < pattern->n; i++) {
        const tide_piece *p = &pattern->pieces[i];
        if (p->id == F_LITERAL)
            read_literal(&r, p);
        else if (!read_field(&r, p, out))
            return false;
    }
    return true;
}

/* ---- which language ---- */

static bool contains(const char *pattern, size_t len, const char *word, bool any_case)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++)
        if (any_case ? strncasecmp(pattern + i, word, n) == 0 : strncmp(pattern + i, word, n) == 0)
            return true;
    return false;
}

bool tide_is_pg_pattern(const char *pattern, size_t len)
{
    static const char *const signs[] = { "HH24", "HH12", "MI", "MON", "DAY", "AM", "PM" };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (contains(pattern, len, signs[i], i < 3 || i > 4)) return true;
    if (contains(pattern, len, "Y", false) || contains(pattern, len, "DD", false)) return true;
    /* "yyyy-mm-dd": Java's minutes without hours make no sense. */
    bool hours = contains(pattern, len, "h", true), months = contains(pattern, len, "MM", false);
    return contains(pattern, len, "mm", false) && !hours && !months;
}
