/* json_shape.c - see json_shape.h. */
#include "base/format/json_scan.h"

/* ---- scanning ---- */

#ifdef __SSE2__
/* A bit for each of 16 bytes that is the literal's, too. */
TIDE_INLINE uint32_t same_bytes(const char *p, const char *literal)
{
    __m128i a = _mm_loadu_si128((const __m128i *)p), b = _mm_loadu_si128((const __m128i *)literal);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}
#endif

TIDE_INLINE bool literal_at(const char *p, const json_shape_field *f)
{
#ifdef __SSE2__
    if (TIDE_UNLIKELY(~same_bytes(p, f->literal) & f->mask)) return false;
    return f->len <= 16 || memcmp(p + 16, f->literal + 16, f->len - 16) == 0;
#else
    return memcmp(p, f->literal, f->len) == 0;
#endif
}

/* Any value; see json_read_value. */
static TIDE_NOINLINE const char *read_any(json_decoder *self, const json_shape_field *f,
                                          const char *p, const char *end, tide_builder *to)
{
    return json_read_value(self, (json_route)f->route, f->index, p, end, to);
}

/* A string that fits into its view and is plain ASCII, from its opening quote on. Returns its end;
 * NULL: it is another kind of value. */
TIDE_INLINE const char *read_short_text(const json_shape_field *f, const char *p, tide_builder *to)
{
#ifdef __SSE2__
    const __m128i v = _mm_loadu_si128((const __m128i *)(p + 1));
    /* Control characters are below a space; so is, with its sign, all that is not ASCII. */
    __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                 _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
                                              _mm_cmplt_epi8(v, _mm_set1_epi8(' '))));
    uint32_t len = (uint32_t)__builtin_ctz((uint32_t)_mm_movemask_epi8(stops) | 0x10000);
    if (len > TIDE_VIEW_INLINE_MAX || p[0] != '"' || p[1 + len] != '"') return NULL;
    if (f->route == JSON_ROUTE_STRING)
        tide_field_put_short((tide_view *)to->cols[f->index].values + to->n, v, len);
    return p + len + 2;
#else
    (void)f;
    (void)p;
    (void)to;
    return NULL;
#endif
}

/* Digits alone, as milliseconds or as an integer. Same result. */
TIDE_INLINE const char *read_digits(const json_shape_field *f, const char *p, tide_builder *to)
{
    uint64_t v;
    uint32_t n = json_digits16(p, &v);
    char stop = p[n & 31];
    if (n - 1 >= 16 || (stop != ',' && stop != '}') || (*p == '0' && n > 1)) return NULL;
    if (f->route == JSON_ROUTE_MILLIS) {
        if (!json_is_plain_millis((int64_t)v)) return NULL;
        v *= 1000;
    }
    ((int64_t *)to->cols[f->index].values)[to->n] = (int64_t)v;
    return p + n;
}

/* The value of the field that lies at p into row to->n; returns its end, or NULL. */
TIDE_INLINE const char *read_value(json_decoder *self, const json_shape_field *f, const char *p,
                                   const char *end, tide_builder *to)
{
    const char *next = NULL;
    if (f->route <= JSON_ROUTE_STRING)
        next = read_short_text(f, p, to);
    else if (f->route == JSON_ROUTE_I64 || f->route == JSON_ROUTE_MILLIS)
        next = read_digits(f, p, to);
    return TIDE_LIKELY(next != NULL) ? next : read_any(self, f, p, end, to);
}

/* The record at p into row to->n; returns the next record's start, or NULL if
 * the shape does not fit. */
TIDE_INLINE const char *read_record(json_decoder *self, const json_shape *shape, const char *p,
                                    const char *end, tide_builder *to)
{
    for (const json_shape_field *f = shape->fields, *last = f + shape->n_fields; f < last; f++) {
        if (TIDE_UNLIKELY(!literal_at(p, f))) return NULL;
        p = read_value(self, f, p + f->len, end, to);
        if (TIDE_UNLIKELY(p == NULL || p >= end)) return NULL;
    }
    if (!literal_at(p, &shape->tail)) return NULL;
    for (uint32_t i = 0; i < shape->n_missing; i++)
        tide_colb_set_null(&to->cols[shape->missing[i]], to->n);
    return p + shape->tail.len;
}

const char *json_shapes_run(json_decoder *self, const char *p, const char *end, tide_builder *out)
{
    if (self->n_shapes == 0) return p;
    const json_shape *shape = self->shapes[0];
    while (p < end && !tide_builder_full(out)) {
        const char *next = read_record(self, shape, p, end, out);
        if (next == NULL) return p;
        p = next;
        out->n++;
    }
    return p;
}

