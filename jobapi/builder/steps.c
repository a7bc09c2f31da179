/* steps.c - select, where, union, watermark, and steps with callbacks. */
#include <inttypes.h>
#include <string.h>

#include "base/core/mem.h"
#include "jobapi/builder/builder_priv.h"

int tide_stream_column(tide_stream *stream, const char *name)
{
    if (stream == NULL || stream->job->status != TIDE_OK) return -1;
    uint32_t column;
    tide_status rv = tide_jobdef_column(stream->node, name, &column);
    if (rv == TIDE_OK) return (int)column;
    tide_jobdef_failed(stream->job, rv);
    return -1;
}

uint32_t tide_stream_columns(const tide_stream *stream)
{
    return stream ? stream->node->schema.n : 0;
}

/* ---- as SQL ---- */
/* A query over the stream, which has a name for as long as that takes. */
static tide_stream *query(tide_stream *stream, const char *sql, const char *name, const char *what)
{
    tide_jobdef *job = stream->job;
    const tide_node *node = NULL;
    tide_status rv = tide_sql_session_register(job->sql, name, stream->node);
    if (rv == TIDE_OK) {
        rv = tide_sql_session_query(job->sql, sql, what, &node);
        tide_sql_session_forget(job->sql, name);
    }
    return rv == TIDE_OK ? tide_jobdef_stream(job, node) : tide_jobdef_failed(job, rv);
}

static const char *temporary_name(tide_jobdef *job)
{
    return tide_arena_printf(job->arena, "stream_%" PRIu32 "__", job->n_temporary++);
}

tide_stream *tide_stream_select(tide_stream *stream, const char *exprs)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, exprs, "a list of expressions"))
        return NULL;
    const char *name = temporary_name(stream->job);
    return query(stream, tide_arena_printf(stream->job->arena, "SELECT %s FROM %s", exprs, name),
                 name, "tide_stream_select");
}

tide_stream *tide_stream_where(tide_stream *stream, const char *predicate)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, predicate, "a predicate")) return NULL;
    const char *name = temporary_name(stream->job);
    return query(stream,
                 tide_arena_printf(stream->job->arena, "SELECT * FROM %s WHERE %s", name,
                                   predicate),
                 name, "tide_stream_where");
}

/* ---- nodes ---- */
static tide_status check_union(tide_stream *const *streams, uint32_t n)
{
    const tide_schema *first = &streams[0]->node->schema;
    for (uint32_t i = 1; i < n; i++) {
        const tide_schema *s = &streams[i]->node->schema;
        if (streams[i]->job != streams[0]->job)
            return tide_fail(TIDE_E_INVALID, "a union of streams of two jobs");
        if (s->n != first->n)
            return tide_fail(TIDE_E_TYPE, "a union of streams with %u and %u columns", first->n,
                             s->n);
        for (uint32_t c = 0; c < s->n; c++)
            if (!tide_type_equal(s->fields[c].type, first->fields[c].type))
                return tide_fail(TIDE_E_TYPE,
                                 "a union of streams whose columns %s and %s differ in type",
                                 first->fields[c].name, s->fields[c].name);
    }
    return TIDE_OK;
}

tide_stream *tide_stream_union(tide_stream *const *streams, uint32_t n)
{
    tide_jobdef *job = NULL;
    uint32_t n_missing = 0;
    for (uint32_t i = 0; streams && i < n; i++) {
        if (streams[i]) job = streams[i]->job;
        n_missing += streams[i] == NULL;
    }
    if (job == NULL || job->status != TIDE_OK) return NULL;
    tide_status rv = n_missing ? tide_fail(TIDE_E_INVALID, "a stream of a union is NULL")
                               : check_union(streams, n);
    if (rv != TIDE_OK) return tide_jobdef_failed(job, rv);
    const tide_node **nodes = TIDE_NEW_N(job->arena, const tide_node *, n);
    for (uint32_t i = 0; i < n; i++) nodes[i] = streams[i]->node;
    return tide_jobdef_stream(job, tide_node_union(job->arena, nodes, n));
}

/* A node with one input and a schema of its own. */
static tide_node *derived(tide_jobdef *job, const tide_node *input, tide_node_kind kind,
                          const tide_schema *schema)
{
    tide_node *node = TIDE_NEW(job->arena, tide_node);
    const tide_node **inputs = TIDE_NEW_N(job->arena, const tide_node *, 1);
    inputs[0] = input;
    *node = (tide_node){ .kind = kind,
                         .n_inputs = 1,
                         .inputs = inputs,
                         .schema = *schema,
                         .rowtime = -1,
                         .window_start = -1,
                         .window_end = -1,
                         .bounded = input->bounded,
                         .pos = TIDE_POS_UNKNOWN };
    return node;
}

