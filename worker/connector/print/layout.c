/* layout.c - in psql's style: numbers to the right, everything else to the left. */
#include "worker/connector/print/layout.h"

#include "base/column/text.h"
#include "worker/connector/print/width.h"

#define NULL_LENGTH UINT32_MAX
#define NULL_TEXT "NULL"

void tide_layout_init(tide_layout *self, const tide_schema *schema)
{
    *self = (tide_layout){ .schema = schema };
    self->widths = tide_calloc(schema->n, sizeof *self->widths);
    for (uint32_t i = 0; i < schema->n; i++) {
        const char *name = schema->fields[i].name;
        self->widths[i] = tide_columns_of(name, (uint32_t)strlen(name));
    }
}

void tide_layout_fini(tide_layout *self)
{
    tide_free(self->widths);
    tide_bytes_fini(&self->records);
}

/* Control characters would break the lines. */
static void put_text(tide_bytes *out, const char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '\n')
            tide_bytes_puts(out, "\\n");
        else if (c == '\t')
            tide_bytes_puts(out, "\\t");
        else if (c == '\r')
            tide_bytes_puts(out, "\\r");
        else if (c < 0x20 || c == 0x7f)
            tide_bytes_printf(out, "\\x%02x", c);
        else
            tide_bytes_putc(out, (char)c);
    }
}

static void put_hex(tide_bytes *out, const char *p, uint32_t n)
{
    static const char digits[] = "0123456789abcdef";
    tide_bytes_puts(out, "\\x");
    for (uint32_t i = 0; i < n; i++) {
        tide_bytes_putc(out, digits[(unsigned char)p[i] >> 4]);
        tide_bytes_putc(out, digits[(unsigned char)p[i] & 15]);
    }
}

void tide_layout_record(const tide_batch *batch, uint32_t row, tide_bytes *out)
{
    for (uint32_t i = 0; i < batch->n_cols; i++) {
        tide_value v = tide_col_value(batch->cols[i], row);
        size_t at = out->n;
        uint32_t len = NULL_LENGTH;
        tide_bytes_put(out, &len, sizeof len);
        if (v.is_null) continue;
        if (v.type.id == TIDE_TYPE_STRING)
            put_text(out, v.str.ptr, v.str.len);
        else if (v.type.id == TIDE_TYPE_BYTES)
            put_hex(out, v.str.ptr, v.str.len);
        else
            out->n += tide_print_value(&v, tide_bytes_reserve(out, TIDE_TEXT_MAX));
        len = (uint32_t)(out->n - at - sizeof len);
        memcpy(out->p + at, &len, sizeof len);
    }
}

/* The next cell of a record. */
static const char *next_cell(const char *at, const char **text, uint32_t *len)
{
    memcpy(len, at, sizeof *len);
    *text = at + sizeof *len;
    if (*len != NULL_LENGTH) return *text + *len;
    at = *text;
    *text = NULL_TEXT;
    *len = sizeof NULL_TEXT - 1;
    return at;
}

void tide_layout_add(tide_layout *self, const char *record, size_t n)
{
    tide_bytes_put(&self->records, record, n);
    self->n_records++;
    tide_layout_measure(self, record);
}

void tide_layout_measure(tide_layout *self, const char *record)
{
    for (uint32_t i = 0; i < self->schema->n; i++) {
        const char *text;
        uint32_t len;
        record = next_cell(record, &text, &len);
        uint32_t width = tide_columns_of(text, len);
        if (width > self->widths[i]) self->widths[i] = width;
    }
}

static void put_spaces(tide_bytes *out, uint32_t n)
{
    memset(tide_bytes_reserve(out, n), ' ', n);
    out->n += n;
}

static void put_cell(const tide_layout *self, uint32_t column, const char *text, uint32_t len,
                     bool right, tide_bytes *out)
{
    uint32_t room = self->widths[column] - tide_columns_of(text, len);
    tide_bytes_puts(out, column ? "| " : " ");
    if (right) put_spaces(out, room);
    tide_bytes_put(out, text, len);
    if (!right && column + 1 < self->schema->n) put_spaces(out, room);
    if (column + 1 < self->schema->n) tide_bytes_putc(out, ' ');
}

static void put_header(const tide_layout *self, tide_bytes *out)
{
    for (uint32_t i = 0; i < self->schema->n; i++) {
        const char *name = self->schema->fields[i].name;
        bool right = tide_type_is_numeric(self->schema->fields[i].type);
        put_cell(self, i, name, (uint32_t)strlen(name), right, out);
    }
    tide_bytes_putc(out, '\n');
    for (uint32_t i = 0; i < self->schema->n; i++) {
        if (i) tide_bytes_putc(out, '+');
        uint32_t n = self->widths[i] + 2;
        memset(tide_bytes_reserve(out, n), '-', n);
        out->n += n;
    }
    tide_bytes_putc(out, '\n');
}

void tide_layout_flush(tide_layout *self, bool header, tide_bytes *out)
{
    if (header && !self->header_done) put_header(self, out);
    self->header_done |= header;
    const char *at = self->records.p;
    for (uint64_t r = 0; r < self->n_records; r++) {
        for (uint32_t i = 0; i < self->schema->n; i++) {
            const char *text;
            uint32_t len;
            at = next_cell(at, &text, &len);
            put_cell(self, i, text, len, tide_type_is_numeric(self->schema->fields[i].type), out);
        }
        tide_bytes_putc(out, '\n');
    }
    self->records.n = 0;
    self->n_records = 0;
}
