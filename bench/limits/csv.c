/* csv.c - lineitem.tbl into 16 columns: bars are found 64 bytes at a time, fields read in place.
 *
 * It trusts the file: 16 fields a row, numbers with two digits behind the point, no quotes. */
#include <emmintrin.h>
#include <string.h>

#include "bench/limits/limits.h"

#define ROW_BYTES_MIN 80u /* Rows are no shorter than that on average. */
#define FIELDS 16u
#define NUMBERS 8u
#define DATES 3u
#define TEXTS 3u
#define TEXT_BYTES 48u /* Copied at once; no text is longer. */

typedef struct columns {
    int64_t *numbers[NUMBERS];
    char *letters[2];
    int32_t *dates[DATES];
    uint32_t *ends[TEXTS];
    char *bytes[TEXTS];
    uint32_t used[TEXTS];
} columns;

static int64_t number_of(const char *p, const char *end)
{
    int64_t n = 0;
    for (; p < end; p++)
        if (*p != '.') n = n * 10 + (*p - '0');
    return n;
}

static int32_t two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* Days since 1970-01-01 of "1998-09-02", by the rule that shifts the year to begin in March. */
static int32_t date_of(const char *p)
{
    int32_t year = two_digits(p) * 100 + two_digits(p + 2), month = two_digits(p + 5);
    year -= month <= 2, month += month <= 2 ? 9 : -3;
    int32_t leap_days = year / 4 - year / 100 + year / 400;
    return 365 * year + leap_days + (153 * month + 2) / 5 + two_digits(p + 8) - 1 - 719468;
}

static void put_field(columns *c, uint32_t field, uint64_t row, const char *p, const char *end)
{
    switch (field) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7: c->numbers[field][row] = number_of(p, end); return;
    case 8:
    case 9: c->letters[field - 8][row] = *p; return;
    case 10:
    case 11:
    case 12: c->dates[field - 10][row] = date_of(p); return;
    default: break;
    }
    uint32_t text = field - 13;
    memcpy(c->bytes[text] + c->used[text], p, TEXT_BYTES);
    c->used[text] += (uint32_t)(end - p);
    c->ends[text][row] = c->used[text];
}

/* A bit for every bar in 64 bytes. */
static uint64_t bars_of(const char *p)
{
    const __m128i bar = _mm_set1_epi8('|');
    uint64_t bits = 0;
    for (uint32_t i = 0; i < 4; i++) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        bits |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, bar)) << 16 * i;
    }
    return bits;
}

/* All rows that begin in the thread's share of the text. */
static uint64_t parse(columns *c, const limits_text *text, const char *p, const char *end)
{
    uint64_t row = 0;
    uint32_t field = 0;
    const char *from = p, *text_end = text->p + text->n;
    for (const char *block = p; block < text_end && from < end; block += 64)
        for (uint64_t bars = bars_of(block); bars && from < end; bars &= bars - 1) {
            const char *bar = block + __builtin_ctzll(bars);
            put_field(c, field, row, from, bar);
            from = bar + 1;
            if (++field < FIELDS) continue;
            field = 0, row++, from++; /* The newline. */
        }
    return row;
}

static void work(limits_part *part)
{
    const limits_text *text = part->input;
    uint32_t threads = part->options->threads;
    uint64_t rows = text->n / ROW_BYTES_MIN / threads + 1024;
    columns c = { 0 };
    for (uint32_t i = 0; i < NUMBERS; i++) c.numbers[i] = limits_memory(rows * sizeof(int64_t));
    for (uint32_t i = 0; i < 2; i++) c.letters[i] = limits_memory(rows);
    for (uint32_t i = 0; i < DATES; i++) c.dates[i] = limits_memory(rows * sizeof(int32_t));
    for (uint32_t i = 0; i < TEXTS; i++) {
        c.ends[i] = limits_memory(rows * sizeof(uint32_t));
        c.bytes[i] = limits_memory(rows * TEXT_BYTES);
    }
    const char *p = text->p + text->n / threads * part->index;
    const char *end = text->p + text->n / threads * (part->index + 1);
    if (part->index > 0)
        while (p[-1] != '\n') p++;
    if (part->index + 1 == threads) end = text->p + text->n;
    limits_begin(part);
    uint64_t parsed = parse(&c, text, p, end);
    limits_end(part);
    part->done = (uint64_t)(end - p);
    part->out = parsed;
}

void limits_csv(const limits_options *options)
{
    limits_text text = limits_read(options->what);
    limits_run("csv", "bytes", options, &text, work);
}
