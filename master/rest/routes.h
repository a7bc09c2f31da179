/* routes.h - which handler does a request belong to?
 *
 * From one table, routes.def. Pure; any thread. */
#ifndef TIDE_MASTER_REST_ROUTES_H
#define TIDE_MASTER_REST_ROUTES_H
#include <stdbool.h>

#include "base/core/bytes.h"
#include "base/net/uri.h"

typedef enum tide_route_id {
#define TIDE_ROUTE(method, path, handler, open, summary) TIDE_ROUTE_##handler,
#include "master/rest/routes.def"
#undef TIDE_ROUTE
    TIDE_ROUTE_COUNT
} tide_route_id;

#define TIDE_ROUTE_PARAMS_MAX 2u

typedef struct tide_route {
    tide_route_id id;
    const char *method, *path, *summary;
    bool is_open;
} tide_route;

typedef struct tide_route_match {
    const tide_route *route;
    const char *params[TIDE_ROUTE_PARAMS_MAX]; /* Segments that stand where the path has ":name". */
} tide_route_match;

/* TIDE_E_NOT_FOUND: no such path, with the nearest; TIDE_E_UNSUPPORTED: not with this method. */
TIDE_MUST_CHECK tide_status tide_route_find(const char *method, const tide_uri *uri,
                                            tide_route_match *out);
/* Every route in the table's order. */
const tide_route *tide_route_at(tide_route_id id);
/* The API's description, OpenAPI 3.0, as JSON. */
void tide_routes_openapi(const char *version, tide_bytes *out);

#endif
