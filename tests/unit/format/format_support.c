/* format_support.c - see format_support.h. */
#include "tests/unit/format/format_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "base/core/arena.h"
#include "base/core/assert.h"

#define FIELDS_MAX 32u

typedef struct setup {
    tide_arena *arena;
    tide_schema schema;
    tide_field fields[FIELDS_MAX];
    uint32_t wanted[FIELDS_MAX], n_wanted;
    tide_type types[FIELDS_MAX];
    tide_format_option options[FIELDS_MAX];
    uint32_t n_options;
} setup;

/* The next piece of *p up to a separator outside parentheses, without spaces
 * around it; NULL at the end. */
static char *next_piece(tide_arena *arena, const char **p, char separator)
{
    uint32_t depth = 0;
    while (**p == ' ') ++*p;
    const char *start = *p;
    for (; **p && (**p != separator || depth); ++*p) depth += (**p == '(') - (**p == ')');
    if (start == *p) return NULL;
    char *piece = tide_arena_strndup(arena, start, (size_t)(*p - start));
    if (**p) ++*p;
    return piece;
}

static void read_schema(setup *s, const char *text)
{
    char *piece;
    s->schema.fields = s->fields;
    while ((piece = next_piece(s->arena, &text, ',')) != NULL) {
        tide_field *f = &s->fields[s->schema.n++];
        char *type = strchr(piece, ' '), *not_null = strstr(piece, " NOT NULL");
        tide_assert(type != NULL && s->schema.n < FIELDS_MAX);
        *type++ = '\0';
        f->name = piece;
        f->not_null = not_null != NULL;
        if (not_null) *not_null = '\0';
        tide_status rv = tide_type_parse(type, &f->type);
        if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    }
}

static void read_options(setup *s, const char *text)
{
    char *piece;
    while (text && (piece = next_piece(s->arena, &text, ' ')) != NULL) {
        char *equals = strchr(piece, '=');
        tide_assert(equals != NULL);
        *equals = '\0';
        s->options[s->n_options++] = (tide_format_option){ piece, equals + 1 };
    }
}

static void read_wanted(setup *s, const char *text)
{
    char *piece;
    for (uint32_t i = 0; text == NULL && i < s->schema.n; i++) s->wanted[s->n_wanted++] = i;
    while (text && (piece = next_piece(s->arena, &text, ',')) != NULL)
        for (uint32_t i = 0; i < s->schema.n; i++)
            if (strcmp(s->fields[i].name, piece) == 0) s->wanted[s->n_wanted++] = i;
    for (uint32_t i = 0; i < s->n_wanted; i++) s->types[i] = s->fields[s->wanted[i]].type;
}

static void set_up(setup *s, const format_case *c)
{
    *s = (setup){ .arena = tide_arena_new() };
    read_schema(s, c->schema);
    read_options(s, c->options);
    read_wanted(s, c->wanted);
}

static void print_rows(const tide_batch *batch, tide_bytes *to)
{
    char text[TIDE_TEXT_MAX];
    for (uint32_t row = 0; row < batch->n_rows; row++) {
        for (uint32_t i = 0; i < batch->n_cols; i++) {
            tide_value v = tide_col_value(batch->cols[i], row);
            if (i) tide_bytes_putc(to, '|');
            if (!v.is_null && tide_type_is_string(v.type))
                tide_bytes_put(to, v.str.ptr, v.str.len);
            else
                tide_bytes_put(to, text, tide_print_value(&v, text));
        }
        tide_bytes_putc(to, '\n');
    }
}

/* A decoder at work on one input. */
typedef struct run {
    const tide_format *format;
    tide_decoder *decoder;
    tide_builder builder;
    tide_decode_errors errors;
    tide_bytes out, bad; /* Rows; errors. */
    uint64_t records;
    size_t offset; /* Of the block in the input. */
} run;

static void take_rows(run *r)
{
    tide_batch *batch = tide_builder_finish(&r->builder);
    if (batch) print_rows(batch, &r->out);
    tide_batch_unref(&batch);
}

static void take_errors(run *r)
{
    for (uint32_t i = 0; i < r->errors.n; i++) {
        const tide_decode_error *e = &r->errors.items[i];
        tide_bytes_printf(&r->bad, "! record %d at %d+%d: %s\n", (int)(r->records + e->record),
                          (int)(r->offset + e->offset), (int)e->len, e->text);
    }
    r->errors.n = 0;
}

static void decode_blocks(run *r, const format_case *c, const char *input, size_t len)
{
    size_t block = c->block ? c->block : len ? len : 1, have = 0;
    while (r->offset < len || have == 0) {
        size_t consumed;
        uint64_t records;
        have = have + block < len - r->offset ? have + block : len - r->offset;
        bool last = r->offset + have == len;
        uint8_t *padded = tide_calloc(1, have + TIDE_BUF_PADDING);
        memcpy(padded, input + r->offset, have);
        do {
            memset(padded + have, '7', TIDE_BUF_PADDING); /* What follows must not matter. */
            tide_status rv = r->format->decode_block(r->decoder, padded, have, last, &r->builder,
                                                     &consumed, &records, &r->errors);
            assert_int_equal(rv, TIDE_OK);
            bool full = tide_builder_full(&r->builder);
            take_errors(r);
            r->records += records;
            r->offset += consumed;
            memmove(padded, padded + consumed, have - consumed);
            have -= consumed;
            if (full || c->rows_max) take_rows(r);
            if (!full) break;
        } while (have);
        tide_free(padded);
        if (last) break;
    }
    assert_int_equal(r->offset, len);
}

