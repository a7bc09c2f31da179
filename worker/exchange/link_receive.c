/* link_receive.c - the receiving half of a link: messages into rings, and credits back. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/exchange/link_priv.h"

#define CREDIT TIDE_CHANNEL_BATCHES
/* Credits go back when so many places are free: few messages, and never too late, since the sender
 * still has the other half when the ring is empty. */
#define CREDIT_STEP (TIDE_CHANNEL_BATCHES / 2)
/* What may wait for the ring: the data that has credit, a watermark and an idle element before each
 * and behind the last, and END. */
#define BACKLOG_MAX (CREDIT + 2 * (CREDIT + 1) + 1)
_Static_assert(TIDE_CHANNEL_BATCHES + TIDE_CHANNEL_CONTROLS <= 64, "bits of is_data");
_Static_assert((CREDIT_STEP & (CREDIT_STEP - 1)) == 0, "a mask");

typedef struct in_channel {
    tide_channel_id id;
    tide_channel *channel;
    const tide_schema *schema;
    uint32_t received, granted, consumed; /* Blocks, modulo 2^32. */
    bool ended;
    /* Which places of the ring held data: bit p % 64 for the element of number p. */
    uint64_t is_data;
    uint64_t noted, seen; /* Elements known to have gone in, and to have left. */
    tide_elem *backlog;   /* NULL until there was one. */
    uint32_t backlog_n;
} in_channel;

struct tide_link_receiver {
    link_half half;
    in_channel *channels;
    uint32_t n, cap, n_ended, n_backlogs;
    bool up, welcomed, told_done;
};

tide_link_receiver *tide_link_receiver_new(const tide_link_config *config)
{
    tide_link_receiver *self = tide_calloc(1, sizeof *self);
    self->half.config = *config;
    return self;
}

void tide_link_receiver_free(tide_link_receiver **self_p)
{
    tide_link_receiver *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) {
        in_channel *c = &self->channels[i];
        for (uint32_t k = 0; k < c->backlog_n; k++) tide_batch_unref(&c->backlog[k].batch);
        tide_free(c->backlog);
    }
    tide_free(self->channels);
    tide_free(self);
}

void tide_link_receiver_add(tide_link_receiver *self, tide_channel_id id, tide_channel *channel,
                            const tide_schema *schema)
{
    tide_assert(!self->up && self->n < TIDE_LINK_CHANNELS_MAX);
    tide_assert(self->n == 0 || link_id_less(&self->channels[self->n - 1].id, &id));
    TIDE_GROW(self->channels, self->n, self->cap);
    /* Between two wake-ups fewer places come free than the sender has credits left. */
    channel->wake_mask = CREDIT_STEP - 1;
    channel->row_bytes = 0;
    self->channels[self->n++] =
        (in_channel){ .id = id, .channel = channel, .schema = schema, .granted = CREDIT };
}

/* ---- places ---- */
/* Elements that went into the ring since the last look: all of that kind. */
static void note(in_channel *c, bool is_data)
{
    for (uint64_t pushed = tide_channel_pushed(c->channel); c->noted < pushed; c->noted++) {
        uint64_t bit = 1ull << (c->noted & 63);
        c->is_data = is_data ? c->is_data | bit : c->is_data & ~bit;
    }
}

static void count_consumed(in_channel *c)
{
    for (uint64_t popped = tide_channel_popped(c->channel); c->seen < popped; c->seen++)
        c->consumed += (c->is_data >> (c->seen & 63)) & 1;
}

static void push_now(tide_link_receiver *self, in_channel *c, tide_elem *e)
{
    count_consumed(c); /* Before its places' bits are written over. */
    if (e->kind == TIDE_ELEM_BATCH)
        tide_channel_push(c->channel, &e->batch);
    else
        tide_channel_control(c->channel, self->half.config.pool, e);
    note(c, e->kind == TIDE_ELEM_BATCH);
}

/* Behind what waits already. As in a channel, a watermark replaces one that no data follows, and
 * ends an idleness that the slot has not seen. */
static void hold(tide_link_receiver *self, in_channel *c, const tide_elem *e)
{
    if (c->backlog == NULL) c->backlog = tide_calloc(BACKLOG_MAX, sizeof *c->backlog);
    if (c->backlog_n == 0) self->n_backlogs++;
    if (e->kind == TIDE_ELEM_WATERMARK || e->kind == TIDE_ELEM_IDLE)
        while (c->backlog_n) {
            tide_elem_kind last = c->backlog[c->backlog_n - 1].kind;
            bool replaced = last == TIDE_ELEM_IDLE ||
                            (last == TIDE_ELEM_WATERMARK && e->kind == TIDE_ELEM_WATERMARK);
            if (!replaced) break;
            c->backlog_n--;
        }
    tide_assert(c->backlog_n < BACKLOG_MAX);
    c->backlog[c->backlog_n++] = *e;
}

