/* csv_simd_test.c - every instruction set of the CSV reader that this machine has: masks and
 * offsets against one byte or bit at a time, values against the parsers of text.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "base/core/bytes.h"
#include "base/core/mem.h"
#include "base/core/pool.h"
#include "base/core/random.h"
#include "base/format/csv_simd.h"

static const csv_simd *sets[3];
static uint32_t n_sets;

static tide_random seeded(uint64_t seed)
{
    tide_random r;
    tide_random_init(&r, seed, 0);
    return r;
}

static uint32_t below(tide_random *r, size_t limit)
{
    return (uint32_t)tide_random_below(r, limit);
}

/* ---- masks ---- */

static size_t scan_bytewise(const uint8_t *bytes, size_t len, csv_marks marks, csv_masks *out)
{
    *out = (csv_masks){ .ascii = true };
    for (size_t at = 0; at < len; at += 64) {
        size_t end = at + 64 < len ? at + 64 : len;
        if (memchr(bytes + at, '\0', end - at)) return at;
        for (size_t i = at; i < end; i++) {
            uint64_t bit = (uint64_t)1 << (i % 64);
            if (bytes[i] == '\n') out->lines[i / 64] |= bit, out->n_lines++;
            if (bytes[i] == '\n' || bytes[i] == marks.delimiter) out->ends[i / 64] |= bit;
            if (marks.quote && bytes[i] == marks.quote) out->quotes[i / 64] |= bit;
            if (bytes[i] > 127) out->ascii = false;
        }
        out->quoted |= out->quotes[at / 64] != 0;
    }
    return len;
}

/* Also with what follows the window looking like all that matters in it. */
static void masks_say_where_bytes_with_a_meaning_are(void **state)
{
    static const char kinds[] = "a,\n\"|b c\xc3x";
    static csv_masks got, want;
    static uint8_t bytes[1024 + 64];
    tide_random r = seeded(1);
    (void)state;
    for (uint32_t round = 0; round < 4000; round++) {
        size_t len = below(&r, round % 4 ? 200 : 1024);
        csv_marks marks = { round % 3 ? ',' : '|', round % 2 ? '"' : '\0', '\0' };
        uint32_t n_kinds = round % 5 ? 8 : 10;
        for (size_t i = 0; i < len + 64; i++) bytes[i] = (uint8_t)kinds[below(&r, n_kinds)];
        if (round % 7 == 0) bytes[below(&r, len + 64)] = '\0';
        size_t n = scan_bytewise(bytes, len, marks, &want);
        for (uint32_t s = 0; s < n_sets; s++) {
            memset(&got, 0xaa, sizeof got);
            assert_int_equal(sets[s]->scan((const char *)bytes, len, marks, &got), n);
            size_t words = (n + 63) / 64;
            assert_memory_equal(got.ends, want.ends, words * 8);
            assert_memory_equal(got.lines, want.lines, words * 8);
            assert_memory_equal(got.quotes, want.quotes, words * 8);
            assert_int_equal(got.n_lines, want.n_lines);
            assert_int_equal(got.quoted, want.quoted);
            if (n == len) assert_int_equal(got.ascii, want.ascii);
        }
    }
}

static void offsets_are_those_of_the_bits(void **state)
{
    static uint32_t got[64 * 16 + 64];
    tide_random r = seeded(2);
    (void)state;
    for (uint32_t round = 0; round < 3000; round++) {
        uint64_t masks[16];
        uint32_t n_masks = 1 + below(&r, 16), n = 0, want[64 * 16];
        for (uint32_t i = 0; i < n_masks; i++) {
            masks[i] = tide_random_u64(&r);
            for (uint32_t k = 0; k < round % 6; k++) masks[i] &= tide_random_u64(&r);
            if (round % 50 == 49) masks[i] = ~0ull;
            for (uint32_t bit = 0; bit < 64; bit++)
                if (masks[i] >> bit & 1) want[n++] = i * 64 + bit;
        }
        for (uint32_t s = 0; s < n_sets; s++) {
            assert_int_equal(sets[s]->offsets(masks, n_masks * 64 - 63, got), n);
            assert_memory_equal(got, want, n * sizeof *want);
        }
    }
}

