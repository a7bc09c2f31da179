/* routes.c - see routes.h. */
#include "master/rest/routes.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "base/core/nearest.h"

static const tide_route routes[] = {
#define TIDE_ROUTE(method, path, handler, open, summary)                                           \
    { TIDE_ROUTE_##handler, method, path, summary, open },
#include "master/rest/routes.def"
#undef TIDE_ROUTE
};

const tide_route *tide_route_at(tide_route_id id)
{
    return &routes[id];
}

/* Do the segments from `from` on stand for the path? */
static bool fits(const char *path, const tide_uri *uri, uint32_t from, tide_route_match *out)
{
    uint32_t n_params = 0, i = from;
    for (const char *at = path; *at == '/'; i++) {
        size_t n = strcspn(++at, "/");
        if (i >= uri->n_segments) return false;
        if (*at == ':')
            out->params[n_params++] = uri->segments[i];
        else if (strlen(uri->segments[i]) != n || memcmp(uri->segments[i], at, n) != 0)
            return false;
        at += n;
    }
    return i == uri->n_segments;
}

static tide_status fail_path(const tide_uri *uri, uint32_t from)
{
    tide_bytes wanted = { 0 };
    for (uint32_t i = from; i < uri->n_segments; i++)
        tide_bytes_printf(&wanted, "/%s", uri->segments[i]);
    const char *path = wanted.n ? tide_bytes_text(&wanted) : "/";
    tide_nearest near;
    tide_nearest_init(&near, path);
    for (size_t i = 0; i < TIDE_ROUTE_COUNT; i++) tide_nearest_try(&near, routes[i].path);
    const char *best = tide_nearest_best(&near);
    tide_status rv = tide_fail(TIDE_E_NOT_FOUND, "there is no %.200s%s%s%s", path,
                               best ? ", did you mean " : "", best ? best : "", best ? "?" : "");
    tide_bytes_fini(&wanted);
    return rv;
}

tide_status tide_route_find(const char *method, const tide_uri *uri, tide_route_match *out)
{
    uint32_t from = uri->n_segments > 0 && strcmp(uri->segments[0], "v1") == 0;
    const tide_route *other = NULL;
    for (size_t i = 0; i < TIDE_ROUTE_COUNT; i++) {
        *out = (tide_route_match){ .route = &routes[i] };
        if (!fits(routes[i].path, uri, from, out)) continue;
        if (strcmp(routes[i].method, method) == 0) return TIDE_OK;
        other = &routes[i];
    }
    *out = (tide_route_match){ 0 };
    if (!other) return fail_path(uri, from);
    return tide_fail(TIDE_E_UNSUPPORTED, "%s is asked with %s, not with %.20s", other->path,
                     other->method, method);
}

/* ---- openapi ---- */

/* "/jobs/:job" is "/jobs/{job}" there. */
static json_t *describe(const tide_route *route, tide_bytes *path)
{
    json_t *parameters = json_array();
    for (const char *at = route->path; *at;) {
        if (*at != ':') {
            tide_bytes_putc(path, *at++);
            continue;
        }
        size_t n = strcspn(++at, "/");
        tide_bytes_printf(path, "{%.*s}", (int)n, at);
        json_array_append_new(parameters,
                              json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", at, n, "in", "path",
                                        "required", 1, "schema", "type", "string"));
        at += n;
    }
    return json_pack("{s:s,s:o,s:{s:{s:s},s:{s:s}}}", "summary", route->summary, "parameters",
                     parameters, "responses", "2XX", "description", "done", "default",
                     "description", "application/problem+json: code, title, detail, hint");
}

void tide_routes_openapi(const char *version, tide_bytes *out)
{
    json_t *paths = json_object();
    for (size_t i = 0; i < TIDE_ROUTE_COUNT; i++) {
        tide_bytes path = { 0 };
        json_t *operation = describe(&routes[i], &path);
        json_t *methods = json_object_get(paths, tide_bytes_text(&path));
        if (!methods) {
            methods = json_object();
            json_object_set_new(paths, tide_bytes_text(&path), methods);
        }
        char method[8] = "";
        for (size_t c = 0; routes[i].method[c] && c + 1 < sizeof method; c++)
            method[c] = (char)tolower((unsigned char)routes[i].method[c]);
        json_object_set_new(methods, method, operation);
        tide_bytes_fini(&path);
    }
    json_t *root = json_pack("{s:s,s:{s:s,s:s},s:[{s:s},{s:s}],s:o}", "openapi", "3.0.3", "info",
                             "title", "Tidemill", "version", version, "servers", "url", "/", "url",
                             "/v1", "paths", paths);
    char *text = json_dumps(root, JSON_INDENT(1));
    tide_bytes_puts(out, text);
    tide_bytes_putc(out, '\n');
    free(text);
    json_decref(root);
}
