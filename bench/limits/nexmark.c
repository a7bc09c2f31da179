/* nexmark.c - bids of the auction benchmark made in columns, and five of its queries over them.
 *
 * As in the engine only bids are made, 46 of every 50 events, and only the columns that the query
 * reads; events of the other kinds are counted all the same. Two ways with strings:
 *   shared   16-byte views: a channel's name and URL are views of 10,000 prepared ones, `extra` is
 *            a slice of one run of fresh letters; the result refers to the batch. As the engine.
 *   written  every byte of every row in byte columns with offsets; the result is a copy of all. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/limits/limits.h"

#define EPOCH_EVENTS 50u
#define EPOCH_BIDS 46u
#define EPOCHS 80u /* A batch: 3,680 bids stay in the second level cache with their strings. */
#define ROWS (EPOCHS * EPOCH_BIDS)
#define FIRST_MS INT64_C(1700000000000)
#define GAP_MS 10000
#define WINDOW_MS 10000
#define SWEEP_MS 2000 /* Sessions that are over are looked for so often. */
#define ACTIVE 1000u  /* Bidders at a time. */
#define HOT_CHANNELS 4u
#define CHANNELS 10004u
#define EXTRA_MIN 54u /* 68 bytes on average, a fifth more or less. */
#define EXTRA_SPREAD 28u
#define NAME_BYTES 16u
#define URL_BYTES 80u
#define AHEAD 16u /* Rows between asking for a slot and using it. */

/* Eight random streams, 64 bytes a step, in vectors as wide as the machine has them: wider ones
 * would go through memory. */
#define STEP_BYTES 64u
#ifdef __AVX512F__
#define VECTOR_BYTES 64u
#else
#define VECTOR_BYTES 32u
#endif
#define VECTORS (STEP_BYTES / VECTOR_BYTES)
typedef uint64_t lanes __attribute__((vector_size(VECTOR_BYTES)));
typedef uint16_t lanes16 __attribute__((vector_size(VECTOR_BYTES)));
typedef union streams {
    lanes v[VECTORS];
    uint64_t lane[STEP_BYTES / sizeof(uint64_t)];
} streams;

typedef struct view {
    uint32_t n, prefix;
    uint64_t place;
} view;

/* A column of strings, in either way. */
typedef struct strings {
    view views[ROWS];
    uint32_t offsets[ROWS + 1];
    char bytes[ROWS * 96 + 64];
} strings;

typedef struct batch {
    int64_t auction[ROWS], bidder[ROWS], price[ROWS], time[ROWS];
    strings channel, url, extra;
} batch;

/* A prepared channel: name and URL with their lengths. */
typedef struct channel {
    char name[NAME_BYTES], url[URL_BYTES];
    view name_view, url_view;
} channel;

/* A key's session or window; key 0: free. */
typedef struct slot {
    int64_t key, first, last, n;
} slot;

typedef struct table {
    slot *slots;
    uint32_t bits;
} table;

typedef struct state {
    batch made, copy;
    uint64_t random[ROWS + 64];
    channel channels[CHANNELS];
    streams seed;
    uint64_t epoch, rate, out;
    bool written;
    table live, spare; /* The spare is empty between sweeps. */
    int64_t period;    /* The window, or the sweep, that event time has reached. */
    __int128 converted[ROWS];
    uint8_t hit[ROWS];
    int64_t results[4][ROWS];
} state;

typedef struct query {
    const char *name;
    bool auction, bidder, price, time, strings; /* The columns it reads. */
    void (*run)(state *s);
} query;

/* ---- generation ---- */

/* By pointer: how vectors are passed and returned differs between machines. */
static inline void step(lanes *s)
{
    lanes x = *s;
    x ^= x << 13;
    x ^= x >> 7;
    *s = x ^ x << 17;
}

static void make_random(state *s)
{
    streams x = s->seed;
    for (uint32_t i = 0; i < ROWS; i += STEP_BYTES / sizeof(uint64_t)) {
        for (uint32_t v = 0; v < VECTORS; v++) {
            step(&x.v[v]);
            memcpy((char *)(s->random + i) + v * VECTOR_BYTES, &x.v[v], VECTOR_BYTES);
        }
    }
    s->seed = x;
}