/* ---- values ---- */

/* Texts behind one another, with some rows' first texts and a second column that is not read. */
typedef struct column {
    tide_bytes text;
    uint32_t ends[2 * CSV_TEXTS + 1];
    uint32_t n;
} column;

static void add_text(column *c, const char *text)
{
    if (c->n == 0) c->ends[0] = UINT32_MAX;
    tide_bytes_puts(&c->text, text);
    c->ends[2 * c->n + 1] = (uint32_t)c->text.n;
    tide_bytes_puts(&c->text, "|9-.");
    c->ends[2 * c->n + 2] = (uint32_t)c->text.n;
    tide_bytes_putc(&c->text, '\n');
    c->n++;
    memset(tide_bytes_reserve(&c->text, TIDE_BUF_PADDING), '7', TIDE_BUF_PADDING);
}

static csv_texts texts_of(const column *c)
{
    return (csv_texts){ c->text.p, c->ends + 1, 2, c->n };
}

static bool is_bad(const uint8_t *bad, uint32_t i)
{
    return bad[i / 8] >> (i % 8) & 1;
}

/* The text of row i; returns its length. */
static size_t text_at(const column *c, uint32_t i, const char **out)
{
    uint32_t start = c->ends[2 * (size_t)i] + 1;
    *out = c->text.p + start;
    return c->ends[2 * i + 1] - start;
}

/* Digits, sometimes with something else among them; `plain` says which texts must be taken. */
static void make_number(tide_random *r, bool point, char *out)
{
    static const char odd[] = ".-+ /:x9\xc3";
    size_t len = below(r, 10);
    for (size_t i = 0; i < len; i++) out[i] = (char)('0' + below(r, 10));
    out[len] = '\0';
    if (point && len > 0 && below(r, 4)) out[below(r, len)] = '.';
    if (len > 0 && below(r, 5) == 0) out[below(r, len)] = odd[below(r, sizeof odd - 1)];
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9') return false;
    return true;
}

static void check_integers(const csv_simd *set, const column *c)
{
    static uint64_t wide[CSV_TEXTS];
    static uint32_t narrow[CSV_TEXTS];
    csv_bad bad, bad32;
    csv_texts texts = texts_of(c);
    uint32_t any = set->integers(&texts, wide, bad), any32 = set->integers32(&texts, narrow, bad32);
    bool any_bad = false;
    assert_memory_equal(bad, bad32, (c->n + 7) / 8);
    for (uint32_t i = 0; i < c->n; i++) {
        const char *text;
        int64_t value;
        size_t len = text_at(c, i, &text);
        any_bad |= is_bad(bad, i);
        assert_int_equal(!is_bad(bad, i), len >= 1 && len <= 8 && all_digits(text, len));
        if (is_bad(bad, i)) continue;
        assert_true(tide_parse_i64(text, len, &value));
        assert_int_equal(wide[i], value);
        assert_int_equal(narrow[i], value);
    }
    assert_int_equal(any != 0, any_bad);
    assert_int_equal(any32 != 0, any_bad);
}

static void integers_are_those_that_the_parser_reads(void **state)
{
    tide_random r = seeded(3);
    char text[16];
    (void)state;
    for (uint32_t round = 0; round < 500; round++) {
        column c = { 0 };
        uint32_t n = 1 + below(&r, round % 2 ? CSV_TEXTS : 20);
        for (uint32_t i = 0; i < n; i++) {
            make_number(&r, false, text);
            add_text(&c, text);
        }
        for (uint32_t s = 0; s < n_sets; s++) check_integers(sets[s], &c);
        tide_bytes_fini(&c.text);
    }
}

/* What must be taken: digits alone, or with as many behind a point as the scale says. */
static bool is_plain_decimal(const char *text, size_t len, uint32_t scale)
{
    if (len < 1 || len > 8) return false;
    if (all_digits(text, len)) return true;
    return len >= scale + 2 && text[len - scale - 1] == '.' && all_digits(text, len - scale - 1) &&
           all_digits(text + len - scale, scale);
}

