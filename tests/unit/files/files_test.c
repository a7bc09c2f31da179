/* files_test.c - the filesystem connector, reading and writing real files in a
 * folder of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/connkit.h"
#include "tests/support/folder.h"
#include "worker/connector/files/files.h"
#include "worker/connector/files/packer.h"
#include "worker/connector/files/writer.h"

#define ROWS_MS 5000

typedef struct fixture {
    tide_arena *arena;
    tide_pool *pool;
    tide_waker *waker;
    char folder[TIDE_TEST_FOLDER_BYTES];
} fixture;

static int set_up(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->arena = tide_arena_new();
    f->pool = tide_pool_new(0);
    f->waker = tide_waker_new();
    assert_true(tide_test_folder_new("files", f->folder));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_true(tide_test_folder_remove(f->folder));
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
    tide_arena_free(&f->arena);
    tide_waker_free(&f->waker);
    tide_free(f);
    return 0;
}

static char *in_folder(fixture *f, const char *name)
{
    return tide_arena_printf(f->arena, "%s/%s", f->folder, name);
}

static void write_file(fixture *f, const char *name, const char *bytes, size_t n)
{
    const char *slash = strchr(name, '/');
    if (slash)
        mkdir(in_folder(f, tide_arena_strndup(f->arena, name, (size_t)(slash - name))), 0777);
    FILE *file = fopen(in_folder(f, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void write_text(fixture *f, const char *name, const char *text)
{
    write_file(f, name, text, strlen(text));
}

static void write_packed(fixture *f, const char *name, files_packing packing, const char *text,
                         size_t n, size_t keep)
{
    tide_bytes packed = { 0 };
    files_packer *packer = files_packer_new(packing);
    files_packer_put(packer, text, n, true, &packed);
    write_file(f, name, packed.p, keep < packed.n ? keep : packed.n);
    files_packer_free(&packer);
    tide_bytes_fini(&packed);
}

/* One reading of a table. */
typedef struct reading {
    const char *columns, *names; /* Of the table; wanted, NULL: all. */
    const char *options[24];     /* Without connector and path. */
    const char *path;            /* In the fixture's folder; "": the folder. */
    uint32_t parallelism;        /* 0: 1. */
    uint32_t batch_rows;         /* 0: 1000. */
} reading;

static tide_table *table_of(fixture *f, const reading *r)
{
    const char *options[40] = { "connector", "filesystem", "path",
                                *r->path ? in_folder(f, r->path) : f->folder };
    uint32_t n = 4;
    for (uint32_t i = 0; r->options[i]; i++) options[n++] = r->options[i];
    return tide_connkit_table(f->arena, r->columns, options);
}

/* Reads by every subtask in turn; the lines of all. *rv gets the first failure.
 */
static char *read_lines(fixture *f, const reading *r, tide_status *rv, uint64_t *bad)
{
    tide_bytes lines = { 0 };
    uint32_t parallelism = r->parallelism ? r->parallelism : 1;
    tide_table *table = table_of(f, r);
    *rv = TIDE_OK;
    for (uint32_t i = 0; i < parallelism && *rv == TIDE_OK; i++) {
        tide_connkit_source s;
        *rv = tide_connkit_source_open(&s, f->pool, f->waker,
                                       tide_connkit_scan(f->arena, table, r->names), i, parallelism,
                                       r->batch_rows ? r->batch_rows : 1000);
        if (*rv != TIDE_OK) break;
        tide_source_result result = tide_connkit_source_run(&s, UINT64_MAX, ROWS_MS, &lines);
        if (result == TIDE_SOURCE_FAILED)
            *rv = TIDE_E_DATA;
        else
            assert_int_equal(result, TIDE_SOURCE_END);
        if (result == TIDE_SOURCE_END) assert_int_equal(s.n_split_ends, s.args.n_splits);
        if (bad) *bad += atomic_load(&s.counters.bad_rows);
        tide_connkit_source_close(&s);
    }
    tide_bytes_text(&lines);
    char *text = tide_arena_strdup(f->arena, lines.p);
    tide_bytes_fini(&lines);
    return text;
}

