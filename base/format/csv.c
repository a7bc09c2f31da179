/* csv.c - the format "csv": records of delimited fields, by position.
 *
 * Windows of the input are scanned for delimiters and newlines at once
 * (csv_simd.h); rows that lie regularly are then converted column by column
 * (csv_columns.c). Any other record, with quotes, a wrong number of fields or a
 * value that does not fit, is taken by itself (csv_record.c), and only there
 * errors arise. */
#include <stdio.h>

#include "base/format/csv_internal.h"
#include "base/format/options.h"

const tide_option_def csv_option_defs[] = {
    { "csv.field-delimiter", ",", "The character between fields", "string" },
    { "csv.quote-character", "\"", "Encloses fields that hold delimiters or newlines; empty: none",
      "string" },
    { "csv.disable-quote-character", "false", "No character is a quote", "boolean" },
    { "csv.escape-character", NULL,
      "Within quotes takes the meaning from the character behind it; unset: "
      "quotes are doubled",
      "string" },
    { "csv.header", "false", "The first line of an input names the columns: skipped when reading",
      "boolean" },
    { "csv.null-literal", "", "An unquoted field with this text is NULL", "string" },
    { "csv.allow-comments", "false", "Lines that begin with # are skipped", "boolean" },
    { "csv.skip-empty-lines", "true",
      "Empty lines are no records; in a table of one column they are a NULL unless this is given",
      "boolean" },
    { "csv.quoted-newlines", "true",
      "Quoted fields may hold newlines. false lets one file be read by several "
      "subtasks",
      "boolean" },
    { NULL, NULL, NULL, NULL },
};

#define SINGLES_MAX                                                                                \
    256u /* Irregular records that are taken one by one before a window is                         \
          tried. */

static csv_decoder *of_decoder(tide_decoder *self)
{
    return (csv_decoder *)self;
}

tide_status csv_options_read(const tide_format_option *options, uint32_t n_options,
                             csv_options *out)
{
    const tide_format_options given = { options, n_options, csv_option_defs };
    char delimiter, quote, escape;
    TIDE_TRY(tide_format_option_char(&given, "csv.field-delimiter", &delimiter));
    TIDE_TRY(tide_format_option_char(&given, "csv.quote-character", &quote));
    TIDE_TRY(tide_format_option_char(&given, "csv.escape-character", &escape));
    if (tide_format_option_bool(&given, "csv.disable-quote-character")) quote = '\0';
    if (delimiter == '\0' || delimiter == '\n' || delimiter == '\r' || (uint8_t)delimiter > 127)
        return tide_fail(TIDE_E_OPTION,
                         "option 'csv.field-delimiter': expected one character, not a "
                         "line end");
    if (delimiter == quote || quote == '\n' || quote == '\r' || (uint8_t)quote > 127)
        return tide_fail(TIDE_E_OPTION,
                         "option 'csv.quote-character': expected one character, not the "
                         "delimiter");
    *out = (csv_options){
        .marks = { (uint8_t)delimiter, (uint8_t)quote, (uint8_t)escape },
        .header = tide_format_option_bool(&given, "csv.header"),
        .comments = tide_format_option_bool(&given, "csv.allow-comments"),
        .quoted_newlines = tide_format_option_bool(&given, "csv.quoted-newlines"),
        .skip_blank = tide_format_option_bool(&given, "csv.skip-empty-lines"),
        .null_literal = tide_format_option_get(&given, "csv.null-literal"),
    };
    out->null_len = (uint32_t)strlen(out->null_literal);
    return TIDE_OK;
}

static tide_status csv_check(const tide_format_option *options, uint32_t n_options)
{
    csv_options read;
    return csv_options_read(options, n_options, &read);
}

static void csv_decoder_free(tide_decoder **self_p)
{
    csv_decoder *self = of_decoder(*self_p);
    if (self == NULL) return;
    tide_bytes_fini(&self->scratch);
    tide_free((char *)self->options.null_literal);
    tide_free(self->columns);
    tide_free(self->fields);
    tide_free(self);
    *self_p = NULL;
}

/* The only way to write a NULL of a one-column table is an empty line: it must not be lost. */
static bool is_empty_line_a_record(const tide_schema *schema, const csv_options *read,
                                   const tide_format_option *options, uint32_t n_options)
{
    for (uint32_t i = 0; i < n_options; i++)
        if (strcmp(options[i].key, "csv.skip-empty-lines") == 0) return !read->skip_blank;
    return schema->n == 1 && read->null_len == 0;
}

