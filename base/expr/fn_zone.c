/* fn_zone.c - AT TIME ZONE: offsets, and zones by the rules in the system's zone files (RFC
 * 8536).
 *
 * A zone is read once, when a program first meets its name. Behind the last change that a file
 * lists, its footer's rule for daylight saving holds. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/core/mem.h"
#include "base/expr/calendar_priv.h"
#include "base/expr/kernels_priv.h"

#define ZONE_FILE_BYTES_MAX 65536u
#define ZONE_FOLDER "/usr/share/zoneinfo/"

/* A day of the year on which a rule changes: the week-th (5: last) weekday of a month, at
 * `seconds`. */
typedef struct rule_day {
    int32_t month, week, weekday, seconds;
} rule_day;

typedef struct zone {
    char name[64];
    uint32_t n;
    int64_t *from;    /* Seconds since 1970 from which offsets[i] holds. */
    int32_t *offsets; /* Seconds east of UTC. */
    int32_t first;    /* Before from[0]. */
    bool has_rule;
    int32_t standard, saving; /* The footer's offsets. */
    rule_day saving_from, saving_to;
    uint32_t name_len;
    int64_t span_from, span_to; /* Seconds since 1970 where span_offset holds, as found last. */
    int32_t span_offset;
} zone;

static void drop_zone(void *imm)
{
    zone *self = imm;
    tide_free(self->from);
    tide_free(self->offsets);
    tide_free(self);
}

void *tide_prepare_zone(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    *drop_out = drop_zone;
    return tide_calloc(1, sizeof(zone));
}

/* ---- names ---- */

/* "+02", "-05:30", "UTC+2" as in POSIX would turn the sign: only the first two forms are taken. */
static bool parse_offset(const char *name, int32_t *seconds_out)
{
    int hours = 0, minutes = 0, n = 0;
    char sign = name[0];
    if (strcasecmp(name, "UTC") == 0 || strcasecmp(name, "GMT") == 0 ||
        strcasecmp(name, "Z") == 0) {
        *seconds_out = 0;
        return true;
    }
    if ((sign != '+' && sign != '-') || !isdigit((unsigned char)name[1])) return false;
    bool ok = (sscanf(name + 1, "%2d:%2d%n", &hours, &minutes, &n) == 2 ||
               sscanf(name + 1, "%2d%2d%n", &hours, &minutes, &n) == 2 ||
               (minutes = 0, sscanf(name + 1, "%2d%n", &hours, &n) == 1)) &&
              name[1 + n] == '\0';
    if (!ok || hours > 15 || minutes > 59) return false;
    *seconds_out = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool is_safe_name(const char *name)
{
    if (!isalpha((unsigned char)name[0]) || strstr(name, "..")) return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("/_+-", *p)) return false;
    return true;
}

/* ---- the file ---- */

static int64_t read_be(const uint8_t *p, uint32_t n)
{
    uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < n; i++) v = v << 8 | p[i];
    return (int64_t)v;
}

/* Counts of a header at p: isut, isstd, leap, time, type, char. */
typedef struct header {
    uint32_t isut, isstd, leap, time, type, chars;
} header;

static bool read_header(const uint8_t *p, size_t len, header *h)
{
    if (len < 44 || memcmp(p, "TZif", 4) != 0) return false;
    uint32_t *counts[] = { &h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars };
    for (uint32_t i = 0; i < 6; i++) {
        int64_t n = read_be(p + 20 + i * 4, 4);
        if (n < 0 || n > (int64_t)ZONE_FILE_BYTES_MAX) return false;
        *counts[i] = (uint32_t)n;
    }
    return true;
}

static size_t body_bytes(const header *h, uint32_t time_bytes)
{
    return (size_t)h->time * time_bytes + h->time + (size_t)h->type * 6 + h->chars +
           (size_t)h->leap * (time_bytes + 4) + h->isstd + h->isut;
}

/* A POSIX offset, west positive: seconds east. */
static const char *parse_posix_offset(const char *p, int32_t *out)
{
    int sign = *p == '-' ? 1 : -1;
    if (*p == '-' || *p == '+') p++;
    int32_t parts[3] = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        char *end;
        parts[i] = (int32_t)strtol(p, &end, 10);
        p = end;
        if (*p != ':') break;
        p++;
    }
    *out = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return p;
}