static void expect_lines(fixture *f, const reading *r, const char *expect)
{
    tide_status rv;
    char *lines = read_lines(f, r, &rv, NULL);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    assert_string_equal(lines, expect);
}

static void expect_failure(fixture *f, const reading *r, const char *text)
{
    tide_status rv;
    read_lines(f, r, &rv, NULL);
    if (rv == TIDE_OK) fail_msg("no failure, but expected: %s", text);
    if (strstr(tide_error_text(), text) == NULL) fail_msg("%s", tide_error_text());
}

#define JSON                                                                                       \
    {                                                                                              \
        "format", "json", NULL                                                                     \
    }

static void a_file_a_folder_and_a_pattern_are_read(void **state)
{
    fixture *f = *state;
    write_text(f, "b.json", "{\"a\":3}\n{\"a\":4}");
    write_text(f, "a.json", "{\"a\":1}\n{\"a\":2}\n");
    write_text(f, "sub/c.txt", "{\"a\":5}\r\n");
    write_text(f, ".hidden", "not json");
    write_text(f, "_SUCCESS", "");
    write_text(f, "empty", "");
    expect_lines(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "b.json" },
                 "3\n4\n");
    expect_lines(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "" },
                 "1\n2\n3\n4\n5\n");
    expect_lines(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "*.json" },
                 "1\n2\n3\n4\n");
    expect_lines(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "{b.json,sub}" },
                 "3\n4\n5\n");
    expect_lines(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "empty" }, "");
}

static void what_is_not_there_is_named(void **state)
{
    fixture *f = *state;
    expect_failure(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "none.json" },
                   "/none.json: No such file or directory");
    expect_failure(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "*.nothing" },
                   "/*.nothing: no file matches");
    expect_failure(f,
                   &(reading){ .columns = "a BIGINT",
                               .options = { "format", "json", "compresion", "gzip", NULL },
                               .path = "x" },
                   "unknown option 'compresion'; did you mean 'compression'?");
    if (geteuid() == 0) return; /* Root may read everything. */
    write_text(f, "closed", "{}");
    chmod(in_folder(f, "closed"), 0);
    expect_failure(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "closed" },
                   "Permission denied");
}

static char *many_records(fixture *f, uint32_t n, char **lines)
{
    tide_bytes text = { 0 }, expect = { 0 };
    for (uint32_t i = 0; i < n; i++) {
        tide_bytes_printf(&text, "{\"id\":%u,\"pad\":\"%.*s\"}\n", i, (int)(i % 50),
                          "..................................................");
        tide_bytes_printf(&expect, "%u\n", i);
    }
    char *out = tide_arena_strdup(f->arena, tide_bytes_text(&text));
    *lines = tide_arena_strdup(f->arena, tide_bytes_text(&expect));
    tide_bytes_fini(&text);
    tide_bytes_fini(&expect);
    return out;
}

static int by_number(const void *a, const void *b)
{
    long x = strtol(*(char *const *)a, NULL, 10), y = strtol(*(char *const *)b, NULL, 10);
    return (x > y) - (x < y);
}

/* The lines in the order of their numbers. */
static char *sorted(fixture *f, const char *lines)
{
    tide_bytes out = { 0 };
    uint32_t n = 0, cap = 0;
    const char **items = NULL;
    for (const char *p = lines; *p; p = strchr(p, '\n') + 1) TIDE_PUSH(f->arena, items, n, cap, p);
    qsort(items, n, sizeof *items, by_number);
    for (uint32_t i = 0; i < n; i++)
        tide_bytes_put(&out, items[i], (size_t)(strchr(items[i], '\n') - items[i]) + 1);
    char *text = tide_arena_strdup(f->arena, tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return text;
}

/* Ranges whose ends fall anywhere: no record is lost or read twice. */
static void subtasks_share_a_file_by_ranges(void **state)
{
    fixture *f = *state;
    char *expect, *text = many_records(f, 3000, &expect);
    tide_status rv;
    write_text(f, "a.json", text);
    static const char *const sizes[] = { "1 kb", "7777", "64 kb", "1 mb", "100 b" };
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t p = 1; p <= 3; p++) {
            reading r = { .columns = "id BIGINT",
                          .options = { "format", "json", "source.split-size", sizes[i], NULL },
                          .path = "a.json",
                          .parallelism = p };
            if (i == 4 || (i == 0 && p < 3)) continue; /* More splits than the kit takes. */
            char *lines = read_lines(f, &r, &rv, NULL);
            if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
            assert_string_equal(p == 1 ? lines : sorted(f, lines), expect);
        }
    write_text(f, "few.json", "{\"id\":1}\n{\"id\":2}\n\n{\"id\":3}");
    expect_lines(f,
                 &(reading){ .columns = "id BIGINT",
                             .options = { "format", "json", "source.split-size", "1", NULL },
                             .path = "few.json" },
                 "1\n2\n3\n");
}

