/* json_test.c - JSON records into columns and back. Each input is decoded
 * whole, byte by byte and in odd pieces, into batches of one and of three rows:
 * all must agree (format_support). Inputs whose records repeat a shape take the
 * fast path from the second record on, so that most claims below are made of
 * both paths by giving the record twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/format/format_support.h"

static const format_case ads = {
    .format = "json", .schema = "user_id BIGINT, ad VARCHAR, at TIMESTAMP(3), price DECIMAL(8,2)"
};

static void records_become_rows(void **state)
{
    (void)state;
    format_check(&ads,
                 "{\"user_id\":1,\"ad\":\"a1\",\"at\":1700000000123,\"price\":1.5}\n"
                 "{\"user_id\":-2,\"ad\":\"a long name of an ad\",\"at\":\"2024-02-29 "
                 "12:00:00.5\",\"price\":\"7.005\"}\n"
                 "{\"user_id\":3,\"ad\":\"\",\"at\":\"2024-02-29T12:00:00Z\",\"price\":"
                 "null}\n",
                 "1|a1|2023-11-14 22:13:20.123|1.50\n"
                 "-2|a long name of an ad|2024-02-29 12:00:00.5|7.01\n"
                 "3||2024-02-29 12:00:00|NULL\n");
}

static void order_spaces_and_extra_fields_do_not_matter(void **state)
{
    (void)state;
    format_check(&ads,
                 "{\"price\":2,\"x\":{\"user_id\":9,\"y\":[1,{}]},\"user_id\":1,"
                 "\"at\":null,\"ad\":\"b\","
                 "\"z\":true}\n"
                 " { \"user_id\" : 2 , \"ad\" : \"c\" }\t\r\n"
                 "{\"ad\":\"d\"}\n{}\n{\"ad\":\"e\"}\n",
                 "1|b|NULL|2.00\n2|c|NULL|NULL\nNULL|d|NULL|NULL\nNULL|NULL|NULL|"
                 "NULL\nNULL|e|NULL|NULL\n");
}

static void the_last_of_duplicate_keys_wins(void **state)
{
    (void)state;
    format_check(&ads,
                 "{\"user_id\":1,\"user_id\":2}\n{\"user_id\":3,\"user_id\":"
                 "\"x\",\"user_id\":4}\n",
                 "2|NULL|NULL|NULL\n4|NULL|NULL|NULL\n");
}

static void lines_end_in_any_way(void **state)
{
    (void)state;
    format_check(&ads,
                 "\xef\xbb\xbf{\"user_id\":1}\r\n\n  "
                 "\r\n{\"user_id\":2}\r\n{\"user_id\":3}",
                 "1|NULL|NULL|NULL\n2|NULL|NULL|NULL\n3|NULL|NULL|NULL\n");
    format_check(&ads, "", "");
    format_check(&ads, "\n\n", "");
}

static void escapes_and_utf8_arrive(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json", .schema = "s VARCHAR, k\xc3\xa9y BIGINT" },
                 "{\"s\":\"a\\\"b\\\\c\\/\\t\\u00e9\\ud83d\\ude00\"}\n"
                 "{\"s\":\"gr\xc3\xbc\xc3\x9f dich, \xf0\x9f\x98\x80\"}\n"
                 "{\"s\":\"\xe2\x82\xac 12345678901234567890\"}\n"
                 "{\"k\\u00e9y\":5,\"\\u0073\":\"x\"}\n",
                 "a\"b\\c/\t\xc3\xa9\xf0\x9f\x98\x80|NULL\ngr\xc3\xbc\xc3\x9f "
                 "dich, \xf0\x9f\x98\x80|NULL\n"
                 "\xe2\x82\xac 12345678901234567890|NULL\nx|5\n");
}

static void other_values_in_text_columns_keep_their_json(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json", .schema = "s VARCHAR" },
                 "{\"s\":{ \"a\": [1, 2 ]} }\n{\"s\":[ "
                 "]}\n{\"s\":1.50}\n{\"s\":true}\n{\"s\":-1e5}\n{\"s\":null}\n",
                 "{ \"a\": [1, 2 ]}\n[ ]\n1.50\ntrue\n-1e5\nNULL\n");
}

static void every_type_is_read(void **state)
{
    (void)state;
    format_check(
        &(format_case){ .format = "json",
                        .schema = "b BOOLEAN, t TINYINT, s SMALLINT, i INT, f FLOAT, d DOUBLE, y "
                                  "BYTEA, dt DATE, tm TIME, "
                                  "iv INTERVAL, tz TIMESTAMP_LTZ(3)" },
        "{\"b\":true,\"t\":-128,\"s\":32767,\"i\":2147483647,\"f\":0.1,\"d\":"
        "1e300,\"y\":\"aGkh\","
        "\"dt\":\"2024-02-29\","
        "\"tm\":\"12:00:01\",\"iv\":\"1 "
        "day\",\"tz\":\"2024-01-01T00:00:00+01:00\"}\n"
        "{\"b\":\"false\",\"t\":\"1\",\"s\":2.0,\"i\":1e3,\"f\":\"NaN\",\"d\":\"-"
        "Infinity\",\"y\":"
        "\"\",\"dt\":\"0001-01-01\","
        "\"tm\":\"23:59\",\"iv\":\"PT5M\",\"tz\":0}\n",
        "true|-128|32767|2147483647|0.1|1e+300|hi!|2024-02-29|12:00:01|1 "
        "day|2023-12-31 "
        "23:00:00+00\n"
        "false|1|2|1000|NaN|-Infinity||0001-01-01|23:59:00|00:05:00|1970-01-01 "
        "00:00:00+00\n");
}

static void a_value_of_the_wrong_type_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *value, *error;
    } cases[] = {
        { "v BIGINT", "\"abc\"", "expected BIGINT, got \"abc\"" },
        { "v BIGINT", "1.5", "expected BIGINT, got 1.5" },
        { "v BIGINT", "true", "expected BIGINT, got true" },
        { "v BIGINT", "9223372036854775808", "expected BIGINT, got 9223372036854775808" },
        { "v TINYINT", "128", "expected TINYINT, got 128" },
        { "v INT", "2147483648", "expected INT, got 2147483648" },
        { "v BOOLEAN", "1", "expected BOOLEAN, got 1" },
        { "v BOOLEAN", "\"maybe\"", "expected BOOLEAN, got \"maybe\"" },
        { "v DOUBLE", "{\"a\":1}", "expected DOUBLE, got {\"a\":1}" },
        { "v DOUBLE", "1e999", "expected DOUBLE, got 1e999" },
        { "v DECIMAL(4,2)", "100", "expected DECIMAL(4, 2), got 100" },
        { "v DATE", "20240101", "expected DATE, got 20240101" },
        { "v DATE", "\"2023-02-29\"", "expected DATE, got \"2023-02-29\"" },
        { "v TIMESTAMP(3)", "\"yesterday\"", "expected TIMESTAMP(3), got \"yesterday\"" },
        { "v TIMESTAMP(3)", "true", "expected TIMESTAMP(3), got true" },
        { "v BYTEA", "\"a\"", "expected BYTEA, got \"a\"" },
        { "v VARCHAR(3)", "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"",
          "expected VARCHAR(3), got \"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char input[200], expect[400];
        snprintf(input, sizeof input, "{\"v\":null}\n{\"v\":%s}\n{\"v\":null}\n", cases[i].value);
        const format_case c = { .format = "json", .schema = cases[i].schema };
        char *got = format_decode(&c, input, strlen(input));
        snprintf(expect, sizeof expect, "NULL\nNULL\n! record 1 at 11+%d: field v: %s\n",
                 (int)strlen(cases[i].value) + 6, cases[i].error);
        if (strstr(cases[i].schema, "BYTEA") == NULL) assert_string_equal(got, expect);
        assert_non_null(strstr(got, "! record 1 at 11"));
        tide_free(got);
    }
}

static void varchar_takes_up_to_its_length_in_characters(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json", .schema = "v VARCHAR(3)" },
                 "{\"v\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"}\n{\"v\":\"abc\"}\n",
                 "\xc3\xa9\xc3\xa9\xc3\xa9\nabc\n");
}

static void timestamps_that_look_like_another_unit_say_so(void **state)
{
    (void)state;
    static const struct {
        const char *format, *value, *expect;
    } cases[] = {
        { "auto", "1700000000",
          "looks like seconds, not milliseconds: set json.timestamp-format = "
          "'epoch-seconds'" },
        { "auto", "1700000000000000",
          "looks like microseconds, not milliseconds: set json.timestamp-format = "
          "'epoch-micros'" },
        { "auto", "1700000000000000000", "is out of range" },
        { "auto", "-62135596800001", "is out of range" },
        { "auto", "-62135596800000", "0001-01-01 00:00:00" },
        { "auto", "0", "1970-01-01 00:00:00" },
        { "auto", "5000", "1970-01-01 00:00:05" },
        { "auto", "94694400000", "1973-01-01 00:00:00" },
        { "auto", "253402300799999", "9999-12-31 23:59:59.999" },
        { "auto", "253402300800000", "looks like microseconds" },
        { "auto", "1700000000000.5", "2023-11-14 22:13:20.0005" },
        { "epoch-millis", "1700000000", "1970-01-20 16:13:20" },
        { "epoch-seconds", "1700000000", "2023-11-14 22:13:20" },
        { "epoch-seconds", "1700000000.25", "2023-11-14 22:13:20.25" },
        { "epoch-seconds", "1700000000000",
          "looks like milliseconds, not seconds: set json.timestamp-format = "
          "'epoch-millis'" },
        { "epoch-micros", "1700000000000001", "2023-11-14 22:13:20.000001" },
        { "epoch-micros", "1e30", "is out of range" },
        { "epoch-seconds", "\"2024-01-01 00:00:00\"", "expected TIMESTAMP(6), got" },
        { "SQL", "\"2024-01-01 00:00:00.5\"", "2024-01-01 00:00:00.5" },
        { "SQL", "\"2024-01-01T00:00:00\"", "expected TIMESTAMP(6), got" },
        { "ISO-8601", "\"2024-01-01T00:00:00\"", "2024-01-01 00:00:00" },
        { "ISO-8601", "\"2024-01-01 00:00:00\"", "expected TIMESTAMP(6), got" },
        { "ISO-8601", "1700000000000", "expected TIMESTAMP(6), got" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char options[64], input[200];
        snprintf(options, sizeof options, "json.timestamp-format=%s", cases[i].format);
        const format_case c = { .format = "json", .schema = "v TIMESTAMP(6)", .options = options };
        snprintf(input, sizeof input, "{\"v\":%s}\n{\"v\":%s}\n", cases[i].value, cases[i].value);
        char *got = format_decode(&c, input, strlen(input));
        const char *first = strstr(got, cases[i].expect);
        if (first == NULL || strstr(first + 1, cases[i].expect) == NULL)
            fail_msg("%s as %s: %s", cases[i].value, cases[i].format, got);
        tide_free(got);
    }
}

static void timestamps_round_to_their_precision(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json", .schema = "v TIMESTAMP(0), w TIMESTAMP(3)" },
                 "{\"v\":\"2024-01-01 00:00:00.5\",\"w\":\"2024-01-01 00:00:00.0005\"}\n"
                 "{\"v\":1700000000499,\"w\":\"1969-12-31 23:59:59.9994\"}\n",
                 "2024-01-01 00:00:01|2024-01-01 00:00:00.001\n2023-11-14 "
                 "22:13:20|1969-12-31 "
                 "23:59:59.999\n");
}

static void nulls_where_none_may_be_are_errors(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json", .schema = "a BIGINT NOT NULL, b BIGINT" },
                 "{\"a\":1,\"b\":null}\n{\"a\":null,\"b\":2}\n{\"b\":3}\n{\"a\":4,\"b\":4}"
                 "\n",
                 "1|NULL\n4|4\n! record 1 at 17+16: field a is null, but declared NOT "
                 "NULL\n"
                 "! record 2 at 34+7: field a is missing\n");
    format_check(&(format_case){ .format = "json",
                                 .schema = "a BIGINT, b BIGINT",
                                 .options = "json.fail-on-missing-field=true" },
                 "{\"a\":1,\"b\":null}\n{\"a\":1}\n",
                 "1|NULL\n! record 1 at 17+7: field b is missing\n");
}

/* A row that failed half-way must not leave its NULLs to the next. */
static void a_bad_record_costs_no_neighbour(void **state)
{
    (void)state;
    format_check(&ads,
                 "{\"user_id\":1}\n{\"user_id\":null,\"ad\":null,\"price\":\"x\"}\n{"
                 "\"user_id\":2,\"ad\":"
                 "\"q\",\"at\":1,\"price\":3}\n"
                 "{\"user_id\":\n{\"user_id\":4}\n{\"user_id\":5,\"ad\":\"unclosed}\n{"
                 "\"user_id\":6}\n]\n{"
                 "\"user_id\":7}{\"user_id\":8}\n"
                 "{\"user_id\":9}\n[{\"user_id\":10}]\n\"text\"\n12\nnull\n{\"user_id\":"
                 "11}\n{\"user_id\":"
                 "12",
                 "1|NULL|NULL|NULL\n2|q|1970-01-01 "
                 "00:00:00.001|3.00\n4|NULL|NULL|NULL\n6|NULL|NULL|NULL\n"
                 "9|NULL|NULL|NULL\n11|NULL|NULL|NULL\n"
                 "! record 1 at 14+38: field price: expected DECIMAL(8, 2), got \"x\"\n"
                 "! record 3 at 93+11: invalid JSON near byte 0: the record is truncated\n"
                 "! record 5 at 119+28: invalid JSON near byte 0: a string is not closed\n"
                 "! record 7 at 162+1: invalid JSON near byte 0: the record is not an "
                 "object\n"
                 "! record 8 at 164+26: invalid JSON near byte 13: something follows the "
                 "object\n"
                 "! record 10 at 205+16: invalid JSON near byte 0: the record is not an "
                 "object\n"
                 "! record 11 at 222+6: invalid JSON near byte 0: the record is not an "
                 "object\n"
                 "! record 12 at 229+2: invalid JSON near byte 0: the record is not an "
                 "object\n"
                 "! record 13 at 232+4: invalid JSON near byte 0: the record is not an "
                 "object\n"
                 "! record 15 at 252+13: invalid JSON near byte 0: the record is "
                 "truncated\n");
}

