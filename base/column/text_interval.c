/* text_interval.c - reading PostgreSQL's spellings of an interval. */
#include <math.h>
#include <strings.h>

#include "base/column/digits.h"
#include "base/column/text.h"

#define USECS_PER_SEC INT64_C(1000000)
#define USECS_PER_DAY 86400e6

typedef enum unit_kind { UNIT_MICROS, UNIT_DAYS, UNIT_MONTHS } unit_kind;

typedef struct unit {
    unit_kind kind;
    int64_t factor; /* Of microseconds, days or months. */
    uint32_t bit;   /* A unit may occur once. */
} unit;

enum {
    BIT_US = 1,
    BIT_MS = 2,
    BIT_S = 4,
    BIT_MIN = 8,
    BIT_H = 16,
    BIT_DAY = 32,
    BIT_WEEK = 64,
    BIT_MON = 128,
    BIT_QUARTER = 256,
    BIT_YEAR = 512,
    BIT_DECADE = 1024,
    BIT_CENTURY = 2048,
    BIT_MILLENNIUM = 4096
};

static const unit unit_second = { UNIT_MICROS, USECS_PER_SEC, BIT_S };
static const unit unit_day = { UNIT_DAYS, 1, BIT_DAY };
static const unit unit_month = { UNIT_MONTHS, 1, BIT_MON };

static const struct {
    unit u;
    const char *words;
} unit_words[] = {
    { { UNIT_MICROS, 1, BIT_US }, " us usec usecs usecond useconds microsecond microseconds " },
    { { UNIT_MICROS, 1000, BIT_MS }, " ms msec msecs msecond mseconds millisecond milliseconds " },
    { { UNIT_MICROS, USECS_PER_SEC, BIT_S }, " s sec secs second seconds " },
    { { UNIT_MICROS, 60 * USECS_PER_SEC, BIT_MIN }, " m min mins minute minutes " },
    { { UNIT_MICROS, 3600 * USECS_PER_SEC, BIT_H }, " h hr hrs hour hours " },
    { { UNIT_DAYS, 1, BIT_DAY }, " d day days " },
    { { UNIT_DAYS, 7, BIT_WEEK }, " w week weeks " },
    { { UNIT_MONTHS, 1, BIT_MON }, " mon mons month months " },
    { { UNIT_MONTHS, 3, BIT_QUARTER }, " quarter quarters " },
    { { UNIT_MONTHS, 12, BIT_YEAR }, " y yr yrs year years " },
    { { UNIT_MONTHS, 120, BIT_DECADE }, " dec decs decade decades " },
    { { UNIT_MONTHS, 1200, BIT_CENTURY }, " c cent century centuries " },
    { { UNIT_MONTHS, 12000, BIT_MILLENNIUM }, " mil mils millennium millennia " },
};

typedef struct reader {
    const char *p, *end;
    uint32_t seen; /* BIT_ flags. */
    int64_t months, days, micros;
} reader;

typedef struct quantity {
    int64_t whole;
    double fraction;
} quantity; /* Both carry the sign. */

static void skip_spaces(reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t')) r->p++;
}

static bool at_digit(const reader *r, size_t ahead)
{
    return (size_t)(r->end - r->p) > ahead && (uint8_t)(r->p[ahead] - '0') <= 9;
}

static bool take_digits(reader *r, int64_t *out)
{
    uint64_t v;
    const char *start = r->p;
    while (at_digit(r, 0)) r->p++;
    if (!tide_digits_u64(start, (size_t)(r->p - start), &v) || v > INT64_MAX) return false;
    *out = (int64_t)v;
    return true;
}

/* Behind a point: "5" is 0.5. Digits beyond 15 do not matter. */
static double take_fraction(reader *r)
{
    double v = 0, scale = 1;
    for (uint32_t n = 0; at_digit(r, 0); r->p++, n++)
        if (n < 15) v = v * 10 + (*r->p - '0'), scale *= 10;
    return v / scale;
}

static bool add_product(int64_t *sum, int64_t a, int64_t b)
{
    int64_t product;
    return !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(*sum, product, sum);
}

/* A fraction of a unit goes to the next smaller part: of a month to days (30),
 * of a day to time. */
static bool add_days_fraction(reader *r, double days)
{
    double whole = trunc(days);
    return add_product(&r->days, (int64_t)whole, 1) &&
           add_product(&r->micros, (int64_t)rint((days - whole) * USECS_PER_DAY), 1);
}

static bool add_quantity(reader *r, quantity q, unit u)
{
    if (r->seen & u.bit) return false;
    r->seen |= u.bit;
    switch (u.kind) {
    case UNIT_MICROS:
        return add_product(&r->micros, q.whole, u.factor) &&
               add_product(&r->micros, (int64_t)rint(q.fraction * (double)u.factor), 1);
    case UNIT_DAYS:
        return add_product(&r->days, q.whole, u.factor) &&
               add_days_fraction(r, q.fraction * (double)u.factor);
    case UNIT_MONTHS:
        if (!add_product(&r->months, q.whole, u.factor)) return false;
        if (u.factor == 1) return add_days_fraction(r, q.fraction * 30);
        return add_product(&r->months, (int64_t)rint(q.fraction * (double)u.factor), 1);
    }
    return false;
}

static bool take_unit(reader *r, unit *out)
{
    char word[16] = " ";
    size_t n = 1;
    while (r->p < r->end && ((uint8_t)((*r->p | 0x20) - 'a') < 26) && n < sizeof word - 2)
        word[n++] = (char)(*r->p++ | 0x20);
    word[n] = ' ';
    word[n + 1] = 0;
    for (size_t i = 0; i < sizeof unit_words / sizeof *unit_words; i++)
        if (strstr(unit_words[i].words, word)) {
            *out = unit_words[i].u;
            return true;
        }
    return false;
}

