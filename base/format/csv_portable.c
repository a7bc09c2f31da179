/* csv_portable.c - eight bytes at a time, with what every machine has. */
#include "base/format/csv_simd_priv.h"

#define ZEROS UINT64_C(0x3030303030303030)

/* ---- masks ---- */

/* 0x80 in every byte of v that equals that of pattern; exact, without borrows
 * between bytes. */
TIDE_INLINE uint64_t equal_bytes(uint64_t v, uint64_t pattern)
{
    uint64_t x = v ^ pattern;
    return ~(((x & 0x7f7f7f7f7f7f7f7fu) + 0x7f7f7f7f7f7f7f7fu) | x | 0x7f7f7f7f7f7f7f7fu);
}

/* The top bits of eight bytes, gathered. */
TIDE_INLINE uint64_t gather_bits(uint64_t tops)
{
    return (tops >> 7) * 0x0102040810204080u >> 56;
}

TIDE_INLINE csv_found scan_block(const char *bytes, csv_marks marks)
{
    const uint64_t each = 0x0101010101010101u;
    csv_found f = { 0 };
    for (uint32_t i = 0; i < 64; i += 8) {
        uint64_t v = tide_load8(bytes + i);
        f.delimiters |= gather_bits(equal_bytes(v, each * marks.delimiter)) << i;
        f.lines |= gather_bits(equal_bytes(v, each * '\n')) << i;
        f.quotes |= gather_bits(equal_bytes(v, each * marks.quote)) << i;
        f.zeros |= equal_bytes(v, 0) != 0;
        f.high |= (v & 0x8080808080808080u) != 0;
    }
    return f;
}

static size_t scan(const char *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    return csv_scan_blocks(bytes, len, marks, out, scan_block);
}

static uint32_t offsets(const uint64_t *masks, size_t len, uint32_t *at)
{
    uint32_t n = 0;
    for (uint32_t base = 0; base < len; base += 64) {
        uint64_t m = masks[base / 64];
        uint32_t count = (uint32_t)__builtin_popcountll(m);
        uint32_t *to = at + n;
        n += count;
        /* Eight at a time without asking: what is too much is overwritten by the next mask's. */
        for (;; to += 8, count -= 8) {
            for (uint32_t i = 0; i < 8; i++) {
                to[i] = base + (uint32_t)__builtin_ctzll(m | 1ull << 63);
                m &= m - 1;
            }
            if (count <= 8) break;
        }
    }
    return n;
}

/* ---- values ---- */

/* The text moved to the top bytes, so that its last character is the last, with '0' in front. For
 * lengths outside 1 to 8 anything. */
TIDE_INLINE uint64_t right_aligned(uint64_t text, uint32_t len)
{
    return text << ((64 - 8 * len) & 63) | ZEROS >> 1 >> ((8 * len - 1) & 63);
}

TIDE_INLINE bool is_short(uint32_t len)
{
    return len - 1 < 8;
}

TIDE_INLINE void note(csv_bad bad, uint32_t i, bool is_bad, uint32_t *any)
{
    if ((i & 7) == 0) bad[i / 8] = 0;
    bad[i / 8] |= (uint8_t)(is_bad << (i & 7));
    *any |= is_bad;
}

TIDE_INLINE bool integer(const csv_texts *texts, uint32_t i, uint32_t *value)
{
    uint32_t len;
    uint64_t v = tide_load8(csv_text_at(texts, i, &len));
    v = right_aligned(v, len);
    *value = tide_digits8_value(v);
    return is_short(len) && tide_digits8_all(v);
}

static uint32_t integers(const csv_texts *texts, uint64_t *values, csv_bad bad)
{
    uint32_t any = 0, value;
    for (uint32_t i = 0; i < texts->n; i++) {
        note(bad, i, !integer(texts, i, &value), &any);
        values[i] = value;
    }
    return any;
}