static void packed_files_are_read_by_their_suffix(void **state)
{
    fixture *f = *state;
    char *expect, *text = many_records(f, 30000, &expect);
    size_t n = strlen(text), half = (size_t)(strstr(text + n / 2, "\n{") + 1 - text);
    static const struct {
        const char *name;
        files_packing packing;
    } cases[] = {
        { "a.json.gz", FILES_GZIP },
        { "a.json.zst", FILES_ZSTD },
    };
    for (uint32_t i = 0; i < 2; i++) {
        write_packed(f, cases[i].name, cases[i].packing, text, n, SIZE_MAX);
        expect_lines(f,
                     &(reading){ .columns = "id BIGINT", .options = JSON, .path = cases[i].name },
                     expect);
    }
    /* Two members in one file. */
    tide_bytes packed = { 0 };
    files_packer *packer = files_packer_new(FILES_GZIP);
    files_packer_put(packer, text, half, true, &packed);
    files_packer_put(packer, text + half, n - half, true, &packed);
    write_file(f, "two", packed.p, packed.n);
    expect_lines(f,
                 &(reading){ .columns = "id BIGINT",
                             .options = { "format", "json", "compression", "gzip", NULL },
                             .path = "two" },
                 expect);
    files_packer_free(&packer);
    tide_bytes_fini(&packed);
}

static void a_cut_off_packed_file_is_an_error(void **state)
{
    fixture *f = *state;
    char *expect, *text = many_records(f, 30000, &expect);
    write_packed(f, "a.gz", FILES_GZIP, text, strlen(text), 5000);
    write_packed(f, "a.zst", FILES_ZSTD, text, strlen(text), 3000);
    write_text(f, "b.gz", "this is no gzip");
    write_text(f, "b.zst", "this is no zstd");
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.gz" },
                   "/a.gz: damaged gzip at byte 5000: the file is truncated");
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.zst" },
                   "/a.zst: damaged zstd at byte 3000: the file is truncated");
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "b.gz" },
                   "/b.gz: damaged gzip at byte");
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "b.zst" },
                   "/b.zst: damaged zstd at byte");
}

static void a_malformed_record_is_named_by_file_and_line(void **state)
{
    fixture *f = *state;
    char *expect, *text = many_records(f, 2000, &expect);
    tide_bytes bad = { 0 };
    uint64_t skipped = 0;
    tide_status rv;
    tide_bytes_puts(&bad, text);
    tide_bytes_puts(&bad, "{\"id\":\"x\"}\n{\"id\":7}\n");
    write_file(f, "a.json", bad.p, bad.n);
    write_packed(f, "a.json.gz", FILES_GZIP, bad.p, bad.n, SIZE_MAX);
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.json" },
                   "/a.json:2001: field id: expected BIGINT, got \"x\"");
    expect_failure(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.json.gz" },
                   "/a.json.gz:2001: field id: expected BIGINT, got \"x\"");
    expect_failure(f,
                   &(reading){
                       .columns = "id BIGINT",
                       .path = "a.json",
                       .options = { "format", "json", "source.split-size", "10000", NULL } },
                   "/a.json:2001: field id: expected BIGINT, got \"x\"");
    char *lines =
        read_lines(f,
                   &(reading){ .columns = "id BIGINT",
                               .path = "a.json",
                               .options = { "format", "json", "on-error", "skip", NULL } },
                   &rv, &skipped);
    assert_int_equal(rv, TIDE_OK);
    assert_int_equal(skipped, 1);
    tide_bytes_fini(&bad);
    assert_string_equal(lines + strlen(expect), "7\n");
}

