/* bind_window.c - windows over event time, in their two spellings: windowing
 * functions in FROM, and TUMBLE(ts, ...) with TUMBLE_START(ts, ...) in GROUP
 * BY. */
#include <string.h>
#include <strings.h>

#include "base/core/units.h"
#include "jobapi/sql/bind_priv.h"

#define WINDOWS_PER_ROW_MAX 100000

static tide_status check_time_column(tide_binder *self, const tide_node *node, uint32_t column,
                                     uint32_t pos);
static tide_status check_sizes(tide_binder *self, const tide_window *window, uint32_t pos);
static tide_status bind_partition(tide_binder *self, const tide_sql_from *ast,
                                  const tide_relation *data, uint32_t **keys);
static bool split_part_name(const char *name, tide_window_kind *kind, uint32_t *part);
static tide_window_kind kind_of(const char *name, size_t n);

static const char *const kind_names[] = { [TIDE_WINDOW_TUMBLE] = "tumble",
                                          [TIDE_WINDOW_HOP] = "hop",
                                          [TIDE_WINDOW_CUMULATE] = "cumulate",
                                          [TIDE_WINDOW_SESSION] = "session" };

tide_status tide_bind_window_function(tide_binder *self, const tide_sql_from *ast,
                                      const tide_relation *data, const tide_node **out)
{
    static const tide_window_kind kinds[] = { [TIDE_SQL_TUMBLE] = TIDE_WINDOW_TUMBLE,
                                              [TIDE_SQL_HOP] = TIDE_WINDOW_HOP,
                                              [TIDE_SQL_CUMULATE] = TIDE_WINDOW_CUMULATE,
                                              [TIDE_SQL_SESSION] = TIDE_WINDOW_SESSION };
    tide_window window = { .kind = kinds[ast->window.kind] };
    TIDE_TRY(tide_bind_column(self, data, &ast->window.time, &window.time_column));
    TIDE_TRY(check_time_column(self, data->node, window.time_column, ast->window.time.pos));
    bool is_session = window.kind == TIDE_WINDOW_SESSION;
    TIDE_TRY(tide_bind_duration(self, ast->window.size, is_session ? "session gap" : "window size",
                                &window.size_us));
    if (ast->window.slide)
        TIDE_TRY(tide_bind_duration(self, ast->window.slide,
                                    window.kind == TIDE_WINDOW_HOP ? "window slide" : "window step",
                                    &window.slide_us));
    if (ast->window.offset)
        TIDE_TRY(tide_bind_duration(self, ast->window.offset, "window offset", &window.offset_us));
    TIDE_TRY(check_sizes(self, &window, ast->pos));
    uint32_t *keys;
    TIDE_TRY(bind_partition(self, ast, data, &keys));
    tide_node *node =
        tide_node_window(self->arena, data->node, &window, keys, ast->window.partition_by.n);
    node->pos = ast->pos;
    *out = node;
    return TIDE_OK;
}

bool tide_bind_is_group_window(const tide_sql_expr *ast)
{
    const char *name = tide_bind_call_name(ast);
    return name && kind_of(name, strlen(name)) != TIDE_WINDOW_NONE;
}

/* TUMBLE(ts, size), HOP(ts, slide, size), CUMULATE(ts, step, size), SESSION(ts,
 * gap); without ts, as Arroyo writes them, over the event-time column. */
tide_status tide_bind_group_window(tide_binder *self, const tide_place *place,
                                   const tide_sql_expr *ast, tide_window *out)
{
    const tide_node *node = place->relation->node;
    const tide_sql_exprs *args = &ast->call.args;
    const char *name = tide_bind_call_name(ast);
    *out = (tide_window){ .kind = kind_of(name, strcspn(name, "_")) };
    bool slides = out->kind == TIDE_WINDOW_HOP || out->kind == TIDE_WINDOW_CUMULATE;
    uint32_t at = 0, n_sizes = slides ? 2 : 1;
    if (args->n > 0 && args->items[0]->kind == TIDE_SQL_COLUMN) {
        TIDE_TRY(
            tide_bind_column(self, place->relation, &args->items[0]->column, &out->time_column));
        TIDE_TRY(check_time_column(self, node, out->time_column, args->items[0]->pos));
        at = 1;
    } else if (node->rowtime >= 0) {
        out->time_column = (uint32_t)node->rowtime;
        TIDE_TRY(check_time_column(self, node, out->time_column, ast->pos));
    } else {
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos,
                              "declare WATERMARK FOR a column in CREATE TABLE",
                              "%s needs an event-time column, and the input has none", name);
    }
    if (args->n != at + n_sizes)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, NULL, "%s takes a time column and %s",
                              name, slides ? "two intervals" : "an interval");
    if (slides)
        TIDE_TRY(tide_bind_duration(self, args->items[at++], "window slide", &out->slide_us));
    TIDE_TRY(tide_bind_duration(self, args->items[at], "window size", &out->size_us));
    return check_sizes(self, out, ast->pos);
}

tide_status tide_bind_window_part(tide_binder *self, const tide_place *place,
                                  const tide_sql_expr *ast, const tide_expr **out)
{
    *out = NULL;
    const char *name = tide_bind_call_name(ast);
    tide_window_kind kind;
    uint32_t part;
    if (!split_part_name(name, &kind, &part)) return TIDE_OK;
    const tide_grouping *grouping = place->grouping;
    if (!grouping || grouping->window.kind != kind)
        return tide_bind_fail(self, TIDE_E_BIND, ast->pos,
                              "or use window_start, window_end of the windowing function in FROM",
                              "%s needs GROUP BY %s(...)", name, kind_names[kind]);
    tide_window window;
    TIDE_TRY(tide_bind_group_window(self, place, ast, &window));
    if (memcmp(&window, &grouping->window, sizeof window) != 0)
        return tide_bind_fail(self, TIDE_E_BIND, ast->pos, NULL,
                              "%s must have the arguments of %s in GROUP BY", name,
                              kind_names[kind]);
    tide_type time = place->relation->node->schema.fields[window.time_column].type;
    *out = tide_expr_column(self->arena, TIDE_GROUP_COLUMN + part, tide_window_time_type(time),
                            true, ast->pos);
    return TIDE_OK;
}