/* Records that span lines would be whole again for a parser that does not know
 * lines. */
static void a_record_never_spans_lines(void **state)
{
    (void)state;
    tide_bytes text = { 0 }, expect = { 0 }, errors = { 0 };
    for (int i = 0; i < 300; i++) { /* Irregular, so that runs of simdjson are tried. */
        size_t at = text.n;
        if (i % 37 == 36) {
            tide_bytes_puts(&text, "{\"id\":[1,\n");
            tide_bytes_printf(&errors,
                              "! record %d at %d+9: invalid JSON near byte 0: the "
                              "record is truncated\n",
                              i / 37 * 3 + i, (int)at);
            at = text.n;
            tide_bytes_puts(&text, "{\"id\":7,\"x\":[]}\n");
            tide_bytes_puts(&expect, "7|NULL\n");
            at = text.n;
            tide_bytes_puts(&text, "]}\n");
            tide_bytes_printf(&errors,
                              "! record %d at %d+2: invalid JSON near byte 0: the "
                              "record is not an object\n",
                              i / 37 * 3 + i + 2, (int)at);
            tide_bytes_puts(&text, "{\"id\":8,\"x\":{}}\n");
            tide_bytes_puts(&expect, "8|NULL\n");
        } else {
            tide_bytes_printf(&text, "{\"k%d\":[%d],\"id\":%d,\"s\":\"v\\n%d\"}\n", i, i, i, i);
            tide_bytes_printf(&expect, "%d|v\n%d\n", i, i);
        }
    }
    tide_bytes_put(&expect, errors.p, errors.n);
    for (uint32_t rows = 1; rows <= 4096; rows += 4095) {
        char *got = format_decode(&(format_case){ .format = "json",
                                                  .schema = "id BIGINT, s VARCHAR",
                                                  .rows_max = rows },
                                  text.p, text.n);
        assert_string_equal(got, tide_bytes_text(&expect));
        tide_free(got);
    }
    tide_bytes_fini(&text);
    tide_bytes_fini(&expect);
    tide_bytes_fini(&errors);
}

