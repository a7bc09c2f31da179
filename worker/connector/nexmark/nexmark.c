/* nexmark.c - the benchmark's generator as a table: options, splits, pacing.
 *
 * A split is a stripe: every n-th block of epochs, so that event time advances evenly in all of
 * them. Without a rate, poll hands out whole epochs, as many as fit a batch. Where only a part
 * of an epoch is due (a rate, a small batch, the last epoch), that epoch is made once and handed
 * out by selections. */
#include "worker/connector/nexmark/gen.h"

#include <ctype.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/core/nearest.h"
#include "worker/connector/connectors.h"
#include "worker/connector/generate.h"
#include "worker/connector/options.h"

#define BLOCK_EPOCHS 64u

static const tide_option_def OPTIONS[] = {
    { "nexmark.table.type", NULL, "Which table's rows; 'bid' unless set",
      "enum(bid|auction|person|Bid|Auction|Person)" },
    { "table-type", NULL, "Short for nexmark.table.type",
      "enum(bid|auction|person|Bid|Auction|Person)" },
    { "events", NULL, "Events of all three kinds in total; without it the table has no end",
      "integer(0..1000000000000000)" },
    { "events.num", NULL, "The same as events", "integer(0..1000000000000000)" },
    { "events-per-second", NULL, "Pace: events of all kinds per second; unset: as fast as possible",
      "integer(1..1000000000)" },
    { "event-time.rate", NULL,
      "Density: events of all kinds per second of event time; events-per-second if that is set, "
      "else "
      "10000",
      "integer(1..1000000000)" },
    { "event-time.start", "2024-01-01 00:00:00", "Event time of the first event", "timestamp" },
    { "out-of-order.group", "1",
      "Event times are shuffled within groups of so many events; 1: in order",
      "integer(1..1000000)" },
    { "seed", "1", "The data are the same for the same seed, whatever the parallelism", "integer" },
    { "bid.hot-ratio.auctions", "2", "All but one in so many bids are for the hot auction",
      "integer(1..1000000)" },
    { "bid.hot-ratio.bidders", "4", "All but one in so many bids are by the hot bidder",
      "integer(1..1000000)" },
    { "auction.hot-ratio.sellers", "4", "All but one in so many auctions are by the hot seller",
      "integer(1..1000000)" },
    { "person.active", "1000", "People who bid and sell at any time", "integer(1..1000000000)" },
    { "auction.in-flight", "100", "Auctions that are open at any time", "integer(1..1000000000)" },
    { "bid.avg-size", "100", "Bytes of a bid that its column extra fills up to",
      "integer(0..4096)" },
    { "auction.avg-size", "500", "Bytes of an auction, likewise", "integer(0..4096)" },
    { "person.avg-size", "200", "Bytes of a person, likewise", "integer(0..4096)" },
    { NULL, NULL, NULL, NULL },
};

typedef struct stripe {
    uint64_t epoch;   /* The next one. */
    uint64_t skip;    /* Epochs of other stripes between two blocks of this one. */
    tide_batch *rest; /* The whole of `epoch` while it is handed out in parts. */
    uint32_t rest_at; /* Its first row not yet handed out. */
    bool ended;
} stripe;

typedef struct nexmark {
    const tide_source_args *args;
    tide_nexmark_config config;
    tide_nexmark_table table;
    uint64_t events; /* Total; UINT64_MAX without end. */
    tide_pace pace;  /* In events of all kinds. */
    uint32_t n_columns;
    uint32_t columns[TIDE_NEXMARK_COLUMNS_MAX]; /* Output column to the generator's. */
    tide_type types[TIDE_NEXMARK_COLUMNS_MAX];
    tide_nexmark_channel *channels;
    tide_buf *urls;
    stripe *stripes;
    tide_stripe_walk walk;
    uint64_t epochs[TIDE_BATCH_ROWS_MAX];
    uint16_t selection[TIDE_BATCH_ROWS_MAX];
} nexmark;

/* ---- the table ---- */

static tide_nexmark_table table_type(const tide_table *table)
{
    int32_t type = tide_option_enum(table, OPTIONS, "nexmark.table.type");
    if (type < 0) type = tide_option_enum(table, OPTIONS, "table-type");
    return type < 0 ? TIDE_NEXMARK_BID : (tide_nexmark_table)(type % 3);
}

static uint64_t total_events(const tide_table *table)
{
    static const char *const keys[] = { "events", "events.num" };
    for (uint32_t i = 0; i < 2; i++)
        if (tide_option_has(table, OPTIONS, keys[i]))
            return (uint64_t)tide_option_i64(table, OPTIONS, keys[i]);
    return UINT64_MAX;
}

