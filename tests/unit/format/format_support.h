/* format_support.h - decode a text by a format and see the rows and errors as
 * text, and back. */
#ifndef TIDE_TESTS_UNIT_FORMAT_FORMAT_SUPPORT_H
#define TIDE_TESTS_UNIT_FORMAT_FORMAT_SUPPORT_H
#include "base/format/format.h"

typedef struct format_case {
    const char *format;
    const char *schema;  /* "id BIGINT, name VARCHAR(5) NOT NULL" */
    const char *options; /* "json.timestamp-format=SQL csv.header=true"; NULL: none. */
    const char *wanted;  /* Names of the columns to decode, "id, name"; NULL: all. */
    size_t block;        /* Bytes offered at a time; 0: all at once. */
    uint32_t rows_max;   /* Of a batch; 0: TIDE_BATCH_ROWS_MAX. */
    bool messages;       /* Each line is a message of its own (decode_one). */
} format_case;

/* Decodes input[0..len) and returns what came out, one line per row
 * ("1|abc|NULL"), then one per error ("! record 3 at 17+20: text"). Caller
 * frees with tide_free. */
char *format_decode(const format_case *c, const char *input, size_t len);

/* Fails the test unless input decodes to `expect`: whole, by lines, and byte by
 * byte; with large and with tiny batches. */
void format_check(const format_case *c, const char *input, const char *expect);
/* Likewise for input[0..len) with NUL bytes inside. */
void format_check_n(const format_case *c, const char *input, size_t len, const char *expect);

/* Decodes input by c and encodes the rows by out_format with options; caller
 * frees. */
char *format_recode(const format_case *c, const char *input, const char *out_format,
                    const char *options);

#endif
