/* outlet.c - partitioners: whole batches for most edges, one routing pass for hash edges. */
#include "worker/exchange/outlet.h"

#include "base/column/block_builder.h"
#include "base/column/key.h"
#include "base/core/assert.h"
#include "base/core/mem.h"

/* A batch that needs less than this share of the bytes it pins is copied before it leaves. */
#define PINNED_TO_USED_MAX 4u
#define SMALL_BATCH_ROWS 256u /* Larger batches are not worth the look. */

typedef struct target {
    tide_channel *channel;
    /* HASH with several targets only: one of the two, by the channel. */
    tide_builder builder;
    tide_block_builder block;
    uint32_t held;    /* Rows in it. */
    int64_t since_ns; /* When it got the first of them. */
} target;

struct tide_outlet {
    tide_partitioner partitioner;
    tide_pool *pool;
    uint32_t n_targets, turn;
    target *targets;
    bool routes;         /* HASH with several targets. */
    int64_t deadline_ns; /* Earliest since_ns + linger of a held row; INT64_MAX none. */
    /* Routing. */
    tide_key_spec keys;
    uint16_t *target_of_group;
    uint32_t key_groups;
    uint64_t *hashes;               /* Of a batch's rows. */
    uint16_t *target_of_row, *rows; /* rows: physical rows, those of target 0 first. */
    uint32_t *ends;                 /* ends[t]: where target t's rows end in `rows`. */
};

static void open_routing(tide_outlet *self, const tide_outlet_config *config)
{
    uint32_t n_cols = config->schema->n;
    tide_type *types = tide_calloc(n_cols, sizeof *types);
    for (uint32_t i = 0; i < n_cols; i++) types[i] = config->schema->fields[i].type;
    for (uint32_t i = 0; i < self->n_targets; i++) {
        target *t = &self->targets[i];
        if (t->channel->leaves)
            tide_block_builder_init(&t->block, self->pool, config->schema, TIDE_BATCH_ROWS_MAX);
        else
            tide_builder_init(&t->builder, self->pool, types, n_cols, TIDE_BATCH_ROWS_MAX);
    }
    tide_free(types);
    self->target_of_group = tide_calloc(config->key_groups, sizeof *self->target_of_group);
    for (uint32_t g = 0; g < config->key_groups; g++)
        self->target_of_group[g] =
            (uint16_t)tide_key_group_subtask(g, config->key_groups, self->n_targets);
    self->key_groups = config->key_groups;
    self->hashes = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->hashes);
    self->target_of_row = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->target_of_row);
    self->rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->rows);
    self->ends = tide_calloc(self->n_targets + 1, sizeof *self->ends);
}

tide_status tide_outlet_new(const tide_outlet_config *config, tide_outlet **out)
{
    tide_outlet *self = tide_calloc(1, sizeof *self);
    self->partitioner = config->partitioner;
    self->pool = config->pool;
    self->n_targets = config->n_targets;
    self->turn = config->n_targets ? config->first_target % config->n_targets : 0;
    self->targets = tide_calloc(config->n_targets, sizeof *self->targets);
    for (uint32_t t = 0; t < config->n_targets; t++) self->targets[t].channel = config->targets[t];
    self->deadline_ns = INT64_MAX;
    self->routes = config->partitioner == TIDE_PARTITION_HASH && config->n_targets > 1;
    *out = self;
    if (!self->routes) return TIDE_OK;
    tide_assert((config->key_groups & (config->key_groups - 1)) == 0);
    open_routing(self, config);
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    uint32_t n = config->n_keys < TIDE_KEY_COLS_MAX ? config->n_keys : TIDE_KEY_COLS_MAX;
    for (uint32_t i = 0; i < n; i++)
        cols[i] = (tide_key_col){ .type = config->schema->fields[config->keys[i]].type,
                                  .idx = config->keys[i] };
    tide_status rv = tide_key_spec_init(&self->keys, cols, config->n_keys, 0);
    if (rv != TIDE_OK) tide_outlet_free(out);
    return rv;
}

