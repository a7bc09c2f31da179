/* json_flat.c - records of any shape read by plain scanning, key by key, and what that needs of
 * escapes and nested values. Slower than a shape that fits, faster than a parser. */
#include "base/format/json_scan.h"

TIDE_INLINE const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
    return p;
}

/* ---- escapes ---- */

/* The closing quote of the text at s, whose escapes are only looked over; NULL if it holds a
 * control character or does not close. */
static const char *escaped_end(const char *s, const char *end)
{
    for (; s < end; s++) {
        if (*s == '"') return s;
        if ((uint8_t)*s < 0x20) return NULL;
        if (*s == '\\' && (++s == end || (uint8_t)*s < 0x20)) return NULL;
    }
    return NULL;
}

/* The character that an escape's letter stands for; 0 if it is none, or one with digits. */
static char unescaped(char letter)
{
    static const char letters[] = "b\bt\tn\nf\fr\r\"\"\\\\//";
    for (const char *e = letters; *e; e += 2)
        if (*e == letter) return e[1];
    return 0;
}

const char *json_read_escaped(json_decoder *self, json_route route, uint32_t index, const char *s,
                              const char *end, tide_builder *to)
{
    const char *close = escaped_end(s, end);
    if (close == NULL || !tide_utf8_valid(s, (size_t)(close - s))) return NULL;
    if (route == JSON_ROUTE_SKIP) return close + 1;
    self->scratch.n = 0;
    char *at = tide_bytes_reserve(&self->scratch, (size_t)(close - s) + TIDE_BUF_PADDING);
    for (; s < close; s++) {
        char c = *s;
        if (c == '\\') c = unescaped(*++s);
        if (c == 0) return NULL; /* \u: surrogates and all are simdjson's. */
        *at++ = c;
    }
    const tide_json_token token = { self->scratch.p, (size_t)(at - self->scratch.p),
                                    TIDE_JSON_STRING };
    return json_put(self, index, &to->cols[index], to->n, &token) ? close + 1 : NULL;
}

/* ---- nested values ---- */

const char *json_nested_end(const char *p, const char *end)
{
    const char *start = p;
    uint32_t depth = 0;
    bool ascii = true;
    for (; p < end; p++) {
        switch (*p) {
        case '{':
        case '[':
            if (++depth == JSON_NESTED_MAX) return NULL;
            break;
        case '}':
        case ']':
            if (--depth > 0) break;
            return ascii || tide_utf8_valid(start, (size_t)(p - start)) ? p + 1 : NULL;
        case '"': {
            const char *close = json_string_end(p + 1, end);
            if (close == NULL) {
                close = escaped_end(p + 1, end);
                if (close == NULL || !tide_utf8_valid(p, (size_t)(close - p))) return NULL;
            }
            p = close;
            break;
        }
        case '\t':
        case '\r': break;
        default:
            if ((uint8_t)*p < 0x20) return NULL;
            ascii &= (uint8_t)*p < 0x80;
        }
    }
    return NULL;
}

/* ---- records ---- */

/* The fields that this record does not have. */
static bool put_missing(json_decoder *self, tide_builder *to)
{
    const tide_json_token none = { .kind = TIDE_JSON_MISSING };
    for (uint32_t i = 0; i < self->n; i++)
        if (self->seen[i] != self->record && !json_put(self, i, &to->cols[i], to->n, &none))
            return false;
    return true;
}

/* The field at p, from its key's quote on; returns the end of its value, or NULL. */
TIDE_INLINE const char *read_field(json_decoder *self, const char *p, const char *end,
                                   tide_builder *to, uint32_t *n_seen)
{
    const char *name = p + 1, *close = json_string_end(name, end);
    if (*p != '"' || close == NULL) return NULL;
    int32_t index = tide_json_keys_find(&self->keys, name, (size_t)(close - name));
    json_route route = JSON_ROUTE_SKIP;
    if (index >= 0) {
        if (self->seen[index] == self->record) return NULL; /* Which one counts? simdjson says. */
        self->seen[index] = self->record;
        route = (json_route)self->routes[index];
        ++*n_seen;
    }
    p = skip_space(close + 1, end);
    if (p >= end || *p != ':') return NULL;
    p = skip_space(p + 1, end);
    if (p >= end) return NULL;
    return json_read_value(self, route, index < 0 ? 0 : (uint32_t)index, p, end, to);
}

static const char *read_record(json_decoder *self, const char *p, const char *end, tide_builder *to)
{
    uint32_t n_seen = 0;
    if (++self->record == 0) { /* Once in four billion the numbers begin anew. */
        memset(self->seen, 0, self->n * sizeof *self->seen);
        self->record = 1;
    }
    p = skip_space(p, end);
    if (p >= end || *p != '{') return NULL;
    p = skip_space(p + 1, end);
    bool empty = p < end && *p == '}';
    while (!empty) {
        if (p >= end) return NULL;
        p = read_field(self, p, end, to, &n_seen);
        if (p == NULL) return NULL;
        p = skip_space(p, end);
        if (p >= end) return NULL;
        if (*p == '}') break;
        if (*p != ',') return NULL;
        p = skip_space(p + 1, end);
    }
    if (n_seen < self->n && !put_missing(self, to)) return NULL;
    p = skip_space(p + 1, end);
    if (p == end) return p;
    return *p == '\n' ? p + 1 : NULL;
}

const char *json_flat_read(json_decoder *self, const char *p, const char *end, tide_builder *to)
{
    const char *next = read_record(self, p, end, to);
    if (next == NULL) tide_row_abandon(to);
    return next;
}