static tide_status make_watermark(tide_stream *stream, const char *column, int64_t delay_ms,
                                  tide_node **out)
{
    tide_arena *arena = stream->job->arena;
    uint32_t c;
    TIDE_TRY(tide_jobdef_column(stream->node, column, &c));
    const tide_field *field = &stream->node->schema.fields[c];
    if (!tide_type_is_timestamp(field->type))
        return tide_fail(TIDE_E_TYPE, "watermark: column %s is no TIMESTAMP", column);
    tide_value delay = { .type = tide_type_of(TIDE_TYPE_INTERVAL),
                         .interval = { .micros = delay_ms * 1000 } };
    const tide_expr *args[] = { tide_expr_column(arena, c, field->type, field->not_null,
                                                 TIDE_POS_UNKNOWN),
                                tide_expr_literal(arena, &delay, TIDE_POS_UNKNOWN) };
    tide_node *node =
        derived(stream->job, stream->node, TIDE_NODE_WATERMARK, &stream->node->schema);
    TIDE_TRY(tide_expr_call(arena, "-", args, 2, TIDE_POS_UNKNOWN, &node->watermark.watermark));
    node->rowtime = (int32_t)c;
    node->updating = stream->node->updating;
    *out = node;
    return TIDE_OK;
}

static tide_stream *stream_or_failure(tide_jobdef *job, tide_status rv, const tide_node *node)
{
    return rv == TIDE_OK ? tide_jobdef_stream(job, node) : tide_jobdef_failed(job, rv);
}

tide_stream *tide_stream_watermark(tide_stream *stream, const char *column, int64_t delay_ms)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, column, "a column's name")) return NULL;
    tide_node *node = NULL;
    tide_status rv = make_watermark(stream, column, delay_ms, &node);
    return stream_or_failure(stream->job, rv, node);
}

/* ---- steps with callbacks ---- */
static const char *copy_text(tide_jobdef *job, const char *text, const char *otherwise)
{
    return text ? tide_arena_strdup(job->arena, text) : otherwise;
}

static tide_status check_input(const tide_node *input, const char *name)
{
    if (!input->updating) return TIDE_OK;
    return tide_fail(
        TIDE_E_UNSUPPORTED,
        "%s: its input is an updating result (GROUP BY without a window); steps in C take "
        "streams of inserts only",
        name);
}

static tide_status copy_sides(tide_jobdef *job, tide_user_op *op, uint32_t n,
                              const tide_column_def *const *columns, const uint32_t *n_columns)
{
    tide_schema *sides = TIDE_NEW_N(job->arena, tide_schema, n);
    if (n && (columns == NULL || n_columns == NULL))
        return tide_fail(TIDE_E_INVALID, "%s: side outputs without columns", op->name);
    for (uint32_t i = 0; i < n; i++)
        TIDE_TRY(tide_jobdef_schema(job, columns[i], n_columns[i], NULL, &sides[i]));
    op->n_sides = n;
    op->sides = sides;
    return TIDE_OK;
}

static tide_status make_map(tide_stream *stream, const tide_map_def *given, tide_node **out)
{
    tide_jobdef *job = stream->job;
    tide_user_op *op = TIDE_NEW(job->arena, tide_user_op);
    tide_map_def *def = &op->map;
    op->kind = TIDE_USER_MAP;
    TIDE_TRY(tide_jobdef_copy(def, sizeof *def, given, given->size, "tide_map_def"));
    op->name = def->name = copy_text(job, def->name, "map");
    if ((def->on_row == NULL) == (def->on_rows == NULL))
        return tide_fail(TIDE_E_INVALID, "%s: exactly one of on_row and on_rows", op->name);
    TIDE_TRY(check_input(stream->node, op->name));
    TIDE_TRY(copy_sides(job, op, def->n_sides, def->side_columns, def->n_side_columns));
    tide_schema schema;
    TIDE_TRY(tide_jobdef_schema(job, def->columns, def->n_columns, &stream->node->schema, &schema));
    *out = derived(job, stream->node, TIDE_NODE_USER, &schema);
    (*out)->user.op = op;
    (*out)->uid = copy_text(job, def->uid, NULL);
    return TIDE_OK;
}

tide_stream *tide_stream_map(tide_stream *stream, const tide_map_def *def)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, def, "the definition of a map"))
        return NULL;
    tide_node *node = NULL;
    tide_status rv = make_map(stream, def, &node);
    return stream_or_failure(stream->job, rv, node);
}

