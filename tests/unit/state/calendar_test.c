/* calendar_test.c - due rows come out once, in order, whatever happened to them before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/calendar.h"
#include "checkpoint/state/table_priv.h"

#define IDS 3000u

typedef struct fixture {
    tide_state_memory *memory;
    tide_key_spec key;
    tide_table *table;
    tide_calendar *calendar;
    int64_t due[IDS]; /* Of an open id; -1 when it is not. */
    int64_t now, gap;
    uint64_t random;
} fixture;

static uint32_t draw(fixture *f, uint32_t below)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (uint32_t)(((f->random >> 32) * below) >> 32);
}

static fixture *fixture_new(int64_t gap)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->memory = tide_state_memory_new(0);
    f->gap = gap;
    f->random = 4711;
    tide_key_col col = { .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true };
    assert_int_equal(tide_key_spec_init(&f->key, &col, 1, 0), TIDE_OK);
    tide_table_spec spec = { .name = "sessions", .key = &f->key, .value_bytes = 16 };
    assert_int_equal(tide_table_open(&f->table, &spec, (tide_table_groups){ 128, 0, 128 },
                                     f->memory),
                     TIDE_OK);
    f->calendar = tide_calendar_new(&(tide_calendar_config){
        .table = f->table, .due_offset = 0, .filed_offset = 8, .span = gap });
    for (uint32_t i = 0; i < IDS; i++) f->due[i] = -1;
    return f;
}

static void fixture_free(fixture **f_p)
{
    fixture *f = *f_p;
    tide_calendar_free(&f->calendar);
    tide_table_free(&f->table);
    tide_state_memory_free(&f->memory);
    tide_free(f);
    *f_p = NULL;
}

/* An event of `id` at `time`: its session ends a gap later, at least. */
static void event(fixture *f, uint32_t id, int64_t time)
{
    uint64_t key = id, hash;
    uint32_t row;
    tide_key_hash_keys(&f->key, (const uint8_t *)&key, 8, 1, &hash);
    assert_int_equal(tide_table_find_or_insert(f->table, (const uint8_t *)&key, &hash, 1, &row,
                                               NULL, NULL),
                     TIDE_OK);
    int64_t *due = (int64_t *)(void *)tide_table_value(f->table, row);
    bool opened = f->due[id] < 0;
    if (opened || time + f->gap > f->due[id]) *due = f->due[id] = time + f->gap;
    if (opened || draw(f, 2))
        tide_calendar_file(f->calendar, &row, 1); /* Filing again is harmless. */
}

static void forget(fixture *f, uint32_t row)
{
    uint64_t id;
    memcpy(&id, tide_table_key(f->table, row), 8);
    assert_true(f->due[id] >= 0);
    f->due[id] = -1;
    tide_table_delete(f->table, &row, 1);
}

/* Everything due before `now`, and only that, by due time and place. */
static void pop_all(fixture *f)
{
    uint32_t rows[40], n, expected = 0, got = 0;
    int64_t last_due = INT64_MIN;
    uint64_t last_place = 0;
    for (uint32_t id = 0; id < IDS; id++) expected += f->due[id] >= 0 && f->due[id] < f->now;
    while ((n = tide_calendar_pop(f->calendar, f->now, rows, 1 + draw(f, 40))) > 0)
        for (uint32_t i = 0; i < n; i++, got++) {
            int64_t due;
            memcpy(&due, tide_table_value(f->table, rows[i]), 8);
            uint64_t place = (uint64_t)tide_page_of(f->table, rows[i])->group << 32 |
                             tide_ordinal_of(f->table, rows[i]);
            assert_true(due < f->now);
            assert_true(due > last_due || (due == last_due && place > last_place));
            last_due = due;
            last_place = place;
            forget(f, rows[i]);
        }
    assert_int_equal(got, expected);
}