/* Behind "h:": mm[:ss[.f]]; or behind "m:": ss.f. */
static bool take_clock(reader *r, int64_t hours, int64_t sign)
{
    int64_t minutes, seconds = 0, micros = 0;
    double fraction = 0;
    bool three = false;
    const uint32_t bits = BIT_US | BIT_MS | BIT_S | BIT_MIN | BIT_H;
    if (r->seen & bits) return false;
    r->seen |= bits;
    if (!take_digits(r, &minutes)) return false;
    if (r->p < r->end && *r->p == ':') {
        r->p++;
        three = true;
        if (!take_digits(r, &seconds)) return false;
    }
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        fraction = take_fraction(r);
        if (!three) seconds = minutes, minutes = hours, hours = 0; /* "12:34.5" is mm:ss. */
    }
    if (minutes > 59 || seconds > 60) return false;
    micros = (minutes * 60 + seconds) * USECS_PER_SEC + (int64_t)rint(fraction * 1e6);
    return add_product(&r->micros, hours * sign, 3600 * USECS_PER_SEC) &&
           add_product(&r->micros, micros, sign);
}

/* Is the next thing a clock time ("12:00")? Then a number without unit before
 * it is days. */
static bool clock_follows(reader *r)
{
    size_t n = r->p < r->end && (*r->p == '-' || *r->p == '+') ? 1 : 0;
    size_t start = n;
    while (at_digit(r, n)) n++;
    return n > start && (size_t)(r->end - r->p) > n && r->p[n] == ':';
}

/* One of: "12:00:00", "1-2", "1.5 days", "12" (seconds at the end, days before
 * a clock time). */
static bool take_field(reader *r)
{
    quantity q = { 0 };
    int64_t months;
    unit u;
    int64_t sign = *r->p == '-' ? -1 : 1;
    if (*r->p == '-' || *r->p == '+') r->p++;
    bool digits = at_digit(r, 0);
    if (digits && !take_digits(r, &q.whole)) return false;
    if (digits && r->p < r->end && *r->p == ':') {
        r->p++;
        return take_clock(r, q.whole, sign);
    }
    if (digits && r->p < r->end && *r->p == '-' && at_digit(r, 1)) {
        r->p++;
        if (!take_digits(r, &months) || months > 11) return false;
        if (r->p < r->end && *r->p != ' ' && *r->p != '\t') return false; /* "2024-02-29" */
        if (!add_quantity(r, (quantity){ .whole = q.whole * sign }, unit_words[9].u)) return false;
        return add_quantity(r, (quantity){ .whole = months * sign }, unit_month);
    }
    if (r->p < r->end && *r->p == '.' && (digits || at_digit(r, 1))) {
        r->p++;
        q.fraction = take_fraction(r);
        digits = true;
    }
    if (!digits) return false;
    q.whole *= sign;
    q.fraction *= (double)sign;
    skip_spaces(r);
    if (r->p == r->end) return add_quantity(r, q, unit_second);
    if (clock_follows(r)) return add_quantity(r, q, unit_day);
    return take_unit(r, &u) && add_quantity(r, q, u);
}

/* Behind "P": "1Y2M3W4DT5H6M7.5S". */
static bool take_iso(reader *r)
{
    static const struct {
        char letter;
        bool time;
        uint8_t index;
    } marks[] = {
        { 'Y', false, 9 }, { 'M', false, 7 }, { 'W', false, 6 }, { 'D', false, 5 },
        { 'H', true, 4 },  { 'M', true, 3 },  { 'S', true, 2 },
    };
    bool time = false;
    while (r->p < r->end) {
        quantity q = { 0 };
        size_t i = 0;
        if (*r->p == 'T' && !time) {
            time = true;
            r->p++;
        }
        if (r->p == r->end) return false;
        int64_t sign = *r->p == '-' ? -1 : 1;
        if (*r->p == '-' || *r->p == '+') r->p++;
        if (!take_digits(r, &q.whole)) return false;
        q.whole *= sign;
        if (r->p < r->end && *r->p == '.') {
            r->p++;
            q.fraction = take_fraction(r) * (double)sign;
        }
        if (r->p == r->end) return false;
        while (i < 7 && (marks[i].letter != *r->p || marks[i].time != time)) i++;
        if (i == 7 || !add_quantity(r, q, unit_words[marks[i].index].u)) return false;
        r->p++;
    }
    return r->seen != 0;
}

static bool take_fields(reader *r)
{
    bool ago = false;
    skip_spaces(r);
    if (r->p < r->end && *r->p == '@') r->p++;
    for (skip_spaces(r); r->p < r->end && !ago; skip_spaces(r)) {
        if (r->end - r->p >= 3 && strncasecmp(r->p, "ago", 3) == 0) {
            r->p += 3;
            ago = true;
        } else if (!take_field(r)) {
            return false;
        }
    }
    if (r->p != r->end || r->seen == 0) return false;
    if (!ago) return true;
    r->months = -r->months;
    r->days = -r->days;
    return !__builtin_sub_overflow(0, r->micros, &r->micros);
}

bool tide_parse_interval(const char *ptr, size_t len, tide_interval *out)
{
    reader r = { .p = ptr, .end = ptr + len };
    if (len && *ptr == 'P') {
        r.p++;
        if (!take_iso(&r)) return false;
    } else if (!take_fields(&r)) {
        return false;
    }
    if (r.months < INT32_MIN || r.months > INT32_MAX || r.days < INT32_MIN || r.days > INT32_MAX)
        return false;
    *out = (tide_interval){ (int32_t)r.months, (int32_t)r.days, r.micros };
    return true;
}