static void bytes_that_are_no_text_are_errors(void **state)
{
    (void)state;
    static const char nul[] = "{\"s\":\"a\0b\"}\n{\"s\":\"ok\"}\n{\"s\":\0\"x\"}\n{\"t\":\0,\"s\":"
                              "\"x\"}\n{\"s\":\"ok\"}\n";
    const format_case c = { .format = "json", .schema = "s VARCHAR" };
    format_check_n(&c, nul, sizeof nul - 1,
                   "ok\nok\n! record 0 at 0+11: invalid JSON near byte 0: a control "
                   "character "
                   "inside a string\n"
                   "! record 2 at 23+10: invalid JSON near byte 5: a syntax error\n"
                   "! record 3 at 34+15: invalid JSON near byte 5: a syntax error\n");
    format_check(&c,
                 "{\"s\":\"ok\"}\n{\"s\":\"\xc3(\"}\n{\"s\":\"\xed\xa0\x80\"}\n{\"s\":"
                 "\"\xf8\"}\n{"
                 "\"s\":\"\xc0\xaf\"}\n{\"s\":\"ok\"}\n",
                 "ok\nok\n! record 1 at 11+10: invalid JSON near byte 0: invalid UTF-8\n"
                 "! record 2 at 22+11: invalid JSON near byte 0: invalid UTF-8\n"
                 "! record 3 at 34+9: invalid JSON near byte 0: invalid UTF-8\n"
                 "! record 4 at 44+10: invalid JSON near byte 0: invalid UTF-8\n");
    format_check(&c,
                 "{\"s\":\"\\ud83d\"}\n{\"s\":\"\\x\"}\n{\"s\":\"tab\there\"}\n{"
                 "\"s\":\"\\u12\"}\n",
                 "! record 0 at 0+14: invalid JSON near byte 13: an invalid "
                 "escape in a string\n"
                 "! record 1 at 15+10: invalid JSON near byte 9: an invalid "
                 "escape in a string\n"
                 "! record 2 at 26+16: invalid JSON near byte 0: a control "
                 "character inside a string\n"
                 "! record 3 at 43+12: invalid JSON near byte 11: an invalid "
                 "escape in a string\n");
}

