/* json.c - the format "json": one object per line (or per message) into columns.
 *
 * A record is read in the cheapest way that takes it: by the shape of records before
 * (json_shape.h), key by key (json_flat.c), by simdjson; the last alone says what is an error.
 * Where only simdjson will do, it gets many lines in one run. What is not wanted is not
 * converted: its type is not checked, and of nested values only brackets and strings. */
#include "base/core/assert.h"
#include "base/format/json_internal.h"
#include "base/format/options.h"

#include <stdio.h>

const tide_option_def json_options[] = {
    { "json.timestamp-format", "auto",
      "How timestamps are written. auto reads both texts, and numbers as epoch "
      "milliseconds, and "
      "writes SQL",
      JSON_TIME_WORDS },
    { "json.fail-on-missing-field", "false",
      "A record without a declared field is malformed (else NULL)", "boolean" },
    { "json.encode.ignore-null-fields", "false", "Leave out fields that are NULL when writing",
      "boolean" },
    { NULL, NULL, NULL, NULL },
};

/* A record that misses every shape costs MISS, one that fits forgives 1; at MISSES_MAX the
 * shapes are left alone for PAUSE records. Likewise for records that only simdjson reads: at
 * ODD_MAX a run of them is tried, so runs begin when one record in five is odd. */
#define MISSES_MAX 32u
#define MISS 4u
#define PAUSE 256u
#define ODD_MAX 16u
#define ODD 4u

static json_decoder *of_decoder(tide_decoder *self)
{
    return (json_decoder *)self;
}

/* ---- setting up ---- */

static void init_keys(tide_json_keys *self, const tide_field_spec *fields, uint32_t n)
{
    uint32_t size = 4;
    while (size < 2 * n) size *= 2;
    self->n = n;
    self->mask = size - 1;
    self->names = tide_calloc(n, sizeof *self->names);
    self->table = tide_malloc(size * sizeof *self->table);
    memset(self->table, 0xff, size * sizeof *self->table);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = (uint32_t)strlen(fields[i].name);
        self->names[i] = (tide_json_name){ tide_malloc(len + 8), len };
        memset(self->names[i].ptr, 0, len + 8);
        memcpy(self->names[i].ptr, fields[i].name, len);
        uint32_t at = tide_json_name_hash(self->names[i].ptr, len) & self->mask;
        while (self->table[at] >= 0) at = (at + 1) & self->mask;
        self->table[at] = (int32_t)i;
    }
}

static void json_decoder_free(tide_decoder **self_p)
{
    json_decoder *self = of_decoder(*self_p);
    if (self == NULL) return;
    for (uint32_t k = 0; k < self->n_shapes; k++) json_shape_free(&self->shapes[k]);
    tide_simdjson_free(&self->parser);
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->keys.names[i].ptr);
    tide_free(self->keys.names);
    tide_free(self->routes);
    tide_free(self->seen);
    tide_bytes_fini(&self->scratch);
    tide_free(self->keys.table);
    tide_free(self->tokens);
    tide_free(self->fields);
    tide_free(self);
    *self_p = NULL;
}

static uint8_t route_of(const json_decoder *self, const tide_field_spec *spec)
{
    bool millis = self->time == JSON_TIME_AUTO || self->time == JSON_TIME_MILLIS;
    switch (spec->type.id) {
    case TIDE_TYPE_STRING: return spec->type.precision ? JSON_ROUTE_OTHER : JSON_ROUTE_STRING;
    case TIDE_TYPE_BIGINT: return JSON_ROUTE_I64;
    case TIDE_TYPE_INT: return JSON_ROUTE_I32;
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
        return millis && spec->round_unit <= 1000 ? JSON_ROUTE_MILLIS : JSON_ROUTE_OTHER;
    default: return JSON_ROUTE_OTHER;
    }
}

static tide_status json_decoder_new(const tide_schema *schema, const uint32_t *wanted,
                                    uint32_t n_wanted, const tide_format_option *options,
                                    uint32_t n_options, tide_decoder **out)
{
    const tide_format_options given = { options, n_options, json_options };
    uint32_t time;
    TIDE_TRY(tide_format_option_enum(&given, "json.timestamp-format", &time));
    json_decoder *self = tide_calloc(1, sizeof *self);
    self->n = n_wanted;
    self->time = (json_time)time;
    self->fail_on_missing = tide_format_option_bool(&given, "json.fail-on-missing-field");
    self->fields = tide_calloc(n_wanted, sizeof *self->fields);
    self->tokens = tide_calloc(n_wanted, sizeof *self->tokens);
    self->routes = tide_calloc(n_wanted, sizeof *self->routes);
    self->seen = tide_calloc(n_wanted, sizeof *self->seen);
    for (uint32_t i = 0; i < n_wanted; i++) {
        self->fields[i] = tide_field_spec_of(&schema->fields[wanted[i]]);
        self->routes[i] = route_of(self, &self->fields[i]);
    }
    init_keys(&self->keys, self->fields, n_wanted);
    self->parser = tide_simdjson_new();
    self->at_start = true;
    *out = (tide_decoder *)self;
    return TIDE_OK;
}