void tide_outlet_free(tide_outlet **self_p)
{
    tide_outlet *self = *self_p;
    if (self == NULL) return;
    for (uint32_t i = 0; self->routes && i < self->n_targets; i++) {
        target *t = &self->targets[i];
        if (t->channel->leaves)
            tide_block_builder_fini(&t->block);
        else
            tide_builder_fini(&t->builder);
    }
    tide_free(self->target_of_group);
    tide_free(self->hashes);
    tide_free(self->target_of_row);
    tide_free(self->rows);
    tide_free(self->ends);
    tide_free(self->targets);
    tide_free(self);
    *self_p = NULL;
}

bool tide_outlet_has_room(tide_outlet *self)
{
    if (self->partitioner == TIDE_PARTITION_REBALANCE) {
        for (uint32_t t = 0; t < self->n_targets; t++)
            if (tide_channel_has_room(self->targets[t].channel)) return true;
        return false;
    }
    for (uint32_t t = 0; t < self->n_targets; t++)
        if (!tide_channel_has_room(self->targets[t].channel)) return false;
    return true;
}

/* Lifetimes: a few rows must not pin large blocks on their way through a queue. */
static void shrink(tide_outlet *self, tide_batch **batch_p)
{
    tide_batch *batch = *batch_p;
    if (batch->n_rows >= SMALL_BATCH_ROWS || batch->n_rows * PINNED_TO_USED_MAX >= batch->n_phys)
        return;
    if (tide_batch_used_bytes(batch) * PINNED_TO_USED_MAX >= tide_batch_pinned_bytes(batch)) return;
    *batch_p = tide_batch_copy(self->pool, batch);
    tide_batch_unref(&batch);
}

static void send_held_rows(target *t)
{
    tide_batch *batch = t->channel->leaves ? tide_block_builder_finish(&t->block)
                                           : tide_builder_finish(&t->builder);
    t->held = 0;
    if (batch) tide_channel_push(t->channel, &batch);
}

static void append_to(tide_outlet *self, target *t, const tide_batch *batch, const uint16_t *rows,
                      uint32_t n, int64_t now_ns)
{
    while (n > 0) {
        if (t->held == 0) {
            t->since_ns = now_ns;
            if (now_ns + TIDE_OUTLET_LINGER_NS < self->deadline_ns)
                self->deadline_ns = now_ns + TIDE_OUTLET_LINGER_NS;
        }
        uint32_t room = TIDE_BATCH_ROWS_MAX - t->held, part = n < room ? n : room;
        if (t->channel->leaves)
            tide_block_builder_append(&t->block, batch, rows, part);
        else
            tide_builder_append(&t->builder, batch, rows, part);
        t->held += part;
        rows += part;
        n -= part;
        if (t->held == TIDE_BATCH_ROWS_MAX) send_held_rows(t);
    }
}

/* Two targets: the highest bit of the hash tells, and both lists are written without a branch. Key
 * groups are ranges of the hash, so the upper half of them is the second target's. */
static TIDE_HOT void split_in_two(const uint64_t *hashes, const uint16_t *sel, uint32_t n,
                                  uint16_t *rows, uint32_t *ends)
{
    uint32_t low = 0, high = 0;
    uint16_t second[TIDE_BATCH_ROWS_MAX];
    for (uint32_t k = 0; k < n; k++) {
        uint16_t row = sel ? sel[k] : (uint16_t)k;
        uint32_t is_second = (uint32_t)(hashes[k] >> 63);
        rows[low] = row;
        second[high] = row;
        low += 1 - is_second;
        high += is_second;
    }
    memcpy(rows + low, second, high * sizeof *rows);
    ends[0] = low;
    ends[1] = n;
}

/* Orders the batch's rows by target: counts, then places. Afterwards ends[t] is where target t's
 * end. */
static void sort_by_target(tide_outlet *self, const tide_batch *batch)
{
    uint32_t n = batch->n_rows;
    if (self->n_targets == 2) {
        split_in_two(self->hashes, batch->sel, n, self->rows, self->ends);
        return;
    }
    memset(self->ends, 0, (self->n_targets + 1) * sizeof *self->ends);
    for (uint32_t k = 0; k < n; k++) {
        uint16_t t = self->target_of_group[tide_key_group(self->hashes[k], self->key_groups)];
        self->target_of_row[k] = t;
        self->ends[t + 1]++;
    }
    for (uint32_t t = 0; t < self->n_targets; t++) self->ends[t + 1] += self->ends[t];
    for (uint32_t k = 0; k < n; k++)
        self->rows[self->ends[self->target_of_row[k]]++] = (uint16_t)tide_batch_phys(batch, k);
}