/* Windows close by watermarks, so they need the column that those speak of. */
static tide_status check_time_column(tide_binder *self, const tide_node *node, uint32_t column,
                                     uint32_t pos)
{
    const tide_field *field = &node->schema.fields[column];
    if (node->updating)
        return tide_bind_refuse(self, pos, "a window over a changing result is",
                                "its input must not come from a GROUP BY without a window");
    if ((int32_t)column == node->rowtime || (int32_t)column == node->window_time) return TIDE_OK;
    if (node->rowtime >= 0)
        return tide_bind_fail(self, TIDE_E_TYPE, pos,
                              tide_arena_printf(self->arena, "the event-time column is %s",
                                                node->schema.fields[node->rowtime].name),
                              "%s is not the event-time column of this input", field->name);
    if (!tide_type_is_timestamp(field->type)) {
        char type[TIDE_TYPE_TEXT_MAX];
        return tide_bind_fail(
            self, TIDE_E_TYPE, pos,
            "declare a column ts AS TO_TIMESTAMP_LTZ(...) and WATERMARK FOR ts in "
            "CREATE TABLE",
            "%s is %s, and an event-time column must be TIMESTAMP or TIMESTAMP_LTZ", field->name,
            tide_type_print(field->type, type, sizeof type));
    }
    return tide_bind_fail(self, TIDE_E_TYPE, pos,
                          tide_arena_printf(self->arena,
                                            "declare WATERMARK FOR %s AS %s - INTERVAL '5' SECOND "
                                            "in CREATE TABLE, and pass the column on unchanged",
                                            field->name, field->name),
                          "%s is not an event-time column: no watermark speaks of it", field->name);
}

static tide_status check_sizes(tide_binder *self, const tide_window *window, uint32_t pos)
{
    char size[TIDE_DURATION_TEXT_MAX], slide[TIDE_DURATION_TEXT_MAX];
    tide_duration_print(window->size_us, size, sizeof size);
    tide_duration_print(window->slide_us, slide, sizeof slide);
    bool slides = window->kind == TIDE_WINDOW_HOP || window->kind == TIDE_WINDOW_CUMULATE;
    if (window->size_us <= 0)
        return tide_bind_fail(self, TIDE_E_TYPE, pos, NULL,
                              "the window's size must be more than 0");
    if (!slides) return TIDE_OK;
    if (window->slide_us <= 0 || window->slide_us > window->size_us)
        return tide_bind_fail(
            self, TIDE_E_TYPE, pos, "the slide or step comes before the size",
            "the window's slide (%s) must be more than 0 and at most its size (%s)", slide, size);
    if (window->kind == TIDE_WINDOW_CUMULATE && window->size_us % window->slide_us != 0)
        return tide_bind_fail(self, TIDE_E_TYPE, pos, NULL,
                              "the window's size (%s) must be a multiple of its step (%s)", size,
                              slide);
    if (window->size_us / window->slide_us > WINDOWS_PER_ROW_MAX)
        return tide_bind_fail(self, TIDE_E_LIMIT, pos, NULL,
                              "every row would be in more than %d windows", WINDOWS_PER_ROW_MAX);
    return TIDE_OK;
}

static tide_status bind_partition(tide_binder *self, const tide_sql_from *ast,
                                  const tide_relation *data, uint32_t **keys)
{
    const tide_sql_exprs *by = &ast->window.partition_by;
    *keys = TIDE_NEW_N(self->arena, uint32_t, by->n + 1);
    if (by->n && ast->window.kind != TIDE_SQL_SESSION)
        return tide_bind_refuse(self, by->items[0]->pos,
                                "PARTITION BY of a window other than SESSION is",
                                "group by the keys");
    for (uint32_t i = 0; i < by->n; i++) {
        if (by->items[i]->kind != TIDE_SQL_COLUMN)
            return tide_bind_refuse(self, by->items[i]->pos, "PARTITION BY an expression is",
                                    "compute the key in a subquery");
        TIDE_TRY(tide_bind_column(self, data, &by->items[i]->column, &(*keys)[i]));
    }
    return TIDE_OK;
}

/* "HOP_START" is HOP and the part's number. */
static bool split_part_name(const char *name, tide_window_kind *kind, uint32_t *part)
{
    static const char *const parts[] = {
        [TIDE_GROUP_START] = "_start", [TIDE_GROUP_END] = "_end", [TIDE_GROUP_TIME] = "_rowtime"
    };
    size_t n = strcspn(name, "_");
    *kind = kind_of(name, n);
    for (*part = 0; *part < 3; ++*part)
        if (strcasecmp(name + n, parts[*part]) == 0) return *kind != TIDE_WINDOW_NONE;
    return false;
}

static tide_window_kind kind_of(const char *name, size_t n)
{
    for (int k = TIDE_WINDOW_TUMBLE; k <= TIDE_WINDOW_SESSION; k++)
        if (strlen(kind_names[k]) == n && strncasecmp(name, kind_names[k], n) == 0)
            return (tide_window_kind)k;
    return TIDE_WINDOW_NONE;
}