/* Names are compared without case and underscores: dateTime is date_time. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_') a++;
        while (*b == '_') b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        if (*a == '\0') return true;
    }
}

static int32_t find_column(tide_nexmark_table type, const char *name)
{
    uint32_t n;
    const tide_field *fields = tide_nexmark_fields(type, &n);
    for (uint32_t i = 0; i < n; i++)
        if (same_name(fields[i].name, name)) return (int32_t)i;
    return -1;
}

static tide_status check_column(tide_nexmark_table type, const tide_table_column *c)
{
    uint32_t n;
    const tide_field *fields = tide_nexmark_fields(type, &n);
    int32_t at = find_column(type, c->name);
    if (at < 0) {
        tide_nearest near;
        tide_nearest_init(&near, c->name);
        for (uint32_t i = 0; i < n; i++) tide_nearest_try(&near, fields[i].name);
        const char *best = tide_nearest_best(&near);
        return tide_fail(TIDE_E_BIND, "nexmark has no column %s in this table%s%s%s", c->name,
                         best ? "; did you mean " : "", best ? best : "", best ? "?" : "");
    }
    tide_type have = fields[at].type;
    bool fits = tide_type_is_timestamp(have) ? tide_type_is_timestamp(c->type)
                                             : have.id == c->type.id && c->type.precision == 0;
    if (fits) return TIDE_OK;
    char want[TIDE_TYPE_TEXT_MAX], is[TIDE_TYPE_TEXT_MAX];
    return tide_fail(TIDE_E_TYPE, "nexmark's column %s is %s, not %s", c->name,
                     tide_type_print(have, is, sizeof is),
                     tide_type_print(c->type, want, sizeof want));
}

static tide_status nexmark_check(const tide_table *table, bool as_sink)
{
    (void)as_sink;
    if (tide_options_find(table, "nexmark.table.type") && tide_options_find(table, "table-type"))
        return tide_fail(TIDE_E_OPTION, "'table-type' and 'nexmark.table.type' are one option");
    if (tide_options_find(table, "events") && tide_options_find(table, "events.num"))
        return tide_fail(TIDE_E_OPTION, "'events.num' and 'events' are one option");
    for (uint32_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].kind == TIDE_COLUMN_PHYSICAL)
            TIDE_TRY(check_column(table_type(table), &table->columns[i]));
    return TIDE_OK;
}

static bool nexmark_is_bounded(const tide_table *table)
{
    return total_events(table) != UINT64_MAX;
}

static tide_status nexmark_discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    (void)scan;
    tide_generate_stripes(parallelism, out);
    return TIDE_OK;
}

/* ---- the source ---- */

static uint64_t small(const tide_table *t, const char *key)
{
    return (uint64_t)tide_option_i64(t, OPTIONS, key);
}

static void read_config(nexmark *self, const tide_table *t)
{
    self->table = table_type(t);
    self->events = total_events(t);
    self->pace.rate =
        tide_option_has(t, OPTIONS, "events-per-second") ? small(t, "events-per-second") : 0;
    uint64_t density = self->pace.rate ? self->pace.rate : 10000;
    if (tide_option_has(t, OPTIONS, "event-time.rate")) density = small(t, "event-time.rate");
    self->config = (tide_nexmark_config){
        .seed = small(t, "seed"),
        .start_us = tide_option_timestamp(t, OPTIONS, "event-time.start"),
        .rate = density,
        .out_of_order_group = small(t, "out-of-order.group"),
        .hot_auctions_ratio = (uint32_t)small(t, "bid.hot-ratio.auctions"),
        .hot_bidders_ratio = (uint32_t)small(t, "bid.hot-ratio.bidders"),
        .hot_sellers_ratio = (uint32_t)small(t, "auction.hot-ratio.sellers"),
        .active_people = (uint32_t)small(t, "person.active"),
        .in_flight_auctions = (uint32_t)small(t, "auction.in-flight"),
        .bid_bytes = (uint32_t)small(t, "bid.avg-size"),
        .auction_bytes = (uint32_t)small(t, "auction.avg-size"),
        .person_bytes = (uint32_t)small(t, "person.avg-size"),
    };
    tide_nexmark_config_prepare(&self->config);
}

static bool wants(const nexmark *self, uint32_t column)
{
    for (uint32_t i = 0; i < self->n_columns; i++)
        if (self->columns[i] == column) return true;
    return false;
}