static void records_longer_than_a_block_are_read_up_to_the_limit(void **state)
{
    fixture *f = *state;
    size_t n = 3000000, at;
    tide_bytes json = { 0 };
    tide_bytes_puts(&json, "{\"id\":1}\n{\"id\":2,\"s\":\"");
    memset(tide_bytes_reserve(&json, n), 'x', n);
    json.n += n;
    tide_bytes_puts(&json, "\"}\n{\"id\":3}\n");
    char *text = json.p;
    at = json.n;
    write_file(f, "a.json", text, at);
    expect_lines(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.json" },
                 "1\n2\n3\n");
    expect_failure(f,
                   &(reading){
                       .columns = "id BIGINT",
                       .path = "a.json",
                       .options = { "format", "json", "source.max-record-size", "1 mb", NULL } },
                   "/a.json: the record at byte 9 is longer than 'source.max-record-size'");
    /* A quoted field across blocks. */
    for (size_t i = 30; i < n; i += 100) text[i] = '\n';
    memset(text, 'y', 30);
    memcpy(text, "1,\"", 3);
    memcpy(text + n, "\"\n2,y\n", 6);
    write_file(f, "a.csv", text, n + 6);
    expect_lines(f,
                 &(reading){ .columns = "id BIGINT, s VARCHAR",
                             .names = "id",
                             .path = "a.csv",
                             .options = { "format", "csv", NULL } },
                 "1\n2\n");
    tide_bytes_fini(&json);
}

static void csv_headers_are_skipped_in_each_file_and_only_there(void **state)
{
    fixture *f = *state;
    tide_bytes text = { 0 }, expect = { 0 };
    tide_bytes_puts(&text, "\xef\xbb\xbfid,name\n");
    for (int i = 0; i < 2000; i++) {
        tide_bytes_printf(&text, "%d,n%d\n", i, i);
        tide_bytes_printf(&expect, "%d|n%d\n", i, i);
    }
    write_file(f, "a.csv", text.p, text.n);
    write_text(f, "b.csv", "id,name\n7,x\n");
    tide_bytes_puts(&expect, "7|x\n");
    expect_lines(f,
                 &(reading){ .columns = "id BIGINT, name VARCHAR",
                             .path = "*.csv",
                             .options = { "format", "csv", "csv.header", "true", NULL } },
                 tide_bytes_text(&expect));
    expect_lines(f,
                 &(reading){ .columns = "id BIGINT, name VARCHAR",
                             .path = "*.csv",
                             .options = { "format", "csv", "csv.header", "true",
                                          "csv.quoted-newlines", "false", "source.split-size",
                                          "1000", NULL } },
                 tide_bytes_text(&expect));
    tide_bytes_fini(&text);
    tide_bytes_fini(&expect);
}

static void metadata_says_where_a_row_comes_from(void **state)
{
    fixture *f = *state;
    write_text(f, "a.json", "{\"a\":1}\n{\"a\":2}\n");
    write_text(f, "b.json", "{\"a\":3}\n");
    expect_lines(f,
                 &(reading){ .path = "",
                             .options = JSON,
                             .columns = "size BIGINT METADATA FROM 'file.size', a BIGINT, "
                                        "name VARCHAR METADATA FROM 'file.name'" },
                 "16|1|a.json\n16|2|a.json\n8|3|b.json\n");
    expect_lines(f,
                 &(reading){ .path = "",
                             .options = JSON,
                             .names = "name",
                             .columns = "a BIGINT, name VARCHAR METADATA FROM 'file.name', at "
                                        "TIMESTAMP_LTZ(3) METADATA FROM 'file.modification-time'" },
                 "a.json\na.json\nb.json\n");
}