static tide_status make_filter(tide_stream *stream, const tide_filter_def *given, tide_node **out)
{
    tide_jobdef *job = stream->job;
    tide_user_op *op = TIDE_NEW(job->arena, tide_user_op);
    tide_filter_def *def = &op->filter;
    op->kind = TIDE_USER_FILTER;
    TIDE_TRY(tide_jobdef_copy(def, sizeof *def, given, given->size, "tide_filter_def"));
    op->name = def->name = copy_text(job, def->name, "filter");
    if ((def->keep_row == NULL) == (def->keep_rows == NULL))
        return tide_fail(TIDE_E_INVALID, "%s: exactly one of keep_row and keep_rows", op->name);
    TIDE_TRY(check_input(stream->node, op->name));
    tide_node *node = derived(job, stream->node, TIDE_NODE_USER, &stream->node->schema);
    node->rowtime = stream->node->rowtime; /* The rows are the input's. */
    node->window_start = stream->node->window_start;
    node->window_end = stream->node->window_end;
    node->user.op = op;
    node->uid = copy_text(job, def->uid, NULL);
    *out = node;
    return TIDE_OK;
}

tide_stream *tide_stream_filter(tide_stream *stream, const tide_filter_def *def)
{
    if (stream == NULL || !tide_jobdef_ready(stream->job, def, "the definition of a filter"))
        return NULL;
    tide_node *node = NULL;
    tide_status rv = make_filter(stream, def, &node);
    return stream_or_failure(stream->job, rv, node);
}

tide_stream *tide_stream_side(tide_stream *stream, uint32_t number)
{
    if (stream == NULL || stream->job->status != TIDE_OK) return NULL;
    const tide_node *from = stream->node;
    uint32_t n = from->kind == TIDE_NODE_USER ? from->user.op->n_sides : 0;
    if (number < 1 || number > n)
        return tide_jobdef_failed(stream->job,
                                  tide_fail(TIDE_E_INVALID, "side output %u of a step that has %u",
                                            number, n));
    tide_node *node = derived(stream->job, from, TIDE_NODE_SIDE, &from->user.op->sides[number - 1]);
    node->side.output = number;
    return tide_jobdef_stream(stream->job, node);
}

static tide_status copy_states(tide_jobdef *job, tide_process_def *def)
{
    tide_state_def *states = TIDE_NEW_N(job->arena, tide_state_def, def->n_states);
    for (uint32_t i = 0; i < def->n_states; i++) {
        states[i] = def->states[i];
        if (states[i].name == NULL)
            return tide_fail(TIDE_E_INVALID, "%s: state %u has no name", def->name, i);
        states[i].name = tide_arena_strdup(job->arena, states[i].name);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(states[j].name, states[i].name) == 0)
                return tide_fail(TIDE_E_INVALID, "%s: two states are called %s", def->name,
                                 states[i].name);
    }
    def->states = states;
    return TIDE_OK;
}

static tide_status make_process(tide_keyed *keyed, const tide_process_def *given, tide_node **out)
{
    tide_jobdef *job = keyed->job;
    tide_user_op *op = TIDE_NEW(job->arena, tide_user_op);
    tide_process_def *def = &op->process;
    op->kind = TIDE_USER_PROCESS;
    TIDE_TRY(tide_jobdef_copy(def, sizeof *def, given, given->size, "tide_process_def"));
    op->name = def->name = copy_text(job, def->name, "process");
    if (def->on_row == NULL) return tide_fail(TIDE_E_INVALID, "%s: no on_row", op->name);
    TIDE_TRY(check_input(keyed->node, op->name));
    TIDE_TRY(copy_states(job, def));
    TIDE_TRY(copy_sides(job, op, def->n_sides, def->side_columns, def->n_side_columns));
    tide_schema schema;
    TIDE_TRY(tide_jobdef_schema(job, def->columns, def->n_columns, &keyed->node->schema, &schema));
    *out = derived(job, keyed->node, TIDE_NODE_USER, &schema);
    (*out)->user.op = op;
    (*out)->user.n_keys = keyed->n_keys;
    (*out)->user.keys = keyed->keys;
    (*out)->uid = copy_text(job, def->uid, NULL);
    return TIDE_OK;
}

tide_stream *tide_keyed_process(tide_keyed *keyed, const tide_process_def *def)
{
    if (keyed == NULL || !tide_jobdef_ready(keyed->job, def, "the definition of a process"))
        return NULL;
    tide_node *node = NULL;
    tide_status rv = make_process(keyed, def, &node);
    return stream_or_failure(keyed->job, rv, node);
}
