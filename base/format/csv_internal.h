/* csv_internal.h - what the files of the CSV format share. */
#ifndef TIDE_BASE_FORMAT_CSV_INTERNAL_H
#define TIDE_BASE_FORMAT_CSV_INTERNAL_H
#include "base/format/csv_simd.h"
#include "base/format/field.h"
#include "base/format/formats.h"

typedef struct csv_options {
    csv_marks marks;
    bool header, comments, skip_blank, quoted_newlines;
    const char *null_literal;
    uint32_t null_len;
} csv_options;

extern const tide_option_def csv_option_defs[];
TIDE_MUST_CHECK tide_status csv_options_read(const tide_format_option *options, uint32_t n_options,
                                             csv_options *out);

/* A wanted column. */
typedef struct csv_column {
    tide_field_spec spec;
    uint32_t place; /* Of its field in the record. */
} csv_column;

typedef struct csv_field {
    const char *ptr; /* Without quotes. */
    size_t len;
    bool quoted, escaped; /* Was in quotes; holds doubled quotes or escapes. */
} csv_field;

typedef struct csv_decoder {
    csv_options options;
    const csv_simd *simd;
    uint32_t n, n_fields; /* Wanted columns; fields of a record. */
    csv_column *columns;
    csv_field *fields;  /* n_fields of the record at hand. */
    tide_bytes scratch; /* Unescaped text. */
    bool at_start;      /* A byte order mark and a header may follow. */
    uint32_t singles;   /* Records to take one by one before a window is tried again. */
    uint32_t singles_next;
    csv_masks masks;
    uint32_t ends[CSV_WINDOW + 80], lines[CSV_WINDOW + 80]; /* Offsets; ends begin at [8]. */
    char error[200];
} csv_decoder;

/* ---- csv_record.c: one record at a time, any record ---- */

typedef enum csv_found { CSV_RECORD, CSV_BAD, CSV_INCOMPLETE } csv_found;

/* Takes the record at p apart. CSV_RECORD and CSV_BAD (self->error says why):
 * *next_out is where the next one begins and *end_out where this one's text
 * ends. CSV_INCOMPLETE: it goes on behind end, unless `last`. */
csv_found csv_record_split(csv_decoder *self, const char *p, const char *end, bool last,
                           const char **end_out, const char **next_out);
/* The fields found into row out->n; false with self->error set. */
bool csv_record_put(csv_decoder *self, tide_builder *out);
/* One field; false with self->error set. */
bool csv_field_put(csv_decoder *self, const csv_column *column, tide_colb *out, uint32_t row,
                   const csv_field *field);

/* ---- csv_quotes.c ---- */

/* Takes out of the masks what lies within quotes, where they begin at the start of a record.
 * Stops in front of the 64 bytes with a quote out of place: one that begins amid a field or is
 * not followed by an end, or any if there is an escape character; and of those with a newline in
 * quotes, unless `newlines`. */
size_t csv_hide_quoted(const char *bytes, size_t len, csv_marks marks, bool newlines,
                       csv_masks *masks);

/* ---- csv_columns.c: many regular rows, column by column ---- */

/* Rows that lie regularly: fields of row r end at ends[r * stride + place],
 * where ends[-1] + 1 is the start of row 0. The last field may be followed by
 * one more delimiter (stride is n_fields + 1 then), or by '\r'. */
typedef struct csv_rows {
    const char *base;
    const uint32_t *ends;
    uint32_t stride, n, n_fields;
    bool ascii, quoted; /* No byte above 127; some fields are in quotes. */
} csv_rows;

/* Converts them into rows out->n ... of every wanted column. Returns the first
 * row that does not convert by itself, or rows->n: rows before it are good,
 * later ones unspecified. */
uint32_t csv_rows_put(csv_decoder *self, const csv_rows *rows, tide_builder *out);

/* ---- csv_encode.c ---- */
tide_status csv_encoder_new(const tide_schema *schema, const tide_format_option *options,
                            uint32_t n_options, tide_encoder **out);
tide_status csv_encode(tide_encoder *self, const tide_batch *in, uint32_t first, uint32_t n,
                       bool newline, tide_bytes *dst, size_t *ends);
tide_status csv_encode_header(tide_encoder *self, tide_bytes *dst);
void csv_encoder_free(tide_encoder **self_p);

#endif