static void numbers_follow_the_grammar(void **state)
{
    (void)state;
    static const char *const bad[] = { "01",  "+1",  "1.",  ".5",   "-",   "1e",  "0x1",
                                       "1_0", "tru", "nul", "True", "NaN", "1 2", "00",
                                       "-01", "1e+", "--1", "1,",   ",1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char input[200];
        const format_case c = { .format = "json", .schema = "v DOUBLE, w DOUBLE" };
        snprintf(input, sizeof input, "{\"v\":1,\"w\":2}\n{\"v\":%s,\"w\":1}\n{\"v\":3,\"w\":2}\n",
                 bad[i]);
        char *got = format_decode(&c, input, strlen(input));
        if (strncmp(got, "1|2\n3|2\n! record 1 at 14", 24) != 0) fail_msg("%s: %s", bad[i], got);
        tide_free(got);
    }
}

static void only_wanted_columns_are_read(void **state)
{
    (void)state;
    format_check(&(format_case){ .format = "json",
                                 .schema = "a BIGINT, b BIGINT, c VARCHAR",
                                 .wanted = "c, a" },
                 "{\"a\":1,\"b\":\"not a "
                 "number\",\"c\":\"x\"}\n{\"a\":2,\"b\":{},\"c\":\"y\"}\n{\"a\":"
                 "3,\"b\":0,\"c\":\"z\"}\n",
                 "x|1\ny|2\nz|3\n");
}

