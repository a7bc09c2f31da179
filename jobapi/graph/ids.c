/* ids.c - operator ids and the plan's hash. Ids name state, so the text that is hashed is a stored
 * format: it must not change between versions.
 *
 *   scan|<table>
 *   values|<sources>        filter, project, window, watermark, union likewise: kind and sources
 *   aggregate|<sources>|<keys>|<window>
 *   partial|<sources>|<keys>|<window>
 *   sort|<sources>|<keys>
 *   process|<sources>|<keys>
 *   sink|<sources>|<table>  ("print" for a bare SELECT)
 * <sources>: names of the tables read upstream, sorted, each once, separated by ','; <keys>: names
 * of the key columns, likewise, in key order; <window>: kind:size:slide:offset:time column, times
 * in microseconds. Equal texts are told apart by "|2", "|3", ... in the plan's order. A uid is
 * hashed as "uid|<uid>". The id is XXH3-64, seed 0, of the text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/bytes.h"
#include "jobapi/graph/priv.h"
#include "jobapi/plan/node.h"

static void write_text(tide_bytes *out, const tide_node *node, const char *const *sources);
static void write_keys(tide_bytes *out, const tide_schema *in, const uint32_t *keys, uint32_t n);
static void write_window(tide_bytes *out, const tide_window *window, const tide_schema *in);
static void write_id(char *id, uint64_t hash);

tide_status tide_graph_assign_ids(tide_vertex *vertices, uint32_t n,
                                  const char *const *const *sources)
{
    tide_bytes text = { 0 };
    tide_arena *arena = tide_arena_new();
    uint64_t *bases = TIDE_NEW_N(arena, uint64_t, n); /* Hashes without ordinal. */
    tide_status rv = TIDE_OK;
    for (uint32_t v = 0; v < n && rv == TIDE_OK; v++) {
        const tide_node *node = vertices[v].node;
        text.n = 0;
        if (node->uid)
            tide_bytes_printf(&text, "uid|%s", node->uid);
        else
            write_text(&text, node, sources[v]);
        bases[v] = XXH3_64bits(text.p, text.n);
        uint32_t ordinal = 1;
        for (uint32_t before = 0; before < v; before++) ordinal += bases[before] == bases[v];
        if (node->uid && ordinal > 1)
            rv = tide_fail(TIDE_E_INVALID, "two operators have the uid \"%s\"", node->uid);
        if (ordinal > 1) tide_bytes_printf(&text, "|%u", ordinal);
        write_id(vertices[v].id, XXH3_64bits(text.p, text.n));
    }
    tide_bytes_fini(&text);
    tide_arena_free(&arena);
    return rv;
}

uint64_t tide_graph_hash(const tide_graph *self)
{
    tide_arena *arena = tide_arena_new();
    XXH3_state_t *state = XXH3_createState();
    XXH3_64bits_reset(state);
    char *text = tide_graph_print(self);
    XXH3_64bits_update(state, text, strlen(text));
    tide_free(text);
    for (uint32_t v = 0; v < self->n_vertices; v++) {
        const tide_node *node = self->vertices[v].node;
        const char *line = tide_node_print(arena, node);
        XXH3_64bits_update(state, line, strlen(line) + 1);
        for (uint32_t c = 0; c < node->schema.n; c++)
            XXH3_64bits_update(state, &node->schema.fields[c].type, sizeof(tide_type));
    }
    uint64_t hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    tide_arena_free(&arena);
    return hash;
}

static void write_text(tide_bytes *out, const tide_node *node, const char *const *sources)
{
    tide_bytes_printf(out, "%s|", tide_node_kind_name(node->kind));
    for (uint32_t i = 0; sources[i]; i++) tide_bytes_printf(out, "%s%s", i ? "," : "", sources[i]);
    const tide_schema *in = node->n_inputs ? &node->inputs[0]->schema : NULL;
    if (node->kind == TIDE_NODE_PARTIAL) node = node->partial.of;
    if (node->kind == TIDE_NODE_AGGREGATE) {
        write_keys(out, in, node->aggregate.keys, node->aggregate.n_keys);
        write_window(out, &node->aggregate.window, in);
    } else if (node->kind == TIDE_NODE_USER) {
        write_keys(out, in, node->user.keys, node->user.n_keys);
    } else if (node->kind == TIDE_NODE_SORT) {
        for (uint32_t k = 0; k < node->sort.n_keys; k++)
            tide_bytes_printf(out, "%c%s", k ? ',' : '|',
                              in->fields[node->sort.keys[k].column].name);
    } else if (node->kind == TIDE_NODE_SINK) {
        tide_bytes_printf(out, "|%s", node->sink.print ? "print" : node->sink.table->name);
    }
}

static void write_keys(tide_bytes *out, const tide_schema *in, const uint32_t *keys, uint32_t n)
{
    tide_bytes_putc(out, '|');
    for (uint32_t k = 0; k < n; k++)
        tide_bytes_printf(out, "%s%s", k ? "," : "", in->fields[keys[k]].name);
}

static void write_window(tide_bytes *out, const tide_window *window, const tide_schema *in)
{
    static const char *const kinds[] = {
        "none", "tumble", "hop", "cumulate", "session", "attached"
    };
    uint32_t time =
        window->kind == TIDE_WINDOW_ATTACHED ? window->start_column : window->time_column;
    if (window->kind == TIDE_WINDOW_NONE) return;
    tide_bytes_printf(out, "|%s:%" PRId64 ":%" PRId64 ":%" PRId64 ":%s", kinds[window->kind],
                      window->size_us, window->slide_us, window->offset_us, in->fields[time].name);
}

static void write_id(char *id, uint64_t hash)
{
    snprintf(id, TIDE_OPERATOR_ID_BYTES, "%016" PRIx64, hash);
}