static void deliver(tide_link_receiver *self, in_channel *c, tide_elem *e)
{
    bool control = e->kind != TIDE_ELEM_BATCH; /* It may wait in the channel itself. */
    if (c->backlog_n == 0 && (control || tide_channel_has_place(c->channel)))
        push_now(self, c, e);
    else
        hold(self, c, e);
}

static void pump_channel(tide_link_receiver *self, in_channel *c)
{
    count_consumed(c);
    if (tide_channel_waits(c->channel)) {
        tide_channel_pump(c->channel, self->half.config.pool);
        note(c, false);
    }
    uint32_t n = 0;
    while (n < c->backlog_n && tide_channel_has_place(c->channel))
        push_now(self, c, &c->backlog[n++]);
    if (n == 0) return;
    memmove(c->backlog, c->backlog + n, (c->backlog_n - n) * sizeof *c->backlog);
    c->backlog_n -= n;
    if (c->backlog_n == 0) self->n_backlogs--;
}

void tide_link_receiver_pump(tide_link_receiver *self)
{
    for (uint32_t i = 0; i < self->n; i++) pump_channel(self, &self->channels[i]);
}

/* ---- messages in ---- */
static tide_link_result refuse(tide_link_receiver *self, const char *why)
{
    self->half.counters.refused++;
    (void)tide_fail(TIDE_E_PROTO, "runner %u and runner %u %s", self->half.config.peer,
                    self->half.config.self, why);
    return TIDE_LINK_REFUSED;
}

static tide_link_result take_hello(tide_link_receiver *self, const uint8_t *body, size_t n)
{
    link_hello hello;
    if (n != sizeof hello) return link_broken(&self->half, "a strange hello");
    memcpy(&hello, body, sizeof hello);
    const tide_link_config *config = &self->half.config;
    if (hello.job != config->job || hello.runner != config->self)
        return refuse(self, "are not of one job");
    if (hello.plan_hash != config->plan_hash) return refuse(self, "have different plans");
    uint64_t sum = 0;
    for (uint32_t i = 0; i < self->n; i++) sum = link_id_sum(&self->channels[i].id, sum);
    if (hello.n_channels != self->n || hello.channels_sum != sum)
        return refuse(self, "do not agree on which channels join them");
    self->half.next_in++;
    self->up = true;
    return TIDE_LINK_TAKEN;
}

/* The rows of a block, which is at the beginning of *buf_p. Takes that. */
static tide_link_result take_rows(tide_link_receiver *self, in_channel *c, tide_buf **buf_p,
                                  size_t bytes)
{
    tide_elem e = { .kind = TIDE_ELEM_BATCH };
    tide_status rv = tide_block_read(*buf_p, bytes, c->schema, self->half.config.pool, &e.batch);
    tide_buf_unref(buf_p);
    if (rv != TIDE_OK) {
        (void)tide_because(rv, "a message of runner %u", self->half.config.peer);
        return TIDE_LINK_FAILED;
    }
    c->received++;
    self->half.counters.blocks++;
    tide_channel_count(c->channel, bytes);
    deliver(self, c, &e);
    return TIDE_LINK_TAKEN;
}

/* A copy: small blocks that came together do not keep each other. */
static tide_buf *copied(const tide_link_receiver *self, const uint8_t *block, size_t bytes)
{
    tide_buf *buf = tide_pool_take(self->half.config.pool, bytes);
    memcpy(buf->data, block, bytes);
    return buf;
}

static tide_link_result take_packed(tide_link_receiver *self, in_channel *c, const uint8_t *block,
                                    size_t bytes)
{
    if (c->received == c->granted) return link_broken(&self->half, "rows without a credit");
    tide_buf *buf = copied(self, block, bytes);
    return take_rows(self, c, &buf, bytes);
}

/* The rows of a BLOCK message stay where they are, if its memory is aligned. */
static tide_link_result take_block(tide_link_receiver *self, uint32_t channel, const uint8_t *body,
                                   size_t n, void *message)
{
    const tide_link_config *config = &self->half.config;
    self->half.next_in++;
    if (channel >= self->n) return link_broken(&self->half, "rows for no channel");
    if (n <= LINK_BLOCK_AT + TIDE_BLOCK_TAIL) return link_broken(&self->half, "a truncated block");
    in_channel *c = &self->channels[channel];
    if (c->ended) return link_broken(&self->half, "rows behind the end");
    if (c->received == c->granted) return link_broken(&self->half, "rows without a credit");
    size_t bytes = n - LINK_BLOCK_AT - TIDE_BLOCK_TAIL;
    const uint8_t *block = body + LINK_BLOCK_AT;
    tide_buf *buf;
    if (message && (uintptr_t)block % _Alignof(tide_buf) == 0) {
        uint8_t *head = (uint8_t *)(uintptr_t)block - offsetof(tide_buf, data); /* Ours now. */
        config->keeper->keep(message, head - TIDE_LINK_ROOM_BYTES);
        buf = tide_pool_place(config->pool, head, bytes, config->keeper->release);
    } else {
        buf = copied(self, block, bytes);
    }
    return take_rows(self, c, &buf, bytes);
}