static void batches_of_one_row_are_possible(void **state)
{
    fixture *f = *state;
    tide_connkit_source s;
    write_text(f, "a.json", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    tide_table *table =
        table_of(f, &(reading){ .columns = "a BIGINT", .options = JSON, .path = "a.json" });
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 1),
                     TIDE_OK);
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, ROWS_MS, NULL), TIDE_SOURCE_END);
    assert_int_equal(s.batches, 3);
    tide_connkit_source_close(&s);
}

static void a_source_can_be_closed_at_any_time(void **state)
{
    fixture *f = *state;
    char *expect, *text = many_records(f, 100000, &expect);
    write_text(f, "a.json", text);
    for (uint64_t rows = 0; rows < 3000; rows += 1000) {
        tide_connkit_source s;
        tide_table *table =
            table_of(f, &(reading){ .columns = "id BIGINT", .options = JSON, .path = "a.json" });
        assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                                  tide_connkit_scan(f->arena, table, NULL), 0, 1,
                                                  100),
                         TIDE_OK);
        if (rows)
            assert_int_equal(tide_connkit_source_run(&s, rows, ROWS_MS, NULL), TIDE_SOURCE_BATCH);
        tide_connkit_source_close(&s);
    }
}

static void new_files_are_followed(void **state)
{
    fixture *f = *state;
    tide_connkit_source s;
    tide_bytes lines = { 0 };
    write_text(f, "a.json", "{\"a\":1}\n");
    tide_table *table =
        table_of(f, &(reading){ .columns = "a BIGINT",
                                .path = "",
                                .options = { "format", "json", "source.monitor-interval", "10 ms",
                                             NULL } });
    tide_status rv = tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 100);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    assert_false(s.args.bounded);
    assert_int_equal(tide_connkit_source_run(&s, 1, ROWS_MS, &lines), TIDE_SOURCE_BATCH);
    assert_int_equal(tide_connkit_source_run(&s, 1, ROWS_MS, &lines), TIDE_SOURCE_SPLIT_IDLE);
    write_text(f, ".b.tmp", "{\"a\":2}\n{\"a\":3}\n");
    rename(in_folder(f, ".b.tmp"), in_folder(f, "b.json"));
    while (s.rows < 3) tide_connkit_source_run(&s, 3 - s.rows, ROWS_MS, &lines);
    assert_string_equal(tide_bytes_text(&lines), "1\n2\n3\n");
    tide_connkit_source_close(&s);
    tide_bytes_fini(&lines);
}

static void stripes_cover_every_file_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        char path[32];
        uint32_t owners = 0;
        snprintf(path, sizeof path, "/data/part-%u.json", i);
        for (uint32_t s = 0; s < 3; s++) owners += files_in_stripe(path, s, 3);
        assert_int_equal(owners, 1);
    }
}

/* ---- the sink ---- */