const char *json_shapes_read(json_decoder *self, const char *p, const char *end, tide_builder *out,
                             bool first_failed)
{
    for (uint32_t k = first_failed; k < self->n_shapes; k++) {
        json_shape *shape = self->shapes[k];
        const char *next = read_record(self, shape, p, end, out);
        if (next == NULL) {
            tide_row_abandon(out);
            continue;
        }
        memmove(self->shapes + 1, self->shapes, k * sizeof *self->shapes);
        self->shapes[0] = shape;
        return next;
    }
    return NULL;
}

/* ---- learning ---- */

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') p++;
    return p;
}

/* The end of a value of a record known to be good; NULL if it is nested and odd. */
static const char *skip_value(const char *p, const char *end)
{
    if (*p == '{' || *p == '[') return json_nested_end(p, end);
    if (*p != '"') {
        while (*p != ',' && *p != '}' && *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n') p++;
        return p;
    }
    for (p++; *p != '"'; p++)
        if (*p == '\\') p++;
    return p + 1;
}

static bool set_literal(json_shape_field *f, const char *from, const char *to)
{
    *f = (json_shape_field){ .len = (uint32_t)(to - from) };
    f->mask = (uint16_t)(f->len < 16 ? (1u << f->len) - 1 : 0xffff);
    /* A record that spans lines (as a message may) has no shape: among lines it would not be
     * one. */
    if (f->len > JSON_LITERAL_MAX || (f->len && memchr(from, '\n', f->len - 1))) return false;
    memcpy(f->literal, from, f->len);
    return true;
}

/* Fills fields and tail; 0 when the record is nested, empty, too long, or
 * repeats or escapes a key. */
static uint32_t take_apart(json_decoder *self, const char *line, const char *end,
                           json_shape_field *fields, json_shape_field *tail, bool *seen)
{
    const char *from = line, *p = skip_space(line) + 1; /* Behind the brace. */
    for (uint32_t n = 0; n < JSON_SHAPE_FIELDS_MAX; n++) {
        p = skip_space(p);
        if (*p != '"') return 0;
        const char *name = ++p;
        while (*p != '"' && *p != '\\') p++;
        if (*p == '\\') return 0;
        int32_t index = tide_json_keys_find(&self->keys, name, (size_t)(p - name));
        if (index >= 0 && seen[index]) return 0;
        if (index >= 0) seen[index] = true;
        p = skip_space(skip_space(p + 1) + 1); /* Over the colon. */
        if (!set_literal(&fields[n], from, p)) return 0;
        fields[n].index = (uint16_t)(index < 0 ? 0 : index);
        fields[n].route = (uint8_t)(index < 0 ? JSON_ROUTE_SKIP : self->routes[index]);
        p = from = skip_value(p, end);
        if (p == NULL) return 0;
        p = skip_space(p);
        if (*p == '}') return set_literal(tail, from, end) ? n + 1 : 0;
        p++; /* Over the comma. */
    }
    return 0;
}

static bool same_shape(const json_shape *shape, const json_shape_field *fields, uint32_t n,
                       const json_shape_field *tail)
{
    if (shape->n_fields != n || shape->tail.len != tail->len) return false;
    for (uint32_t i = 0; i < n; i++)
        if (shape->fields[i].len != fields[i].len ||
            memcmp(shape->fields[i].literal, fields[i].literal, fields[i].len) != 0)
            return false;
    return memcmp(shape->tail.literal, tail->literal, tail->len) == 0;
}

void json_shapes_learn(json_decoder *self, const char *line, const char *end)
{
    json_shape_field fields[JSON_SHAPE_FIELDS_MAX], tail;
    bool *seen = tide_calloc(self->n + 1, sizeof *seen);
    uint32_t n = take_apart(self, line, end, fields, &tail, seen);
    bool known = n == 0 || self->n > UINT16_MAX;
    for (uint32_t k = 0; k < self->n_shapes && !known; k++)
        known = same_shape(self->shapes[k], fields, n, &tail);
    if (!known) {
        json_shape *shape = tide_calloc(1, sizeof *shape + n * sizeof *fields);
        memcpy(shape->fields, fields, n * sizeof *fields);
        shape->n_fields = n;
        shape->tail = tail;
        shape->missing = tide_calloc(self->n + 1, sizeof *shape->missing);
        for (uint32_t i = 0; i < self->n; i++)
            if (!seen[i]) shape->missing[shape->n_missing++] = (uint16_t)i;
        if (self->n_shapes == JSON_SHAPES) json_shape_free(&self->shapes[--self->n_shapes]);
        memmove(self->shapes + 1, self->shapes, self->n_shapes * sizeof *self->shapes);
        self->shapes[0] = shape;
        self->n_shapes++;
    }
    tide_free(seen);
}

void json_shape_free(json_shape **shape_p)
{
    if (*shape_p) tide_free((*shape_p)->missing);
    tide_free(*shape_p);
    *shape_p = NULL;
}
