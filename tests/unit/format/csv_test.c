/* csv_test.c - CSV records into columns and back; each input whole and in
 * pieces (format_support). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/format/format_support.h"

static const format_case three = { .format = "csv",
                                   .schema = "a BIGINT, b VARCHAR, c DECIMAL(8,2)" };

static void records_become_rows(void **state)
{
    (void)state;
    format_check(&three, "1,x,1.25\n-2,a longer text here,7.005\n12345678901234567,,\n,\"\",0\n",
                 "1|x|1.25\n-2|a longer text "
                 "here|7.01\n12345678901234567|NULL|NULL\nNULL||0.00\n");
    format_check(&three, "", "");
}

static void lines_end_in_any_way(void **state)
{
    (void)state;
    format_check(&three,
                 "\xef\xbb\xbf"
                 "1,x,1\r\n\n\r\n2,y,2\r\n3,z,3",
                 "1|x|1.00\n2|y|2.00\n3|z|3.00\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "v VARCHAR",
                                 .options = "csv.skip-empty-lines=true" },
                 "a\r\n\nb\n\r\nc\r", "a\nb\nc\n");
    /* What the encoder writes for a NULL of a table of one column is read back as one. */
    format_check(&(format_case){ .format = "csv", .schema = "v VARCHAR" }, "a\r\n\nb\n",
                 "a\nNULL\nb\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "v VARCHAR",
                                 .options = "csv.skip-empty-lines=false" },
                 "a\n\nb\n", "a\nNULL\nb\n");
}

static void quotes_hold_delimiters_newlines_and_quotes(void **state)
{
    (void)state;
    format_check(&three,
                 "1,\"x, y\",1\n2,\"two\nlines\",2\n3,\"say "
                 "\"\"hi\"\"\",3\r\n\"4\",\"\"\"\",\"4\"\n5,a\"b,5\n6,\"\",6\n",
                 "1|x, y|1.00\n2|two\nlines|2.00\n3|say "
                 "\"hi\"|3.00\n4|\"|4.00\n5|a\"b|5.00\n6||6.00\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a VARCHAR, b VARCHAR",
                                 .options = "csv.field-delimiter=; csv.quote-character=' "
                                            "csv.escape-character=\\" },
                 "'it\\'s';'b\\\\s'\n'it''s';a\\b\n", "it's|b\\s\nit's|a\\b\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a VARCHAR, b VARCHAR",
                                 .options =
                                     "csv.field-delimiter=\\t csv.disable-quote-character=true" },
                 "\"a\"\t\"b\n", "\"a\"|\"b\n");
}

static void a_delimiter_behind_the_last_field_ends_it(void **state)
{
    (void)state;
    const format_case tbl = { .format = "csv",
                              .schema = "a BIGINT, b VARCHAR, c DECIMAL(8,2)",
                              .options = "csv.field-delimiter=|" };
    format_check(&tbl, "1|x|1.5|\n2|y|2.5|\r\n3|z|3.5\n4||4.5|\n",
                 "1|x|1.50\n2|y|2.50\n3|z|3.50\n4|NULL|4.50\n");
    format_check(&tbl, "1|x|1.5|9\n2|y|2.5||\n3|z|3.5|\n",
                 "3|z|3.50\n! record 0 at 0+9: expected 3 fields, got 4\n! "
                 "record 1 at 10+9: "
                 "expected 3 fields, got 5\n");
}

static void headers_and_comments_are_passed_over(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a BIGINT, b VARCHAR",
                                 .options = "csv.header=true csv.allow-comments=true" },
                 "\xef\xbb\xbf\"a\",\"the\nb\"\n#1,x\n1,x\n# \"a\"b comment\n2,#y\n",
                 "1|x\n2|#y\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a BIGINT",
                                 .options = "csv.header=true" },
                 "a", "");
}

static void null_is_an_unquoted_literal(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a VARCHAR, b BIGINT",
                                 .options = "csv.null-literal=n/a" },
                 "n/a,1\n\"n/a\",2\n,n/a\nx,\n",
                 "NULL|1\nn/a|2\n|NULL\n! record 3 at 19+2: field b: expected "
                 "BIGINT, got \"\"\n");
    format_check(&(format_case){ .format = "csv",
                                 .schema = "a VARCHAR NOT NULL, b BIGINT NOT NULL" },
                 "x,1\n,2\ny,\nz,3\n",
                 "x|1\nz|3\n! record 1 at 4+2: field a is null, but declared NOT NULL\n"
                 "! record 2 at 7+2: field b is null, but declared NOT NULL\n");
}