/* Letters by the random bytes' high halves of a product with 26; up to 64 more than asked for. */
static void make_letters(state *s, char *to, size_t n)
{
    streams x = s->seed;
    for (size_t i = 0; i < n; i += STEP_BYTES) {
        for (uint32_t v = 0; v < VECTORS; v++) {
            step(&x.v[v]);
            lanes16 pairs = (lanes16)x.v[v];
            pairs = (((pairs & 0xff) * 26) >> 8 | (((pairs >> 8) * 26) & 0xff00)) + 0x6161;
            memcpy(to + i + v * VECTOR_BYTES, &pairs, sizeof pairs);
        }
    }
    s->seed = x;
}

/* Half of the bids are for the hot auction, the others for one of the last hundred. */
static void make_auctions(state *s)
{
    for (uint32_t e = 0; e < EPOCHS; e++) {
        int64_t last = (int64_t)(s->epoch + e) * 3 + 2, hot = last / 100 * 100 + 1000;
        int64_t oldest = last > 100 ? last - 100 : 0;
        uint64_t range = (uint64_t)(last - oldest) + 11;
        const uint64_t *random = s->random + e * EPOCH_BIDS;
        int64_t *out = s->made.auction + e * EPOCH_BIDS;
        for (uint32_t k = 0; k < EPOCH_BIDS; k++) {
            uint64_t r = random[k] & 0xffffffff, other = (r << 1 & 0xffffffff) * range >> 32;
            out[k] = r >> 31 ? hot : oldest + 1000 + (int64_t)other;
        }
    }
}

/* Three quarters come from the hot bidder. */
static void make_bidders(state *s)
{
    for (uint32_t e = 0; e < EPOCHS; e++) {
        int64_t people = (int64_t)(s->epoch + e) + 1, hot = (people - 1) / 100 * 100 + 1001;
        int64_t active = people < ACTIVE ? people : ACTIVE;
        uint64_t range = (uint64_t)active + 10;
        const uint64_t *random = s->random + e * EPOCH_BIDS;
        int64_t *out = s->made.bidder + e * EPOCH_BIDS;
        for (uint32_t k = 0; k < EPOCH_BIDS; k++) {
            uint64_t r = random[k] >> 32, other = (r << 2 & 0xffffffff) * range >> 32;
            out[k] = r >> 30 ? hot : people - active + 1000 + (int64_t)other;
        }
    }
}

static void make_prices(state *s)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        uint64_t r = s->random[i] & 0xffffffff;
        s->made.price[i] = (int64_t)((UINT64_C(100) << (r * 20 >> 32)) | (r & 63));
    }
}

static void make_times(state *s)
{
    uint64_t per_event = (UINT64_C(1000) << 32) / s->rate;
    for (uint32_t e = 0; e < EPOCHS; e++) {
        uint64_t ms = (s->epoch + e) * EPOCH_EVENTS * 1000;
        int64_t first = FIRST_MS + (int64_t)(ms / s->rate);
        uint64_t rest = ((ms % s->rate) << 32) / s->rate + 4 * per_event;
        int64_t *out = s->made.time + e * EPOCH_BIDS;
        for (uint32_t k = 0; k < EPOCH_BIDS; k++)
            out[k] = first + (int64_t)((rest + k * per_event) >> 32);
    }
}

/* Half of the bids come over one of four hot channels. */
static uint32_t channel_of(uint64_t random)
{
    uint32_t r = (uint32_t)(random >> 48), low = r & 0x7fff;
    return r >> 15 ? low >> 13 : HOT_CHANNELS + (low * (CHANNELS - HOT_CHANNELS) >> 15);
}

static uint32_t extra_bytes_of(uint64_t random)
{
    return EXTRA_MIN + (uint32_t)(((random >> 32 & 0xffff) * EXTRA_SPREAD) >> 16);
}

static void make_shared(state *s)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < ROWS; i++) s->made.extra.offsets[i] = extra_bytes_of(s->random[i]);
    for (uint32_t i = 0; i < ROWS; i++) {
        const channel *c = &s->channels[channel_of(s->random[i])];
        s->made.channel.views[i] = c->name_view;
        s->made.url.views[i] = c->url_view;
    }
    for (uint32_t i = 0; i < ROWS; i++) at += s->made.extra.offsets[i];
    make_letters(s, s->made.extra.bytes, at);
    at = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        view v = { .n = s->made.extra.offsets[i], .place = at };
        memcpy(&v.prefix, s->made.extra.bytes + at, sizeof v.prefix);
        s->made.extra.views[i] = v;
        at += v.n;
    }
}

