/* nexmark_test.c - the generator's rows have the benchmark's shape and depend
 * on the seed alone. */
#include "worker/connector/nexmark/gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "tests/support/connkit.h"

#define BID_COLUMNS                                                                                \
    "auction BIGINT,bidder BIGINT,price BIGINT,channel STRING,url STRING,"                         \
    "date_time TIMESTAMP(3),extra STRING"
#define AUCTION_COLUMNS                                                                            \
    "id BIGINT,item_name STRING,description STRING,initial_bid BIGINT,reserve "                    \
    "BIGINT,"                                                                                      \
    "date_time TIMESTAMP(3),expires TIMESTAMP(3),seller BIGINT,category "                          \
    "BIGINT,extra STRING"
#define PERSON_COLUMNS                                                                             \
    "id BIGINT,name STRING,email_address STRING,credit_card STRING,city "                          \
    "STRING,state STRING,"                                                                         \
    "date_time TIMESTAMP(3),extra STRING"
#define OPTIONS(...) ((const char *const[]){ "connector", "nexmark", __VA_ARGS__, NULL })

/* All rows of a table, as lines, of one subtask; the caller frees with
 * tide_bytes_fini. */
static tide_bytes read_subtask(tide_connkit_home *f, const char *columns, const char *names,
                               const char *const *options, uint32_t subtask, uint32_t parallelism,
                               uint32_t rows_max, uint64_t *events)
{
    tide_table *table = tide_connkit_table(f->arena, columns, options);
    tide_connkit_source s;
    tide_bytes lines = { 0 };
    tide_status rv =
        tide_connkit_source_open(&s, f->pool, f->waker, tide_connkit_scan(f->arena, table, names),
                                 subtask, parallelism, rows_max);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, 2000, &lines), TIDE_SOURCE_END);
    assert_int_equal(s.n_split_ends, 1);
    if (events) *events += s.counters.rows_in;
    tide_connkit_source_close(&s);
    return lines;
}

static int64_t number(const char *text)
{
    int64_t value = 0;
    assert_true(tide_parse_i64(text, strlen(text), &value));
    return value;
}

static uint32_t count_lines(const tide_bytes *lines)
{
    uint32_t n = 0;
    for (size_t i = 0; i < lines->n; i++) n += lines->p[i] == '\n';
    return n;
}