static tide_status csv_decoder_new(const tide_schema *schema, const uint32_t *wanted,
                                   uint32_t n_wanted, const tide_format_option *options,
                                   uint32_t n_options, tide_decoder **out)
{
    csv_options read;
    TIDE_TRY(csv_options_read(options, n_options, &read));
    if (schema->n == 0) return tide_fail(TIDE_E_OPTION, "format 'csv' needs a physical column");
    csv_decoder *self = tide_calloc(1, sizeof *self);
    self->options = read;
    self->options.null_literal = tide_strdup(read.null_literal);
    self->options.skip_blank = !is_empty_line_a_record(schema, &read, options, n_options);
    self->n = n_wanted;
    self->n_fields = schema->n;
    self->columns = tide_calloc(n_wanted, sizeof *self->columns);
    self->fields = tide_calloc(schema->n, sizeof *self->fields);
    for (uint32_t i = 0; i < n_wanted; i++)
        self->columns[i] =
            (csv_column){ tide_field_spec_of(&schema->fields[wanted[i]]), wanted[i] };
    self->simd = csv_simd_pick(NULL);
    self->at_start = true;
    self->singles_next = 1;
    *out = (tide_decoder *)self;
    return TIDE_OK;
}

static void csv_decoder_reset(tide_decoder *self_v, bool at_start)
{
    of_decoder(self_v)->at_start = at_start;
}

static void add_error(const csv_decoder *self, tide_decode_errors *errors, uint64_t record,
                      size_t offset, size_t len)
{
    TIDE_GROW(errors->items, errors->n, errors->cap);
    tide_decode_error *e = &errors->items[errors->n++];
    *e = (tide_decode_error){ .record = record, .offset = offset, .len = len };
    memcpy(e->text, self->error, sizeof e->text);
}

static tide_status csv_decode_one(tide_decoder *self_v, const uint8_t *bytes, size_t len,
                                  uint64_t record, tide_builder *out, tide_decode_errors *errors)
{
    csv_decoder *self = of_decoder(self_v);
    const char *p = (const char *)bytes, *text_end, *next;
    csv_found found = csv_record_split(self, p, p + len, true, &text_end, &next);
    if (found == CSV_RECORD && next != p + len) {
        snprintf(self->error, sizeof self->error, "something follows the record");
        found = CSV_BAD;
    }
    if (found == CSV_RECORD && csv_record_put(self, out))
        out->n++;
    else
        add_error(self, errors, record, 0, len);
    return TIDE_OK;
}

/* ---- blocks ---- */

/* Where a block is being read. */
typedef struct csv_block {
    csv_decoder *decoder;
    const char *start, *p, *end;
    bool last;
    tide_builder *out;
    uint64_t records;
    tide_decode_errors *errors;
} csv_block;

/* Is the line at p none that holds a record? *next is where the one behind it
 * begins, or NULL if the line goes on behind the block. */
static bool skip_line(const csv_block *b, const char *p, const char **next)
{
    const csv_options *o = &b->decoder->options;
    size_t mark = p < b->end && *p == '\r' ? 1 : 0;
    bool line_ends = p + mark == b->end || p[mark] == '\n';
    if (o->skip_blank && line_ends && (p + mark < b->end || b->last)) {
        *next = p + mark < b->end ? p + mark + 1 : b->end;
        return true;
    }
    if (!o->comments || *p != '#') return false;
    const char *newline = memchr(p, '\n', (size_t)(b->end - p));
    *next = newline ? newline + 1 : b->last ? b->end : NULL;
    return true;
}

/* The record at b->p. False: it is not complete. */
static bool read_record(csv_block *b)
{
    csv_decoder *d = b->decoder;
    const char *line = b->p, *text_end, *next;
    if (skip_line(b, line, &next)) {
        if (next) b->p = next;
        return next != NULL;
    }
    csv_found found = csv_record_split(d, line, b->end, b->last, &text_end, &next);
    if (found == CSV_INCOMPLETE) return false;
    b->p = next;
    if (found == CSV_RECORD && csv_record_put(d, b->out))
        b->out->n++;
    else
        add_error(d, b->errors, b->records, (size_t)(line - b->start), (size_t)(text_end - line));
    b->records++;
    return true;
}

/* Is the row whose fields end at row[0..stride) as it should be? newline: offset of its line's
 * end. */
static bool is_regular(const csv_decoder *d, const char *base, const uint32_t *row, uint32_t stride,
                       uint32_t newline)
{
    uint32_t start = row[-1] + 1;
    if (row[stride - 1] != newline) return false;
    if (stride > d->n_fields) {
        /* Nothing but a carriage return behind the delimiter that ends the last field. */
        uint32_t rest = row[stride - 2] + 1;
        if (rest != newline && (rest + 1 != newline || base[rest] != '\r')) return false;
    }
    if (d->n_fields == 1 && (start == newline || base[start] == '\r')) return false; /* Blank? */
    return !d->options.comments || base[start] != '#';
}

/* How many rows from the first on have the fields they should have, in one of the two forms:
 * with and without a delimiter behind the last field. d->ends holds n_ends offsets of the window
 * at base. */