static void every_type_is_read(void **state)
{
    (void)state;
    format_check(
        &(format_case){ .format = "csv",
                        .schema = "b BOOLEAN, t TINYINT, s SMALLINT, i INT, f FLOAT, d DOUBLE, y "
                                  "BYTEA, dt DATE, tm TIME, iv INTERVAL, "
                                  "ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), v VARCHAR(3)" },
        "t,-128,32767,-2147483648,0.1,1e300,aGkh,2024-02-29,12:00:01,1 "
        "day,2024-02-29 "
        "12:00:00.5,2024-01-01T00:00:00+01,\xc3\xa9\xc3\xa9\xc3\xa9\n"
        "false, 1,+2,007, NaN ,-inf,,0001-01-01,23:59,PT5M,2024-02-29,2024-01-01 "
        "00:00:00Z,\n",
        "true|-128|32767|-2147483648|0.1|1e+300|hi!|2024-02-29|12:00:01|1 "
        "day|2024-02-29 "
        "12:00:00.5|2023-12-31 23:00:00+00|\xc3\xa9\xc3\xa9\xc3\xa9\n"
        "false|1|2|7|NaN|-Infinity|NULL|0001-01-01|23:59:00|00:05:00|2024-02-29 "
        "00:00:00|2024-01-01 00:00:00+00|NULL\n");
}

static void dates_are_read_alike_by_the_quick_and_the_long_way(void **state)
{
    (void)state;
    tide_bytes text = { 0 };
    const format_case c = { .format = "csv", .schema = "a DATE, b DATE" };
    char at[40];
    for (int year = 1895; year <= 2105; year += 1)
        for (int day = 0; day < 366; day += 9) {
            static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
            int m = 0, d = day;
            while (m < 11 && d >= month_days[m]) d -= month_days[m++];
            if (d >= month_days[m]) d = 0;
            snprintf(at, sizeof at, "%04d-%02d-%02d", year, m + 1, d + 1);
            tide_bytes_printf(&text, "%s, %s\n", at,
                              at); /* The space sends the second the long way. */
        }
    char *got = format_decode(&c, text.p, text.n), *to = text.p;
    for (char *p = text.p, *end = text.p + text.n; p < end; p++) /* "a, b" as "a|b". */
        if (*p == ',')
            *to++ = '|';
        else if (*p != ' ')
            *to++ = *p;
    assert_int_equal(strlen(got), to - text.p);
    assert_memory_equal(got, text.p, strlen(got));
    tide_free(got);
    tide_bytes_fini(&text);
    format_check(&c,
                 "2023-02-29,2024-02-29\n2000-02-29,1900-02-29\n2024-00-10,2024-01-"
                 "32\n2024-04-31,"
                 "2024-1-1\n2024-02-29,2024-1-1\n",
                 "2024-02-29|2024-01-01\n"
                 "! record 0 at 0+21: field a: expected DATE, got \"2023-02-29\"\n"
                 "! record 1 at 22+21: field b: expected DATE, got \"1900-02-29\"\n"
                 "! record 2 at 44+21: field a: expected DATE, got \"2024-00-10\"\n"
                 "! record 3 at 66+19: field a: expected DATE, got \"2024-04-31\"\n");
}

static void numbers_of_every_length_are_read(void **state)
{
    (void)state;
    tide_bytes text = { 0 }, expect = { 0 };
    const format_case c = { .format = "csv", .schema = "a BIGINT, b DECIMAL(20,2), c INT" };
    char digits[] = "1234567890123456789";
    for (size_t n = 1; n <= 19; n++) {
        tide_bytes_printf(&text, "%.*s,-%.*s.05,%.*s\n", (int)n, digits, (int)(n < 18 ? n : 18),
                          digits, (int)(n < 9 ? n : 9), digits);
        tide_bytes_printf(&expect, "%.*s|-%.*s.05|%.*s\n", (int)n, digits, (int)(n < 18 ? n : 18),
                          digits, (int)(n < 9 ? n : 9), digits);
    }
    tide_bytes_puts(&text, "-1,.5,-1\n+1,5.,2147483648\n");
    tide_bytes_puts(&expect, "-1|0.50|-1\n! record 20 at 587+16: field c: "
                             "expected INT, got \"2147483648\"\n");
    char *got = format_decode(&c, text.p, text.n);
    const char *want = tide_bytes_text(&expect);
    assert_int_equal(strncmp(got, want, (size_t)(strstr(want, " at ") - want)), 0);
    tide_free(got);
    tide_bytes_fini(&text);
    tide_bytes_fini(&expect);
}