static void check_decimals(const csv_simd *set, const column *c, uint32_t precision, uint32_t scale)
{
    static uint64_t values[2 * CSV_TEXTS];
    uint64_t largest = 1;
    csv_bad bad;
    csv_texts texts = texts_of(c);
    for (uint32_t i = 0; i < precision; i++) largest *= 10;
    bool any_bad = false, any = set->decimals(&texts, scale, largest - 1, values, bad) != 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const char *text;
        __int128 value;
        size_t len = text_at(c, i, &text);
        bool parsed = tide_parse_decimal(text, len, precision, scale, &value);
        any_bad |= is_bad(bad, i);
        if (is_plain_decimal(text, len, scale)) assert_int_equal(!is_bad(bad, i), parsed);
        if (is_bad(bad, i)) continue;
        assert_true(parsed);
        assert_memory_equal(&values[2 * i], &value, 16);
    }
    assert_int_equal(any, any_bad);
}

static void decimals_are_those_that_the_parser_reads(void **state)
{
    tide_random r = seeded(4);
    char text[16];
    (void)state;
    for (uint32_t round = 0; round < 1000; round++) {
        column c = { 0 };
        uint32_t n = 1 + below(&r, round % 2 ? CSV_TEXTS : 20);
        uint32_t scale = 1 + round % 6, precision = scale + round / 6 % 10;
        for (uint32_t i = 0; i < n; i++) {
            make_number(&r, true, text);
            add_text(&c, text);
        }
        for (uint32_t s = 0; s < n_sets; s++) check_decimals(sets[s], &c, precision, scale);
        tide_bytes_fini(&c.text);
    }
}

/* leap_days: must those of February be taken? */
static void check_dates(const csv_simd *set, const column *c, bool leap_days)
{
    int32_t values[CSV_TEXTS], value;
    csv_bad bad;
    csv_texts texts = texts_of(c);
    bool any_bad = false, any = set->dates(&texts, values, bad) != 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const char *text;
        size_t len = text_at(c, i, &text);
        bool plain = len == 10 && memcmp(text, "1601", 4) >= 0 &&
                     (leap_days || memcmp(text + 5, "02-29", 5) != 0);
        bool parsed = tide_parse_date(text, len, &value);
        any_bad |= is_bad(bad, i);
        if (!is_bad(bad, i)) {
            assert_true(parsed);
            assert_int_equal(values[i], value);
        } else if (plain && all_digits(text, 4) && all_digits(text + 5, 2)) {
            assert_false(parsed);
        }
    }
    assert_int_equal(any, any_bad);
}

static void check_dates_of_all(column *c)
{
    for (uint32_t s = 0; s < n_sets; s++)
        check_dates(sets[s], c, strcmp(sets[s]->name, "portable") == 0);
    c->text.n = c->n = 0;
}

/* Every day of some years, and days that there are not. */
static void dates_are_those_that_the_parser_reads(void **state)
{
    static const int years[] = { 0,    1,    1600, 1601, 1604, 1700, 1899, 1900, 1970,
                                 1999, 2000, 2001, 2024, 2100, 2400, 9996, 9999 };
    column c = { 0 };
    char text[48];
    (void)state;
    for (size_t y = 0; y < sizeof years / sizeof *years; y++)
        for (int month = 0; month <= 19; month++)
            for (int day = 0; day <= 40; day++) {
                snprintf(text, sizeof text, "%04d-%02d-%02d", years[y], month, day);
                add_text(&c, text);
                if (c.n == CSV_TEXTS) check_dates_of_all(&c);
            }
    check_dates_of_all(&c);
    tide_bytes_fini(&c.text);
}