static uint32_t regular_rows(csv_decoder *d, const char *base, size_t len, uint32_t n_ends,
                             uint32_t *stride_out)
{
    const uint32_t *row = d->ends + 8;
    uint32_t stride = d->n_fields, n = d->masks.n_lines, r = 0;
    if (n == 0 || n_ends < stride) return 0;
    stride += base[row[stride - 1]] != '\n';
    *stride_out = stride;
    if (n > n_ends / stride) n = n_ends / stride;
    /* When as many rows end in a newline as there are newlines, no row holds another. */
    while (r < n && base[row[r * stride + stride - 1]] == '\n') r++;
    bool exact = r == d->masks.n_lines;
    if (!exact) d->simd->offsets(d->masks.lines, len, d->lines);
    for (r = 0; r < n; r++, row += stride)
        if (!is_regular(d, base, row, stride, exact ? row[stride - 1] : d->lines[r])) break;
    return r;
}

/* The regular rows at the front of the next window. False if there is none. */
static bool read_window(csv_block *b)
{
    csv_decoder *d = b->decoder;
    size_t left = (size_t)(b->end - b->p);
    uint32_t *ends = d->ends + 8;
    csv_rows rows = { .base = b->p, .ends = ends, .n_fields = d->n_fields };
    size_t len =
        d->simd->scan(b->p, left < CSV_WINDOW ? left : CSV_WINDOW, d->options.marks, &d->masks);
    if (d->masks.quoted)
        len = csv_hide_quoted(b->p, len, d->options.marks, d->options.quoted_newlines, &d->masks);
    uint32_t n_ends = d->simd->offsets(d->masks.ends, len, ends);
    uint32_t room = b->out->cap - b->out->n;
    ends[-1] = UINT32_MAX; /* One less than the first row's start. */
    rows.n = regular_rows(d, b->p, len, n_ends, &rows.stride);
    rows.ascii = d->masks.ascii;
    rows.quoted = d->masks.quoted;
    if (rows.n > room) rows.n = room;
    if (rows.n == 0) return false;
    uint32_t good = csv_rows_put(d, &rows, b->out);
    b->out->n += good;
    b->records += good;
    if (good > 0) b->p += ends[good * rows.stride - 1] + 1;
    return good == rows.n;
}

/* A byte order mark and the header line, at the start of an input. False: not
 * complete yet. */
static bool skip_start(csv_block *b)
{
    const char *text_end, *next;
    csv_decoder *d = b->decoder;
    if (!d->at_start || (b->p == b->end)) return true;
    if (!b->last && b->end - b->p < 3) return false;
    if (b->end - b->p >= 3 && memcmp(b->p, "\xef\xbb\xbf", 3) == 0) b->p += 3;
    if (d->options.header) {
        if (csv_record_split(d, b->p, b->end, b->last, &text_end, &next) == CSV_INCOMPLETE) {
            b->p = b->start;
            return false;
        }
        b->p = next;
    }
    d->at_start = false;
    return true;
}

static tide_status csv_decode_block(tide_decoder *self_v, const uint8_t *bytes, size_t len,
                                    bool last, tide_builder *out, size_t *consumed,
                                    uint64_t *records, tide_decode_errors *errors)
{
    csv_decoder *d = of_decoder(self_v);
    const char *start = (const char *)bytes;
    csv_block b = { .decoder = d,
                    .start = start,
                    .p = start,
                    .end = start + len,
                    .last = last,
                    .out = out,
                    .errors = errors };
    bool more = skip_start(&b);
    while (more && b.p < b.end && !tide_builder_full(out)) {
        if (d->singles == 0 && read_window(&b)) {
            d->singles_next = 1;
            continue;
        }
        if (b.p == b.end || tide_builder_full(out)) break;
        if (d->singles == 0) {
            d->singles = d->singles_next;
            if (d->singles_next < SINGLES_MAX) d->singles_next *= 2;
        }
        more = read_record(&b);
        d->singles--;
    }
    *consumed = (size_t)(b.p - start);
    *records = b.records;
    return TIDE_OK;
}

static bool csv_records_are_lines(const tide_format_option *options, uint32_t n_options)
{
    csv_options read;
    return csv_options_read(options, n_options, &read) == TIDE_OK &&
           (!read.quoted_newlines || !read.marks.quote);
}

const tide_format tide_format_csv = {
    .name = "csv",
    .options = csv_option_defs,
    .check = csv_check,
    .decoder_new = csv_decoder_new,
    .decoder_reset = csv_decoder_reset,
    .decode_block = csv_decode_block,
    .decode_one = csv_decode_one,
    .decoder_free = csv_decoder_free,
    .records_are_lines = csv_records_are_lines,
    .encoder_new = csv_encoder_new,
    .encode = csv_encode,
    .encode_header = csv_encode_header,
    .encoder_free = csv_encoder_free,
};