static void decode_messages(run *r, const char *input, size_t len)
{
    for (size_t at = 0; at < len; r->records++) {
        const char *newline = memchr(input + at, '\n', len - at);
        size_t n = newline ? (size_t)(newline - input) - at : len - at;
        uint8_t *padded = tide_calloc(1, n + TIDE_BUF_PADDING);
        memcpy(padded, input + at, n);
        memset(padded + n, '"', TIDE_BUF_PADDING);
        tide_status rv = r->format->decode_one(r->decoder, padded, n, 0, &r->builder, &r->errors);
        assert_int_equal(rv, TIDE_OK);
        r->offset = at;
        take_errors(r);
        if (tide_builder_full(&r->builder)) take_rows(r);
        tide_free(padded);
        at += n + 1;
    }
}

char *format_decode(const format_case *c, const char *input, size_t len)
{
    setup s;
    run r = { .format = tide_format_find(c->format) };
    tide_pool *pool = tide_pool_new(0);
    set_up(&s, c);
    assert_non_null(r.format);
    tide_status rv =
        r.format->decoder_new(&s.schema, s.wanted, s.n_wanted, s.options, s.n_options, &r.decoder);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    tide_builder_init(&r.builder, pool, s.types, s.n_wanted,
                      c->rows_max ? c->rows_max : TIDE_BATCH_ROWS_MAX);
    if (c->messages)
        decode_messages(&r, input, len);
    else
        decode_blocks(&r, c, input, len);
    take_rows(&r);
    tide_bytes_put(&r.out, r.bad.p, r.bad.n);
    tide_bytes_fini(&r.bad);
    tide_builder_fini(&r.builder);
    tide_decode_errors_fini(&r.errors);
    r.format->decoder_free(&r.decoder);
    tide_pool_free(&pool);
    tide_arena_free(&s.arena);
    tide_bytes_text(&r.out);
    return r.out.p;
}

void format_check_n(const format_case *c, const char *input, size_t len, const char *expect)
{
    static const size_t blocks[] = { 0, 1, 7, 64, 1000 };
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (uint32_t rows = 1; rows <= 3; rows += 2) {
            format_case variant = *c;
            variant.block = blocks[b];
            variant.rows_max = rows;
            char *got = format_decode(&variant, input, len);
            if (strcmp(got, expect) != 0) print_error("block %zu, rows %u:\n", blocks[b], rows);
            assert_string_equal(got, expect);
            tide_free(got);
        }
}

void format_check(const format_case *c, const char *input, const char *expect)
{
    format_check_n(c, input, strlen(input), expect);
}

char *format_recode(const format_case *c, const char *input, const char *out_format,
                    const char *options)
{
    setup s, o;
    size_t consumed, len = strlen(input), ends[TIDE_BATCH_ROWS_MAX];
    uint64_t records;
    tide_bytes text = { 0 };
    tide_decode_errors errors = { 0 };
    tide_decoder *decoder;
    tide_encoder *encoder;
    tide_builder builder;
    const tide_format *in = tide_format_find(c->format), *out = tide_format_find(out_format);
    format_case oc = { .schema = c->schema, .options = options };
    tide_pool *pool = tide_pool_new(0);
    set_up(&s, c);
    set_up(&o, &oc);
    if (in->decoder_new(&s.schema, s.wanted, s.n_wanted, s.options, s.n_options, &decoder) !=
            TIDE_OK ||
        out->encoder_new(&o.schema, o.options, o.n_options, &encoder) != TIDE_OK)
        fail_msg("%s", tide_error_text());
    tide_builder_init(&builder, pool, s.types, s.n_wanted, TIDE_BATCH_ROWS_MAX);
    uint8_t *padded = tide_calloc(1, len + TIDE_BUF_PADDING);
    memcpy(padded, input, len);
    assert_int_equal(in->decode_block(decoder, padded, len, true, &builder, &consumed, &records,
                                      &errors),
                     TIDE_OK);
    for (uint32_t i = 0; i < errors.n; i++) fail_msg("%s", errors.items[i].text);
    tide_batch *batch = tide_builder_finish(&builder);
    assert_int_equal(out->encode_header(encoder, &text), TIDE_OK);
    assert_int_equal(out->encode(encoder, batch, 0, batch->n_rows, true, &text, ends), TIDE_OK);
    assert_int_equal(ends[batch->n_rows - 1], text.n);
    tide_bytes_text(&text);
    tide_batch_unref(&batch);
    tide_builder_fini(&builder);
    tide_decode_errors_fini(&errors);
    in->decoder_free(&decoder);
    out->encoder_free(&encoder);
    tide_pool_free(&pool);
    tide_arena_free(&s.arena);
    tide_arena_free(&o.arena);
    tide_free(padded);
    return text.p;
}