static void random_events(fixture *f, uint32_t rounds, int64_t step)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 200; i++) {
            int64_t ahead =
                draw(f, 50) ? (int64_t)draw(f, (uint32_t)f->gap) : (int64_t)draw(f, 1u << 30);
            event(f, draw(f, IDS), f->now + ahead);
        }
        if (draw(f, 10) == 0) { /* Rows that go without a word, their numbers used again. */
            uint32_t rows[20], n;
            tide_table_scan scan = { 0 };
            n = tide_table_scan_next(f->table, &scan, rows, 20);
            for (uint32_t i = 0; i < n; i++) forget(f, rows[i]);
        }
        if (round == rounds / 2) tide_calendar_rebuild(f->calendar);
        f->now += draw(f, 20) ? draw(f, (uint32_t)step) : draw(f, 1u << 30);
        pop_all(f);
    }
    f->now = INT64_MAX;
    pop_all(f);
    assert_int_equal(tide_table_count(f->table), 0);
}

static void due_rows_come_out_once_and_in_order(void **state)
{
    (void)state;
    static const int64_t gaps[] = { 1, 10, 1000, 100000, 1800000000 };
    for (uint32_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        fixture *f = fixture_new(gaps[i]);
        random_events(f, 150, gaps[i] / 3 + 2);
        fixture_free(&f);
    }
}

/* Bounded input: no watermark but the last. */
static void everything_waits_for_the_first_watermark(void **state)
{
    (void)state;
    fixture *f = fixture_new(1000000);
    for (uint32_t id = 0; id < IDS; id++) event(f, id, draw(f, 1u << 31));
    for (uint32_t id = 0; id < IDS; id++) event(f, id, draw(f, 1u << 31));
    f->now = INT64_MAX;
    pop_all(f);
    fixture_free(&f);
}

static void times_at_the_ends_of_the_range_are_fine(void **state)
{
    (void)state;
    fixture *f = fixture_new(INT64_MAX / 2);
    event(f, 1, 0);
    event(f, 2, INT64_MAX / 2);
    f->now = 5;
    pop_all(f);
    assert_int_equal(tide_table_count(f->table), 2);
    f->now = INT64_MAX;
    pop_all(f);
    assert_int_equal(tide_table_count(f->table), 0);
    fixture_free(&f);
}

/* The end of the input: what is due at many times is not made ready in one piece. */
static void the_last_watermark_comes_bucket_by_bucket(void **state)
{
    (void)state;
    fixture *f = fixture_new(1000000);
    f->now = 1;
    pop_all(f);
    for (uint32_t id = 0; id < IDS; id++) event(f, id, draw(f, 1000000));
    size_t before = tide_calendar_bytes(f->calendar);
    f->now = INT64_MAX;
    pop_all(f);
    assert_in_range(tide_calendar_bytes(f->calendar) - before, 0, IDS * sizeof(int64_t));
    fixture_free(&f);
}

/* A key with several sessions: its row comes out for the first and is filed again for the next. */
static void a_popped_row_can_be_filed_again(void **state)
{
    (void)state;
    fixture *f = fixture_new(100);
    event(f, 7, 0);
    uint32_t row, again;
    assert_int_equal(tide_calendar_pop(f->calendar, 100, &row, 1), 0);
    assert_int_equal(tide_calendar_pop(f->calendar, 1000, &row, 1), 1);
    memcpy(tide_table_value(f->table, row), &(int64_t){ 500 }, 8);
    tide_calendar_file(f->calendar, &row, 1);
    assert_int_equal(tide_calendar_pop(f->calendar, 1000, &again, 1), 1);
    assert_int_equal(again, row);
    memcpy(tide_table_value(f->table, row), &(int64_t){ 5000 }, 8);
    tide_calendar_file(f->calendar, &row, 1);
    assert_int_equal(tide_calendar_pop(f->calendar, 5000, &again, 1), 0);
    assert_int_equal(tide_calendar_pop(f->calendar, 5001, &again, 1), 1);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_rows_come_out_once_and_in_order),
        cmocka_unit_test(everything_waits_for_the_first_watermark),
        cmocka_unit_test(the_last_watermark_comes_bucket_by_bucket),
        cmocka_unit_test(times_at_the_ends_of_the_range_are_fine),
        cmocka_unit_test(a_popped_row_can_be_filed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
