/* opkit_node.c - the kit's words for a plan node: "aggregate keys=user aggs=count(*) window=session
 * ...". */
#include <stdlib.h>

#include "tests/support/opkit_priv.h"

#define ITEMS_MAX 32u

typedef struct words { /* "a,b,c" taken apart. */
    uint32_t n;
    char *at[ITEMS_MAX];
} words;

static words split_list(tide_arena *arena, const char *text)
{
    words out = { 0 };
    char *p = tide_arena_strdup(arena, text ? text : "");
    while (*p) {
        if (out.n == ITEMS_MAX) opkit_die("too many items in %s", text);
        out.at[out.n++] = p;
        p += strcspn(p, ",");
        if (*p) *p++ = '\0';
    }
    return out;
}

/* The text behind "key=" in config, or NULL; an item ends at a space outside parentheses. */
static const char *get(tide_arena *arena, const char *config, const char *key)
{
    size_t len = strlen(key);
    const char *p = strchr(config, ' ');
    while (p) {
        p += strspn(p, " ");
        const char *from = p;
        int depth = 0;
        while (*p && (*p != ' ' || depth)) {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
            p++;
        }
        if (strncmp(from, key, len) == 0 && from[len] == '=')
            return tide_arena_strndup(arena, from + len + 1, (size_t)(p - from) - len - 1);
        if (strncmp(from, key, len) == 0 && p == from + len) return "";
        if (!*p) return NULL;
    }
    return NULL;
}

static int64_t get_us(tide_arena *arena, const char *config, const char *key)
{
    const char *text = get(arena, config, key);
    return text ? strtoll(text, NULL, 10) * 1000 : 0;
}

static uint32_t find_column(const tide_schema *schema, const char *name)
{
    for (uint32_t i = 0; i < schema->n; i++)
        if (strcmp(schema->fields[i].name, name) == 0) return i;
    opkit_die("unknown column %s", name);
}

static tide_window parse_window(tide_arena *arena, const char *config, const tide_schema *schema)
{
    static const char *const kinds[] = {
        "none", "tumble", "hop", "cumulate", "session", "attached"
    };
    tide_window window = { .kind = TIDE_WINDOW_NONE };
    const char *kind = get(arena, config, "window"), *time = get(arena, config, "time");
    if (!kind) return window;
    for (uint32_t i = 0; i < 6; i++)
        if (strcmp(kinds[i], kind) == 0) window.kind = (tide_window_kind)i;
    if (window.kind == TIDE_WINDOW_ATTACHED) {
        window.start_column = find_column(schema, get(arena, config, "start"));
        window.end_column = find_column(schema, get(arena, config, "stop"));
        window.time_column = window.end_column;
        return window;
    }
    window.time_column = find_column(schema, time ? time : "ts");
    window.size_us = get_us(arena, config, "size");
    window.slide_us = get_us(arena, config, "slide");
    window.offset_us = get_us(arena, config, "offset");
    return window;
}

/* "sum(distinct n)/flag" */
static tide_agg_call parse_agg(tide_arena *arena, const char *text, const tide_schema *schema)
{
    tide_agg_call call = { .arg = -1, .filter = -1, .name = text };
    char *name = tide_arena_strdup(arena, text), *open = strchr(name, '('),
         *slash = strchr(name, '/');
    if (!open || !strchr(open, ')')) opkit_die("aggregate %s", text);
    if (slash) call.filter = (int32_t)find_column(schema, slash + 1);
    *open++ = '\0';
    *strchr(open, ')') = '\0';
    if (strncmp(open, "distinct ", 9) == 0) {
        call.distinct = true;
        open += 9;
    }
    tide_type arg = { 0 };
    bool has_arg = strcmp(open, "*") != 0;
    if (has_arg) {
        call.arg = (int32_t)find_column(schema, open);
        arg = schema->fields[call.arg].type;
    }
    if (tide_agg_resolve(name, has_arg, arg, &call.kind, &call.result) != TIDE_OK)
        opkit_die("%s", tide_error_text());
    return call;
}

static void add_field(tide_arena *arena, tide_node *node, uint32_t *cap, const char *name,
                      tide_type type)
{
    tide_field field = { .name = name, .type = type };
    TIDE_PUSH(arena, node->schema.fields, node->schema.n, *cap, field);
}

static void add_window_fields(tide_arena *arena, tide_node *node, uint32_t *cap, tide_type time)
{
    node->window_start = (int32_t)node->schema.n;
    node->window_end = node->window_start + 1;
    node->rowtime = node->window_start + 2;
    add_field(arena, node, cap, "window_start", time);
    add_field(arena, node, cap, "window_end", time);
    add_field(arena, node, cap, "window_time", time);
}

