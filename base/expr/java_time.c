/* java_time.c - Java's patterns for times (DateTimeFormatter, SimpleDateFormat), as Flink takes
 * them. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/column/digits.h"
#include "base/core/mem.h"
#include "base/expr/format_priv.h"

static const char *const month_names[] = { "January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December" };
static const char *const day_names[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday" };

/* A piece is a run of one letter, its id, or a byte that stands for itself (id 0). */
typedef struct scanner {
    const char *at, *end;
    bool in_quotes;
} scanner;

static bool next_run(scanner *s, tide_piece *out)
{
    while (s->at < s->end && *s->at == '\'') {
        bool doubled = s->at + 1 < s->end && s->at[1] == '\'';
        s->at += doubled ? 2 : 1;
        if (doubled) {
            *out = (tide_piece){ .byte = '\'' };
            return true;
        }
        s->in_quotes = !s->in_quotes;
    }
    if (s->at >= s->end) return false;
    char ch = *s->at;
    if (s->in_quotes || !isalpha((unsigned char)ch)) {
        s->at++;
        *out = (tide_piece){ .byte = ch };
        return true;
    }
    *out = (tide_piece){ .id = (uint8_t)ch };
    for (; s->at < s->end && *s->at == ch; s->at++) out->n++;
    return true;
}

#define FIELD_BYTES_MAX 24u

void tide_pattern_java_time(tide_pattern *self, const char *text, size_t len)
{
    static const char letters[] = "yuMLdDHkhKmsSaEeQqGzZXx";
    scanner s = { .at = text, .end = text + len };
    tide_piece p;
    self->n = 0;
    self->is_java = true;
    self->bad = false;
    self->bytes_max = 0;
    while (next_run(&s, &p)) {
        TIDE_GROW(self->pieces, self->n, self->cap);
        self->pieces[self->n++] = p;
        self->bytes_max += p.n + FIELD_BYTES_MAX;
        self->bad |= p.id && !strchr(letters, p.id);
    }
}

/* ---- printing ---- */

static char *put_number(char *at, int64_t v, uint32_t width)
{
    if (width == 2 && v < 100) return tide_put2(at, (uint32_t)v);
    uint32_t n = tide_count_digits((uint64_t)v);
    return tide_put_digits(at, (uint64_t)v, n < width ? width : n);
}