static char *slurp(fixture *f, const char *name)
{
    char *text = tide_arena_zalloc(f->arena, 1 << 20);
    FILE *file = fopen(in_folder(f, name), "r");
    if (file == NULL) fail_msg("no %s", name);
    fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

static uint32_t count_files(fixture *f, const char *folder, bool hidden)
{
    uint32_t n = 0;
    DIR *dir = opendir(in_folder(f, folder));
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        n += e->d_type == DT_REG && (e->d_name[0] == '.') == hidden;
    if (dir) closedir(dir);
    return n;
}

static void open_sink(fixture *f, tide_connkit_sink *s, const reading *r)
{
    tide_status rv =
        tide_connkit_sink_open(s, f->arena, f->pool, f->waker, table_of(f, r), NULL, false);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
}

static void write_rows(fixture *f, tide_connkit_sink *s, const reading *r, const char *lines)
{
    tide_type types[8];
    uint32_t n = tide_connkit_types(table_of(f, r), types);
    tide_batch *batch = tide_connkit_batch(f->pool, types, n, lines);
    assert_int_equal(tide_connkit_sink_write(s, &batch), TIDE_SINK_DONE);
}

static void a_part_file_appears_when_it_is_complete(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    const reading r = { .columns = "a BIGINT, s VARCHAR", .path = "deep/out", .options = JSON };
    open_sink(f, &s, &r);
    write_rows(f, &s, &r, "1|x\n2|NULL\n");
    assert_int_equal(count_files(f, "deep/out", false), 0);
    assert_int_equal(tide_connkit_sink_finish(&s), TIDE_SINK_DONE);
    tide_connkit_sink_close(&s);
    assert_int_equal(count_files(f, "deep/out", false), 1);
    assert_int_equal(count_files(f, "deep/out", true), 0);
    assert_string_equal(slurp(f, "deep/out/part-0-0.json"),
                        "{\"a\":1,\"s\":\"x\"}\n{\"a\":2,\"s\":null}\n");
    /* A second job never overwrites the first one's files. */
    open_sink(f, &s, &r);
    write_rows(f, &s, &r, "3|y\n");
    assert_int_equal(tide_connkit_sink_finish(&s), TIDE_SINK_DONE);
    tide_connkit_sink_close(&s);
    assert_string_equal(slurp(f, "deep/out/part-0-1.json"), "{\"a\":3,\"s\":\"y\"}\n");
    expect_lines(f, &r, "1|x\n2|NULL\n3|y\n");
}

static void a_failed_job_leaves_nothing_behind(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    const reading r = { .columns = "a BIGINT", .path = "out", .options = JSON };
    open_sink(f, &s, &r);
    write_rows(f, &s, &r, "1\n");
    tide_connkit_sink_close(&s);
    assert_int_equal(count_files(f, "out", false) + count_files(f, "out", true), 0);
}

static void part_files_roll_by_size_and_carry_a_header(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    const reading r = { .columns = "a BIGINT, s VARCHAR",
                        .path = "out",
                        .options = { "format", "csv", "csv.header", "true",
                                     "sink.rolling-policy.file-size", "1 b", NULL } };
    open_sink(f, &s, &r);
    for (int i = 0; i < 3; i++) {
        write_rows(f, &s, &r, "1|x\n2|a,b\n");
        assert_int_equal(s.connector->sink->flush(s.self), TIDE_SINK_DONE);
    }
    assert_int_equal(tide_connkit_sink_finish(&s), TIDE_SINK_DONE);
    tide_connkit_sink_close(&s);
    assert_int_equal(count_files(f, "out", false), 3);
    assert_string_equal(slurp(f, "out/part-0-2.csv"), "a,s\n1,x\n2,\"a,b\"\n");
}

static void part_files_roll_by_age(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    const reading r = { .columns = "a BIGINT",
                        .path = "out",
                        .options = { "format", "json", "sink.rolling-policy.rollover-interval",
                                     "10 s", NULL } };
    open_sink(f, &s, &r);
    write_rows(f, &s, &r, "1\n");
    assert_int_equal(s.connector->sink->flush(s.self), TIDE_SINK_DONE);
    s.now_ns += INT64_C(11000000000);
    for (int i = 0; i < 5000 && count_files(f, "out", false) == 0; i++) {
        assert_int_equal(s.connector->sink->flush(s.self), TIDE_SINK_DONE);
        tide_waker_arm(f->waker);
        tide_waker_wait(f->waker, 1000000);
    }
    assert_int_equal(count_files(f, "out", false), 1);
    tide_connkit_sink_close(&s);
    assert_int_equal(count_files(f, "out", false), 1);
}

static void packed_part_files_read_back(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    static const char *const names[] = { "gzip", "zstd" };
    for (uint32_t i = 0; i < 2; i++) {
        const reading r = { .columns = "a BIGINT, s VARCHAR",
                            .path = names[i],
                            .options = { "format", "json", "compression", names[i], NULL } };
        open_sink(f, &s, &r);
        write_rows(f, &s, &r, "1|x\n2|NULL\n");
        assert_int_equal(tide_connkit_sink_finish(&s), TIDE_SINK_DONE);
        tide_connkit_sink_close(&s);
        expect_lines(f, &(reading){ .columns = r.columns, .path = names[i], .options = JSON },
                     "1|x\n2|NULL\n");
    }
}

static void a_sink_needs_a_folder(void **state)
{
    fixture *f = *state;
    tide_connkit_sink s;
    write_text(f, "file", "x");
    const reading r = { .columns = "a BIGINT", .path = "file", .options = JSON };
    assert_int_equal(tide_connkit_sink_open(&s, f->arena, f->pool, f->waker, table_of(f, &r), NULL,
                                            false),
                     TIDE_E_EXISTS);
    assert_non_null(
        strstr(tide_error_text(), "part files are written into a folder, and this is a file"));
}

/* ---- a disk that fails ---- */

static _Atomic int64_t disk_room;

static ssize_t full_write(int fd, const void *bytes, size_t n)
{
    int64_t room = atomic_load(&disk_room);
    if (room <= 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t done = write(fd, bytes, (int64_t)n < room ? n : (size_t)room);
    atomic_fetch_sub(&disk_room, done);
    return done;
}
static int bad_fsync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

/* Writes n bytes through a writer on this disk; what became of it. */
static tide_status write_to(fixture *f, const files_disk *disk, size_t n)
{
    files_writer *w;
    tide_status rv = files_writer_start(&(files_writer_config){ .folder = in_folder(f, "out"),
                                                                .suffix = ".json",
                                                                .packing = FILES_PLAIN,
                                                                .roll_bytes = UINT64_MAX,
                                                                .roll_ns = INT64_MAX,
                                                                .slot_waker = f->waker,
                                                                .disk = disk },
                                        &w);
    assert_int_equal(rv, TIDE_OK);
    files_chunk *chunk = files_writer_get(w);
    memset(tide_bytes_reserve(&chunk->bytes, n), 'x', n);
    chunk->bytes.n = n;
    chunk->finish = true;
    files_writer_put(w, &chunk);
    while (!files_writer_idle(w)) {
        tide_waker_arm(f->waker);
        if (!files_writer_idle(w)) tide_waker_wait(f->waker, 100000000);
    }
    rv = files_writer_check(w);
    files_writer_stop(&w);
    return rv;
}

static void a_full_disk_is_an_error_and_leaves_no_file(void **state)
{
    fixture *f = *state;
    const files_disk full = { full_write, fsync, link }, broken = { write, bad_fsync, link };
    atomic_store(&disk_room, 700);
    assert_int_equal(write_to(f, &full, 1000), TIDE_E_NO_SPACE);
    assert_non_null(strstr(tide_error_text(), "part-0-0.json"));
    assert_non_null(strstr(tide_error_text(), "No space left on device"));
    assert_int_equal(write_to(f, &broken, 1000), TIDE_E_IO);
    assert_int_equal(count_files(f, "out", false) + count_files(f, "out", true), 0);
    atomic_store(&disk_room, 1000);
    assert_int_equal(write_to(f, &full, 1000), TIDE_OK);
    assert_int_equal(count_files(f, "out", false), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_file_a_folder_and_a_pattern_are_read),
        TEST(what_is_not_there_is_named),
        TEST(subtasks_share_a_file_by_ranges),
        TEST(packed_files_are_read_by_their_suffix),
        TEST(a_cut_off_packed_file_is_an_error),
        TEST(a_malformed_record_is_named_by_file_and_line),
        TEST(records_longer_than_a_block_are_read_up_to_the_limit),
        TEST(csv_headers_are_skipped_in_each_file_and_only_there),
        TEST(metadata_says_where_a_row_comes_from),
        TEST(batches_of_one_row_are_possible),
        TEST(a_source_can_be_closed_at_any_time),
        TEST(new_files_are_followed),
        TEST(stripes_cover_every_file_once),
        TEST(a_part_file_appears_when_it_is_complete),
        TEST(a_failed_job_leaves_nothing_behind),
        TEST(part_files_roll_by_size_and_carry_a_header),
        TEST(part_files_roll_by_age),
        TEST(packed_part_files_read_back),
        TEST(a_sink_needs_a_folder),
        TEST(a_full_disk_is_an_error_and_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
