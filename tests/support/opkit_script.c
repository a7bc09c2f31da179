/* opkit_script.c - the kit's text notation: schemas, input scripts, rows as text. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "tests/support/opkit_priv.h"

#define LINE_VALUES_MAX 64

void opkit_die(const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fail_msg("%s", text);
    abort(); /* fail_msg does not come back; its declaration does not say so. */
}

/* The next word of *at up to `stop` or a space, quotes removed; NULL at the end of the line. */
static char *next_word(tide_arena *arena, const char **at, bool *quoted)
{
    const char *p = *at;
    while (*p == ' ') p++;
    if (*p == '\0' || *p == '\n') return NULL;
    *quoted = *p == '\'';
    const char *from = *quoted ? ++p : p;
    while (*p && *p != '\n' && *p != (*quoted ? '\'' : ' ')) p++;
    char *word = tide_arena_strndup(arena, from, (size_t)(p - from));
    *at = *quoted && *p == '\'' ? p + 1 : p;
    return word;
}

void opkit_parse_schema(tide_arena *arena, const char *text, tide_schema *out)
{
    tide_field *fields = NULL;
    uint32_t n = 0, cap = 0;
    const char *p = text;
    while (*p) {
        int depth = 0;
        const char *from = p;
        while (*p && (*p != ',' || depth)) {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
            p++;
        }
        char *item = tide_arena_strndup(arena, from, (size_t)(p - from));
        while (*item == ' ') item++;
        char *space = strchr(item, ' ');
        if (!space) opkit_die("schema: \"%s\" needs a name and a type", item);
        *space = '\0';
        tide_field field = { .name = item };
        if (tide_type_parse(space + 1, &field.type) != TIDE_OK) opkit_die("%s", tide_error_text());
        TIDE_PUSH(arena, fields, n, cap, field);
        if (*p == ',') p++;
    }
    *out = (tide_schema){ .n = n, .fields = fields };
}

static bool parse_value(tide_type type, const char *word, tide_value *v)
{
    size_t len = strlen(word);
    int32_t days;
    bool flag;
    switch ((tide_type_id)type.id) {
    case TIDE_TYPE_BOOLEAN:
        if (!tide_parse_bool(word, len, &flag)) return false;
        v->boolean = flag;
        return true;
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT: return tide_parse_i64(word, len, &v->i64);
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ:
        if (!tide_parse_i64(word, len, &v->i64)) return false;
        v->i64 *= 1000;
        return true;
    case TIDE_TYPE_DATE:
        if (!tide_parse_date(word, len, &days)) return false;
        v->i64 = days;
        return true;
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE: return tide_parse_f64(word, len, &v->f64);
    case TIDE_TYPE_DECIMAL:
        return tide_parse_decimal(word, len, type.precision, type.scale, &v->i128);
    case TIDE_TYPE_INTERVAL: return tide_parse_interval(word, len, &v->interval);
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES:
        v->str.ptr = word;
        v->str.len = (uint32_t)len;
        return true;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: break;
    }
    return false;
}

static bool parse_change(const char *word, tide_change *out)
{
    static const char *const words[] = { "+I", "-U", "+U", "-D" };
    for (uint32_t i = 0; i < 4; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (tide_change)i;
            return true;
        }
    }
    *out = TIDE_CHANGE_INSERT;
    return strcmp(word, "row") == 0;
}

static opkit_event parse_row(tide_arena *arena, const tide_schema *schema, const char *at)
{
    opkit_event event = { .kind = OPKIT_ROW };
    event.values = tide_arena_zalloc(arena, sizeof(tide_value) * (schema->n + 1));
    for (uint32_t c = 0; c < schema->n; c++) {
        bool quoted = false;
        char *word = next_word(arena, &at, &quoted);
        if (!word) opkit_die("a row has only %" PRIu32 " values", c);
        tide_value *v = &event.values[c];
        v->type = schema->fields[c].type;
        v->is_null = !quoted && strcmp(word, "NULL") == 0;
        if (!v->is_null && !parse_value(v->type, word, v)) opkit_die("bad value %s", word);
    }
    return event;
}

