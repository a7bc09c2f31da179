/* windows.c - keys, and windows with aggregates. */
#include <string.h>

#include "base/core/mem.h"
#include "jobapi/builder/builder_priv.h"

static tide_status make_keyed(tide_stream *stream, const char *const *columns, uint32_t n,
                              tide_keyed *out)
{
    uint32_t *keys = TIDE_NEW_N(stream->job->arena, uint32_t, n);
    if (n == 0) return tide_fail(TIDE_E_INVALID, "key_by without a column");
    for (uint32_t i = 0; i < n; i++)
        TIDE_TRY(tide_jobdef_column(stream->node, columns[i], &keys[i]));
    *out = (tide_keyed){ .job = stream->job, .node = stream->node, .n_keys = n, .keys = keys };
    return TIDE_OK;
}

tide_keyed *tide_stream_key_by(tide_stream *stream, const char *const *columns, uint32_t n)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, columns, "the columns of key_by"))
        return NULL;
    tide_keyed *keyed = TIDE_NEW(stream->job->arena, tide_keyed);
    tide_status rv = make_keyed(stream, columns, n, keyed);
    return rv == TIDE_OK ? keyed : tide_jobdef_failed(stream->job, rv);
}

/* ---- windows ---- */
#define MILLIS_MAX                                                                                 \
    (INT64_C(9999) * 366 * 86400 * 1000) /* As much as there is between two timestamps. */

static tide_status check_window(const tide_window *w)
{
    if (w->size_us <= 0) return tide_fail(TIDE_E_INVALID, "a window's length must be above 0");
    bool slides = w->kind == TIDE_WINDOW_HOP || w->kind == TIDE_WINDOW_CUMULATE;
    if (slides && (w->slide_us <= 0 || w->slide_us > w->size_us))
        return tide_fail(TIDE_E_INVALID,
                         "a window's slide must be above 0 and not above its length");
    if (w->kind == TIDE_WINDOW_CUMULATE && w->size_us % w->slide_us)
        return tide_fail(TIDE_E_INVALID,
                         "a cumulating window's length must be a multiple of its slide");
    return TIDE_OK;
}

static tide_status make_window(const tide_node *input, const tide_window_def *def, tide_window *out)
{
    static const tide_window_kind kinds[] = { TIDE_WINDOW_TUMBLE, TIDE_WINDOW_HOP,
                                              TIDE_WINDOW_CUMULATE, TIDE_WINDOW_SESSION };
    if ((unsigned)def->type >= sizeof kinds / sizeof *kinds)
        return tide_fail(TIDE_E_INVALID, "window type %d does not exist", (int)def->type);
    if (def->length_ms > MILLIS_MAX || def->slide_ms > MILLIS_MAX || def->offset_ms > MILLIS_MAX ||
        def->offset_ms < -MILLIS_MAX)
        return tide_fail(TIDE_E_INVALID,
                         "a window's length, slide and offset may not exceed %lld "
                         "ms",
                         (long long)MILLIS_MAX);
    *out = (tide_window){ .kind = kinds[def->type],
                          .size_us = def->length_ms * 1000,
                          .slide_us = def->slide_ms * 1000,
                          .offset_us = def->offset_ms * 1000 };
    TIDE_TRY(tide_jobdef_column(input, def->time_column, &out->time_column));
    if (input->rowtime != (int32_t)out->time_column)
        return tide_fail(TIDE_E_INVALID,
                         "%s is not the event time of this stream: declare WATERMARK FOR it in its "
                         "table, or use tide_stream_watermark",
                         def->time_column);
    return check_window(out);
}

/* ---- aggregates ---- */
static tide_status make_user_agg(tide_jobdef *job, const tide_aggregate_def *def,
                                 tide_agg_call *out)
{
    tide_user_agg *agg = TIDE_NEW(job->arena, tide_user_agg);
    TIDE_TRY(
        tide_jobdef_copy(&agg->fn, sizeof agg->fn, def->fn, def->fn->size, "tide_aggregate_fn"));
    if (agg->fn.add == NULL || agg->fn.merge == NULL || agg->fn.result == NULL)
        return tide_fail(TIDE_E_INVALID, "aggregate %s: add, merge and result are all needed",
                         def->as);
    if (def->fn_type == NULL) return tide_fail(TIDE_E_INVALID, "aggregate %s: no fn_type", def->as);
    TIDE_TRY(tide_type_parse(def->fn_type, &out->result));
    out->kind = TIDE_AGG_USER;
    out->user = agg;
    return TIDE_OK;
}