static void json_decoder_reset(tide_decoder *self_v, bool at_start)
{
    of_decoder(self_v)->at_start = at_start;
}

/* ---- one record at a time ---- */

/* The tokens into row out->n; false with self->error set. */
static bool put_tokens(json_decoder *self, tide_builder *out)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (!json_put(self, i, &out->cols[i], out->n, &self->tokens[i])) {
            tide_row_abandon(out);
            return false;
        }
    return true;
}

static bool read_one(json_decoder *self, const char *bytes, size_t len, tide_builder *out)
{
    size_t offset;
    const char *why =
        tide_simdjson_one(self->parser, bytes, len, &self->keys, self->tokens, &offset);
    if (why == NULL) return put_tokens(self, out);
    snprintf(self->error, sizeof self->error, "invalid JSON near byte %zu: %s", offset, why);
    return false;
}

static void add_error(const json_decoder *self, tide_decode_errors *errors, uint64_t record,
                      size_t offset, size_t len)
{
    TIDE_GROW(errors->items, errors->n, errors->cap);
    tide_decode_error *e = &errors->items[errors->n++];
    *e = (tide_decode_error){ .record = record, .offset = offset, .len = len };
    memcpy(e->text, self->error, sizeof e->text);
}

/* The record at p into row out->n without a parser; `odd_one`: it has not the last one's shape.
 * Returns the next record's start, or NULL. */
static const char *read_quick(json_decoder *self, const char *p, const char *end, bool odd_one,
                              tide_builder *out)
{
    const char *next = NULL;
    if (self->simdjson_only) return NULL;
    if (TIDE_LIKELY(self->pause == 0)) {
        next = json_shapes_read(self, p, end, out, odd_one);
        if (TIDE_LIKELY(next != NULL)) {
            self->misses -= self->misses > 0;
            self->odd -= self->odd > 0;
            return next;
        }
        self->misses += MISS;
        if (self->misses >= MISSES_MAX) {
            self->pause = PAUSE;
            self->misses -= 2 * MISS; /* Another two, and they rest again. */
        }
    } else {
        self->pause--;
    }
    next = json_flat_read(self, p, end, out);
    if (next == NULL) return NULL;
    self->odd -= self->odd > 0;
    if (self->pause == 0) json_shapes_learn(self, p, next);
    return next;
}

static tide_status json_decode_one(tide_decoder *self_v, const uint8_t *bytes, size_t len,
                                   uint64_t record, tide_builder *out, tide_decode_errors *errors)
{
    json_decoder *self = of_decoder(self_v);
    const char *text = (const char *)bytes;
    if (read_quick(self, text, text + len, false, out) == text + len ||
        read_one(self, text, len, out))
        out->n++;
    else
        add_error(self, errors, record, 0, len);
    return TIDE_OK;
}

/* ---- blocks of lines ---- */

/* Where a block is being read. */
typedef struct json_block {
    json_decoder *decoder;
    const char *start, *p;
    const char *lines_end; /* Behind the last newline. */
    const char *end;       /* Of what may be consumed: with a last line that has no newline. */
    tide_builder *out;
    uint64_t records;
    tide_decode_errors *errors;
} json_block;

static bool is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
    return p == end;
}

static const char *line_end(const json_block *b, const char *p)
{
    const char *newline = memchr(p, '\n', (size_t)(b->end - p));
    return newline ? newline : b->end;
}

static void take_error(json_block *b, const char *line, const char *end)
{
    add_error(b->decoder, b->errors, b->records++, (size_t)(line - b->start), (size_t)(end - line));
}

/* The line at b->p through simdjson; blank lines are passed over. */
static void read_line(json_block *b)
{
    const char *line = b->p, *end = line_end(b, line);
    b->p = end < b->end ? end + 1 : end;
    if (is_blank(line, end)) return;
    b->decoder->odd += b->decoder->odd < ODD_MAX ? ODD : 0;
    if (!read_one(b->decoder, line, (size_t)(end - line), b->out)) {
        take_error(b, line, end);
        return;
    }
    b->out->n++;
    b->records++;
}

