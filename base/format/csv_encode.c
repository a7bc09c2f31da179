/* csv_encode.c - rows as delimited text. A string is put in quotes when it
 * holds a delimiter, a quote or a line end, or would read as NULL. */
#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/format/base64.h"
#include "base/format/csv_internal.h"

typedef struct csv_encoder {
    csv_options options;
    uint32_t n;
    char **names;
} csv_encoder;

static bool needs_quotes(const csv_options *o, const char *ptr, size_t len)
{
    if (o->marks.quote && len == o->null_len && memcmp(ptr, o->null_literal, len) == 0) return true;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)ptr[i];
        if (c == o->marks.delimiter || c == o->marks.quote || c == '\n' || c == '\r') return true;
    }
    return o->comments && len && *ptr == '#';
}

/* Writes at most 2 * len + 2 bytes. */
static char *put_quoted(const csv_options *o, char *at, const char *ptr, size_t len)
{
    char quote = (char)o->marks.quote, escape = (char)o->marks.escape;
    *at++ = quote;
    for (size_t i = 0; i < len; i++) {
        if (ptr[i] == quote || (escape && ptr[i] == escape)) *at++ = escape ? escape : quote;
        *at++ = ptr[i];
    }
    *at++ = quote;
    return at;
}

static tide_status put_text(const csv_encoder *self, const char *name, const char *ptr, size_t len,
                            tide_bytes *dst)
{
    const csv_options *o = &self->options;
    bool quotes = needs_quotes(o, ptr, len);
    if (quotes && !o->marks.quote)
        return tide_fail(TIDE_E_DATA,
                         "field %s: its text needs quotes, but csv.quote-character is off", name);
    char *at = tide_bytes_reserve(dst, 2 * len + 2);
    if (quotes) {
        at = put_quoted(o, at, ptr, len);
    } else {
        memcpy(at, ptr, len);
        at += len;
    }
    dst->n = (size_t)(at - dst->p);
    return TIDE_OK;
}

static tide_status put_bytes(const csv_encoder *self, const char *name, const char *ptr, size_t len,
                             tide_bytes *dst)
{
    char *text = tide_malloc(4 * ((len + 2) / 3));
    tide_status rv = put_text(self, name, text, tide_base64_encode(ptr, len, text), dst);
    tide_free(text);
    return rv;
}

static tide_status put_field(const csv_encoder *self, uint32_t i, const tide_col *col, uint32_t row,
                             tide_bytes *dst)
{
    char text[TIDE_TEXT_MAX];
    const char *name = self->names[i];
    if (!tide_col_valid(col, row)) {
        tide_bytes_put(dst, self->options.null_literal, self->options.null_len);
        return TIDE_OK;
    }
    if (tide_type_is_string(col->type)) {
        uint32_t len;
        const char *ptr = tide_col_str(col, row, &len);
        return col->type.id == TIDE_TYPE_BYTES ? put_bytes(self, name, ptr, len, dst)
                                               : put_text(self, name, ptr, len, dst);
    }
    tide_value v = tide_col_value(col, row);
    return put_text(self, name, text, tide_print_value(&v, text), dst);
}

tide_status csv_encoder_new(const tide_schema *schema, const tide_format_option *options,
                            uint32_t n_options, tide_encoder **out)
{
    csv_options read;
    TIDE_TRY(csv_options_read(options, n_options, &read));
    csv_encoder *self = tide_calloc(1, sizeof *self);
    self->options = read;
    self->options.null_literal = tide_strdup(read.null_literal);
    self->n = schema->n;
    self->names = tide_calloc(schema->n, sizeof *self->names);
    for (uint32_t i = 0; i < schema->n; i++) self->names[i] = tide_strdup(schema->fields[i].name);
    *out = (tide_encoder *)self;
    return TIDE_OK;
}

tide_status csv_encode(tide_encoder *self_v, const tide_batch *in, uint32_t first, uint32_t n,
                       bool newline, tide_bytes *dst, size_t *ends)
{
    const csv_encoder *self = (const csv_encoder *)self_v;
    tide_assert(in->n_cols == self->n && first + n <= in->n_rows);
    for (uint32_t k = first; k < first + n; k++) {
        uint32_t row = tide_batch_phys(in, k);
        for (uint32_t i = 0; i < self->n; i++) {
            if (i) tide_bytes_putc(dst, (char)self->options.marks.delimiter);
            TIDE_TRY(put_field(self, i, in->cols[i], row, dst));
        }
        if (newline) tide_bytes_putc(dst, '\n');
        if (ends) ends[k - first] = dst->n;
    }
    return TIDE_OK;
}

tide_status csv_encode_header(tide_encoder *self_v, tide_bytes *dst)
{
    const csv_encoder *self = (const csv_encoder *)self_v;
    if (!self->options.header) return TIDE_OK;
    for (uint32_t i = 0; i < self->n; i++) {
        if (i) tide_bytes_putc(dst, (char)self->options.marks.delimiter);
        TIDE_TRY(put_text(self, self->names[i], self->names[i], strlen(self->names[i]), dst));
    }
    tide_bytes_putc(dst, '\n');
    return TIDE_OK;
}

void csv_encoder_free(tide_encoder **self_p)
{
    csv_encoder *self = (csv_encoder *)*self_p;
    if (self == NULL) return;
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->names[i]);
    tide_free(self->names);
    tide_free((char *)self->options.null_literal);
    tide_free(self);
    *self_p = NULL;
}
