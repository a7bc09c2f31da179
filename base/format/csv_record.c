/* csv_record.c - one record at a time: quotes, escapes, and what is wrong with
 * it.
 *
 * A quote has a meaning at the start of a field only; elsewhere it is a
 * character. Within quotes a doubled quote stands for one, and an escape
 * character, if there is one, for what follows it. */
#include <stdio.h>

#include "base/format/csv_internal.h"
#include "base/format/utf8.h"

/* Behind the closing quote of the text that begins at p; NULL if it does not
 * close before end. */
static const char *quoted_end(const csv_decoder *self, const char *p, const char *end,
                              bool *escaped)
{
    char quote = (char)self->options.marks.quote, escape = (char)self->options.marks.escape;
    *escaped = false;
    for (; p < end; p++) {
        if (escape && *p == escape && escape != quote) {
            *escaped = true;
            p++;
        } else if (*p == quote) {
            if (p + 1 == end || p[1] != quote) return p + 1;
            *escaped = true;
            p++;
        }
    }
    return NULL;
}

static const char *plain_end(const csv_decoder *self, const char *p, const char *end)
{
    char delimiter = (char)self->options.marks.delimiter;
    while (p < end && *p != delimiter && *p != '\n') p++;
    return p;
}

/* The record is given up as far as its first line, once that is there whole. */
static csv_found bad_line(csv_decoder *self, const char *p, const char *end, bool last,
                          const char *why, const char **end_out, const char **next_out)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    if (newline == NULL && !last) return CSV_INCOMPLETE;
    snprintf(self->error, sizeof self->error, "%s", why);
    *end_out = newline ? newline : end;
    *next_out = newline ? newline + 1 : end;
    return CSV_BAD;
}

/* The field at p; returns its end, NULL with *why if it is malformed (and "" if
 * it is not complete). */
static const char *take_field(const csv_decoder *self, const char *p, const char *end,
                              csv_field *out, const char **why)
{
    if (p == end || !self->options.marks.quote || *p != (char)self->options.marks.quote) {
        const char *stop = plain_end(self, p, end);
        size_t len = (size_t)(stop - p);
        if (len && stop[-1] == '\r' && (stop == end || *stop == '\n')) len--;
        *out = (csv_field){ .ptr = p, .len = len };
        return stop;
    }
    *out = (csv_field){ .ptr = p + 1, .quoted = true };
    const char *stop = quoted_end(self, p + 1, end, &out->escaped);
    if (stop == NULL) {
        *why = "";
        return NULL;
    }
    out->len = (size_t)(stop - p) - 2;
    if (stop < end && *stop == '\r' && (stop + 1 == end || stop[1] == '\n')) stop++;
    if (stop == end || *stop == '\n' || *stop == (char)self->options.marks.delimiter) return stop;
    *why = "something follows a closing quote";
    return NULL;
}

csv_found csv_record_split(csv_decoder *self, const char *p, const char *end, bool last,
                           const char **end_out, const char **next_out)
{
    const char *start = p, *why = NULL;
    csv_field extra = { 0 };
    if (!self->options.quoted_newlines) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (newline == NULL && !last) return CSV_INCOMPLETE;
        last = true; /* This line is all there is. */
        if (newline) end = newline + 1;
    }
    for (uint32_t n = 0;; p++) {
        const char *stop =
            take_field(self, p, end, n < self->n_fields ? &self->fields[n] : &extra, &why);
        if (stop == NULL && *why) return bad_line(self, start, end, last, why, end_out, next_out);
        if (stop == NULL && !last) return CSV_INCOMPLETE;
        if (stop == NULL)
            return bad_line(self, start, end, last, "a quote is not closed", end_out, next_out);
        if (stop == end && !last) return CSV_INCOMPLETE;
        n++;
        p = stop;
        if (p < end && *p != '\n') continue;
        *end_out = p;
        *next_out = p < end ? p + 1 : p;
        /* A delimiter behind the last field ends it: no field of its own. */
        if (n == self->n_fields + 1 && !extra.quoted && extra.len == 0) n--;
        if (n == self->n_fields) return CSV_RECORD;
        snprintf(self->error, sizeof self->error, "expected %u fields, got %u", self->n_fields, n);
        return CSV_BAD;
    }
}

/* The field's text without escapes; in self->scratch if it has any. */
static csv_field unescaped(csv_decoder *self, csv_field field)
{
    char quote = (char)self->options.marks.quote, escape = (char)self->options.marks.escape;
    if (!field.escaped) return field;
    self->scratch.n = 0;
    char *to = tide_bytes_reserve(&self->scratch, field.len + TIDE_BUF_PADDING);
    for (size_t i = 0; i < field.len; i++) {
        if ((field.ptr[i] == quote || (escape && field.ptr[i] == escape)) && i + 1 < field.len) i++;
        *to++ = field.ptr[i];
    }
    field.len = (size_t)(to - self->scratch.p);
    field.ptr = self->scratch.p;
    return field;
}

static csv_field trimmed(csv_field field)
{
    while (field.len && (*field.ptr == ' ' || *field.ptr == '\t')) field.ptr++, field.len--;
    while (field.len && (field.ptr[field.len - 1] == ' ' || field.ptr[field.len - 1] == '\t'))
        field.len--;
    return field;
}

static bool put_null(csv_decoder *self, const csv_column *column, tide_colb *out, uint32_t row)
{
    if (!column->spec.not_null) {
        tide_colb_set_null(out, row);
        return true;
    }
    snprintf(self->error, sizeof self->error, "field %s is null, but declared NOT NULL",
             column->spec.name);
    return false;
}

bool csv_field_put(csv_decoder *self, const csv_column *column, tide_colb *out, uint32_t row,
                   const csv_field *field)
{
    const csv_options *o = &self->options;
    csv_field f = *field;
    if (!f.quoted && f.len == o->null_len && memcmp(f.ptr, o->null_literal, f.len) == 0)
        return put_null(self, column, out, row);
    f = unescaped(self, f);
    if (!tide_type_is_string(column->spec.type))
        f = trimmed(f);
    else if (!tide_utf8_valid(f.ptr, f.len) || memchr(f.ptr, '\0', f.len)) {
        snprintf(self->error, sizeof self->error, "field %s: %s", column->spec.name,
                 memchr(f.ptr, '\0', f.len) ? "a NUL byte" : "invalid UTF-8");
        return false;
    }
    if (tide_field_put_text(&column->spec, out, row, f.ptr, f.len)) return true;
    tide_field_error(&column->spec, f.ptr, f.len, true, self->error, sizeof self->error);
    return false;
}

bool csv_record_put(csv_decoder *self, tide_builder *out)
{
    for (uint32_t i = 0; i < self->n; i++) {
        const csv_column *column = &self->columns[i];
        if (csv_field_put(self, column, &out->cols[i], out->n, &self->fields[column->place]))
            continue;
        tide_row_abandon(out);
        return false;
    }
    return true;
}