static void make_channels(nexmark *self)
{
    const uint32_t n = TIDE_NEXMARK_HOT_CHANNELS + TIDE_NEXMARK_CHANNELS;
    self->channels = tide_malloc_aligned(64, n * sizeof *self->channels);
    char *bytes = tide_malloc((size_t)n * TIDE_NEXMARK_URL_MAX);
    uint32_t used = tide_nexmark_channels(&self->config, self->channels, bytes);
    self->urls = tide_pool_take(self->args->pool, used);
    memcpy(self->urls->data, bytes, used);
    tide_free(bytes);
}

static tide_status nexmark_open(void *self_v, const tide_source_args *args)
{
    nexmark *self = self_v;
    const tide_table *table = args->scan->scan.table;
    self->args = args;
    read_config(self, table);
    tide_assert(args->n_columns <= TIDE_NEXMARK_COLUMNS_MAX);
    self->n_columns = args->n_columns;
    for (uint32_t i = 0; i < args->n_columns; i++) {
        const tide_table_column *c = &table->columns[args->columns[i]];
        int32_t at = find_column(self->table, c->name);
        tide_assert(at >= 0); /* nexmark_check has seen it. */
        self->columns[i] = (uint32_t)at;
        self->types[i] = c->type;
    }
    if (self->table == TIDE_NEXMARK_BID &&
        (wants(self, TIDE_BID_CHANNEL) || wants(self, TIDE_BID_URL)))
        make_channels(self);
    self->stripes = tide_calloc(args->n_splits, sizeof *self->stripes);
    for (uint32_t i = 0; i < args->n_splits; i++) {
        self->stripes[i].epoch = args->splits[i]->start * BLOCK_EPOCHS;
        self->stripes[i].skip = (args->splits[i]->end - 1) * BLOCK_EPOCHS;
    }
    return TIDE_OK;
}

static void nexmark_close(void *self_v)
{
    nexmark *self = self_v;
    for (uint32_t i = 0; self->stripes && i < self->args->n_splits; i++)
        tide_batch_unref(&self->stripes[i].rest);
    tide_free(self->stripes);
    tide_free(self->channels);
    tide_buf_unref(&self->urls);
}

static void advance(stripe *s)
{
    s->epoch++;
    if (s->epoch % BLOCK_EPOCHS == 0) s->epoch += s->skip;
}

/* Events of an epoch's 50 that are numbered below `limit`. */
static uint64_t events_below(uint64_t epoch, uint64_t limit)
{
    uint64_t first = epoch * TIDE_NEXMARK_EPOCH_EVENTS;
    if (first >= limit) return 0;
    uint64_t n = limit - first;
    return n < TIDE_NEXMARK_EPOCH_EVENTS ? n : TIDE_NEXMARK_EPOCH_EVENTS;
}

/* Rows of the table among them. */
static uint32_t rows_below(const nexmark *self, uint64_t epoch, uint64_t limit)
{
    uint32_t n = (uint32_t)events_below(epoch, limit),
             first = tide_nexmark_first_event(self->table);
    uint32_t rows = tide_nexmark_epoch_rows(self->table);
    if (n <= first) return 0;
    return n - first < rows ? n - first : rows;
}

static tide_batch *make_batch(nexmark *self, uint32_t n_epochs)
{
    tide_pool *pool = self->args->pool;
    uint32_t n_rows = n_epochs * tide_nexmark_epoch_rows(self->table);
    tide_nexmark_out out[TIDE_NEXMARK_COLUMNS_MAX] = { 0 };
    tide_col *cols[TIDE_NEXMARK_COLUMNS_MAX];
    for (uint32_t i = 0; i < self->n_columns; i++) {
        tide_nexmark_out *o = &out[self->columns[i]];
        cols[i] = tide_col_new(pool, self->types[i], n_rows, &o->values, false, NULL);
        o->unit_us = 1;
        if (tide_type_is_timestamp(self->types[i]))
            for (uint32_t p = self->types[i].precision; p < 6; p++) o->unit_us *= 10;
        size_t heap =
            tide_nexmark_heap_bytes(&self->config, self->table, self->columns[i], n_epochs);
        bool is_url = self->table == TIDE_NEXMARK_BID && self->columns[i] == TIDE_BID_URL;
        if (heap == 0 && !is_url) continue;
        tide_buf *data = is_url ? tide_buf_ref(self->urls) : tide_pool_take(pool, heap);
        o->heap = data->data;
        tide_col_add_data(cols[i], pool, &data);
    }
    switch (self->table) {
    case TIDE_NEXMARK_BID:
        tide_nexmark_bids(&self->config, self->channels, self->epochs, n_epochs, out);
        break;
    case TIDE_NEXMARK_AUCTION:
        tide_nexmark_auctions(&self->config, self->epochs, n_epochs, out);
        break;
    case TIDE_NEXMARK_PERSON:
        tide_nexmark_persons(&self->config, self->epochs, n_epochs, out);
        break;
    }
    tide_batch *batch = tide_batch_new(pool, cols, self->n_columns, n_rows);
    batch->born_ns = *self->args->now_ns;
    return batch;
}

