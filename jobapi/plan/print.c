/* print.c - the plan as text for people: what `explain` shows and the golden
 * tests compare. */
#include <inttypes.h>
#include <string.h>

#include "base/core/bytes.h"
#include "base/core/units.h"
#include "jobapi/plan/node.h"
#include "jobapi/plan/walk.h"

typedef struct printer {
    tide_arena *arena;
    tide_walk walk;
    uint32_t *labels; /* Of nodes with several consumers, once printed; 0 none. */
    uint32_t n_labels;
    tide_bytes text;
} printer;

static void print_tree(printer *self, const tide_node *root);
static void print_scan(tide_bytes *out, tide_arena *arena, const tide_node *node);
static void print_values(tide_bytes *out, const tide_node *node);
static void print_project(tide_bytes *out, tide_arena *arena, const tide_node *node);
static void print_aggregate(tide_bytes *out, tide_arena *arena, const tide_node *node);
static void print_sort(tide_bytes *out, const tide_node *node);
static void print_list(tide_bytes *out, const tide_schema *schema, const uint32_t *columns,
                       uint32_t n);

static const char *const kind_names[TIDE_NODE_KIND_COUNT] = {
    [TIDE_NODE_SCAN] = "scan",           [TIDE_NODE_VALUES] = "values",
    [TIDE_NODE_FILTER] = "filter",       [TIDE_NODE_PROJECT] = "project",
    [TIDE_NODE_WATERMARK] = "watermark", [TIDE_NODE_UNION] = "union",
    [TIDE_NODE_WINDOW] = "window",       [TIDE_NODE_AGGREGATE] = "aggregate",
    [TIDE_NODE_SORT] = "sort",           [TIDE_NODE_USER] = "process",
    [TIDE_NODE_SIDE] = "side",           [TIDE_NODE_SINK] = "sink",
    [TIDE_NODE_PARTIAL] = "partial",
};

const char *tide_node_kind_name(tide_node_kind kind)
{
    return kind_names[kind];
}

char *tide_plan_print(const tide_plan *self)
{
    printer p = { .arena = tide_arena_new() };
    tide_walk_init(&p.walk, self->sinks, self->n_sinks);
    p.labels = TIDE_NEW_N(p.arena, uint32_t, p.walk.n);
    for (uint32_t s = 0; s < self->n_sinks; s++) print_tree(&p, self->sinks[s]);
    char *text = tide_strdup(tide_bytes_text(&p.text));
    tide_bytes_fini(&p.text);
    tide_walk_fini(&p.walk);
    tide_arena_free(&p.arena);
    return text;
}