static void build_aggregate(tide_arena *arena, const tide_op_case *c, tide_node *node)
{
    const tide_schema *in = &node->inputs[0]->schema;
    words keys = split_list(arena, get(arena, c->config, "keys"));
    words aggs = split_list(arena, get(arena, c->config, "aggs"));
    uint32_t *columns = TIDE_NEW_N(arena, uint32_t, keys.n + 1), cap = 0;
    tide_agg_call *calls = TIDE_NEW_N(arena, tide_agg_call, aggs.n + 1);
    node->kind = TIDE_NODE_AGGREGATE;
    for (uint32_t i = 0; i < keys.n; i++) {
        columns[i] = find_column(in, keys.at[i]);
        add_field(arena, node, &cap, keys.at[i], in->fields[columns[i]].type);
    }
    for (uint32_t i = 0; i < aggs.n; i++) {
        calls[i] = parse_agg(arena, aggs.at[i], in);
        add_field(arena, node, &cap, calls[i].name, calls[i].result);
    }
    node->aggregate.n_keys = keys.n;
    node->aggregate.keys = columns;
    node->aggregate.n_aggs = aggs.n;
    node->aggregate.aggs = calls;
    node->aggregate.ttl_us = get_us(arena, c->config, "ttl");
    node->aggregate.window = parse_window(arena, c->config, in);
    if (get(arena, c->config, "late")) node->aggregate.late = TIDE_NEW(arena, tide_table);
    if (node->aggregate.window.kind != TIDE_WINDOW_NONE)
        add_window_fields(arena, node, &cap, in->fields[node->aggregate.window.time_column].type);
    else
        node->updating = true;
}

static void build_window(tide_arena *arena, const tide_op_case *c, tide_node *node)
{
    const tide_schema *in = &node->inputs[0]->schema;
    uint32_t cap = 0;
    node->kind = TIDE_NODE_WINDOW;
    for (uint32_t i = 0; i < in->n; i++)
        add_field(arena, node, &cap, in->fields[i].name, in->fields[i].type);
    node->window.window = parse_window(arena, c->config, in);
    add_window_fields(arena, node, &cap, in->fields[node->window.window.time_column].type);
}

static void build_sort(tide_arena *arena, const tide_op_case *c, tide_node *node)
{
    const tide_schema *in = &node->inputs[0]->schema;
    words by = split_list(arena, get(arena, c->config, "by"));
    tide_sort_key *keys = TIDE_NEW_N(arena, tide_sort_key, by.n + 1);
    for (uint32_t i = 0; i < by.n; i++) {
        char *name = by.at[i];
        keys[i].descending = *name == '-';
        if (*name == '-') name++;
        keys[i].nulls_first = name[strlen(name) - 1] == '?';
        if (keys[i].nulls_first) name[strlen(name) - 1] = '\0';
        keys[i].column = find_column(in, name);
    }
    const char *limit = get(arena, c->config, "limit"), *offset = get(arena, c->config, "offset");
    node->kind = TIDE_NODE_SORT;
    node->schema = *in;
    node->sort.n_keys = by.n;
    node->sort.keys = keys;
    node->sort.limit = limit ? strtoll(limit, NULL, 10) : -1;
    node->sort.offset = offset ? strtoll(offset, NULL, 10) : 0;
}

const tide_node *opkit_build_node(tide_arena *arena, const tide_op_case *c)
{
    tide_node *input = TIDE_NEW(arena, tide_node), *node = TIDE_NEW(arena, tide_node);
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, 1);
    *input = (tide_node){ .kind = TIDE_NODE_SCAN,
                          .rowtime = -1,
                          .window_start = -1,
                          .window_end = -1,
                          .updating = c->input_updating,
                          .bounded = true };
    opkit_parse_schema(arena, c->schema, &input->schema);
    if (c->build) return c->build(arena, input);
    inputs[0] = input;
    *node = (tide_node){ .n_inputs = 1,
                         .inputs = inputs,
                         .rowtime = -1,
                         .window_start = -1,
                         .window_end = -1,
                         .bounded = true,
                         .pos = TIDE_POS_UNKNOWN };
    if (strncmp(c->config, "aggregate", 9) == 0)
        build_aggregate(arena, c, node);
    else if (strncmp(c->config, "window", 6) == 0)
        build_window(arena, c, node);
    else if (strncmp(c->config, "sort", 4) == 0)
        build_sort(arena, c, node);
    else
        opkit_die("unknown node: %s", c->config);
    return node;
}