static void messages_are_records(void **state)
{
    (void)state;
    format_case c = ads;
    c.messages = true;
    static const char input[] = "{\"user_id\":1,\"ad\":\"x\"}\n{\"user_id\":2,"
                                "\"ad\":\"y\"}\n{\"user_id\":3,\"ad\":\"y\n"
                                "\n{\"user_id\":4,\"ad\":\"z\"} \n{\"user_id\":5";
    char *got = format_decode(&c, input, sizeof input - 1);
    assert_string_equal(got,
                        "1|x|NULL|NULL\n2|y|NULL|NULL\n4|z|NULL|NULL\n"
                        "! record 2 at 46+20: invalid JSON near byte 0: a string is not closed\n"
                        "! record 3 at 67+0: invalid JSON near byte 0: the record is empty\n"
                        "! record 5 at 92+12: invalid JSON near byte 0: the record is "
                        "truncated\n");
    tide_free(got);
}

static void a_very_long_line_is_one_record(void **state)
{
    (void)state;
    size_t len = 64u << 20;
    tide_bytes input = { 0 };
    tide_bytes_puts(&input, "{\"id\":1}\n{\"s\":\"");
    memset(tide_bytes_reserve(&input, len), 'x', len);
    input.n += len;
    tide_bytes_puts(&input, "\",\"id\":2}\n{\"id\":3}\n");
    const format_case c = { .format = "json", .schema = "id BIGINT" };
    char *got = format_decode(&c, input.p, input.n);
    assert_string_equal(got, "1\n2\n3\n");
    tide_free(got);
    tide_bytes_fini(&input);
}

