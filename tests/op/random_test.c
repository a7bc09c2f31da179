/* Windows over random rows in disorder, against an answer computed the slow way: every row is
 * looked at for every window. Watermarks come in between; no row is late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"
#include "worker/op/window_time.h"

#define ROWS 250
#define KEYS 4
#define DISORDER 35
#define SEEDS 4        /* Each has other aggregates. */
#define SLIDING_SETS 5 /* count(*), sum and count(DISTINCT), but not max. */

typedef struct row {
    int key, ts, n;
} row;

typedef struct shape {
    const char *kind;
    int size, slide;
    int aggs; /* How many of them, or SLIDING_SETS. Without max slices slide. */
} shape;

static uint32_t next_random(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

static void make_rows(uint64_t seed, row *rows, tide_bytes *script)
{
    int base = -100;
    for (int i = 0; i < ROWS; i++) {
        rows[i] = (row){ .key = (int)next_random(&seed, KEYS),
                         .ts = base + (int)next_random(&seed, DISORDER),
                         .n = (int)next_random(&seed, 9) };
        tide_bytes_printf(script, "row k%d %d %d\n", rows[i].key, rows[i].ts, rows[i].n);
        if (next_random(&seed, 3) == 0) base += (int)next_random(&seed, 9);
        if (next_random(&seed, 10) == 0) tide_bytes_printf(script, "wm %d\n", base);
    }
    tide_bytes_puts(script, "end\n");
}

/* The aggregates of a key's rows in [start, end), if there are any. */
static void expect_window(const row *rows, const shape *s, int key, tide_span of, int end,
                          tide_bytes *out)
{
    int count = 0, sum = 0, max = 0, distinct = 0;
    bool seen[16] = { false };
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].key != key || rows[i].ts < of.start || rows[i].ts >= of.end) continue;
        count++;
        sum += rows[i].n;
        if (count == 1 || rows[i].n > max) max = rows[i].n;
        distinct += !seen[rows[i].n];
        seen[rows[i].n] = true;
    }
    const int results[] = { count, sum, max, distinct };
    if (count == 0) return;
    tide_bytes_printf(out, "k%d", key);
    for (int a = 0; a < s->aggs && a < 4; a++)
        if (a != 2 || s->aggs != SLIDING_SETS) tide_bytes_printf(out, " %d", results[a]);
    tide_bytes_printf(out, " %d %d %d\n", (int)of.start, end, end - 1);
}

static bool has_row(const row *rows, int key, int from, int to)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].key == key && rows[i].ts >= from && rows[i].ts < to) return true;
    return false;
}

static void expect_sessions(const row *rows, const shape *s, int key, tide_bytes *out)
{
    for (int t = -200; t < 2000; t++) {
        if (!has_row(rows, key, t, t + 1)) continue;
        int last = t; /* A session begins here: it goes on while a row is within the gap. */
        for (int next = t + 1; next <= last + s->size; next++)
            if (has_row(rows, key, next, next + 1)) last = next;
        expect_window(rows, s, key, (tide_span){ t, last + 1 }, last + s->size, out);
        t = last;
    }
}

static void expect_all(const row *rows, const shape *s, tide_bytes *out)
{
    for (int key = 0; key < KEYS; key++) {
        if (strcmp(s->kind, "session") == 0) expect_sessions(rows, s, key, out);
        if (strcmp(s->kind, "tumble") == 0)
            for (int w = -1000; w < 2000; w += s->size)
                expect_window(rows, s, key, (tide_span){ w, w + s->size }, w + s->size, out);
        if (strcmp(s->kind, "hop") == 0)
            for (int w = -s->slide * 200; w < 2000; w += s->slide)
                expect_window(rows, s, key, (tide_span){ w, w + s->size }, w + s->size, out);
        if (strcmp(s->kind, "cumulate") == 0)
            for (int w = -s->size * 20; w < 2000; w += s->size)
                for (int e = w + s->slide; e <= w + s->size; e += s->slide)
                    expect_window(rows, s, key, (tide_span){ w, e }, e, out);
    }
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(tide_bytes *text)
{
    char *lines[20000];
    size_t n = 0;
    for (char *p = text->p; *p; p += strlen(p) + 1) {
        lines[n++] = p;
        *strchr(p, '\n') = '\0';
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    tide_bytes out = { 0 };
    for (size_t i = 0; i < n; i++) tide_bytes_printf(&out, "%s\n", lines[i]);
    return out.p;
}

static void check(const shape *s, uint64_t seed)
{
    static const char *const aggs[] = { "",
                                        "count(*)",
                                        "count(*),sum(n)",
                                        "count(*),sum(n),max(n)",
                                        "count(*),sum(n),max(n),count(distinct n)",
                                        "count(*),sum(n),count(distinct n)" };
    row rows[ROWS];
    tide_bytes script = { 0 }, expect = { 0 };
    make_rows(seed, rows, &script);
    expect_all(rows, s, &expect);
    tide_bytes_text(&expect);
    char *want = sorted(&expect);
    char *config = tide_asprintf("aggregate keys=k aggs=%s window=%s size=%d slide=%d",
                                 aggs[s->aggs], s->kind, s->size, s->slide);
    tide_op_check(&(tide_op_case){ .schema = "k STRING, ts TIMESTAMP(3), n INT",
                                   .config = config,
                                   .input = tide_bytes_text(&script),
                                   .expect = want,
                                   .materialize = true });
    tide_free(config);
    tide_free(want);
    tide_bytes_fini(&script);
    tide_bytes_fini(&expect);
}

static void check_seeds(const char *kind, int size, int slide)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        check(&(shape){ kind, size, slide, 2 + (int)(seed % 4) }, seed);
}

static void sessions_in_disorder(void **state)
{
    (void)state;
    check_seeds("session", 4, 1);
    check_seeds("session", 9, 1);
    check_seeds("session", 1, 1);
}

static void tumbling_windows_in_disorder(void **state)
{
    (void)state;
    check_seeds("tumble", 20, 1);
    check_seeds("tumble", 4, 1);
}

static void hopping_windows_in_disorder(void **state)
{
    (void)state;
    check_seeds("hop", 20, 5);
    check_seeds("hop", 20, 7);
    check_seeds("hop", 5, 9);
}

static void cumulating_windows_in_disorder(void **state)
{
    (void)state;
    check_seeds("cumulate", 40, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_in_disorder),
        cmocka_unit_test(tumbling_windows_in_disorder),
        cmocka_unit_test(hopping_windows_in_disorder),
        cmocka_unit_test(cumulating_windows_in_disorder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