void opkit_parse_script(tide_arena *arena, const tide_schema *schema, const char *text,
                        opkit_script *out)
{
    *out = (opkit_script){ 0 };
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *at = line;
        bool quoted;
        if (!strchr(line, '\n')) opkit_die("the script does not end with a newline");
        char *word = next_word(arena, &at, &quoted);
        if (!word) continue;
        opkit_event event = { .at_ms = strtoll(at, NULL, 10) };
        tide_change change;
        if (strcmp(word, "wm") == 0)
            event.kind = OPKIT_WATERMARK;
        else if (strcmp(word, "time") == 0)
            event.kind = OPKIT_TIME;
        else if (strcmp(word, "end") == 0)
            event.kind = OPKIT_END;
        else if (parse_change(word, &change)) {
            event = parse_row(arena, schema, at);
            event.change = change;
        } else {
            opkit_die("unknown line: %s", word);
        }
        TIDE_PUSH(arena, out->events, out->n, out->cap, event);
    }
}

static void put_row(tide_builder *b, const tide_schema *schema, const opkit_event *event,
                    bool updating)
{
    for (uint32_t c = 0; c < schema->n; c++)
        tide_colb_put_value(&b->cols[c], b->n, &event->values[c]);
    if (updating) tide_builder_set_change(b, b->n, event->change);
    b->n++;
}

tide_batch *opkit_make_batch(tide_pool *pool, const tide_schema *schema, const opkit_event *events,
                             uint32_t n, bool padded, bool updating)
{
    tide_type *types = tide_calloc(schema->n + 1, sizeof *types);
    uint16_t *sel = tide_calloc(n + 1, sizeof *sel);
    for (uint32_t c = 0; c < schema->n; c++) types[c] = schema->fields[c].type;
    tide_builder b;
    tide_builder_init(&b, pool, types, schema->n, TIDE_BATCH_ROWS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        if (padded)
            for (uint32_t extra = 0; extra < 1 + i % 3; extra++)
                put_row(&b, schema, &events[(i * 7 + extra) % n], updating);
        sel[i] = (uint16_t)b.n;
        put_row(&b, schema, &events[i], updating);
    }
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    if (padded) {
        tide_batch *all = made;
        made = tide_batch_select(pool, all, sel, n);
        tide_batch_unref(&all);
    }
    tide_free(types);
    tide_free(sel);
    return made;
}

static void print_value(const tide_value *v, tide_bytes *out)
{
    if (v->is_null) {
        tide_bytes_puts(out, "NULL");
    } else if (tide_type_is_string(v->type)) {
        bool plain = v->str.len > 0 && !memchr(v->str.ptr, ' ', v->str.len);
        if (!plain) tide_bytes_putc(out, '\'');
        tide_bytes_put(out, v->str.ptr, v->str.len);
        if (!plain) tide_bytes_putc(out, '\'');
    } else if (tide_type_is_timestamp(v->type) || v->type.id == TIDE_TYPE_TIME) {
        tide_bytes_printf(out, "%" PRId64, v->i64 / 1000);
    } else {
        out->n += tide_print_value(v, tide_bytes_reserve(out, TIDE_TEXT_MAX));
    }
}

void opkit_print_row(const tide_batch *batch, uint32_t phys, const char *word, tide_bytes *out)
{
    static const char *const changes[] = { "+I", "-U", "+U", "-D" };
    tide_bytes_puts(out, batch->change ? changes[tide_batch_change(batch, phys)] : word);
    for (uint32_t c = 0; c < batch->n_cols; c++) {
        tide_value v = tide_col_value(batch->cols[c], phys);
        tide_bytes_putc(out, ' ');
        print_value(&v, out);
    }
    tide_bytes_putc(out, '\n');
}