static void rows_become_records(void **state)
{
    (void)state;
    static const char input[] =
        "{\"a\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"t\":\"2024-01-01 "
        "00:00:00.250\",\"z\":\"2024-01-01T00:00:00Z\",\"d\":-0.5,"
        "\"f\":1e20,\"b\":true,\"y\":\"aGk=\"}\n{\"a\":null,\"f\":\"NaN\"}\n";
    const format_case c = { .format = "json",
                            .schema = "a BIGINT, s VARCHAR, t TIMESTAMP(3), z TIMESTAMP_LTZ(3), d "
                                      "DECIMAL(8,2), f DOUBLE, b BOOLEAN, y BYTEA" };
    static const struct {
        const char *options, *expect;
    } cases[] = {
        { "", "{\"a\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"t\":\"2024-01-01 "
              "00:00:00.25\",\"z\":\"2024-01-01 00:00:00Z\","
              "\"d\":-0.50,\"f\":1e+20,\"b\":true,\"y\":\"aGk=\"}\n"
              "{\"a\":null,\"s\":null,\"t\":null,\"z\":null,\"d\":null,\"f\":"
              "\"NaN\",\"b\":null,"
              "\"y\":null}\n" },
        { "json.timestamp-format=ISO-8601 json.encode.ignore-null-fields=true",
          "{\"a\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"t\":\"2024-01-01T00:"
          "00:00.25\",\"z\":"
          "\"2024-01-01T00:00:00Z\","
          "\"d\":-0.50,\"f\":1e+20,\"b\":true,\"y\":\"aGk=\"}\n{\"f\":\"NaN\"}\n" },
        { "json.timestamp-format=epoch-millis json.encode.ignore-null-fields=true",
          "{\"a\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"t\":1704067200250,"
          "\"z\":1704067200000,"
          "\"d\":-0.50,\"f\":1e+20,\"b\":true,\"y\":\"aGk=\"}\n{\"f\":\"NaN\"}\n" },
        { "json.timestamp-format=epoch-seconds "
          "json.encode.ignore-null-fields=true",
          "{\"a\":1,\"s\":\"q\\\"\\\\\\n\\u0001\xc3\xa9\",\"t\":1704067200.250000,"
          "\"z\":1704067200,"
          "\"d\":-0.50,\"f\":1e+20,\"b\":true,\"y\":\"aGk=\"}\n{\"f\":\"NaN\"}\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = format_recode(&c, input, "json", cases[i].options);
        assert_string_equal(got, cases[i].expect);
        tide_free(got);
    }
}

static void options_are_checked(void **state)
{
    (void)state;
    tide_schema schema = { 0 };
    const tide_format_option bad = { "json.timestamp-format", "RFC" };
    tide_decoder *decoder;
    const tide_format *json = tide_format_find("json");
    assert_int_equal(json->decoder_new(&schema, NULL, 0, &bad, 1, &decoder), TIDE_E_OPTION);
    assert_string_equal(tide_error_text(),
                        "option 'json.timestamp-format' = 'RFC': expected one of "
                        "(auto|ISO-8601|SQL|epoch-millis|epoch-seconds|epoch-micros)");
    assert_null(tide_format_find("jsonx"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_become_rows),
        cmocka_unit_test(order_spaces_and_extra_fields_do_not_matter),
        cmocka_unit_test(the_last_of_duplicate_keys_wins),
        cmocka_unit_test(lines_end_in_any_way),
        cmocka_unit_test(escapes_and_utf8_arrive),
        cmocka_unit_test(other_values_in_text_columns_keep_their_json),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(a_value_of_the_wrong_type_is_named),
        cmocka_unit_test(varchar_takes_up_to_its_length_in_characters),
        cmocka_unit_test(timestamps_that_look_like_another_unit_say_so),
        cmocka_unit_test(timestamps_round_to_their_precision),
        cmocka_unit_test(nulls_where_none_may_be_are_errors),
        cmocka_unit_test(a_bad_record_costs_no_neighbour),
        cmocka_unit_test(a_record_never_spans_lines),
        cmocka_unit_test(bytes_that_are_no_text_are_errors),
        cmocka_unit_test(numbers_follow_the_grammar),
        cmocka_unit_test(only_wanted_columns_are_read),
        cmocka_unit_test(messages_are_records),
        cmocka_unit_test(a_very_long_line_is_one_record),
        cmocka_unit_test(rows_become_records),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
