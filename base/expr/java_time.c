/* java_time.c - Java's patterns for times (DateTimeFormatter, SimpleDateFormat), as Flink takes
 * them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/expr/format_priv.h"

static const char *const month_names[] = { "January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December" };
static const char *const day_names[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday" };

/* A run of one letter, or a byte that stands for itself (letter 0). */
typedef struct run {
    char letter, byte;
    uint32_t n;
} run;

typedef struct scanner {
    const char *at, *end;
    bool in_quotes;
} scanner;

static bool next_run(scanner *s, run *out)
{
    while (s->at < s->end && *s->at == '\'') {
        bool doubled = s->at + 1 < s->end && s->at[1] == '\'';
        s->at += doubled ? 2 : 1;
        if (doubled) {
            *out = (run){ .byte = '\'' };
            return true;
        }
        s->in_quotes = !s->in_quotes;
    }
    if (s->at >= s->end) return false;
    char ch = *s->at;
    if (s->in_quotes || !isalpha((unsigned char)ch)) {
        s->at++;
        *out = (run){ .byte = ch };
        return true;
    }
    *out = (run){ .letter = ch };
    for (; s->at < s->end && *s->at == ch; s->at++) out->n++;
    return true;
}

/* ---- printing ---- */

static void put_number(tide_bytes *out, int64_t v, uint32_t width)
{
    tide_bytes_printf(out, "%0*lld", (int)width, (long long)v);
}

static void put_name(tide_bytes *out, const char *name, bool whole)
{
    tide_bytes_put(out, name, whole ? strlen(name) : 3);
}

static void put_fraction(tide_bytes *out, int64_t micros, uint32_t n)
{
    char digits[7];
    snprintf(digits, sizeof digits, "%06u", (uint32_t)micros % 1000000);
    for (uint32_t i = 0; i < n; i++) tide_bytes_putc(out, i < 6 ? digits[i] : '0');
}

bool tide_print_java_time(const tide_parts *t, const char *pattern, size_t len, tide_bytes *out)
{
    scanner s = { .at = pattern, .end = pattern + len };
    run r;
    uint32_t weekday = tide_day_of_week(t->days);
    while (next_run(&s, &r)) {
        switch (r.letter) {
        case 0: tide_bytes_putc(out, r.byte); break;
        case 'y':
        case 'u': put_number(out, r.n == 2 ? t->year % 100 : t->year, r.n); break;
        case 'M':
        case 'L':
            if (r.n < 3)
                put_number(out, t->month, r.n);
            else
                put_name(out, month_names[t->month - 1], r.n > 3);
            break;
        case 'd': put_number(out, t->day, r.n); break;
        case 'D': put_number(out, tide_day_of_year(t->days), r.n); break;
        case 'H': put_number(out, t->hour, r.n); break;
        case 'k': put_number(out, t->hour ? t->hour : 24, r.n); break;
        case 'h': put_number(out, t->hour % 12 ? t->hour % 12 : 12, r.n); break;
        case 'K': put_number(out, t->hour % 12, r.n); break;
        case 'm': put_number(out, t->minute, r.n); break;
        case 's': put_number(out, t->second, r.n); break;
        case 'S': put_fraction(out, t->micros, r.n); break;
        case 'a': tide_bytes_puts(out, t->hour < 12 ? "AM" : "PM"); break;
        case 'E': put_name(out, day_names[weekday], r.n > 3); break;
        case 'e': put_number(out, weekday + 1, r.n); break;
        case 'Q':
        case 'q': put_number(out, (t->month + 2) / 3, r.n); break;
        case 'G': tide_bytes_puts(out, "AD"); break;
        case 'z': tide_bytes_puts(out, "UTC"); break;
        case 'Z': tide_bytes_puts(out, "+0000"); break;
        case 'X': tide_bytes_putc(out, 'Z'); break;
        case 'x': tide_bytes_puts(out, r.n == 1 ? "+00" : r.n == 2 ? "+0000" : "+00:00"); break;
        default: return false;
        }
    }
    return true;
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
    for (; n < max && t->at < t->end && isdigit((unsigned char)*t->at); n++)
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
        if (t->at == t->end || !isdigit((unsigned char)*t->at)) return i > 0;
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
    if (t->at < t->end && isdigit((unsigned char)*t->at) && !read_digits(t, 2, 2, &minutes))
        return false;
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

static bool read_run(text_reader *t, const run *r, tide_read_time *out)
{
    int64_t v;
    uint32_t min = r->n, max = r->n > 1 ? r->n : 9;
    switch (r->letter) {
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

bool tide_read_java_time(const char *text, size_t len, const char *pattern, size_t pattern_len,
                         tide_read_time *out)
{
    scanner s = { .at = pattern, .end = pattern + pattern_len };
    text_reader t = { text, text + len };
    run r;
    tide_read_time_init(out);
    while (next_run(&s, &r))
        if (!read_run(&t, &r, out)) return false;
    return t.at == t.end;
}

/* ---- parts ---- */

tide_parts tide_parts_of(int64_t micros, bool has_zone)
{
    tide_civil c = tide_civil_of(micros);
    return (tide_parts){ .year = c.year,
                         .month = c.month,
                         .day = c.day,
                         .hour = c.hour,
                         .minute = c.minute,
                         .second = c.second,
                         .micros = c.micros,
                         .days = tide_days_of(micros),
                         .has_zone = has_zone };
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