static const char *skip_zone_name(const char *p)
{
    if (*p == '<') {
        while (*p && *p != '>') p++;
        return *p ? p + 1 : p;
    }
    while (isalpha((unsigned char)*p)) p++;
    return p;
}

/* ",M3.5.0/2" */
static const char *parse_rule_day(const char *p, rule_day *out)
{
    int n = 0;
    if (sscanf(p, ",M%d.%d.%d%n", &out->month, &out->week, &out->weekday, &n) != 3) return NULL;
    p += n;
    out->seconds = 7200;
    if (*p == '/') {
        p = parse_posix_offset(p + 1, &out->seconds);
        out->seconds = -out->seconds; /* A time of day counts forwards. */
    }
    bool ok = out->month >= 1 && out->month <= 12 && out->week >= 1 && out->week <= 5 &&
              out->weekday >= 0 && out->weekday <= 6;
    return ok ? p : NULL;
}

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
static void parse_footer(const char *p, zone *self)
{
    p = parse_posix_offset(skip_zone_name(p), &self->standard);
    self->saving = self->standard + 3600;
    self->has_rule = false;
    if (*p == '\0') return;
    p = skip_zone_name(p);
    if (*p && *p != ',') p = parse_posix_offset(p, &self->saving);
    p = parse_rule_day(p, &self->saving_from);
    self->has_rule = p && parse_rule_day(p, &self->saving_to);
}

static bool parse_body(const uint8_t *p, const header *h, zone *self)
{
    const uint8_t *kinds = p + (size_t)h->time * 8, *types = kinds + h->time;
    if (h->type == 0) return false;
    self->n = h->time;
    self->from = tide_malloc((h->time + 1) * sizeof *self->from);
    self->offsets = tide_malloc((h->time + 1) * sizeof *self->offsets);
    self->first = (int32_t)read_be(types, 4);
    for (uint32_t i = 0; i < h->time; i++) {
        if (kinds[i] >= h->type) return false;
        self->from[i] = read_be(p + (size_t)i * 8, 8);
        self->offsets[i] = (int32_t)read_be(types + (size_t)kinds[i] * 6, 4);
    }
    return true;
}

/* The second, 64-bit part of a zone file, and its footer. */
static bool parse_file(const uint8_t *p, size_t len, zone *self)
{
    header h;
    if (!read_header(p, len, &h) || p[4] < '2') return false;
    size_t at = 44 + body_bytes(&h, 4);
    if (at > len || !read_header(p + at, len - at, &h)) return false;
    size_t body = at + 44, end = body + body_bytes(&h, 8);
    if (end > len || !parse_body(p + body, &h, self)) return false;
    char footer[64] = "";
    if (end + 1 < len && p[end] == '\n') {
        size_t n = strnlen((const char *)p + end + 1, len - end - 1);
        const char *stop = memchr(p + end + 1, '\n', n);
        if (stop) n = (size_t)(stop - (const char *)(p + end + 1));
        if (n < sizeof footer) memcpy(footer, p + end + 1, n);
    }
    parse_footer(footer, self);
    return true;
}

static bool load_file(const char *name, zone *self)
{
    char path[128];
    snprintf(path, sizeof path, ZONE_FOLDER "%s", name);
    FILE *file = is_safe_name(name) ? fopen(path, "rb") : NULL;
    if (file == NULL) return false;
    uint8_t *bytes = tide_malloc(ZONE_FILE_BYTES_MAX);
    size_t len = fread(bytes, 1, ZONE_FILE_BYTES_MAX, file);
    bool ok = parse_file(bytes, len, self);
    tide_free(bytes);
    fclose(file);
    return ok;
}

static bool use_zone(tide_rowcall *c, const tide_value *name, zone **out)
{
    zone *self = (zone *)(uintptr_t)c->imm;
    *out = self;
    uint32_t len = name->str.len;
    if (len && self->name_len == len && memcmp(self->name, name->str.ptr, len) == 0) return true;
    tide_free(self->from);
    tide_free(self->offsets);
    *self = (zone){ 0 };
    if (len && len < sizeof self->name) {
        memcpy(self->name, name->str.ptr, len);
        self->name_len = len;
        if (parse_offset(self->name, &self->first)) {
            self->standard = self->first;
            return true;
        }
        if (load_file(self->name, self)) return true;
    }
    self->name_len = 0;
    tide_row_fail(c, TIDE_E_INVALID, "time zone \"%.*s\" not recognized",
                  (int)(len < 60 ? len : 60), name->str.ptr);
    return false;
}

