/* scan.c - the closure of the columns that a scan needs, and its expressions over just those. */
#include "worker/core/scan.h"

#include "base/core/assert.h"

typedef enum resolve_state { UNRESOLVED, RESOLVING, RESOLVED } resolve_state;

typedef struct analysis {
    tide_arena *arena;
    const tide_table *table;
    resolve_state *state;        /* Per table column. */
    const tide_expr **over_read; /* Per table column: its value over the columns read. */
    uint32_t *read;
    uint32_t n_read;
} analysis;

static tide_status resolve(analysis *a, uint32_t column);

static tide_status resolve_used(analysis *a, const tide_expr *e)
{
    uint32_t n = a->table->n_columns;
    bool *used = TIDE_NEW_N(a->arena, bool, n);
    tide_expr_mark_columns(e, used, n);
    for (uint32_t i = 0; i < n; i++)
        if (used[i]) TIDE_TRY(resolve(a, i));
    return TIDE_OK;
}

static tide_status resolve(analysis *a, uint32_t column)
{
    const tide_table_column *c = &a->table->columns[column];
    if (a->state[column] == RESOLVED) return TIDE_OK;
    if (a->state[column] == RESOLVING)
        return tide_fail(TIDE_E_INVALID, "table %s: computed column %s depends on itself",
                         a->table->name, c->name);
    a->state[column] = RESOLVING;
    if (c->kind == TIDE_COLUMN_COMPUTED) {
        TIDE_TRY(resolve_used(a, c->expr));
        a->over_read[column] = tide_expr_substitute(a->arena, c->expr, a->over_read);
    } else {
        a->over_read[column] = tide_expr_column(a->arena, a->n_read, c->type, c->not_null, c->pos);
        a->read[a->n_read++] = column;
    }
    a->state[column] = RESOLVED;
    return TIDE_OK;
}

static const tide_node *make_project(analysis *a, const tide_node *scan)
{
    bool same = a->n_read == scan->scan.n_columns;
    const tide_expr **exprs = TIDE_NEW_N(a->arena, const tide_expr *, scan->scan.n_columns);
    for (uint32_t i = 0; i < scan->scan.n_columns; i++) {
        exprs[i] = a->over_read[scan->scan.columns[i]];
        same = same && exprs[i]->kind == TIDE_EXPR_COLUMN && exprs[i]->column == i;
    }
    if (same) return NULL;
    tide_node *node = TIDE_NEW(a->arena, tide_node);
    *node = *scan;
    node->kind = TIDE_NODE_PROJECT;
    node->project.exprs = exprs;
    return node;
}

static const tide_node *make_filter(analysis *a, const tide_node *scan)
{
    if (scan->scan.filter == NULL) return NULL;
    const tide_expr *predicate = scan->scan.filter;
    tide_node *node = TIDE_NEW(a->arena, tide_node);
    *node = *scan;
    node->kind = TIDE_NODE_FILTER;
    node->filter.predicate = predicate;
    return node;
}

tide_status tide_scan_analyse(tide_arena *arena, const tide_node *scan, bool want_watermark,
                              tide_scan_reading *out)
{
    tide_assert(scan->kind == TIDE_NODE_SCAN);
    const tide_table *table = scan->scan.table;
    analysis a = { .arena = arena,
                   .table = table,
                   .state = TIDE_NEW_N(arena, resolve_state, table->n_columns),
                   .over_read = TIDE_NEW_N(arena, const tide_expr *, table->n_columns),
                   .read = TIDE_NEW_N(arena, uint32_t, table->n_columns) };
    /* Output columns first: where nothing is computed, what is read is the output. */
    for (uint32_t i = 0; i < scan->scan.n_columns; i++) {
        uint32_t column = scan->scan.columns[i];
        if (table->columns[column].kind != TIDE_COLUMN_COMPUTED) TIDE_TRY(resolve(&a, column));
    }
    for (uint32_t i = 0; i < scan->scan.n_columns; i++)
        TIDE_TRY(resolve(&a, scan->scan.columns[i]));
    *out = (tide_scan_reading){ 0 };
    if (want_watermark && table->watermark) {
        TIDE_TRY(resolve_used(&a, table->watermark));
        out->watermark = tide_expr_substitute(arena, table->watermark, a.over_read);
    }
    out->n_columns = a.n_read;
    out->columns = a.read;
    out->project = make_project(&a, scan);
    out->filter = make_filter(&a, scan);
    return TIDE_OK;
}