static char *put_text(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

static char *put_name(char *at, const char *name, bool whole)
{
    return put_text(at, name, whole ? strlen(name) : 3);
}

static char *put_fraction(char *at, int64_t micros, uint32_t n)
{
    uint32_t digits = n < 6 ? n : 6;
    at = tide_put_digits(at, (uint64_t)micros / tide_pow10_u64[6 - digits], digits);
    memset(at, '0', n - digits);
    return at + (n - digits);
}

static char *put_piece(char *at, const tide_parts *t, const tide_piece *r)
{
    switch (r->id) {
    case 0: *at = r->byte; return at + 1;
    case 'y':
    case 'u': return put_number(at, r->n == 2 ? t->year % 100 : t->year, r->n);
    case 'M':
    case 'L':
        return r->n < 3 ? put_number(at, t->month, r->n)
                        : put_name(at, month_names[t->month - 1], r->n > 3);
    case 'd': return put_number(at, t->day, r->n);
    case 'D': return put_number(at, tide_day_of_year(t->days), r->n);
    case 'H': return put_number(at, t->hour, r->n);
    case 'k': return put_number(at, t->hour ? t->hour : 24, r->n);
    case 'h': return put_number(at, t->hour % 12 ? t->hour % 12 : 12, r->n);
    case 'K': return put_number(at, t->hour % 12, r->n);
    case 'm': return put_number(at, t->minute, r->n);
    case 's': return put_number(at, t->second, r->n);
    case 'S': return put_fraction(at, t->micros, r->n);
    case 'a': return put_text(at, t->hour < 12 ? "AM" : "PM", 2);
    case 'E': return put_name(at, day_names[tide_day_of_week(t->days)], r->n > 3);
    case 'e': return put_number(at, tide_day_of_week(t->days) + 1, r->n);
    case 'Q':
    case 'q': return put_number(at, (t->month + 2) / 3, r->n);
    case 'G': return put_text(at, "AD", 2);
    case 'z': return put_text(at, "UTC", 3);
    case 'Z': return put_text(at, "+0000", 5);
    case 'X': return put_text(at, "Z", 1);
    case 'x':
        return put_text(at, r->n == 2 ? "+0000" : "+00:00", r->n == 1 ? 3 : r->n == 2 ? 5 : 6);
    default: return at;
    }
}

void tide_print_java_time(const tide_parts *t, const tide_pattern *pattern, tide_bytes *out)
{
    char *at = tide_bytes_reserve(out, pattern->bytes_max);
    for (uint32_t i = 0; i < pattern->n; i++) at = put_piece(at, t, &pattern->pieces[i]);
    out->n = (size_t)(at - out->p);
}

/* ---- reading ---- */

typedef struct text_reader {
    const char *at, *end;
} text_reader;

/* Digits: exactly n if another number follows, or 2 and more letters; else as many as there are. */
static bool read_digits(text_reader *t, uint32_t min, uint32_t max, int64_t *out)
{
    uint32_t n = 0;
    *out = 0;
    for (; n < max && t->at < t->end && tide_is_digit(*t->at); n++)
        *out = *out * 10 + (*t->at++ - '0');
    return n >= min;
}

static bool read_name(text_reader *t, const char *const *names, uint32_t n_names, bool whole,
                      int64_t *out)
{
    for (uint32_t i = 0; i < n_names; i++) {
        size_t n = whole ? strlen(names[i]) : 3;
        if ((size_t)(t->end - t->at) < n || strncasecmp(t->at, names[i], n) != 0) continue;
        t->at += n;
        *out = i;
        return true;
    }
    return false;
}

static bool read_fraction(text_reader *t, uint32_t n, int64_t *micros)
{
    int64_t unit = 100000;
    *micros = 0;
    for (uint32_t i = 0; i < n; i++, unit /= 10) {
        if (t->at == t->end || !tide_is_digit(*t->at)) return i > 0;
        *micros += (*t->at++ - '0') * unit;
    }
    return true;
}

static bool read_zone(text_reader *t, tide_read_time *out)
{
    int64_t hours, minutes = 0;
    if (t->at < t->end && *t->at == 'Z') {
        t->at++;
        out->offset_minutes = 0;
        return true;
    }
    if (t->end - t->at >= 3 && strncmp(t->at, "UTC", 3) == 0) {
        t->at += 3;
        out->offset_minutes = 0;
        return true;
    }
    if (t->at == t->end || (*t->at != '+' && *t->at != '-')) return false;
    int sign = *t->at++ == '-' ? -1 : 1;
    if (!read_digits(t, 2, 2, &hours)) return false;
    if (t->at < t->end && *t->at == ':') t->at++;
    if (t->at < t->end && tide_is_digit(*t->at) && !read_digits(t, 2, 2, &minutes)) return false;
    out->offset_minutes = sign * (hours * 60 + minutes);
    return true;
}

static bool read_half(text_reader *t, tide_read_time *out)
{
    if (t->end - t->at < 2) return false;
    out->is_pm = toupper((unsigned char)t->at[0]) == 'P';
    out->is_12_hours = true;
    bool ok = toupper((unsigned char)t->at[1]) == 'M' &&
              (out->is_pm || toupper((unsigned char)t->at[0]) == 'A');
    t->at += 2;
    return ok;
}

static bool read_run(text_reader *t, const tide_piece *r, tide_read_time *out)
{
    int64_t v;
    uint32_t min = r->n, max = r->n > 1 ? r->n : 9;
    switch (r->id) {
    case 0: return t->at < t->end && *t->at++ == r->byte;
    case 'y':
    case 'u':
        if (!read_digits(t, min, max, &out->year)) return false;
        if (r->n == 2) out->year += out->year < 70 ? 2000 : 1900;
        return true;
    case 'M':
    case 'L':
        if (r->n < 3) return read_digits(t, min, max, &out->month);
        if (!read_name(t, month_names, 12, r->n > 3, &v)) return false;
        out->month = v + 1;
        return true;
    case 'd': return read_digits(t, min, max, &out->day);
    case 'D': return read_digits(t, min, max, &out->day_of_year);
    case 'H':
    case 'k': return read_digits(t, min, max, &out->hour);
    case 'h':
    case 'K': out->is_12_hours = true; return read_digits(t, min, max, &out->hour);
    case 'm': return read_digits(t, min, max, &out->minute);
    case 's': return read_digits(t, min, max, &out->second);
    case 'S': return read_fraction(t, r->n, &out->micros);
    case 'a': return read_half(t, out);
    case 'E': return read_name(t, day_names, 7, r->n > 3, &v);
    case 'z':
    case 'Z':
    case 'X':
    case 'x': return read_zone(t, out);
    default: return false;
    }
}

bool tide_read_java_time(const char *text, size_t len, const tide_pattern *pattern,
                         tide_read_time *out)
{
    text_reader t = { text, text + len };
    tide_read_time_init(out);
    for (uint32_t i = 0; i < pattern->n; i++)
        if (!read_run(&t, &pattern->pieces[i], out)) return false;
    return t.at == t.end;
}

/* ---- parts ---- */

void tide_parts_set(tide_parts *self, int64_t micros, bool has_zone)
{
    int32_t days = tide_days_of(micros), year;
    uint64_t rest = (uint64_t)(micros - days * TIDE_MICROS_PER_DAY), seconds = rest / 1000000;
    if (days != self->days || self->year == 0) {
        uint32_t month, day;
        tide_civil_from_days(days, &year, &month, &day);
        *self = (tide_parts){ .year = year, .month = month, .day = day, .days = days };
    }
    self->hour = (int64_t)(seconds / 3600);
    self->minute = (int64_t)(seconds / 60 % 60);
    self->second = (int64_t)(seconds % 60);
    self->micros = (int64_t)(rest % 1000000);
    self->has_zone = has_zone;
}

tide_parts tide_parts_of_interval(const tide_interval *v)
{
    return (tide_parts){ .year = v->months / 12,
                         .month = v->months % 12,
                         .day = v->days,
                         .hour = v->micros / TIDE_MICROS_PER_HOUR,
                         .minute = v->micros / TIDE_MICROS_PER_MINUTE % 60,
                         .second = v->micros / TIDE_MICROS_PER_SECOND % 60,
                         .micros = v->micros % TIDE_MICROS_PER_SECOND,
                         .is_interval = true };
}

void tide_read_time_init(tide_read_time *self)
{
    *self = (tide_read_time){ .year = -1,
                              .month = -1,
                              .day = -1,
                              .day_of_year = -1,
                              .iso_year = -1,
                              .iso_week = -1,
                              .iso_day = -1,
                              .julian = -1,
                              .second_of_day = -1,
                              .offset_minutes = INT64_MIN };
}

static int64_t or_one(int64_t v)
{
    return v < 0 ? 1 : v;
}

/* The day that was read, by whichever fields give one. */
static bool resolve_day(const tide_read_time *r, int64_t *days_out)
{
    if (r->julian >= 0) {
        *days_out = r->julian - INT64_C(2440588);
        return tide_days_in_range(*days_out);
    }
    if (r->iso_year > 0) {
        if (r->iso_year > 9999 || r->iso_week > 53 || r->iso_day > 7) return false;
        int32_t fourth = tide_days_from_civil((int32_t)r->iso_year, 1, 4); /* Always in week 1. */
        int32_t monday = fourth - (int32_t)((tide_day_of_week(fourth) + 6) % 7);
        *days_out = monday + (or_one(r->iso_week) - 1) * 7 + or_one(r->iso_day) - 1;
        return tide_days_in_range(*days_out);
    }
    int64_t year = r->year < 0 ? 1 : r->year, month = or_one(r->month), day = or_one(r->day);
    if (year < 1 || year > 9999 || month < 1 || month > 12) return false;
    if (r->day_of_year >= 0 && r->month < 0) {
        if (r->day_of_year < 1 || r->day_of_year > 365 + tide_is_leap((int32_t)year)) return false;
        *days_out = tide_days_from_civil((int32_t)year, 1, 1) + r->day_of_year - 1;
        return true;
    }
    if (day < 1 || day > tide_days_in_month((int32_t)year, (uint32_t)month)) return false;
    *days_out = tide_days_from_civil((int32_t)year, (uint32_t)month, (uint32_t)day);
    return true;
}

bool tide_read_time_resolve(const tide_read_time *r, int64_t *micros_out)
{
    int64_t days, hour = r->hour;
    if (!resolve_day(r, &days)) return false;
    if (r->is_12_hours) {
        if (hour < 0 || hour > 12) return false;
        hour = hour % 12 + (r->is_pm ? 12 : 0);
    }
    if (hour > 23 || r->minute > 59 || r->second > 59 || r->second_of_day >= 86400) return false;
    int64_t seconds =
        r->second_of_day >= 0 ? r->second_of_day : hour * 3600 + r->minute * 60 + r->second;
    int64_t micros = days * TIDE_MICROS_PER_DAY + seconds * TIDE_MICROS_PER_SECOND + r->micros;
    if (r->offset_minutes != INT64_MIN) {
        if (r->offset_minutes > 960 || r->offset_minutes < -960) return false;
        micros -= r->offset_minutes * TIDE_MICROS_PER_MINUTE;
    }
    *micros_out = micros;
    return tide_timestamp_in_range(micros);
}