static tide_status make_agg(tide_jobdef *job, const tide_node *input, const tide_aggregate_def *def,
                            tide_agg_call *out)
{
    *out = (tide_agg_call){ .arg = -1, .filter = -1 };
    if (def->as == NULL) return tide_fail(TIDE_E_INVALID, "an aggregate has no name (as)");
    out->name = tide_arena_strdup(job->arena, def->as);
    if (def->fn) return make_user_agg(job, def, out);
    if (def->function == NULL)
        return tide_fail(TIDE_E_INVALID, "aggregate %s: no function", def->as);
    tide_type arg = { 0 };
    if (def->column) {
        uint32_t column;
        TIDE_TRY(tide_jobdef_column(input, def->column, &column));
        out->arg = (int32_t)column;
        arg = input->schema.fields[column].type;
    }
    static const char distinct[] = " distinct";
    size_t n = strlen(def->function), m = sizeof distinct - 1;
    out->distinct = n > m && strcmp(def->function + n - m, distinct) == 0;
    const char *name = tide_arena_strndup(job->arena, def->function, out->distinct ? n - m : n);
    return tide_agg_resolve(name, def->column != NULL, arg, &out->kind, &out->result);
}

/* Late rows go to a table with the columns of the window's input, by position. */
static tide_status route_late(tide_keyed *keyed, const char *name, tide_node *like)
{
    const tide_table *table;
    TIDE_TRY(tide_sql_session_table(keyed->job->sql, name, &table));
    const tide_schema *rows = &keyed->node->schema;
    uint32_t *columns = TIDE_NEW_N(keyed->job->arena, uint32_t, rows->n);
    if (table->n_columns != rows->n)
        return tide_fail(TIDE_E_TYPE, "late rows have %u columns, table %s has %u", rows->n, name,
                         table->n_columns);
    for (uint32_t i = 0; i < rows->n; i++) {
        columns[i] = i;
        if (!tide_type_equal(table->columns[i].type, rows->fields[i].type))
            return tide_fail(TIDE_E_TYPE,
                             "column %s of table %s has another type than the late rows'",
                             table->columns[i].name, name);
    }
    like->aggregate.late = table;
    like->aggregate.late_columns = columns;
    like->aggregate.n_late = rows->n;
    return TIDE_OK;
}

static tide_status make_aggregate(tide_keyed *keyed, const tide_window_def *given, tide_node **out)
{
    tide_jobdef *job = keyed->job;
    tide_window_def def = { 0 };
    TIDE_TRY(tide_jobdef_copy(&def, sizeof def, given, given->size, "tide_window_def"));
    tide_node like = {
        .aggregate = { .n_keys = keyed->n_keys, .keys = keyed->keys, .n_aggs = def.n_aggregates }
    };
    TIDE_TRY(make_window(keyed->node, &def, &like.aggregate.window));
    tide_agg_call *aggs = TIDE_NEW_N(job->arena, tide_agg_call, def.n_aggregates);
    if (def.n_aggregates && def.aggregates == NULL)
        return tide_fail(TIDE_E_INVALID, "the aggregates of a window are NULL");
    for (uint32_t i = 0; i < def.n_aggregates; i++)
        TIDE_TRY(make_agg(job, keyed->node, &def.aggregates[i], &aggs[i]));
    like.aggregate.aggs = aggs;
    if (def.late_table) TIDE_TRY(route_late(keyed, def.late_table, &like));
    *out = tide_node_aggregate(job->arena, keyed->node, &like);
    if (def.uid) (*out)->uid = tide_arena_strdup(job->arena, def.uid);
    return TIDE_OK;
}

tide_stream *tide_keyed_window(tide_keyed *keyed, const tide_window_def *def)
{
    if (keyed == NULL || !tide_jobdef_ready(keyed->job, def, "the definition of a window"))
        return NULL;
    tide_node *node = NULL;
    tide_status rv = make_aggregate(keyed, def, &node);
    return rv == TIDE_OK ? tide_jobdef_stream(keyed->job, node)
                         : tide_jobdef_failed(keyed->job, rv);
}
