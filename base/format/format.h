/* format.h - record formats: bytes to columns and back. One registry row per
 * format.
 *
 * A decoder turns a block of bytes into rows of a builder, straight into the
 * columns that are wanted. It keeps no reference to the block unless it says so
 * through tide_colb_share. A malformed record becomes an entry of the error
 * list; the record's row is not produced. Owner: one thread. No I/O. */
#ifndef TIDE_BASE_FORMAT_FORMAT_H
#define TIDE_BASE_FORMAT_FORMAT_H
#include "base/column/batch.h"
#include "base/core/bytes.h"

typedef struct tide_format_option {
    const char *key, *value;
} tide_format_option;

/* One row of a documented option table (also used by connectors). */
typedef struct tide_option_def {
    const char *key, *default_value, *help;
    const char *type; /* "string", "boolean", "integer", "duration", "size",
                       "enum(a|b|c)" */
} tide_option_def;

typedef struct tide_decode_error {
    uint64_t record;    /* Number of the record within the block, from 0. */
    size_t offset, len; /* Of the record within the block. */
    char text[200];     /* "field user_id: expected BIGINT, got \"abc\"" */
} tide_decode_error;

typedef struct tide_decode_errors {
    uint32_t n, cap;
    tide_decode_error *items;
} tide_decode_errors;
void tide_decode_errors_fini(tide_decode_errors *self);

typedef struct tide_decoder tide_decoder;
typedef struct tide_encoder tide_encoder;

typedef struct tide_format {
    const char *name;               /* "json", "csv" */
    const tide_option_def *options; /* Ends with a NULL key. */
    /* Is there more wrong with options than their types in the table tell? NULL: never. */
    tide_status (*check)(const tide_format_option *options, uint32_t n_options);
    /* fields: the columns wanted, by name in the record, in the builder's column
     * order; record_schema: every physical column as declared (CSV goes by
     * position). */
    tide_status (*decoder_new)(const tide_schema *record_schema, const uint32_t *wanted,
                               uint32_t n_wanted, const tide_format_option *options,
                               uint32_t n_options, tide_decoder **out);
    /* Decodes records of bytes[0..len), which are followed by TIDE_BUF_PADDING
     * readable bytes, until the builder is full or the block ends. `last`: no
     * more bytes follow, an unterminated last record counts. *consumed: bytes
     * used up, whole records only. *records: records seen, malformed ones
     * included. For message-wise transports (Kafka) use decode_one. Never fails
     * but for resource limits. */
    tide_status (*decode_block)(tide_decoder *self, const uint8_t *bytes, size_t len, bool last,
                                tide_builder *out, size_t *consumed, uint64_t *records,
                                tide_decode_errors *errors);
    /* One message = one record: sets row out->n of every column and advances
     * out->n, or appends to errors (with `record`) and sets nothing. bytes are
     * followed by padding as above. */
    tide_status (*decode_one)(tide_decoder *self, const uint8_t *bytes, size_t len, uint64_t record,
                              tide_builder *out, tide_decode_errors *errors);
    /* Blocks that follow are of another input. at_start: they are its beginning,
     * so a byte order mark or a header may come; else they begin with a whole
     * record. A new decoder is at the start. */
    void (*decoder_reset)(tide_decoder *self, bool at_start);
    void (*decoder_free)(tide_decoder **self_p);
    /* Does every newline end a record, under these options? Then an input can be
     * read from any newline on. */
    bool (*records_are_lines)(const tide_format_option *options, uint32_t n_options);

    tide_status (*encoder_new)(const tide_schema *schema, const tide_format_option *options,
                               uint32_t n_options, tide_encoder **out);
    /* Appends the encoded rows k in [first, first + n) (selected rows) to a
     * growing buffer, each ended by a newline when `newline`; ends[i], if not
     * NULL, gets the offset in *dst behind row i. */
    tide_status (*encode)(tide_encoder *self, const tide_batch *in, uint32_t first, uint32_t n,
                          bool newline, tide_bytes *dst, size_t *ends);
    /* What a file begins with (CSV's header), may append nothing. */
    tide_status (*encode_header)(tide_encoder *self, tide_bytes *dst);
    void (*encoder_free)(tide_encoder **self_p);
} tide_format;

/* NULL if unknown. */
const tide_format *tide_format_find(const char *name);
/* All names, separated by ", ". */
const char *tide_format_names(void);

#endif
