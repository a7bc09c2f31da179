/* load.c - the connector of simulated jobs. */
#include "tests/sim/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "jobapi/sql/sql.h"
#include "tests/sim/sim.h"
#include "worker/connector/options.h"

#define ROWS_PER_POLL 64u
/* 2026-01-01 00:00. */
#define EVENT_TIME_BEGIN_US INT64_C(1767225600000000)

#define TABLES                                                                                     \
    "CREATE TABLE src (k BIGINT, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "              \
    "WITH ('connector' = 'sim');\n"
#define SINK                                                                                       \
    "CREATE TABLE snk (k BIGINT, w TIMESTAMP(3), n BIGINT, s BIGINT) "                             \
    "WITH ('connector' = 'sim');\n"

static const char *const texts[SIM_QUERIES] = {
    [SIM_WINDOWS] = TABLES SINK "INSERT INTO snk SELECT k, window_start, count(*), sum(v) FROM "
                                "TABLE(TUMBLE(TABLE src, DESCRIPTOR(ts), INTERVAL '1' SECOND)) "
                                "GROUP BY k, window_start, window_end;\n",
    [SIM_COUNTS] =
        TABLES SINK "INSERT INTO snk SELECT k, max(ts), count(*), sum(v) FROM src GROUP BY k;\n",
    [SIM_SESSIONS] = TABLES SINK
    "INSERT INTO snk SELECT k, window_start, count(*), sum(v) FROM "
    "TABLE(SESSION(TABLE src PARTITION BY k, DESCRIPTOR(ts), INTERVAL '300' MILLISECOND)) "
    "GROUP BY k, window_start, window_end;\n",
    [SIM_HOPS] = TABLES SINK
    "INSERT INTO snk SELECT k, window_start, count(DISTINCT v % 13), sum(v) FROM "
    "TABLE(HOP(TABLE src, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '3' SECOND)) "
    "GROUP BY k, window_start, window_end;\n",
    [SIM_TWO_STEPS] = TABLES SINK
    "INSERT INTO snk SELECT n, window_start, count(*), sum(s) FROM TABLE(TUMBLE(("
    "SELECT window_time AS t, count(*) AS n, sum(v) AS s FROM "
    "TABLE(TUMBLE(TABLE src, DESCRIPTOR(ts), INTERVAL '1' SECOND)) "
    "GROUP BY k, window_start, window_end, window_time), DESCRIPTOR(t), INTERVAL '2' SECOND)) "
    "GROUP BY n, window_start, window_end;\n",
};

const char *sim_load_text(const sim_load *self)
{
    return texts[self->query];
}

bool sim_load_is_bounded(const sim_load *self)
{
    return self->rows != UINT32_MAX;
}

void sim_load_fini(sim_load *self)
{
    for (uint32_t i = 0; i < self->n_outputs; i++) tide_bytes_fini(&self->outputs[i].lines);
    tide_free(self->outputs);
}

/* ---- source ---- */
typedef struct source {
    tide_source_args args;
    const sim_hook *hook;
    tide_builder builder;
    uint32_t *next; /* Of each split: row. */
    bool *ended;
    uint32_t split, n_ended;
} source;

static tide_status discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    (void)scan;
    (void)parallelism;
    for (uint32_t s = 0; s < SIM_SPLITS; s++) {
        char id[16];
        snprintf(id, sizeof id, "split-%u", s);
        tide_splits_add(out, id, s, s, 0);
    }
    return TIDE_OK;
}

static tide_status source_open(void *self_v, const tide_source_args *args)
{
    source *self = self_v;
    self->args = *args;
    self->hook = args->hook;
    tide_type *types = tide_calloc(args->n_columns, sizeof *types);
    for (uint32_t i = 0; i < args->n_columns; i++)
        types[i] = args->scan->scan.table->columns[args->columns[i]].type;
    tide_builder_init(&self->builder, args->pool, types, args->n_columns, ROWS_PER_POLL);
    tide_free(types);
    self->next = tide_calloc(args->n_splits, sizeof *self->next);
    self->ended = tide_calloc(args->n_splits, sizeof *self->ended);
    const sim_load *load = self->hook->load;
    if (load->world && self->hook->attempt > 1 && sim_is_mutated(load->world, "source-skips-row"))
        for (uint32_t i = 0; i < args->n_splits; i++) self->next[i] = 1;
    return TIDE_OK;
}

