/* csv_bench.c - TPC-H's lineitem as text into columns. The rows have the shapes that dbgen
 * makes. */
#include <string.h>

#include "base/column/text.h"
#include "bench/micro/format_bench.h"

#define TEXT_BYTES (32u << 20)

static const char *const FLAGS[] = { "A", "N", "R" };
static const char *const INSTRUCTIONS[] = { "DELIVER IN PERSON", "COLLECT COD", "NONE",
                                            "TAKE BACK RETURN" };
static const char *const MODES[] = { "REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB" };
static const char *const WORDS[] = { "furiously", "sly",   "carefully", "final",   "packages",
                                     "deposits",  "the",   "requests",  "quickly", "ironic",
                                     "accounts",  "above", "regular",   "bold",    "pinto",
                                     "beans",     "sleep" };

static void put_date(tide_bytes *text, int32_t days)
{
    char at[TIDE_TEXT_MAX];
    tide_bytes_put(text, at, tide_print_date(days, at));
    tide_bytes_putc(text, '|');
}

static void put_comment(tide_bytes *text, bench_random *r, bool quotes)
{
    uint32_t len = 10 + bench_next(r, 34);
    size_t end = text->n + len;
    if (quotes) tide_bytes_putc(text, '"');
    while (text->n < end) {
        tide_bytes_puts(text, WORDS[bench_next(r, sizeof WORDS / sizeof *WORDS)]);
        tide_bytes_putc(text, ' ');
    }
    text->n = end;
    if (quotes) tide_bytes_putc(text, '"');
    tide_bytes_putc(text, '|');
}

/* quoted_in: one in so many comments is in quotes; 0: none. */
static void make_lineitem(tide_bytes *text, uint32_t quoted_in)
{
    bench_random r = { 88172645463325252u };
    uint32_t order = 1, line = 1, lines = 4;
    text->n = 0;
    while (text->n < TEXT_BYTES) {
        uint32_t quantity = 1 + bench_next(&r, 50), price = 90000 + bench_next(&r, 120000);
        int32_t ship = 8036 + (int32_t)bench_next(&r, 2526);
        tide_bytes_printf(text, "%u|%u|%u|%u|%u|%u.%02u|0.%02u|0.%02u|%s|%s|", order,
                          1 + bench_next(&r, 200000), 1 + bench_next(&r, 10000), line, quantity,
                          quantity * price / 100, quantity * price % 100, bench_next(&r, 11),
                          bench_next(&r, 9), FLAGS[bench_next(&r, 3)],
                          bench_next(&r, 2) ? "O" : "F");
        put_date(text, ship);
        put_date(text, ship - 30 + (int32_t)bench_next(&r, 60));
        put_date(text, ship + 1 + (int32_t)bench_next(&r, 30));
        tide_bytes_printf(text, "%s|%s|", INSTRUCTIONS[bench_next(&r, 4)],
                          MODES[bench_next(&r, 7)]);
        put_comment(text, &r, quoted_in && bench_next(&r, quoted_in) == 0);
        tide_bytes_putc(text, '\n');
        if (line++ < lines) continue;
        line = 1, lines = 1 + bench_next(&r, 7);
        order += order % 8 == 7 ? 25 : 1;
    }
    memset(tide_bytes_reserve(text, TIDE_BUF_PADDING), 0, TIDE_BUF_PADDING);
}

#define COLUMN(name_, id_)                                                                         \
    {                                                                                              \
        .name = (name_), .type = {.id = (id_) }                                                    \
    }
#define MONEY(name_)                                                                               \
    {                                                                                              \
        .name = (name_), .type = {.id = TIDE_TYPE_DECIMAL, .precision = 15, .scale = 2 }           \
    }

/* Without arguments: everything; "quick": regular rows alone. */
int main(int argc, char **argv)
{
    static const tide_field fields[16] = {
        COLUMN("l_orderkey", TIDE_TYPE_BIGINT),
        COLUMN("l_partkey", TIDE_TYPE_BIGINT),
        COLUMN("l_suppkey", TIDE_TYPE_BIGINT),
        COLUMN("l_linenumber", TIDE_TYPE_INT),
        MONEY("l_quantity"),
        MONEY("l_extendedprice"),
        MONEY("l_discount"),
        MONEY("l_tax"),
        COLUMN("l_returnflag", TIDE_TYPE_STRING),
        COLUMN("l_linestatus", TIDE_TYPE_STRING),
        COLUMN("l_shipdate", TIDE_TYPE_DATE),
        COLUMN("l_commitdate", TIDE_TYPE_DATE),
        COLUMN("l_receiptdate", TIDE_TYPE_DATE),
        COLUMN("l_shipinstruct", TIDE_TYPE_STRING),
        COLUMN("l_shipmode", TIDE_TYPE_STRING),
        COLUMN("l_comment", TIDE_TYPE_STRING),
    };
    static const uint32_t q1[7] = { 4, 5, 6, 7, 8, 9, 10 }, none[1] = { 0 };
    static const tide_format_option pipe[1] = { { "csv.field-delimiter", "|" } };
    tide_bytes text = { 0 };
    bench_case c = { .name = "lineitem, 16 columns",
                     .format = "csv",
                     .fields = fields,
                     .n_fields = 16,
                     .options = pipe,
                     .n_options = 1,
                     .text = &text };
    make_lineitem(&text, 0);
    bench_decode(&c);
    c.name = "lineitem, 7 columns of Q1";
    c.wanted = q1, c.n_wanted = 7;
    bench_decode(&c);
    for (uint32_t i = 0; argc > 1 && strcmp(argv[1], "columns") == 0 && i < 16; i++) {
        c.name = fields[i].name;
        c.wanted = &i, c.n_wanted = 1;
        bench_decode(&c);
    }
    c.name = "lineitem, no column";
    c.wanted = none, c.n_wanted = 0;
    bench_decode(&c);
    if (argc > 1 && strcmp(argv[1], "quick") == 0) {
        tide_bytes_fini(&text);
        return 0;
    }
    c.name = "lineitem, 16 columns, 1 comment in 100 quoted";
    c.wanted = NULL;
    make_lineitem(&text, 100);
    bench_decode(&c);
    c.name = "lineitem, 16 columns, every comment quoted";
    make_lineitem(&text, 1);
    bench_decode(&c);
    tide_bytes_fini(&text);
    return 0;
}
