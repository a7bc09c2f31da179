/* source.c - polls a connector and turns what it says into elements with watermarks. */
#include "worker/core/source.h"

#include "base/core/assert.h"
#include "base/expr/prog.h"
#include "worker/core/event_time.h"

/* Between watermarks, unless the source has nothing else to say: they flush what is routed. */
#define WATERMARK_EVERY_NS 2000000

/* Event time must run this much faster than the clock before a source waits for others, ... */
#define REPLAYS_FROM 4
/* ... and how long it waits before it looks again. */
#define LOOK_EVERY_NS 100000

typedef enum source_state {
    SOURCE_READING,
    SOURCE_FINAL_WATERMARK,
    SOURCE_END,
    SOURCE_OVER
} source_state;

typedef struct pace {          /* How far this reader has come, and how fast. */
    tide_alignment *alignment; /* NULL: it does not matter. */
    int64_t before, last;      /* The last two watermarks; NONE: not told yet. */
    int64_t since_ns;          /* When it began to read on from the last one. */
    bool replays, is_waited_for;
} pace;

typedef struct source {
    tide_feed feed;
    const tide_source_vt *vt;
    void *instance;
    tide_source_args args;
    const tide_op_env *env;
    tide_prog *watermark; /* NULL: no watermarks but the final one. */
    tide_row_errors errors;
    tide_event_time *time;
    uint32_t *partition_of_split,
        *splits_left; /* Local partition numbers; splits_left per partition. */
    uint32_t n_partitions;
    bool every_row, stopping;
    int64_t watermark_ns; /* When the last one was sent. */
    pace pace;
    source_state state;
} source;

/* ---- watermarks ---- */
static int64_t max_valid(const tide_col *col)
{
    const int64_t *v = col->values;
    int64_t high = TIDE_WATERMARK_NONE;
    for (uint32_t i = 0; i < col->n; i++)
        if (tide_col_valid(col, i) && v[i] > high) high = v[i];
    return high;
}

static uint32_t partition_of(const source *self, uint32_t split)
{
    return split < self->args.n_splits ? self->partition_of_split[split] : self->n_partitions;
}

static void observe(source *self, const tide_batch *batch, uint32_t split)
{
    if (self->watermark == NULL) return;
    tide_prog_env env = { .pool = self->env->pool, .now_us = *self->env->wall_us };
    tide_col *col;
    tide_prog_eval(self->watermark, &env, batch, &col, &self->errors);
    tide_event_time_rows(self->time, partition_of(self, split), max_valid(col));
    tide_col_unref(&col);
}

/* ---- other readers of the table ---- */
static void tell_others(source *self, bool has_rows)
{
    pace *p = &self->pace;
    if (p->alignment == NULL) return;
    p->is_waited_for = has_rows && p->last != TIDE_WATERMARK_NONE;
    tide_alignment_tell(p->alignment, self->env->subtask,
                        p->is_waited_for ? p->last : TIDE_ALIGNMENT_NO_WAIT);
}

/* After a watermark was told. */
static void note_pace(source *self, int64_t watermark_us)
{
    pace *p = &self->pace;
    int64_t now_ns = *self->env->now_ns, advance_us;
    p->replays = p->last != TIDE_WATERMARK_NONE &&
                 !__builtin_sub_overflow(watermark_us, p->last, &advance_us) &&
                 advance_us > (now_ns - p->since_ns) / 1000 * REPLAYS_FROM;
    p->before = p->last;
    p->last = watermark_us;
    p->since_ns = now_ns;
    tell_others(self, true);
}

/* Further ahead than it comes in the time of two watermarks. */
static bool is_ahead(const source *self)
{
    const pace *p = &self->pace;
    return p->replays && p->alignment &&
           tide_alignment_of_others(p->alignment, self->env->subtask) < p->before;
}

/* Is there a watermark or idleness to tell now? */
static bool tell_time(source *self, tide_elem *out)
{
    if (self->watermark == NULL) return false;
    self->watermark_ns = *self->env->now_ns;
    switch (tide_event_time_look(self->time, *self->env->wall_us)) {
    case TIDE_EVENT_TIME_RAISED:
        *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK,
                            .watermark = tide_event_time_watermark(self->time) };
        note_pace(self, out->watermark);
        return true;
    case TIDE_EVENT_TIME_IDLE: *out = (tide_elem){ .kind = TIDE_ELEM_IDLE }; return true;
    case TIDE_EVENT_TIME_SAME: break;
    }
    return false;
}

static void split_ended(source *self, uint32_t split)
{
    if (split >= self->args.n_splits) return; /* Found later: their shared partition goes on. */
    uint32_t p = self->partition_of_split[split];
    tide_assert(self->splits_left[p] > 0);
    if (--self->splits_left[p] == 0) tide_event_time_ended(self->time, p);
}

/* ---- the feed ---- */
static tide_feed_result nothing(source *self, int64_t connector_next_ns, tide_elem *out,
                                int64_t *next_ns)
{
    bool told = tell_time(self, out);
    tell_others(self, false);
    if (told) return TIDE_FEED_ELEM;
    *next_ns = connector_next_ns;
    int64_t idle_us = tide_event_time_deadline_us(self->time);
    if (self->watermark && idle_us != INT64_MAX) {
        int64_t wait_us = idle_us - *self->env->wall_us;
        int64_t at = *self->env->now_ns + (wait_us > 0 ? wait_us : 0) * 1000;
        if (*next_ns == 0 || at < *next_ns) *next_ns = at;
    }
    return TIDE_FEED_NOTHING;
}

static tide_feed_result wait_for_others(source *self, int64_t *next_ns)
{
    self->pace.since_ns = *self->env->now_ns;
    *next_ns = self->pace.since_ns + LOOK_EVERY_NS;
    return TIDE_FEED_NOTHING;
}