/* rows_in counts events of all three kinds: those of the other tables are generated too, for
 * nothing. */
static void count_events(nexmark *self, uint64_t n)
{
    atomic_fetch_add_explicit(&self->args->counters->rows_in, n, memory_order_relaxed);
}

/* Whole epochs, as many as are due and fit a batch. NULL: there is none. */
static tide_batch *take_epochs(nexmark *self, stripe *s, uint64_t due)
{
    uint32_t max = self->args->batch_rows_max / tide_nexmark_epoch_rows(self->table), n = 0;
    for (; n < max && events_below(s->epoch, due) == TIDE_NEXMARK_EPOCH_EVENTS; advance(s))
        self->epochs[n++] = s->epoch;
    if (n == 0) return NULL;
    count_events(self, (uint64_t)n * TIDE_NEXMARK_EPOCH_EVENTS);
    return make_batch(self, n);
}

/* What is due of the current epoch. NULL: nothing is. */
static tide_batch *take_part(nexmark *self, stripe *s, uint64_t due)
{
    uint32_t to = rows_below(self, s->epoch, due), all = rows_below(self, s->epoch, self->events);
    if (to > s->rest_at + self->args->batch_rows_max) to = s->rest_at + self->args->batch_rows_max;
    tide_batch *part = NULL;
    if (to > s->rest_at) {
        if (s->rest == NULL) {
            self->epochs[0] = s->epoch;
            s->rest = make_batch(self, 1);
        }
        uint32_t n = to - s->rest_at;
        for (uint32_t i = 0; i < n; i++) self->selection[i] = (uint16_t)(s->rest_at + i);
        part = tide_batch_select(self->args->pool, s->rest, self->selection, n);
        part->born_ns = *self->args->now_ns;
        s->rest_at = to;
    }
    /* Behind its last row the epoch is left once all of its events are due. */
    if (s->rest_at == all && events_below(s->epoch, due) == events_below(s->epoch, self->events)) {
        count_events(self, events_below(s->epoch, self->events));
        tide_batch_unref(&s->rest);
        s->rest_at = 0;
        advance(s);
    }
    return part;
}

/* When the pace allows the stripe's next row, or the rest of an epoch behind its last row. */
static int64_t next_due_ns(const nexmark *self, const stripe *s)
{
    uint64_t event =
        s->epoch * TIDE_NEXMARK_EPOCH_EVENTS + tide_nexmark_first_event(self->table) + s->rest_at;
    return tide_pace_next_ns(&self->pace, *self->args->now_ns, event);
}

static tide_source_result poll_stripe(void *self_v, uint32_t i, uint64_t due,
                                      tide_source_poll *poll)
{
    nexmark *self = self_v;
    stripe *s = &self->stripes[i];
    if (s->ended) return TIDE_SOURCE_NOTHING;
    poll->split = i;
    if (s->rest_at == 0) poll->batch = take_epochs(self, s, due);
    if (poll->batch == NULL && events_below(s->epoch, due) > 0)
        poll->batch = take_part(self, s, due);
    if (poll->batch) return TIDE_SOURCE_BATCH;
    if (events_below(s->epoch, self->events) == 0) {
        s->ended = true;
        return TIDE_SOURCE_SPLIT_END;
    }
    int64_t next_ns = self->pace.rate ? next_due_ns(self, s) : *self->args->now_ns;
    if (poll->next_ns == 0 || next_ns < poll->next_ns) poll->next_ns = next_ns;
    return TIDE_SOURCE_NOTHING;
}

static tide_source_result nexmark_poll(void *self_v, tide_source_poll *poll)
{
    nexmark *self = self_v;
    const uint64_t due = tide_pace_due(&self->pace, *self->args->now_ns, self->events);
    return tide_stripes_poll(&self->walk, self->args->n_splits, poll_stripe, self, due, poll);
}

static const tide_source_vt SOURCE = {
    .size = sizeof(nexmark), .open = nexmark_open, .poll = nexmark_poll, .close = nexmark_close
};

const tide_connector tide_connector_nexmark = {
    .name = "nexmark",
    .help = "The Nexmark benchmark's persons, auctions and bids",
    .options = OPTIONS,
    .check = nexmark_check,
    .is_bounded = nexmark_is_bounded,
    .discover = nexmark_discover,
    .source = &SOURCE,
};