static void route(tide_outlet *self, tide_batch **batch_p, int64_t now_ns)
{
    tide_batch *batch = *batch_p;
    tide_key_hash(&self->keys, batch, self->hashes);
    sort_by_target(self, batch);
    uint32_t first = 0;
    for (uint32_t t = 0; t < self->n_targets; t++) {
        append_to(self, &self->targets[t], batch, self->rows + first, self->ends[t] - first,
                  now_ns);
        first = self->ends[t];
    }
    tide_batch_unref(batch_p);
}

/* The next target in turn that has room. */
static target *deal(tide_outlet *self)
{
    for (;;) {
        target *t = &self->targets[self->turn];
        self->turn = self->turn + 1 == self->n_targets ? 0 : self->turn + 1;
        if (tide_channel_has_room(t->channel)) return t;
    }
}

void tide_outlet_push(tide_outlet *self, tide_batch **batch_p, int64_t now_ns)
{
    if (self->routes) {
        route(self, batch_p, now_ns);
        return;
    }
    shrink(self, batch_p);
    switch (self->partitioner) {
    case TIDE_PARTITION_REBALANCE: tide_channel_push(deal(self)->channel, batch_p); break;
    case TIDE_PARTITION_BROADCAST:
        for (uint32_t t = 1; t < self->n_targets; t++) {
            tide_batch *shared = tide_batch_ref(*batch_p);
            tide_channel_push(self->targets[t].channel, &shared);
        }
        tide_channel_push(self->targets[0].channel, batch_p);
        break;
    case TIDE_PARTITION_FORWARD:
    case TIDE_PARTITION_HASH:
    case TIDE_PARTITION_GATHER: tide_channel_push(self->targets[0].channel, batch_p); break;
    }
}

/* Sends every builder that may go now. Those of a target without room stay. */
static bool send_held(tide_outlet *self, int64_t now_ns, bool all)
{
    if (!self->routes || self->deadline_ns == INT64_MAX) return false;
    bool sent = false;
    int64_t deadline = INT64_MAX;
    for (uint32_t i = 0; i < self->n_targets; i++) {
        target *t = &self->targets[i];
        if (t->held == 0) continue;
        bool due = all || t->since_ns + TIDE_OUTLET_LINGER_NS <= now_ns;
        if (due && tide_channel_has_room(t->channel)) {
            send_held_rows(t);
            sent = true;
        } else if (t->since_ns + TIDE_OUTLET_LINGER_NS < deadline) {
            deadline = t->since_ns + TIDE_OUTLET_LINGER_NS;
        }
    }
    self->deadline_ns = deadline;
    return sent;
}

void tide_outlet_control(tide_outlet *self, const tide_elem *control)
{
    for (uint32_t i = 0; i < self->n_targets; i++) {
        target *t = &self->targets[i];
        /* Rows go before control. A control element may come when there is no room for data: one
         * more batch than the limit then goes into the places reserved for control. */
        if (self->routes && t->held > 0) {
            tide_assert(!tide_channel_waits(t->channel));
            send_held_rows(t);
        }
        tide_channel_control(t->channel, self->pool, control);
    }
    self->deadline_ns = INT64_MAX;
}

bool tide_outlet_pump(tide_outlet *self, int64_t now_ns, bool idle)
{
    bool sent = false;
    for (uint32_t i = 0; i < self->n_targets; i++) {
        tide_channel *c = self->targets[i].channel;
        if (!tide_channel_waits(c)) continue;
        tide_channel_pump(c, self->pool);
        sent = sent || !tide_channel_waits(c);
    }
    return send_held(self, now_ns, idle) || sent;
}

int64_t tide_outlet_deadline_ns(const tide_outlet *self)
{
    return self->deadline_ns;
}

bool tide_outlet_is_drained(const tide_outlet *self)
{
    for (uint32_t i = 0; i < self->n_targets; i++)
        if (tide_channel_waits(self->targets[i].channel) ||
            (self->routes && self->targets[i].held > 0))
            return false;
    return true;
}

uint64_t tide_outlet_bytes(const tide_outlet *self)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < self->n_targets; i++)
        bytes += tide_channel_bytes(self->targets[i].channel);
    return bytes;
}