static uint32_t integers32(const csv_texts *texts, uint32_t *values, csv_bad bad)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < texts->n; i++) note(bad, i, !integer(texts, i, &values[i]), &any);
    return any;
}

static uint32_t decimals(const csv_texts *texts, uint32_t scale, uint64_t largest, uint64_t *values,
                         csv_bad bad)
{
    const uint64_t one = tide_pow10_u64[scale], below = ((uint64_t)1 << (56 - 8 * scale)) - 1;
    const uint64_t at_point = UINT64_C(0xff) << (56 - 8 * scale), above = ~(below | at_point);
    const uint64_t point = UINT64_C(0x2e) << (56 - 8 * scale);
    uint32_t any = 0, len;
    for (uint32_t i = 0; i < texts->n; i++) {
        uint64_t v = tide_load8(csv_text_at(texts, i, &len));
        v = right_aligned(v, len);
        bool pointed = (v & at_point) == point;
        if (pointed) v = (v & below) << 8 | (v & above) | 0x30; /* Without the point. */
        uint64_t value = tide_digits8_value(v) * (pointed ? 1 : one);
        note(bad, i, !is_short(len) || !tide_digits8_all(v) || value > largest, &any);
        values[2 * i] = value;
        values[2 * i + 1] = 0;
    }
    return any;
}

/* v: the digits of year, month and day, year and month with a zero behind: yyyy0mm0. */
TIDE_INLINE bool date(uint64_t v, uint32_t day, int32_t *out)
{
    uint32_t number = tide_digits8_value(v), year = number / 10000, month = number / 10 % 1000;
    uint32_t century = year / 100;
    bool leap = (year & 3) == 0 && (year != century * 100 || (century & 3) == 0);
    uint32_t days_in = month == 2 ? 28u + leap : 30 + ((month + (month >> 3)) & 1);
    /* As tide_days_from_civil: years begin in March. */
    bool early = month < 3;
    uint32_t y = year - early, c = century - (early && year == century * 100);
    uint32_t of_year = (153 * (early ? month + 9 : month - 3) + 2) / 5 + day - 1;
    *out = (int32_t)(y * 365 + (y >> 2) - c + (c >> 2) + of_year - 719468);
    return tide_digits8_all(v) && month - 1 <= 11 && day - 1 < days_in && year >= 1601;
}

static uint32_t dates(const csv_texts *texts, int32_t *values, csv_bad bad)
{
    const uint64_t dashes = UINT64_C(0x2d00002d00000000), at_dashes = UINT64_C(0xff0000ff00000000);
    uint32_t any = 0, len, day;
    for (uint32_t i = 0; i < texts->n; i++) {
        const char *p = csv_text_at(texts, i, &len);
        uint64_t text = tide_load8(p);
        bool good = tide_digits2(p + 8, &day);
        good &= len == 10 && (text & at_dashes) == dashes;
        good &= date(text ^ UINT64_C(0x1d00001d00000000), day, &values[i]); /* Dashes: zeros. */
        note(bad, i, !good, &any);
    }
    return any;
}

static uint32_t views(const csv_texts *texts, uint32_t longest, tide_view *values, uint8_t *heap,
                      uint32_t used, uint32_t buf)
{
    (void)longest;
    for (uint32_t i = 0; i < texts->n; i++) {
        uint32_t len;
        const char *p = csv_text_at(texts, i, &len);
        tide_view view = { .len = len };
        if (len <= TIDE_VIEW_INLINE_MAX) {
            memcpy(view.inline_, p, len);
        } else {
            memcpy(view.prefix, p, 4);
            view.buf = buf;
            view.offset = used;
            memcpy(heap + used, p, len);
            used += len;
        }
        values[i] = view;
    }
    return used;
}

const csv_simd csv_simd_portable = { .name = "portable",
                                     .scan = scan,
                                     .offsets = offsets,
                                     .integers = integers,
                                     .integers32 = integers32,
                                     .decimals = decimals,
                                     .dates = dates,
                                     .views = views };