/* ---- offsets ---- */

/* When the rule's day begins to count in a year, in seconds since 1970 of local time. */
static int64_t rule_seconds(const rule_day *r, int32_t year)
{
    int32_t first = tide_days_from_civil(year, (uint32_t)r->month, 1);
    int32_t day = (r->weekday - (int32_t)tide_day_of_week(first) + 7) % 7 + (r->week - 1) * 7;
    while (day >= (int32_t)tide_days_in_month(year, (uint32_t)r->month)) day -= 7;
    return (first + day) * INT64_C(86400) + r->seconds;
}

/* Narrows the zone's span to the side of a change that `utc` is on. */
static void cut_span(zone *self, int64_t change, int64_t utc)
{
    if (change <= utc && change > self->span_from) self->span_from = change;
    if (change > utc && change < self->span_to) self->span_to = change;
}

static int32_t rule_offset(zone *self, int64_t utc)
{
    if (!self->has_rule) return self->standard;
    int32_t year = tide_civil_of((utc + self->standard) * TIDE_MICROS_PER_SECOND).year;
    int64_t from = rule_seconds(&self->saving_from, year) - self->standard;
    int64_t to = rule_seconds(&self->saving_to, year) - self->saving;
    cut_span(self, tide_days_from_civil(year, 1, 1) * INT64_C(86400) - self->standard, utc);
    cut_span(self, tide_days_from_civil(year + 1, 1, 1) * INT64_C(86400) - self->standard, utc);
    cut_span(self, from, utc);
    cut_span(self, to, utc);
    bool saving = from < to ? utc >= from && utc < to : utc >= from || utc < to;
    return saving ? self->saving : self->standard;
}

/* The offset, and in the zone's span where it holds at least. */
static int32_t find_offset(zone *self, int64_t utc)
{
    self->span_from = INT64_MIN;
    self->span_to = INT64_MAX;
    if (self->n == 0) return self->has_rule ? rule_offset(self, utc) : self->first;
    cut_span(self, self->from[0], utc);
    if (utc < self->from[0]) return self->first;
    cut_span(self, self->from[self->n - 1], utc);
    if (utc >= self->from[self->n - 1] && (self->has_rule || self->standard))
        return rule_offset(self, utc);
    uint32_t low = 0, high = self->n;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        cut_span(self, self->from[middle], utc);
        if (utc >= self->from[middle])
            low = middle;
        else
            high = middle;
    }
    return self->offsets[low];
}

static int32_t offset_at(zone *self, int64_t utc)
{
    if (utc < self->span_from || utc >= self->span_to) self->span_offset = find_offset(self, utc);
    return self->span_offset;
}

static tide_row_result put(tide_rowcall *c, int64_t micros, tide_value *out)
{
    if (!tide_timestamp_in_range(micros))
        return tide_row_fail(c, TIDE_E_OVERFLOW, "timestamp out of range");
    out->i64 = micros;
    return TIDE_ROW_VALUE;
}

tide_row_result tide_row_zone_from_utc(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    zone *self;
    if (!use_zone(c, &args[0], &self)) return TIDE_ROW_FAILED;
    int64_t utc = tide_floor_div(args[1].i64, TIDE_MICROS_PER_SECOND);
    return put(c, args[1].i64 + offset_at(self, utc) * TIDE_MICROS_PER_SECOND, out);
}

/* A local time that occurs twice is the one in standard time; one that is left out, moved by the
 * gap: with the offset that held before the change, as PostgreSQL has it. */
tide_row_result tide_row_zone_to_utc(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    zone *self;
    if (!use_zone(c, &args[0], &self)) return TIDE_ROW_FAILED;
    int64_t local = tide_floor_div(args[1].i64, TIDE_MICROS_PER_SECOND);
    int32_t before = offset_at(self, local - 86400), after = offset_at(self, local + 86400);
    bool before_fits = offset_at(self, local - before) == before;
    bool after_fits = offset_at(self, local - after) == after;
    int32_t offset = after_fits && !(before_fits && before < after) ? after : before;
    return put(c, args[1].i64 - offset * TIDE_MICROS_PER_SECOND, out);
}