static void of_fifty_events_one_is_a_person_three_are_auctions(void **state)
{
    static const struct {
        const char *type, *columns;
        uint32_t rows; /* Of 1,023 events: 20 epochs and 23 events. */
    } cases[] = { { "bid", BID_COLUMNS, 20 * 46 + 19 },
                  { "auction", AUCTION_COLUMNS, 20 * 3 + 3 },
                  { "person", PERSON_COLUMNS, 20 + 1 } };
    for (int i = 0; i < 3; i++) {
        uint64_t events = 0;
        tide_bytes lines = read_subtask(*state, cases[i].columns, NULL,
                                        OPTIONS("table-type", cases[i].type, "events", "1023"), 0,
                                        1, TIDE_BATCH_ROWS_MAX, &events);
        assert_int_equal(count_lines(&lines), cases[i].rows);
        assert_int_equal(events, 1023);
        tide_bytes_fini(&lines);
    }
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order, as one text. */
static char *sorted(tide_bytes *lines)
{
    uint32_t n = count_lines(lines), i = 0;
    char **all = tide_calloc(n + 1, sizeof *all), *save = NULL;
    for (char *l = strtok_r((char *)(uintptr_t)tide_bytes_text(lines), "\n", &save); l;
         l = strtok_r(NULL, "\n", &save))
        all[i++] = l;
    qsort(all, i, sizeof *all, compare_lines);
    tide_bytes out = { 0 };
    for (uint32_t k = 0; k < i; k++) {
        tide_bytes_puts(&out, all[k]);
        tide_bytes_putc(&out, '\n');
    }
    char *text = tide_strdup(tide_bytes_text(&out));
    tide_bytes_fini(&out);
    tide_free(all);
    return text;
}

/* One stripe, four stripes, and one row at a time hold the same rows. */
static void parallelism_does_not_change_the_data(void **state)
{
    tide_connkit_home *f = *state;
    static const struct {
        const char *type, *columns, *events;
    } cases[] = { { "bid", BID_COLUMNS, "20011" },
                  { "auction", AUCTION_COLUMNS, "20011" },
                  { "person", PERSON_COLUMNS, "20011" } };
    for (int i = 0; i < 3; i++) {
        const char *const *options =
            OPTIONS("table-type", cases[i].type, "events", cases[i].events, "seed", "42");
        tide_bytes one =
            read_subtask(f, cases[i].columns, NULL, options, 0, 1, TIDE_BATCH_ROWS_MAX, NULL);
        tide_bytes slow = read_subtask(f, cases[i].columns, NULL, options, 0, 1, 1, NULL);
        assert_int_equal(one.n, slow.n);
        assert_memory_equal(one.p, slow.p, one.n);
        tide_bytes four = { 0 };
        uint64_t events = 0;
        for (uint32_t s = 0; s < 4; s++) {
            tide_bytes part = read_subtask(f, cases[i].columns, NULL, options, s, 4, 100, &events);
            tide_bytes_put(&four, part.p, part.n);
            tide_bytes_fini(&part);
        }
        assert_int_equal(events, 20011);
        char *a = sorted(&one), *b = sorted(&four);
        assert_string_equal(a, b);
        tide_free(a), tide_free(b);
        tide_bytes_fini(&one), tide_bytes_fini(&four), tide_bytes_fini(&slow);
    }
}

/* A projection's values are those of the whole row. */
static void unread_columns_do_not_change_the_others(void **state)
{
    tide_connkit_home *f = *state;
    const char *const *options = OPTIONS("events", "5000");
    tide_bytes all = read_subtask(f, BID_COLUMNS, NULL, options, 0, 1, 4096, NULL);
    tide_bytes some =
        read_subtask(f, BID_COLUMNS, "bidder,channel,extra", options, 0, 1, 4096, NULL);
    char *save_a = NULL, *save_b = NULL;
    char *a = strtok_r((char *)(uintptr_t)tide_bytes_text(&all), "\n", &save_a);
    char *b = strtok_r((char *)(uintptr_t)tide_bytes_text(&some), "\n", &save_b);
    for (; a && b; a = strtok_r(NULL, "\n", &save_a), b = strtok_r(NULL, "\n", &save_b)) {
        char *field[7], *save = NULL;
        for (int i = 0; i < 7; i++) field[i] = strtok_r(i ? NULL : a, "|", &save);
        char expect[512];
        snprintf(expect, sizeof expect, "%s|%s|%s", field[1], field[3], field[6]);
        assert_string_equal(expect, b);
    }
    assert_true(a == NULL && b == NULL);
    tide_bytes_fini(&all), tide_bytes_fini(&some);
}

/* What the field's generators promise of a bid: half to the hot auction, three
 * quarters by the hot bidder, ids among those in flight, prices of 1 to
 * 1,000,000 in cents, half over four channels. */
static void bids_have_the_usual_proportions(void **state)
{
    tide_bytes lines =
        read_subtask(*state, BID_COLUMNS, NULL, OPTIONS("events", "500000"), 0, 1, 4096, NULL);
    uint32_t n = 0, hot_auction = 0, hot_bidder = 0, hot_channel = 0;
    uint64_t extra_bytes = 0;
    int64_t price_max = 0, last_us = 0;
    char *save = NULL;
    for (char *l = strtok_r((char *)(uintptr_t)tide_bytes_text(&lines), "\n", &save); l;
         l = strtok_r(NULL, "\n", &save), n++) {
        char *field[7], *at = NULL;
        for (int i = 0; i < 7; i++) field[i] = strtok_r(i ? NULL : l, "|", &at);
        int64_t epoch = n / 46, auction = number(field[0]), bidder = number(field[1]), us;
        int64_t price = number(field[2]), last = epoch * 3 + 2;
        hot_auction += auction == last / 100 * 100 + 1000;
        hot_bidder += bidder == epoch / 100 * 100 + 1 + 1000;
        assert_true(auction >= 1000 && auction <= last + 1000 + 10);
        assert_true(auction >= last - 100 + 1000 || auction == last / 100 * 100 + 1000);
        assert_true(bidder >= 1000 && bidder <= epoch + 1000 + 10);
        assert_true(price >= 100 && price <= 100000000);
        price_max = price > price_max ? price : price_max;
        hot_channel += strncmp(field[3], "channel-", 8) != 0;
        assert_true(strncmp(field[4], "https://www.nexmark.com/", 24) == 0);
        assert_non_null(strstr(field[4], "/item.htm?query=1"));
        assert_true(tide_parse_timestamp(field[5], strlen(field[5]), &us, NULL));
        assert_true(us >= last_us);
        last_us = us;
        extra_bytes += strlen(field[6]);
        assert_true(strlen(field[6]) >= 54 && strlen(field[6]) < 82);
    }
    assert_int_equal(n, 460000);
    assert_in_range(hot_auction * 1000ull / n, 500,
                    510); /* Some of the others are hot by chance. */
    assert_in_range(hot_bidder * 1000ull / n, 745, 755);
    assert_in_range(hot_channel * 1000ull / n, 490, 510);
    assert_in_range(extra_bytes / n, 66, 69);
    assert_true(price_max > 99000000);
    int64_t first; /* 10,000 events a second from the first of 2024. */
    assert_true(tide_parse_timestamp("2024-01-01", 10, &first, NULL));
    assert_in_range(last_us - first, 49999000, 50000000);
    tide_bytes_fini(&lines);
}

static void auctions_and_persons_read_as_expected(void **state)
{
    tide_bytes lines =
        read_subtask(*state, AUCTION_COLUMNS, "id,initial_bid,reserve,seller,category",
                     OPTIONS("table-type", "auction", "events", "5000"), 0, 1, 4096, NULL);
    uint32_t n = 0;
    char *save = NULL;
    for (char *l = strtok_r((char *)(uintptr_t)tide_bytes_text(&lines), "\n", &save); l;
         l = strtok_r(NULL, "\n", &save), n++) {
        long long id, initial, reserve, seller, category;
        assert_int_equal(sscanf(l, "%lld|%lld|%lld|%lld|%lld", &id, &initial, &reserve, &seller,
                                &category),
                         5);
        assert_int_equal(id, 1000 + n);
        assert_true(initial >= 100 && reserve >= initial + 100);
        assert_in_range(seller, 1000, 1000 + n / 3 + 10);
        assert_in_range(category, 10, 14);
    }
    assert_int_equal(n, 300);
    tide_bytes_fini(&lines);

    lines =
        read_subtask(*state, PERSON_COLUMNS, NULL,
                     OPTIONS("nexmark.table.type", "Person", "events", "5000"), 0, 1, 4096, NULL);
    n = 0;
    save = NULL;
    for (char *l = strtok_r((char *)(uintptr_t)tide_bytes_text(&lines), "\n", &save); l;
         l = strtok_r(NULL, "\n", &save), n++) {
        char *field[8], *at = NULL;
        for (int i = 0; i < 8; i++) field[i] = strtok_r(i ? NULL : l, "|", &at);
        assert_int_equal(number(field[0]), 1000 + n);
        assert_non_null(strchr(field[1], ' '));
        assert_non_null(strstr(field[2], ".com"));
        assert_int_equal(strlen(field[3]), 19);
        assert_int_equal(strlen(field[5]), 2);
        assert_in_range(strlen(field[7]), 90, 180);
    }
    assert_int_equal(n, 100);
    tide_bytes_fini(&lines);
}

/* Shuffled groups hold the same times as ordered ones. */
static void out_of_order_groups_shuffle_event_times(void **state)
{
    tide_connkit_home *f = *state;
    tide_bytes ordered =
        read_subtask(f, BID_COLUMNS, "date_time",
                     OPTIONS("events", "2500", "event-time.rate", "1000"), 0, 1, 4096, NULL);
    tide_bytes shuffled = read_subtask(f, BID_COLUMNS, "date_time",
                                       OPTIONS("events", "2500", "event-time.rate", "1000",
                                               "out-of-order.group", "500"),
                                       0, 1, 4096, NULL);
    assert_int_equal(ordered.n, shuffled.n);
    assert_memory_not_equal(ordered.p, shuffled.p, ordered.n);
    uint32_t n = 0;
    char *a = sorted(&shuffled), *save = NULL;
    const char *last = "";
    for (char *l = strtok_r(a, "\n", &save); l; last = l, l = strtok_r(NULL, "\n", &save), n++)
        assert_true(strcmp(last, l) < 0); /* At 1,000 events a second no two are equal. */
    assert_int_equal(n, 2300);
    tide_free(a);
    tide_bytes_fini(&ordered), tide_bytes_fini(&shuffled);
}

/* With an injected clock: nothing before its time, all of it in the end. */
static void a_pace_follows_the_clock(void **state)
{
    tide_connkit_home *f = *state;
    tide_table *table = tide_connkit_table(f->arena, BID_COLUMNS,
                                           OPTIONS("events", "100", "events-per-second", "10"));
    tide_connkit_source s;
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, "price"), 0, 1,
                                              4096),
                     TIDE_OK);
    uint32_t rows = 0, ends = 0;
    int64_t second = 1000000000;
    s.now_ns = second;
    for (uint32_t polls = 0; polls < 1000; polls++) {
        tide_source_poll poll;
        tide_source_result r = s.connector->source->poll(s.self, &poll);
        if (r == TIDE_SOURCE_BATCH) {
            rows += poll.batch->n_rows;
            uint64_t events = (uint64_t)(s.now_ns - second) * 10 / (uint64_t)second;
            assert_true(rows <= events);
            tide_batch_unref(&poll.batch);
        } else if (r == TIDE_SOURCE_NOTHING) {
            assert_true(poll.next_ns > s.now_ns);
            s.now_ns = poll.next_ns;
        } else if (r == TIDE_SOURCE_SPLIT_END) {
            ends++;
        } else {
            assert_int_equal(r, TIDE_SOURCE_END);
            break;
        }
    }
    assert_int_equal(rows, 92);
    assert_int_equal(ends, 1);
    assert_in_range(s.now_ns / (second / 100), 1090, 1102);
    tide_connkit_source_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_fifty_events_one_is_a_person_three_are_auctions,
                                        tide_connkit_set_up, tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(parallelism_does_not_change_the_data, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(unread_columns_do_not_change_the_others,
                                        tide_connkit_set_up, tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(bids_have_the_usual_proportions, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(auctions_and_persons_read_as_expected, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(out_of_order_groups_shuffle_event_times,
                                        tide_connkit_set_up, tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(a_pace_follows_the_clock, tide_connkit_set_up,
                                        tide_connkit_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