static bool is_time_for_watermark(const source *self)
{
    return self->every_row || *self->env->now_ns - self->watermark_ns >= WATERMARK_EVERY_NS;
}

static tide_feed_result read_rows(source *self, tide_elem *out, int64_t *next_ns)
{
    if (is_time_for_watermark(self) && tell_time(self, out)) return TIDE_FEED_ELEM;
    if (is_ahead(self)) return wait_for_others(self, next_ns);
    for (;;) {
        tide_source_poll poll = { 0 };
        switch (self->vt->poll(self->instance, &poll)) {
        case TIDE_SOURCE_BATCH:
            if (!self->pace.is_waited_for) tell_others(self, true);
            observe(self, poll.batch, poll.split);
            if (poll.batch->born_ns == 0) poll.batch->born_ns = *self->env->now_ns;
            *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = poll.batch };
            return TIDE_FEED_ELEM;
        case TIDE_SOURCE_NOTHING: return nothing(self, poll.next_ns, out, next_ns);
        case TIDE_SOURCE_SPLIT_END: split_ended(self, poll.split); break;
        case TIDE_SOURCE_SPLIT_IDLE:
            tide_event_time_at_end(self->time, partition_of(self, poll.split), *self->env->wall_us);
            break;
        case TIDE_SOURCE_END: self->state = SOURCE_FINAL_WATERMARK; return TIDE_FEED_NOTHING;
        case TIDE_SOURCE_FAILED: return TIDE_FEED_FAILED;
        }
    }
}

static tide_feed_result source_next(tide_feed *feed, tide_elem *out, int64_t *next_ns)
{
    source *self = (source *)feed;
    if (self->stopping && self->state < SOURCE_END) self->state = SOURCE_END;
    if (self->state == SOURCE_READING) {
        tide_feed_result r = read_rows(self, out, next_ns);
        if (self->state == SOURCE_READING) return r;
    }
    tell_others(self, false);
    if (self->state == SOURCE_FINAL_WATERMARK) {
        self->state = SOURCE_END;
        *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = TIDE_WATERMARK_MAX };
        return TIDE_FEED_ELEM;
    }
    if (self->state == SOURCE_END) {
        self->state = SOURCE_OVER;
        *out = (tide_elem){ .kind = TIDE_ELEM_END, .drained = !self->stopping };
        return TIDE_FEED_ELEM;
    }
    return TIDE_FEED_END;
}

static void source_stop(tide_feed *feed)
{
    ((source *)feed)->stopping = true;
}

static void source_free(tide_feed **feed_p)
{
    source *self = (source *)*feed_p;
    if (self->instance) self->vt->close(self->instance);
    tide_free(self->instance);
    tide_prog_free(&self->watermark);
    tide_row_errors_fini(&self->errors);
    tide_event_time_free(&self->time);
    tide_free(self->partition_of_split);
    tide_free(self->splits_left);
    tide_free(self);
    *feed_p = NULL;
}

/* Numbers this subtask's partitions from 0 and counts their splits. */
static void number_partitions(source *self, const tide_source_config *config)
{
    uint32_t *seen = tide_calloc(config->n_splits, sizeof *seen);
    self->partition_of_split = tide_calloc(config->n_splits, sizeof *self->partition_of_split);
    self->splits_left = tide_calloc(config->n_splits, sizeof *self->splits_left);
    for (uint32_t i = 0; i < config->n_splits; i++) {
        uint32_t p = 0;
        while (p < self->n_partitions && seen[p] != config->splits[i]->partition) p++;
        if (p == self->n_partitions) seen[self->n_partitions++] = config->splits[i]->partition;
        self->partition_of_split[i] = p;
        self->splits_left[p]++;
    }
    tide_free(seen);
}

tide_status tide_source_feed_new(const tide_source_config *config, tide_feed **out)
{
    const tide_connector *connector = config->connector;
    tide_assert(connector->source);
    source *self = tide_calloc(1, sizeof *self);
    self->feed = (tide_feed){ source_next, source_stop, source_free };
    self->vt = connector->source;
    self->env = config->env;
    self->every_row = config->watermark_every_row;
    self->pace = (pace){ .alignment = config->alignment,
                         .before = TIDE_WATERMARK_NONE,
                         .last = TIDE_WATERMARK_NONE };
    number_partitions(self, config);
    self->time = tide_event_time_new(self->n_partitions, config->idle_timeout_us);
    self->args = (tide_source_args){
        .scan = config->scan,
        .columns = config->reading->columns,
        .n_columns = config->reading->n_columns,
        .splits = config->splits,
        .n_splits = config->n_splits,
        .subtask = config->env->subtask,
        .parallelism = config->env->parallelism,
        .pool = config->env->pool,
        .waker = config->env->waker,
        .counters = config->env->counters,
        .batch_rows_max = config->watermark_every_row ? 1 : TIDE_BATCH_ROWS_MAX,
        .bounded = config->bounded,
        .now_ns = config->env->now_ns,
        .wall_us = config->env->wall_us,
        .hook = config->env->hook,
    };
    tide_status rv = TIDE_OK;
    if (config->reading->watermark)
        rv = tide_prog_compile(&config->reading->watermark, 1, &self->watermark);
    if (rv == TIDE_OK) {
        void *instance = tide_malloc_aligned(64, self->vt->size);
        memset(instance, 0, self->vt->size);
        rv = self->vt->open(instance, &self->args);
        if (rv == TIDE_OK)
            self->instance = instance;
        else
            tide_free(instance);
    }
    *out = &self->feed;
    if (rv == TIDE_OK) return TIDE_OK;
    source_free(out);
    return tide_because(rv, "table %s", config->scan->scan.table->name);
}