/* The last newline's end within a run's limit; b->p if there is none. */
static const char *run_end(const json_block *b)
{
    size_t left = (size_t)(b->lines_end - b->p);
    size_t len = left < TIDE_SIMDJSON_RUN_MAX ? left : TIDE_SIMDJSON_RUN_MAX;
    const char *newline = memrchr(b->p, '\n', len);
    return newline ? newline + 1 : b->p;
}

/* Lines b->p..end in one pass of simdjson, up to the first that it finds
 * irregular: a record counts only if the next one begins where its own line
 * does; so the last line is left over. */
static void read_run(json_block *b, const char *end)
{
    json_decoder *d = b->decoder;
    const char *base = b->p;
    int64_t at = tide_simdjson_run_begin(d->parser, base, (size_t)(end - base));
    while (at >= 0 && !tide_builder_full(b->out)) {
        const char *line = b->p, *stop = line_end(b, line);
        if (base + at > stop || !is_blank(line, base + at)) return;
        if (stop + 1 >= end || !tide_simdjson_run_read(d->parser, &d->keys, d->tokens)) return;
        bool good = put_tokens(d, b->out);
        const char *next = stop + 1, *next_end = line_end(b, next);
        while (next_end + 1 < end && is_blank(next, next_end)) {
            next = next_end + 1;
            next_end = line_end(b, next);
        }
        at = tide_simdjson_run_next(d->parser);
        if (at < 0 || base + at > next_end || base + at < next || !is_blank(next, base + at)) {
            tide_row_abandon(b->out);
            return;
        }
        b->p = next;
        if (good)
            b->out->n++, b->records++;
        else
            take_error(b, line, stop);
    }
}

/* A byte order mark may stand at the start of a file. */
static void skip_mark(json_block *b)
{
    if (b->p == b->end || !b->decoder->at_start) return;
    if (b->end - b->p >= 3 && memcmp(b->p, "\xef\xbb\xbf", 3) == 0) b->p += 3;
    b->decoder->at_start = false;
}

/* Those that have the last one's shape. */
static void read_alike(json_block *b)
{
    json_decoder *d = b->decoder;
    uint32_t before = b->out->n;
    b->p = json_shapes_run(d, b->p, b->lines_end, b->out);
    uint32_t n = b->out->n - before;
    b->records += n;
    d->misses -= d->misses < n ? d->misses : n;
    d->odd -= d->odd < n ? d->odd : n;
}

/* Records without a parser, as long as that goes well. */
static void read_quickly(json_block *b)
{
    json_decoder *d = b->decoder;
    while (b->p < b->lines_end && !tide_builder_full(b->out)) {
        bool alike = d->pause == 0 && !d->simdjson_only;
        if (alike) read_alike(b);
        if (b->p == b->lines_end || tide_builder_full(b->out)) return;
        const char *next = read_quick(d, b->p, b->lines_end, alike, b->out);
        if (TIDE_UNLIKELY(next == NULL)) return;
        b->p = next;
        b->out->n++;
        b->records++;
    }
}

static tide_status json_decode_block(tide_decoder *self_v, const uint8_t *bytes, size_t len,
                                     bool last, tide_builder *out, size_t *consumed,
                                     uint64_t *records, tide_decode_errors *errors)
{
    const char *start = (const char *)bytes;
    json_block b = {
        .decoder = of_decoder(self_v), .start = start, .p = start, .out = out, .errors = errors
    };
    const char *newline = memrchr(bytes, '\n', len);
    b.lines_end = newline ? newline + 1 : start;
    b.end = last ? start + len : b.lines_end;
    skip_mark(&b);
    while (b.p < b.end && !tide_builder_full(out)) {
        read_quickly(&b);
        if (b.p == b.end || tide_builder_full(out)) break;
        const char *end = b.decoder->odd >= ODD_MAX ? run_end(&b) : b.p;
        if (end > b.p) {
            uint64_t before = b.records;
            read_run(&b, end);
            if (b.records > before) b.decoder->odd -= ODD;
            if (b.p == b.end || tide_builder_full(out)) break;
        }
        read_line(&b);
    }
    *consumed = (size_t)(b.p - start);
    *records = b.records;
    return TIDE_OK;
}

/* A newline within a string would be an escape. */
static bool json_records_are_lines(const tide_format_option *options, uint32_t n_options)
{
    (void)options;
    (void)n_options;
    return true;
}

const tide_format tide_format_json = {
    .name = "json",
    .options = json_options,
    .decoder_new = json_decoder_new,
    .decoder_reset = json_decoder_reset,
    .decode_block = json_decode_block,
    .decode_one = json_decode_one,
    .decoder_free = json_decoder_free,
    .records_are_lines = json_records_are_lines,
    .encoder_new = json_encoder_new,
    .encode = json_encode,
    .encode_header = json_encode_header,
    .encoder_free = json_encoder_free,
};