/* One or two bytes of a date are another. */
static void texts_that_are_no_dates_are_left_alone(void **state)
{
    static const char odd[] = "-/:0123456789 a.\xff";
    tide_random r = seeded(5);
    column c = { 0 };
    char text[16];
    (void)state;
    for (uint32_t i = 0; i < 40000; i++) {
        snprintf(text, sizeof text, "%04u-%02u-%02u", 1600 + below(&r, 500), 1 + below(&r, 12),
                 1 + below(&r, 28));
        for (uint32_t k = 0; k < i % 3; k++) text[below(&r, 10)] = odd[below(&r, sizeof odd - 1)];
        if (i % 11 == 0) text[below(&r, 11)] = '\0';
        if (i % 13 == 0) memcpy(text + strlen(text), "0", 2);
        add_text(&c, text);
        if (c.n == CSV_TEXTS) check_dates_of_all(&c);
    }
    check_dates_of_all(&c);
    tide_bytes_fini(&c.text);
}

/* ---- views ---- */

static void check_views(const csv_simd *set, const column *c, uint32_t longest)
{
    tide_view values[CSV_TEXTS];
    csv_texts texts = texts_of(c);
    uint32_t used = 5, room = longest > TIDE_VIEW_INLINE_MAX ? c->n * CSV_VIEW_BYTES_MAX : 0;
    uint8_t *heap = tide_malloc(used + room);
    uint32_t now = set->views(&texts, longest, values, heap, used, 3);
    for (uint32_t i = 0; i < c->n; i++) {
        const char *text, nothing[12] = { 0 };
        const tide_view *v = &values[i];
        size_t len = text_at(c, i, &text);
        assert_int_equal(v->len, len);
        if (len <= TIDE_VIEW_INLINE_MAX) {
            assert_memory_equal(v->inline_, text, len);
            assert_memory_equal(v->inline_ + len, nothing, TIDE_VIEW_INLINE_MAX - len);
            continue;
        }
        assert_memory_equal(v->prefix, text, 4);
        assert_int_equal(v->buf, 3);
        assert_int_equal(v->offset, used);
        assert_memory_equal(heap + used, text, len);
        used += (uint32_t)len;
    }
    assert_int_equal(now, used);
    tide_free(heap);
}

static void views_hold_short_texts_and_point_to_long_ones(void **state)
{
    tide_random r = seeded(6);
    char text[CSV_VIEW_BYTES_MAX + 1];
    (void)state;
    for (uint32_t round = 0; round < 400; round++) {
        column c = { 0 };
        uint32_t n = 1 + below(&r, round % 2 ? CSV_TEXTS : 20), longest = 0;
        uint32_t len_end = round % 4 == 0 ? 13 : round % 4 == 1 ? 33 : CSV_VIEW_BYTES_MAX + 1;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t len = below(&r, len_end);
            for (uint32_t k = 0; k < len; k++) text[k] = (char)(1 + below(&r, 255));
            text[len] = '\0';
            longest = len > longest ? len : longest;
            add_text(&c, text);
        }
        for (uint32_t s = 0; s < n_sets; s++) check_views(sets[s], &c, longest);
        tide_bytes_fini(&c.text);
    }
}

static void a_set_is_picked_by_name(void **state)
{
    (void)state;
    assert_non_null(csv_simd_pick(NULL));
    assert_ptr_equal(csv_simd_pick("portable"), &csv_simd_portable);
    assert_null(csv_simd_pick("no such"));
    assert_ptr_equal(csv_simd_pick(NULL), sets[0]);
}

int main(void)
{
    static const char *const names[] = { "avx512", "avx2", "portable" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (csv_simd_pick(names[i])) sets[n_sets++] = csv_simd_pick(names[i]);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_say_where_bytes_with_a_meaning_are),
        cmocka_unit_test(offsets_are_those_of_the_bits),
        cmocka_unit_test(integers_are_those_that_the_parser_reads),
        cmocka_unit_test(decimals_are_those_that_the_parser_reads),
        cmocka_unit_test(dates_are_those_that_the_parser_reads),
        cmocka_unit_test(texts_that_are_no_dates_are_left_alone),
        cmocka_unit_test(views_hold_short_texts_and_point_to_long_ones),
        cmocka_unit_test(a_set_is_picked_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