const char *tide_node_print(tide_arena *arena, const tide_node *node)
{
    tide_bytes out = { 0 };
    tide_bytes_puts(&out, tide_node_kind_name(node->kind));
    const tide_schema *in = node->n_inputs ? &node->inputs[0]->schema : NULL;
    const char *const *names = in ? tide_schema_names(arena, in) : NULL;
    switch (node->kind) {
    case TIDE_NODE_SCAN: print_scan(&out, arena, node); break;
    case TIDE_NODE_VALUES: print_values(&out, node); break;
    case TIDE_NODE_FILTER:
        tide_bytes_printf(&out, " %s", tide_expr_print(arena, node->filter.predicate, names));
        break;
    case TIDE_NODE_PROJECT: print_project(&out, arena, node); break;
    case TIDE_NODE_WATERMARK:
        tide_bytes_printf(&out, " %s as %s", node->schema.fields[node->rowtime].name,
                          tide_expr_print(arena, node->watermark.watermark, names));
        break;
    case TIDE_NODE_WINDOW:
        tide_bytes_printf(&out, " %s", tide_window_print(arena, &node->window.window, in));
        if (node->window.n_keys) {
            tide_bytes_puts(&out, " by ");
            print_list(&out, in, node->window.keys, node->window.n_keys);
        }
        break;
    case TIDE_NODE_AGGREGATE: print_aggregate(&out, arena, node); break;
    case TIDE_NODE_PARTIAL: print_aggregate(&out, arena, node->partial.of); break;
    case TIDE_NODE_SORT: print_sort(&out, node); break;
    case TIDE_NODE_USER:
        if (node->user.n_keys) {
            tide_bytes_puts(&out, " by ");
            print_list(&out, in, node->user.keys, node->user.n_keys);
        }
        break;
    case TIDE_NODE_SIDE: tide_bytes_printf(&out, " %u", node->side.output); break;
    case TIDE_NODE_SINK:
        tide_bytes_printf(&out, " %s", node->sink.print ? "(print)" : node->sink.table->name);
        break;
    case TIDE_NODE_UNION:
    case TIDE_NODE_KIND_COUNT: break;
    }
    const char *text = tide_arena_strdup(arena, tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return text;
}

const char *tide_window_print(tide_arena *arena, const tide_window *window,
                              const tide_schema *input)
{
    static const char *const names[] = { NULL, "tumble", "hop", "cumulate", "session", NULL };
    char size[TIDE_DURATION_TEXT_MAX], slide[TIDE_DURATION_TEXT_MAX];
    char offset[TIDE_DURATION_TEXT_MAX + 16] = "";
    if (window->kind == TIDE_WINDOW_NONE) return NULL;
    if (window->kind == TIDE_WINDOW_ATTACHED)
        return tide_arena_printf(arena, "attached(%s, %s)",
                                 input->fields[window->start_column].name,
                                 input->fields[window->end_column].name);
    tide_duration_print(window->size_us, size, sizeof size);
    tide_duration_print(window->slide_us, slide, sizeof slide);
    if (window->offset_us) {
        memcpy(offset, ", offset ", 10);
        tide_duration_print(window->offset_us, offset + 9, sizeof offset - 9);
    }
    bool slides = window->kind == TIDE_WINDOW_HOP || window->kind == TIDE_WINDOW_CUMULATE;
    return tide_arena_printf(arena, "%s(%s, %s%s%s%s)", names[window->kind],
                             input->fields[window->time_column].name, slides ? slide : "",
                             slides ? ", " : "", size, offset);
}

/* Depth first with an own stack: plans may be deeper than the C stack should
 * be. */
static void print_tree(printer *self, const tide_node *root)
{
    typedef struct item {
        const tide_node *node;
        uint32_t depth;
    } item;
    item *stack = NULL;
    uint32_t n = 0, cap = 0;
    TIDE_PUSH(self->arena, stack, n, cap, ((item){ root, 0 }));
    while (n > 0) {
        item top = stack[--n];
        uint32_t i = tide_walk_index(&self->walk, top.node);
        for (uint32_t d = 0; d < top.depth; d++) tide_bytes_puts(&self->text, "  ");
        if (self->labels[i]) {
            tide_bytes_printf(&self->text, "%s #%u (above)\n", tide_node_kind_name(top.node->kind),
                              self->labels[i]);
            continue;
        }
        tide_bytes_puts(&self->text, tide_node_print(self->arena, top.node));
        if (self->walk.uses[i] > 1)
            tide_bytes_printf(&self->text, " #%u", self->labels[i] = ++self->n_labels);
        if (top.node->updating && top.node->kind != TIDE_NODE_SINK)
            tide_bytes_puts(&self->text, " [changes]");
        tide_bytes_putc(&self->text, '\n');
        for (uint32_t j = top.node->n_inputs; j-- > 0;)
            TIDE_PUSH(self->arena, stack, n, cap, ((item){ top.node->inputs[j], top.depth + 1 }));
    }
}

static void print_scan(tide_bytes *out, tide_arena *arena, const tide_node *node)
{
    const tide_table *table = node->scan.table;
    tide_bytes_printf(out, " %s (", table->name);
    for (uint32_t i = 0; i < node->schema.n; i++)
        tide_bytes_printf(out, "%s%s", i ? ", " : "", node->schema.fields[i].name);
    tide_bytes_putc(out, ')');
    if (node->scan.filter)
        tide_bytes_printf(out, " where %s",
                          tide_expr_print(arena, node->scan.filter,
                                          tide_schema_names(arena, &node->schema)));
    if (!table->watermark) return;
    const char **names = TIDE_NEW_N(arena, const char *, table->n_columns);
    for (uint32_t i = 0; i < table->n_columns; i++) names[i] = table->columns[i].name;
    tide_bytes_printf(out, " watermark %s", tide_expr_print(arena, table->watermark, names));
}

static void print_values(tide_bytes *out, const tide_node *node)
{
    tide_bytes_printf(out, " %u row%s (", node->values.n_rows, node->values.n_rows == 1 ? "" : "s");
    for (uint32_t i = 0; i < node->schema.n; i++)
        tide_bytes_printf(out, "%s%s", i ? ", " : "", node->schema.fields[i].name);
    tide_bytes_putc(out, ')');
}

static void print_project(tide_bytes *out, tide_arena *arena, const tide_node *node)
{
    const char *const *names = tide_schema_names(arena, &node->inputs[0]->schema);
    for (uint32_t i = 0; i < node->schema.n; i++) {
        const char *text = tide_expr_print(arena, node->project.exprs[i], names);
        tide_bytes_printf(out, "%s%s", i ? ", " : " ", text);
        if (strcmp(text, node->schema.fields[i].name) != 0)
            tide_bytes_printf(out, " AS %s", node->schema.fields[i].name);
    }
}

static void print_aggregate(tide_bytes *out, tide_arena *arena, const tide_node *node)
{
    static const char *const names[TIDE_AGG_KIND_COUNT] = { "count", "count", "sum", "min",
                                                            "max",   "avg",   "user" };
    const tide_schema *in = &node->inputs[0]->schema;
    if (node->aggregate.n_keys) {
        tide_bytes_puts(out, " by ");
        print_list(out, in, node->aggregate.keys, node->aggregate.n_keys);
    }
    const char *window = tide_window_print(arena, &node->aggregate.window, in);
    if (window) tide_bytes_printf(out, " %s", window);
    for (uint32_t i = 0; i < node->aggregate.n_aggs; i++) {
        const tide_agg_call *agg = &node->aggregate.aggs[i];
        const char *call = tide_arena_printf(arena, "%s(%s%s)%s%s", names[agg->kind],
                                             agg->distinct ? "distinct " : "",
                                             agg->arg >= 0 ? in->fields[agg->arg].name : "*",
                                             agg->filter >= 0 ? " where " : "",
                                             agg->filter >= 0 ? in->fields[agg->filter].name : "");
        tide_bytes_printf(out, "%s%s", i ? ", " : ": ", call);
        if (strcmp(call, agg->name) != 0) tide_bytes_printf(out, " AS %s", agg->name);
    }
    if (node->aggregate.final) tide_bytes_puts(out, " [final]");
    if (node->aggregate.late) tide_bytes_printf(out, " late to %s", node->aggregate.late->name);
    if (node->aggregate.ttl_us) {
        char ttl[TIDE_DURATION_TEXT_MAX];
        tide_bytes_printf(out, " ttl %s",
                          tide_duration_print(node->aggregate.ttl_us, ttl, sizeof ttl));
    }
}

static void print_sort(tide_bytes *out, const tide_node *node)
{
    for (uint32_t i = 0; i < node->sort.n_keys; i++) {
        const tide_sort_key *key = &node->sort.keys[i];
        tide_bytes_printf(out, "%s%s", i ? ", " : " ", node->schema.fields[key->column].name);
        if (key->descending) tide_bytes_puts(out, " desc");
        if (key->nulls_first != key->descending)
            tide_bytes_puts(out, key->nulls_first ? " nulls first" : " nulls last");
    }
    if (node->sort.limit >= 0) tide_bytes_printf(out, " limit %" PRId64, node->sort.limit);
    if (node->sort.offset > 0) tide_bytes_printf(out, " offset %" PRId64, node->sort.offset);
}

static void print_list(tide_bytes *out, const tide_schema *schema, const uint32_t *columns,
                       uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        tide_bytes_printf(out, "%s%s", i ? ", " : "", schema->fields[columns[i]].name);
}