/* Enough rows for every kernel, and among them texts that each of them leaves to the long way. */
static void many_rows_are_read_as_each_alone(void **state)
{
    static const char long_text[] =
        "longer than what fits into a view and than all that is copied at once";
    static const char *const kinds[5] = { "VARCHAR", "DECIMAL(9,2)", "BIGINT", "INT", "DATE" };
    static const char *const values[][5] = {
        { "short", "1.25", "1", "-7", "2024-02-28" },
        { "a text of middle length", "1234567", "12345678", "12345678", "2024-02-29" },
        { "", "-1234567.89", "1234567890123456789", "2147483647", "0001-01-01" },
        { long_text, "", "", "", "" },
        { "twelve bytes", "0.05", "-9", "0", "9999-12-31" },
        { "gr\xc3\xbc\xc3\x9f", "99999.99", "00000001", "7", "1970-01-01" },
    };
    (void)state;
    for (uint32_t turn = 0; turn < 20; turn++) {
        tide_bytes text = { 0 }, schema = { 0 };
        for (uint32_t k = 0; k < 5; k++)
            tide_bytes_printf(&schema, "%sc%u %s", k ? ", " : "", k, kinds[(k + turn) % 5]);
        for (uint32_t r = 0; r < 700; r++) {
            const char *const *row = values[r % 7 ? 0 : r / 7 % (turn < 10 ? 6 : 5)];
            for (uint32_t k = 0; k < 5; k++)
                tide_bytes_printf(&text, "%s%s", k ? "," : "", row[(k + turn) % 5]);
            tide_bytes_puts(&text, turn % 2 ? "\r\n" : "\n");
        }
        format_case c = { .format = "csv", .schema = tide_bytes_text(&schema) };
        char *together = format_decode(&c, text.p, text.n);
        c.messages = true;
        char *alone = format_decode(&c, text.p, text.n);
        assert_non_null(strstr(alone, long_text));
        assert_null(strstr(alone, "!"));
        assert_string_equal(together, alone);
        tide_free(together);
        tide_free(alone);
        tide_bytes_fini(&text);
        tide_bytes_fini(&schema);
    }
}

static void a_bad_record_costs_no_neighbour(void **state)
{
    (void)state;
    format_check(&three,
                 "1,x,1\n2,y\n3,z,3,4\n4,w,abc\n5,\"u\"v,5\nx,,6\n7,ok,7\n8,\"unclosed,"
                 "8\n9,ok,9\n",
                 "1|x|1.00\n7|ok|7.00\n9|ok|9.00\n"
                 "! record 1 at 6+3: expected 3 fields, got 2\n! record 2 at 10+7: "
                 "expected 3 "
                 "fields, got 4\n"
                 "! record 3 at 18+7: field c: expected DECIMAL(8, 2), got \"abc\"\n"
                 "! record 4 at 26+8: something follows a closing quote\n"
                 "! record 5 at 35+4: field a: expected BIGINT, got \"x\"\n"
                 "! record 7 at 47+13: a quote is not closed\n");
}

/* NULLs of rows that were given up must not stay behind. */
static void a_given_up_row_leaves_no_null(void **state)
{
    (void)state;
    tide_bytes text = { 0 }, expect = { 0 };
    for (int i = 0; i < 200; i++) {
        if (i % 7 == 3) tide_bytes_puts(&text, ",,bad\n");
        tide_bytes_printf(&text, "%d,t,1\n", i);
        tide_bytes_printf(&expect, "%d|t|1.00\n", i);
    }
    char *got = format_decode(&three, text.p, text.n);
    *strchr(got, '!') = '\0';
    assert_string_equal(got, tide_bytes_text(&expect));
    tide_free(got);
    tide_bytes_fini(&text);
    tide_bytes_fini(&expect);
}

static void bytes_that_are_no_text_are_errors(void **state)
{
    (void)state;
    static const char input[] =
        "1,a\0b,1\n2,\xc3(,2\n3,gr\xc3\xbc\xc3\x9f,3\n4,\xed\xa0\x80,4\n5,ok,5\n";
    format_check_n(&three, input, sizeof input - 1,
                   "3|gr\xc3\xbc\xc3\x9f|3.00\n5|ok|5.00\n! record 0 at 0+7: "
                   "field b: a NUL byte\n"
                   "! record 1 at 8+6: field b: invalid UTF-8\n! record 3 at "
                   "26+7: field b: invalid UTF-8\n");
}

static void only_wanted_columns_are_read(void **state)
{
    (void)state;
    format_case c = three;
    c.wanted = "c, a";
    format_check(&c, "1,\"x\ny\",1\n2,\xff,2\n3,z,3,\n", "1.00|1\n2.00|2\n3.00|3\n");
}