static void make_written(state *s)
{
    uint32_t name_at = 0, url_at = 0, extra_at = 0;
    batch *b = &s->made;
    for (uint32_t i = 0; i < ROWS; i++) {
        const channel *c = &s->channels[channel_of(s->random[i])];
        b->channel.offsets[i] = name_at, b->url.offsets[i] = url_at;
        b->extra.offsets[i] = extra_at;
        memcpy(b->channel.bytes + name_at, c->name, NAME_BYTES);
        memcpy(b->url.bytes + url_at, c->url, URL_BYTES);
        name_at += c->name_view.n, url_at += c->url_view.n;
        extra_at += extra_bytes_of(s->random[i]);
    }
    b->channel.offsets[ROWS] = name_at, b->url.offsets[ROWS] = url_at;
    b->extra.offsets[ROWS] = extra_at;
    make_letters(s, b->extra.bytes, extra_at);
}

static void make_batch(state *s, const query *q)
{
    if (q->auction || q->bidder) make_random(s);
    if (q->auction) make_auctions(s);
    if (q->bidder) make_bidders(s);
    if (q->price || q->strings) make_random(s);
    if (q->price) make_prices(s);
    if (q->time) make_times(s);
    if (q->strings && s->written) make_written(s);
    if (q->strings && !s->written) make_shared(s);
}

/* ---- queries ---- */

static void copy_strings(strings *to, const strings *from)
{
    memcpy(to->offsets, from->offsets, sizeof to->offsets);
    memcpy(to->bytes, from->bytes, from->offsets[ROWS]);
}

/* The result of a query that keeps all columns: the batch itself, or a copy. */
static void pass_on(state *s)
{
    s->out += ROWS;
    if (!s->written) return;
    memcpy(s->copy.auction, s->made.auction, sizeof s->copy.auction);
    memcpy(s->copy.bidder, s->made.bidder, sizeof s->copy.bidder);
    memcpy(s->copy.price, s->made.price, sizeof s->copy.price);
    memcpy(s->copy.time, s->made.time, sizeof s->copy.time);
    copy_strings(&s->copy.channel, &s->made.channel);
    copy_strings(&s->copy.url, &s->made.url);
    copy_strings(&s->copy.extra, &s->made.extra);
}

/* Decimals of 128 bits, with three digits behind the point. */
static void convert(state *s)
{
    for (uint32_t i = 0; i < ROWS; i++) s->converted[i] = s->made.price[i] * 908;
    pass_on(s);
}

static void select_auctions(state *s)
{
    for (uint32_t i = 0; i < ROWS; i++) s->hit[i] = (uint32_t)s->made.auction[i] % 123 == 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < ROWS; i += 8) {
        uint64_t hits;
        memcpy(&hits, s->hit + i, sizeof hits);
        for (; hits; hits &= hits - 1) {
            uint32_t row = i + (uint32_t)__builtin_ctzll(hits) / 8;
            s->results[0][n] = s->made.auction[row];
            s->results[1][n++] = s->made.price[row];
        }
    }
    s->out += n;
}

static inline uint64_t place_of(const table *t, int64_t key)
{
    return (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - t->bits);
}

/* The key's slot, or the free one that it may have. */
static inline slot *find(const table *t, int64_t key)
{
    uint64_t at = place_of(t, key), mask = (UINT64_C(1) << t->bits) - 1;
    while (t->slots[at].key != key && t->slots[at].key) at = (at + 1) & mask;
    return &t->slots[at];
}

static inline void ask_for(const state *s, uint32_t row)
{
    if (row < ROWS) __builtin_prefetch(&s->live.slots[place_of(&s->live, s->made.bidder[row])], 1);
}

static void put_result(state *s, const slot *x)
{
    uint64_t at = s->out++ % ROWS;
    s->results[0][at] = x->key, s->results[1][at] = x->n;
    s->results[2][at] = x->first, s->results[3][at] = x->last;
}

/* Puts out what ended before `before`, moves the rest to the spare table, swaps the two. */
static void sweep(state *s, int64_t before)
{
    uint64_t n = UINT64_C(1) << s->live.bits;
    for (uint64_t i = 0; i < n; i++) {
        const slot *x = &s->live.slots[i];
        if (!x->key) continue;
        if (x->last < before)
            put_result(s, x);
        else
            *find(&s->spare, x->key) = *x;
    }
    memset(s->live.slots, 0, n * sizeof(slot));
    table was = s->live;
    s->live = s->spare, s->spare = was;
}

/* A session ends when a bid of its bidder is later than the gap allows, or at a sweep. */
static void count_sessions(state *s)
{
    const batch *b = &s->made;
    if (b->time[0] / SWEEP_MS != s->period) {
        s->period = b->time[0] / SWEEP_MS;
        sweep(s, b->time[0] - GAP_MS);
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        ask_for(s, i + AHEAD);
        slot *x = find(&s->live, b->bidder[i]);
        if (x->key && b->time[i] - x->last > GAP_MS) {
            put_result(s, x);
            x->key = 0;
        }
        if (!x->key) *x = (slot){ .key = b->bidder[i], .first = b->time[i] };
        x->last = b->time[i];
        x->n++;
    }
}

