/* uri.c - see uri.h. RFC 3986, and '+' for a blank in the query. */
#include "base/net/uri.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static tide_status decode(const char *at, const char *end, bool is_query, tide_arena *arena,
                          const char **out);
static tide_status read_path(const char *at, const char *end, tide_arena *arena, tide_uri *out);
static tide_status read_query(const char *at, const char *end, tide_arena *arena, tide_uri *out);

tide_status tide_uri_parse(const char *target, size_t n, tide_arena *arena, tide_uri *out)
{
    *out = (tide_uri){ 0 };
    if (n > TIDE_URI_BYTES_MAX)
        return tide_fail(TIDE_E_INVALID, "the address is longer than %u bytes", TIDE_URI_BYTES_MAX);
    if (n == 0 || target[0] != '/')
        return tide_fail(TIDE_E_INVALID, "the address does not begin with '/'");
    const char *end = target + n;
    const char *fragment = memchr(target, '#', n);
    if (fragment) end = fragment;
    const char *question = memchr(target, '?', (size_t)(end - target));
    TIDE_TRY(read_path(target, question ? question : end, arena, out));
    return question ? read_query(question + 1, end, arena, out) : TIDE_OK;
}

const char *tide_uri_param(const tide_uri *self, const char *name, const char *fallback)
{
    const char *value = fallback;
    for (uint32_t i = 0; i < self->n_params; i++)
        if (strcmp(self->params[i].name, name) == 0) value = self->params[i].value;
    return value;
}

void tide_uri_escape(const char *text, tide_bytes *out)
{
    for (const char *c = text; *c; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                        (*c >= '0' && *c <= '9') || strchr("-._~", *c);
        if (is_plain)
            tide_bytes_putc(out, *c);
        else
            tide_bytes_printf(out, "%%%02X", (unsigned char)*c);
    }
}

static const char *find(const char *at, const char *end, char c)
{
    const char *found = memchr(at, c, (size_t)(end - at));
    return found ? found : end;
}

static tide_status read_path(const char *at, const char *end, tide_arena *arena, tide_uri *out)
{
    const char **segments = TIDE_NEW_N(arena, const char *, TIDE_URI_SEGMENTS_MAX);
    while (at < end) {
        const char *slash = find(at, end, '/');
        if (slash > at) {
            if (out->n_segments == TIDE_URI_SEGMENTS_MAX)
                return tide_fail(TIDE_E_INVALID, "the address has more than %u parts",
                                 TIDE_URI_SEGMENTS_MAX);
            TIDE_TRY(decode(at, slash, false, arena, &segments[out->n_segments]));
            out->n_segments++;
        }
        at = slash < end ? slash + 1 : end;
    }
    out->segments = segments;
    return TIDE_OK;
}

static tide_status read_query(const char *at, const char *end, tide_arena *arena, tide_uri *out)
{
    tide_uri_pair *params = TIDE_NEW_N(arena, tide_uri_pair, TIDE_URI_PARAMS_MAX);
    while (at < end) {
        const char *next = find(at, end, '&'), *equals = find(at, next, '=');
        if (next > at) {
            if (out->n_params == TIDE_URI_PARAMS_MAX)
                return tide_fail(TIDE_E_INVALID, "the address has more than %u parameters",
                                 TIDE_URI_PARAMS_MAX);
            tide_uri_pair *param = &params[out->n_params];
            TIDE_TRY(decode(at, equals, true, arena, &param->name));
            TIDE_TRY(decode(equals < next ? equals + 1 : next, next, true, arena, &param->value));
            out->n_params++;
        }
        at = next < end ? next + 1 : end;
    }
    out->params = params;
    return TIDE_OK;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static tide_status decode(const char *at, const char *end, bool is_query, tide_arena *arena,
                          const char **out)
{
    char *text = tide_arena_alloc(arena, (size_t)(end - at) + 1);
    size_t n = 0;
    for (; at < end; at++) {
        char c = *at;
        if (c == '+' && is_query) c = ' ';
        if (c == '%') {
            int high = end - at > 2 ? hex(at[1]) : -1, low = end - at > 2 ? hex(at[2]) : -1;
            if (high < 0 || low < 0)
                return tide_fail(TIDE_E_INVALID, "'%%' in the address needs two hex digits");
            c = (char)(high << 4 | low);
            at += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return tide_fail(TIDE_E_INVALID, "a control character in the address");
        text[n++] = c;
    }
    text[n] = '\0';
    *out = text;
    return TIDE_OK;
}