static void source_close(void *self_v)
{
    source *self = self_v;
    tide_builder_fini(&self->builder);
    tide_free(self->next);
    tide_free(self->ended);
}

/* Column 0 key, 1 value, 2 event time in microseconds. */
static int64_t value_of(const sim_load *load, uint64_t split, uint32_t row, uint32_t column)
{
    uint64_t h = tide_random_mix(load->seed ^ split << 32 ^ row);
    if (column == 0) return (int64_t)(split + SIM_SPLITS * (h % load->keys));
    if (column == 1) return (int64_t)(h >> 40);
    return EVENT_TIME_BEGIN_US + (int64_t)row * (load->interval_ns / 1000) / 1000 * 1000;
}

/* When the row arrives, in the world's time. */
static int64_t arrival_ns(const sim_load *load, uint32_t row)
{
    return load->begin_ns + (int64_t)row * load->interval_ns;
}

static bool is_there(const sim_load *load, uint32_t row)
{
    return row < load->rows && (load->world == NULL || arrival_ns(load, row) <= load->world->now);
}

static void put_row(source *self, uint64_t split, uint32_t row)
{
    tide_builder *b = &self->builder;
    for (uint32_t c = 0; c < self->args.n_columns; c++)
        ((int64_t *)b->cols[c].values)[b->n] =
            value_of(self->hook->load, split, row, self->args.columns[c]);
    b->n++;
}

static tide_source_result read_split(source *self, uint32_t i, tide_source_poll *poll)
{
    const sim_load *load = self->hook->load;
    uint64_t split = self->args.splits[i]->start;
    while (!tide_builder_full(&self->builder) && is_there(load, self->next[i]))
        put_row(self, split, self->next[i]++);
    poll->split = i;
    poll->batch = tide_builder_finish(&self->builder);
    if (poll->batch) return TIDE_SOURCE_BATCH;
    if (self->next[i] < load->rows || self->ended[i]) return TIDE_SOURCE_NOTHING;
    self->ended[i] = true;
    self->n_ended++;
    return TIDE_SOURCE_SPLIT_END;
}

static tide_source_result source_poll(void *self_v, tide_source_poll *poll)
{
    source *self = self_v;
    uint32_t n = self->args.n_splits;
    if (self->n_ended == n) return TIDE_SOURCE_END;
    if (!tide_pool_has_room(self->args.pool)) return TIDE_SOURCE_NOTHING;
    for (uint32_t tried = 0; tried < n; tried++) {
        self->split = (self->split + 1) % n;
        tide_source_result r = read_split(self, self->split, poll);
        if (r != TIDE_SOURCE_NOTHING) return r;
    }
    const sim_load *load = self->hook->load;
    int64_t earliest = INT64_MAX;
    for (uint32_t i = 0; i < n; i++) {
        int64_t at = arrival_ns(load, self->next[i]);
        if (!self->ended[i] && at < earliest) earliest = at;
    }
    poll->next_ns = *self->args.now_ns + earliest - load->world->now + SIM_US;
    return TIDE_SOURCE_NOTHING;
}

/* ---- sink ---- */
typedef struct sink {
    const sim_hook *hook;
    uint32_t n_columns;
} sink;

sim_output *sim_load_output(sim_load *self, uint64_t attempt)
{
    for (uint32_t i = 0; i < self->n_outputs; i++)
        if (self->outputs[i].attempt == attempt) return &self->outputs[i];
    return NULL;
}

static sim_output *output_of(sim_load *load, uint64_t attempt)
{
    sim_output *output = sim_load_output(load, attempt);
    if (output) return output;
    TIDE_GROW(load->outputs, load->n_outputs, load->cap_outputs);
    output = &load->outputs[load->n_outputs++];
    *output = (sim_output){ .attempt = attempt, .first_ns = load->world ? load->world->now : 0 };
    return output;
}

static tide_status sink_open(void *self_v, const tide_sink_args *args)
{
    sink *self = self_v;
    self->hook = args->hook;
    self->n_columns = args->schema->n;
    return TIDE_OK;
}

static void put_int(tide_bytes *out, int64_t value, char behind)
{
    char text[24], *p = text + sizeof text;
    uint64_t u = value < 0 ? -(uint64_t)value : (uint64_t)value;
    *--p = behind;
    do *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (value < 0) *--p = '-';
    tide_bytes_put(out, p, (size_t)(text + sizeof text - p));
}

