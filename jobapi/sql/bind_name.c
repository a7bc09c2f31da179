/* bind_name.c - which column or table does a name mean? */
#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"
#include "jobapi/sql/bind_priv.h"

static const char *field_name(const void *ctx, uint32_t i);
static bool find_column(const tide_relation *relation, const tide_sql_path *path, int32_t *out);
static bool find_window_part(const tide_node *node, const tide_sql_path *path, int32_t *out);
static const char *path_text(tide_binder *self, const tide_sql_path *path);

int32_t tide_find_name(const char *name, const char *(*at)(const void *ctx, uint32_t i),
                       const void *ctx, uint32_t n)
{
    int32_t exact = -1, folded = -1;
    for (uint32_t i = 0; i < n; i++) {
        const char *other = at(ctx, i);
        if (strcmp(other, name) == 0)
            exact = exact == -1 ? (int32_t)i : -2;
        else if (strcasecmp(other, name) == 0)
            folded = folded == -1 ? (int32_t)i : -2;
    }
    return exact != -1 ? exact : folded;
}

tide_status tide_bind_column(tide_binder *self, const tide_relation *relation,
                             const tide_sql_path *path, uint32_t *out)
{
    const tide_schema *schema = &relation->node->schema;
    const tide_sql_name *last = &path->parts[path->n - 1];
    int32_t found;
    if (!find_column(relation, path, &found)) {
        const char *hint =
            relation->alias ? tide_arena_printf(self->arena, "the query reads %s", relation->alias)
                            : NULL;
        return tide_bind_fail(self, TIDE_E_BIND, path->pos, hint, "unknown table %s",
                              path->parts[0].text);
    }
    if (found >= 0) {
        *out = (uint32_t)found;
        return TIDE_OK;
    }
    if (found == -2)
        return tide_bind_fail(self, TIDE_E_BIND, path->pos,
                              "several columns have this name; rename them with AS",
                              "column %s is ambiguous", path_text(self, path));
    if (relation->is_one_row)
        return tide_bind_fail(self, TIDE_E_BIND, path->pos, "the query has no FROM",
                              "unknown column %s", path_text(self, path));
    tide_nearest near;
    tide_nearest_init(&near, last->text);
    for (uint32_t i = 0; i < schema->n; i++) tide_nearest_try(&near, schema->fields[i].name);
    return tide_bind_fail(self, TIDE_E_BIND, path->pos,
                          tide_bind_did_you_mean(self, tide_nearest_best(&near)),
                          "unknown column %s", path_text(self, path));
}

bool tide_bind_has_column(const tide_relation *relation, const tide_sql_path *path, uint32_t *out)
{
    int32_t found;
    if (!find_column(relation, path, &found) || found < 0) return false;
    *out = (uint32_t)found;
    return true;
}

bool tide_bind_is_alias(const tide_relation *relation, const tide_sql_path *path)
{
    return relation->alias && path->n > 0 &&
           strcasecmp(relation->alias, path->parts[path->n - 1].text) == 0;
}

tide_status tide_bind_table_name(tide_binder *self, const tide_sql_path *path, tide_sql_name *out)
{
    static const char *const defaults[] = { "default_catalog", "default_database", "public" };
    for (uint32_t i = 0; i + 1 < path->n; i++) {
        bool is_default = false;
        for (size_t d = 0; d < sizeof defaults / sizeof *defaults; d++)
            is_default |= strcasecmp(path->parts[i].text, defaults[d]) == 0;
        if (!is_default)
            return tide_bind_refuse(self, path->parts[i].pos,
                                    "a catalog or database before a table is",
                                    "tables are called by their name alone");
    }
    *out = path->parts[path->n - 1];
    return TIDE_OK;
}

static const char *field_name(const void *ctx, uint32_t i)
{
    return ((const tide_schema *)ctx)->fields[i].name;
}

/* False: the table that qualifies it is unknown. *out: as tide_find_name. */
static bool find_column(const tide_relation *relation, const tide_sql_path *path, int32_t *out)
{
    const tide_schema *schema = &relation->node->schema;
    const tide_sql_name *last = &path->parts[path->n - 1];
    *out = -1;
    if (path->n > 1) {
        if (find_window_part(relation->node, path, out)) return true;
        tide_sql_path table = { path->n - 1, path->parts, path->pos };
        if (!tide_bind_is_alias(relation, &table)) return false;
    }
    *out = tide_find_name(last->text, field_name, schema, schema->n);
    return true;
}

/* window.start and window.end, as Arroyo writes them. */
static bool find_window_part(const tide_node *node, const tide_sql_path *path, int32_t *out)
{
    if (path->n != 2 || strcasecmp(path->parts[0].text, "window") != 0) return false;
    int32_t column = strcasecmp(path->parts[1].text, "start") == 0 ? node->window_start
                     : strcasecmp(path->parts[1].text, "end") == 0 ? node->window_end
                                                                   : -1;
    if (column >= 0) *out = column;
    return column >= 0;
}

static const char *path_text(tide_binder *self, const tide_sql_path *path)
{
    const char *text = path->parts[0].text;
    for (uint32_t i = 1; i < path->n; i++)
        text = tide_arena_printf(self->arena, "%s.%s", text, path->parts[i].text);
    return text;
}