static void a_long_field_is_one_field(void **state)
{
    (void)state;
    size_t len = 200000;
    tide_bytes input = { 0 }, expect = { 0 };
    tide_bytes_puts(&input, "1,");
    tide_bytes_puts(&expect, "1|");
    memset(tide_bytes_reserve(&input, len), 'x', len);
    memset(tide_bytes_reserve(&expect, len), 'x', len);
    input.n += len;
    expect.n += len;
    tide_bytes_puts(&input, ",1\n2,y,2\n");
    tide_bytes_puts(&expect, "|1.00\n2|y|2.00\n");
    char *got = format_decode(&three, input.p, input.n);
    assert_string_equal(got, tide_bytes_text(&expect));
    tide_free(got);
    tide_bytes_fini(&input);
    tide_bytes_fini(&expect);
}

static void messages_are_records(void **state)
{
    (void)state;
    format_case c = three;
    c.messages = true;
    static const char input[] = "1,x,1\n2,\"y\n3,z,3,\n\n4,w,4";
    char *got = format_decode(&c, input, sizeof input - 1);
    assert_string_equal(got,
                        "1|x|1.00\n3|z|3.00\n4|w|4.00\n! record 1 at 6+4: a quote is not closed\n"
                        "! record 3 at 18+0: expected 3 fields, got 1\n");
    tide_free(got);
}

static void rows_become_records(void **state)
{
    (void)state;
    static const format_case c = { .format = "csv",
                                   .schema = "a BIGINT, s VARCHAR, d DECIMAL(8,2), t "
                                             "TIMESTAMP(3), f DOUBLE, y BYTEA" };
    static const char input[] = "1,plain,-0.5,2024-01-01 "
                                "00:00:00.25,NaN,aGk=\n,\"a,\"\"b\"\"\nc\",,,,\n2,\"\",,,1e20,\n";
    static const struct {
        const char *options, *expect;
    } cases[] = {
        { "csv.header=true", "a,s,d,t,f,y\n1,plain,-0.50,2024-01-01 00:00:00.25,NaN,aGk=\n"
                             ",\"a,\"\"b\"\"\nc\",,,,\n2,\"\",,,1e+20,\n" },
        { "csv.field-delimiter=| csv.escape-character=\\ csv.null-literal=-",
          "1|plain|-0.50|2024-01-01 00:00:00.25|NaN|aGk=\n"
          "-|\"a,\\\"b\\\"\nc\"|-|-|-|-\n2||-|-|1e+20|-\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = format_recode(&c, input, "csv", cases[i].options);
        assert_string_equal(got, cases[i].expect);
        tide_free(got);
    }
}

static void options_are_checked(void **state)
{
    (void)state;
    static const struct {
        tide_format_option option;
        const char *text;
    } cases[] = {
        { { "csv.field-delimiter", "ab" },
          "option 'csv.field-delimiter' = 'ab': expected one character" },
        { { "csv.field-delimiter", "\"" },
          "option 'csv.quote-character': expected one character, not the "
          "delimiter" },
        { { "csv.field-delimiter", "\\n" },
          "option 'csv.field-delimiter': expected one character, not a line end" },
    };
    const tide_format *csv = tide_format_find("csv");
    tide_field field = { "a", { .id = TIDE_TYPE_INT }, false };
    tide_schema schema = { 1, &field };
    tide_decoder *decoder;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(csv->decoder_new(&schema, NULL, 0, &cases[i].option, 1, &decoder),
                         TIDE_E_OPTION);
        assert_string_equal(tide_error_text(), cases[i].text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_become_rows),
        cmocka_unit_test(lines_end_in_any_way),
        cmocka_unit_test(quotes_hold_delimiters_newlines_and_quotes),
        cmocka_unit_test(a_delimiter_behind_the_last_field_ends_it),
        cmocka_unit_test(headers_and_comments_are_passed_over),
        cmocka_unit_test(null_is_an_unquoted_literal),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(dates_are_read_alike_by_the_quick_and_the_long_way),
        cmocka_unit_test(numbers_of_every_length_are_read),
        cmocka_unit_test(many_rows_are_read_as_each_alone),
        cmocka_unit_test(a_bad_record_costs_no_neighbour),
        cmocka_unit_test(a_given_up_row_leaves_no_null),
        cmocka_unit_test(bytes_that_are_no_text_are_errors),
        cmocka_unit_test(only_wanted_columns_are_read),
        cmocka_unit_test(a_long_field_is_one_field),
        cmocka_unit_test(messages_are_records),
        cmocka_unit_test(rows_become_records),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