static bool is_planted(const sim_load *load, const char *mutation, double p)
{
    return load->world && sim_is_mutated(load->world, mutation) &&
           sim_chance(load->world, SIM_STREAM_FAULTS, p);
}

static void write_row(const sink *self, const tide_batch *in, uint32_t k, tide_bytes *lines)
{
    uint32_t row = tide_batch_phys(in, k);
    put_int(lines, tide_batch_change(in, row), ',');
    for (uint32_t c = 0; c < self->n_columns; c++)
        put_int(lines, ((const int64_t *)in->cols[c]->values)[row],
                c + 1 < self->n_columns ? ',' : '\n');
}

static tide_sink_result sink_write(void *self_v, tide_batch **in_p)
{
    sink *self = self_v;
    sim_load *load = self->hook->load;
    const tide_batch *in = *in_p;
    if (load->world && load->world->now < load->sink_blocked_until) return TIDE_SINK_AGAIN;
    if (load->world && load->fails_next) {
        load->fails_next = false;
        tide_fail(TIDE_E_IO, "the sink is not there");
        return TIDE_SINK_FAILED;
    }
    if (load->on_write) load->on_write(self->hook);
    sim_output *output = output_of(load, self->hook->attempt);
    bool turns = is_planted(load, "sink-turns-rows", 1);
    for (uint32_t times = is_planted(load, "sink-doubles-batch", 0.01) ? 2 : 1; times > 0; times--)
        for (uint32_t k = 0; k < in->n_rows; k++)
            write_row(self, in, turns ? in->n_rows - 1 - k : k, &output->lines);
    output->rows += in->n_rows;
    if (load->world) output->last_ns = load->world->now;
    tide_batch_unref(in_p);
    return TIDE_SINK_DONE;
}

static void sink_close(void *self_v)
{
    (void)self_v;
}

static const tide_source_vt source_vt = {
    .size = sizeof(source), .open = source_open, .poll = source_poll, .close = source_close
};
static const tide_sink_vt sink_vt = {
    .size = sizeof(sink), .open = sink_open, .write = sink_write, .close = sink_close
};
const tide_connector sim_connector = { .name = "sim",
                                       .takes_changes = true,
                                       .discover = discover,
                                       .source = &source_vt,
                                       .sink = &sink_vt };

/* ---- plan and graph ---- */
static bool yes(void *ctx, const tide_table *table)
{
    (void)table;
    return *(const bool *)ctx;
}

typedef struct built {
    const char *text;
    uint32_t parallelism;
    bool bounded;
    tide_job_settings settings;
    tide_plan *plan;
    tide_graph *graph;
} built;

/* Built once and kept: a cache does not change what anybody sees. */
static built cache[64];
static uint32_t n_cached;

static const built *find_built(const char *text, uint32_t parallelism, bool bounded)
{
    for (uint32_t i = 0; i < n_cached; i++)
        if (cache[i].parallelism == parallelism && cache[i].bounded == bounded &&
            strcmp(cache[i].text, text) == 0)
            return &cache[i];
    return NULL;
}

static tide_status build(built *b)
{
    char p[16];
    snprintf(p, sizeof p, "%u", b->parallelism);
    const tide_option settings[] = { { "execution.runtime-mode", "streaming", 0 },
                                     { "parallelism.default", p, 0 } };
    const tide_sql_context context = {
        .ctx = &b->bounded, .is_bounded = yes, .settings = settings, .n_settings = 2
    };
    TIDE_TRY(tide_sql_plan(b->text, "job.sql", &context, &b->plan));
    TIDE_TRY(tide_job_settings_read(&b->settings, b->plan->settings, b->plan->n_settings, NULL));
    return tide_graph_build(b->plan, &b->settings, &b->graph);
}

tide_status sim_load_graph(const char *text, uint32_t parallelism, bool bounded,
                           const tide_graph **graph, const tide_job_settings **settings)
{
    const built *b = find_built(text, parallelism, bounded);
    if (b == NULL) {
        tide_assert(n_cached < sizeof cache / sizeof *cache);
        cache[n_cached] =
            (built){ .text = tide_strdup(text), .parallelism = parallelism, .bounded = bounded };
        TIDE_TRY(build(&cache[n_cached]));
        b = &cache[n_cached++];
    }
    *graph = b->graph;
    *settings = &b->settings;
    return TIDE_OK;
}