static tide_link_result take_item(tide_link_receiver *self, in_channel *c, const link_item *item,
                                  const uint8_t *block)
{
    tide_elem e = { 0 };
    switch ((link_item_kind)item->kind) {
    case LINK_ITEM_BATCH: return take_packed(self, c, block, item->block_bytes);
    case LINK_ITEM_WATERMARK:
        e = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = item->watermark };
        break;
    case LINK_ITEM_IDLE: e.kind = TIDE_ELEM_IDLE; break;
    case LINK_ITEM_END:
        e = (tide_elem){ .kind = TIDE_ELEM_END, .drained = item->drained != 0 };
        c->ended = true;
        self->n_ended++;
        break;
    default: return link_broken(&self->half, "an unknown element");
    }
    deliver(self, c, &e);
    return TIDE_LINK_TAKEN;
}

static tide_link_result take_data(tide_link_receiver *self, const uint8_t *body, size_t n)
{
    self->half.next_in++;
    while (n) {
        link_item item;
        if (n < sizeof item) return link_broken(&self->half, "truncated elements");
        memcpy(&item, body, sizeof item);
        body += sizeof item;
        n -= sizeof item;
        if (item.channel >= self->n) return link_broken(&self->half, "an element for no channel");
        bool is_batch = item.kind == LINK_ITEM_BATCH;
        if (item.block_bytes > n || is_batch != (item.block_bytes > 0))
            return link_broken(&self->half, "a truncated block");
        in_channel *c = &self->channels[item.channel];
        if (c->ended) return link_broken(&self->half, "an element behind the end");
        tide_link_result result = take_item(self, c, &item, body);
        if (result != TIDE_LINK_TAKEN) return result;
        body += item.block_bytes;
        n -= item.block_bytes;
    }
    return TIDE_LINK_TAKEN;
}

tide_link_result tide_link_receiver_take(tide_link_receiver *self, const uint8_t *header,
                                         size_t header_bytes, const uint8_t *body,
                                         size_t body_bytes, void *message)
{
    link_block_header all;
    const link_header *h = &all.common;
    tide_link_result result = link_admit(&self->half, header, header_bytes, body_bytes, &all);
    if (result != TIDE_LINK_TAKEN) return result;
    if (h->kind == LINK_HELLO && !self->up) return take_hello(self, body, body_bytes);
    if (h->kind == LINK_DATA && self->up) return take_data(self, body, body_bytes);
    if (h->kind == LINK_BLOCK && self->up)
        return take_block(self, all.channel, body, body_bytes, message);
    return link_broken(&self->half, "not expected here");
}

/* ---- messages out ---- */
void tide_link_receiver_refuse(tide_link_receiver *self, const char *why, tide_link_message *out)
{
    size_t n = strnlen(why, TIDE_LINK_REASON_MAX);
    *out = (tide_link_message){ 0 };
    memcpy(link_open_body(&self->half, out, n), why, n);
    link_half once = self->half; /* Not one of the link's messages: it has none with that peer. */
    once.next_out = 0;
    link_stamp(&once, LINK_REFUSED, out);
}

static uint32_t n_to_grant(in_channel *c)
{
    count_consumed(c);
    uint32_t free = c->consumed + CREDIT - c->granted;
    return c->ended ? 0 : free;
}

static bool make_credits(tide_link_receiver *self, tide_link_message *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n; i++) n += n_to_grant(&self->channels[i]) >= CREDIT_STEP;
    if (n == 0) return false;
    link_credit *credits = link_open_body(&self->half, out, n * sizeof *credits);
    /* Not counted again: places that became free just now may wait for the next message. */
    for (uint32_t i = 0, k = 0; i < self->n && k < n; i++) {
        in_channel *c = &self->channels[i];
        if (c->ended || c->consumed + CREDIT - c->granted < CREDIT_STEP) continue;
        c->granted = c->consumed + CREDIT;
        credits[k++] = (link_credit){ .channel = i, .granted = c->granted };
    }
    link_stamp(&self->half, LINK_CREDIT, out);
    return true;
}

bool tide_link_receiver_next(tide_link_receiver *self, tide_link_message *out)
{
    *out = (tide_link_message){ 0 };
    if (!self->up) return false;
    if (!self->welcomed) {
        uint32_t credit = CREDIT;
        memcpy(link_open_body(&self->half, out, sizeof credit), &credit, sizeof credit);
        link_stamp(&self->half, LINK_WELCOME, out);
        self->welcomed = true;
        return true;
    }
    if (make_credits(self, out)) return true;
    if (self->told_done || self->n_ended < self->n) return false;
    link_stamp(&self->half, LINK_DONE, out);
    self->told_done = true;
    return true;
}

bool tide_link_receiver_is_up(const tide_link_receiver *self)
{
    return self->up;
}

bool tide_link_receiver_is_done(const tide_link_receiver *self)
{
    return self->up && self->n_ended == self->n;
}

const tide_link_counters *tide_link_receiver_counters(const tide_link_receiver *self)
{
    return &self->half.counters;
}