static void count_windows(state *s)
{
    const batch *b = &s->made;
    for (uint32_t i = 0; i < ROWS;) {
        int64_t window = b->time[i] / WINDOW_MS, end = (window + 1) * WINDOW_MS;
        uint32_t stop = ROWS;
        if (b->time[ROWS - 1] >= end)
            for (stop = i; b->time[stop] < end;) stop++;
        if (window != s->period) {
            sweep(s, INT64_MAX);
            s->period = window;
        }
        for (; i < stop; i++) {
            ask_for(s, i + AHEAD);
            slot *x = find(&s->live, b->bidder[i]);
            x->key = b->bidder[i];
            x->n++;
        }
    }
}

static void keep_numbers(state *s)
{
    s->out += ROWS;
}

static const query QUERIES[] = {
    { "generate", true, true, true, true, true, pass_on },
    { "numbers", true, true, true, true, false, keep_numbers },
    { "q0", true, true, true, true, true, pass_on },
    { "q1", true, true, true, true, true, convert },
    { "q2", true, false, true, false, false, select_auctions },
    { "q11", false, true, false, true, false, count_sessions },
    { "q12", false, true, false, true, false, count_windows },
};

/* ---- running ---- */

static void make_channels(state *s)
{
    static const char *const hot[HOT_CHANNELS] = { "Google", "Facebook", "Baidu", "Apple" };
    for (uint32_t i = 0; i < CHANNELS; i++) {
        channel *c = &s->channels[i];
        int n = i < HOT_CHANNELS ? snprintf(c->name, NAME_BYTES, "%s", hot[i])
                                 : snprintf(c->name, NAME_BYTES, "channel-%u", i - HOT_CHANNELS);
        c->name_view.n = (uint32_t)n;
        memcpy((char *)&c->name_view + 4, c->name, sizeof(view) - 4);
        char words[64];
        make_letters(s, words, sizeof words);
        n = snprintf(c->url, URL_BYTES, "https://www.nexmark.com/%.5s/%.5s/%.5s/item.htm?query=1%s",
                     words, words + 5, words + 10,
                     i % 10 < HOT_CHANNELS ? "" : "&channel_id=12345");
        c->url_view = (view){ .n = (uint32_t)n, .place = i * URL_BYTES };
        memcpy(&c->url_view.prefix, c->url, sizeof c->url_view.prefix);
    }
}

/* Twice the bidders that can be live at once: as dense as linear probing bears. */
static table new_table(uint64_t rate)
{
    uint64_t live = rate / EPOCH_EVENTS * (GAP_MS + SWEEP_MS) / 1000 + ACTIVE;
    table t = { .bits = 8 };
    while (UINT64_C(1) << t.bits < 2 * live) t.bits++;
    t.slots = limits_memory(sizeof(slot) << t.bits);
    return t;
}

static void work(limits_part *part)
{
    const limits_options *options = part->options;
    const query *q = part->input;
    state *s = limits_memory(sizeof *s);
    uint64_t batches = options->events / options->threads / (EPOCHS * EPOCH_EVENTS);
    s->rate = options->rate, s->written = options->written;
    for (uint32_t lane = 0; lane < 8; lane++)
        s->seed.lane[lane] = UINT64_C(88172645463325252) * (2 * lane + 3 + 16 * part->index);
    make_channels(s);
    s->live = new_table(s->rate), s->spare = new_table(s->rate);
    limits_begin(part);
    for (uint64_t i = 0; i < batches; i++) {
        s->epoch = (i * options->threads + part->index) * EPOCHS;
        make_batch(s, q);
        q->run(s);
    }
    if (q->time && !q->price) sweep(s, INT64_MAX);
    limits_end(part);
    part->done = batches * EPOCHS * EPOCH_EVENTS;
    part->out = s->out;
}

void limits_nexmark(const limits_options *options)
{
    for (size_t i = 0; i < sizeof QUERIES / sizeof *QUERIES; i++)
        if (strcmp(QUERIES[i].name, options->what) == 0) {
            char name[32];
            snprintf(name, sizeof name, "nexmark %s", options->what);
            limits_run(name, "events", options, (void *)&QUERIES[i], work);
            return;
        }
    limits_fail("no query", options->what);
}
