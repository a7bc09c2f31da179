/* link_send.c - the sending half of a link: rings into messages. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/exchange/link_priv.h"

#define PICKED_MAX 64u /* Elements of one message. */

typedef struct out_channel {
    tide_channel_id id;
    tide_channel *channel;
    const tide_schema *schema;
    uint32_t sent, granted; /* Blocks, modulo 2^32. */
    bool ended;
} out_channel;

/* An element on its way into a message. */
typedef struct picked {
    out_channel *from;
    tide_elem elem;
    size_t block_bytes; /* At most. */
} picked;

struct tide_link_sender {
    link_half half;
    out_channel *channels;
    uint32_t n, cap, turn, n_ended;
    bool greeted, up, done;
};

tide_link_sender *tide_link_sender_new(const tide_link_config *config)
{
    tide_link_sender *self = tide_calloc(1, sizeof *self);
    self->half.config = *config;
    return self;
}

void tide_link_sender_free(tide_link_sender **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->channels);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_link_sender_add(tide_link_sender *self, tide_channel_id id, tide_channel *channel,
                          const tide_schema *schema)
{
    tide_assert(!self->greeted && self->n < TIDE_LINK_CHANNELS_MAX);
    tide_assert(self->n == 0 || link_id_less(&self->channels[self->n - 1].id, &id));
    TIDE_GROW(self->channels, self->n, self->cap);
    /* A slot that waits for room has a ring before it that is full: more than so many pops come. */
    channel->wake_mask = TIDE_CHANNEL_BATCHES / 2 - 1;
    channel->row_bytes = 0;
    self->channels[self->n++] = (out_channel){ .id = id, .channel = channel, .schema = schema };
}

static void make_hello(tide_link_sender *self, tide_link_message *out)
{
    link_hello *hello = link_open_body(&self->half, out, sizeof *hello);
    *hello = (link_hello){ .job = self->half.config.job,
                           .plan_hash = self->half.config.plan_hash,
                           .runner = self->half.config.peer,
                           .n_channels = self->n };
    for (uint32_t i = 0; i < self->n; i++)
        hello->channels_sum = link_id_sum(&self->channels[i].id, hello->channels_sum);
    link_stamp(&self->half, LINK_HELLO, out);
    self->greeted = true;
}

/* ---- data ---- */
/* What the messages' elements would take. */
typedef struct packing {
    picked items[PICKED_MAX];
    uint32_t n;
    size_t bytes;
    bool closed, full; /* The one in it is a BLOCK; nothing more goes in. */
} packing;

/* May the batch go into this message, beside what is there? A large one is alone. */
static tide_status fit(const tide_batch *batch, const tide_schema *schema, packing *p,
                       size_t *block_bytes)
{
    size_t bytes = batch->block ? batch->block_bytes : tide_block_bytes(batch, schema);
    *block_bytes = bytes;
    if (bytes > TIDE_BLOCK_BYTES_MAX)
        return tide_fail(TIDE_E_LIMIT, "%u rows of %zu MiB do not fit into one message",
                         batch->n_rows, bytes >> 20);
    bool alone = bytes >= TIDE_LINK_ALONE_BYTES;
    p->full = p->n && (alone || p->bytes + sizeof(link_item) + bytes > TIDE_LINK_BODY_BYTES);
    p->closed = alone && !p->full;
    return TIDE_OK;
}

/* Takes the channel's next element if it may go now, and there is room for it. */
static tide_status pick(out_channel *c, packing *p, bool *took)
{
    tide_elem e;
    *took = false;
    if (!tide_channel_peek(c->channel, &e)) return TIDE_OK;
    size_t block_bytes = 0;
    if (e.kind == TIDE_ELEM_BATCH) {
        if (c->granted == c->sent) return TIDE_OK;
        TIDE_TRY(fit(e.batch, c->schema, p, &block_bytes));
        if (p->full) return TIDE_OK;
        c->sent++;
    }
    *took = tide_channel_pop(c->channel, &e);
    c->ended = e.kind == TIDE_ELEM_END;
    p->bytes += sizeof(link_item) + block_bytes;
    p->full = p->closed || p->n + 1 == PICKED_MAX || p->bytes >= TIDE_LINK_PACK_BYTES;
    p->items[p->n++] = (picked){ .from = c, .elem = e, .block_bytes = block_bytes };
    return TIDE_OK;
}

/* One element of each channel in turn, again and again, until nothing more may go or the message is
 * full. Begins where the last message left off: with what found no room in it. */
static tide_status pick_all(tide_link_sender *self, packing *p)
{
    uint32_t passed = 0; /* Channels in a row that had nothing. */
    while (passed < self->n && !p->full) {
        out_channel *c = &self->channels[self->turn];
        bool took;
        TIDE_TRY(pick(c, p, &took));
        if (p->full && !took) return TIDE_OK;
        self->turn = self->turn + 1 == self->n ? 0 : self->turn + 1;
        passed = took ? 0 : passed + 1;
        self->n_ended += took && c->ended;
    }
    return TIDE_OK;
}

static link_item item_of(const tide_link_sender *self, const picked *p)
{
    static const uint8_t kinds[] = { [TIDE_ELEM_BATCH] = LINK_ITEM_BATCH,
                                     [TIDE_ELEM_WATERMARK] = LINK_ITEM_WATERMARK,
                                     [TIDE_ELEM_IDLE] = LINK_ITEM_IDLE,
                                     [TIDE_ELEM_END] = LINK_ITEM_END };
    return (link_item){ .channel = (uint32_t)(p->from - self->channels),
                        .kind = kinds[p->elem.kind],
                        .drained = p->elem.kind == TIDE_ELEM_END && p->elem.drained,
                        .watermark = p->elem.kind == TIDE_ELEM_WATERMARK ? p->elem.watermark : 0 };
}

static void make_data(tide_link_sender *self, packing *p, tide_link_message *out)
{
    uint8_t *at = link_open_body(&self->half, out, p->bytes);
    for (uint32_t i = 0; i < p->n; i++) {
        picked *one = &p->items[i];
        link_item *item = (link_item *)at;
        *item = item_of(self, one);
        at += sizeof *item;
        if (one->elem.kind != TIDE_ELEM_BATCH) continue;
        item->block_bytes =
            tide_block_write(one->elem.batch, one->from->schema, at, one->block_bytes);
        tide_channel_count(one->from->channel, item->block_bytes);
        at += item->block_bytes;
        tide_batch_unref(&one->elem.batch);
        self->half.counters.blocks++;
    }
    out->body_bytes = (size_t)(at - out->body);
    link_stamp(&self->half, LINK_DATA, out);
}

/* A block for the batch in a buffer laid out as that of a batch's own block. */
static tide_buf *block_of(tide_link_sender *self, const picked *p, size_t *bytes)
{
    size_t room = TIDE_BLOCK_LEAD + p->block_bytes + TIDE_BLOCK_TAIL;
    tide_buf *buf = tide_pool_take(self->half.config.pool, room);
    uint8_t *block = buf->data + TIDE_BLOCK_LEAD;
    memset(buf->data, 0, TIDE_BLOCK_LEAD);
    *bytes = tide_block_write(p->elem.batch, p->from->schema, block, p->block_bytes);
    memset(block + *bytes, 0, TIDE_BLOCK_TAIL);
    return buf;
}

static void make_block(tide_link_sender *self, picked *p, tide_link_message *out)
{
    size_t bytes = p->block_bytes;
    tide_buf *own = p->elem.batch->block;
    out->buf = own ? tide_buf_ref(own) : block_of(self, p, &bytes);
    out->body = out->buf->data + TIDE_BLOCK_LEAD - LINK_BLOCK_AT;
    out->body_bytes = LINK_BLOCK_AT + bytes + TIDE_BLOCK_TAIL;
    tide_channel_count(p->from->channel, bytes);
    tide_batch_unref(&p->elem.batch);
    self->half.counters.blocks++;
    link_stamp_block(&self->half, (uint32_t)(p->from - self->channels), out);
}

tide_status tide_link_sender_next(tide_link_sender *self, tide_link_message *out, bool *is_one)
{
    *out = (tide_link_message){ 0 };
    *is_one = true;
    if (!self->greeted) {
        make_hello(self, out);
    } else {
        *is_one = false;
        if (!self->up || self->n_ended == self->n) return TIDE_OK;
        if (!tide_pool_has_room(self->half.config.pool)) return TIDE_OK;
        packing p;
        p.n = 0;
        p.bytes = 0;
        p.closed = p.full = false;
        tide_status rv = pick_all(self, &p);
        *is_one = rv == TIDE_OK && p.n > 0;
        if (*is_one && p.closed)
            make_block(self, &p.items[0], out);
        else if (*is_one)
            make_data(self, &p, out);
        for (uint32_t i = 0; rv != TIDE_OK && i < p.n; i++)
            tide_batch_unref(&p.items[i].elem.batch);
        if (!*is_one) return rv;
    }
    self->half.counters.messages++;
    self->half.counters.bytes += out->header_bytes + out->body_bytes;
    return TIDE_OK;
}

/* ---- answers ---- */
static tide_link_result take_welcome(tide_link_sender *self, const uint8_t *body, size_t n)
{
    uint32_t credit;
    if (n != sizeof credit || self->up) return link_broken(&self->half, "a strange welcome");
    memcpy(&credit, body, sizeof credit);
    if (credit != TIDE_CHANNEL_BATCHES) return link_broken(&self->half, "a strange welcome");
    for (uint32_t i = 0; i < self->n; i++) self->channels[i].granted = credit;
    self->up = true;
    return TIDE_LINK_TAKEN;
}

static tide_link_result take_credits(tide_link_sender *self, const uint8_t *body, size_t n)
{
    if (n % sizeof(link_credit)) return link_broken(&self->half, "truncated credits");
    for (; n; n -= sizeof(link_credit), body += sizeof(link_credit)) {
        link_credit credit;
        memcpy(&credit, body, sizeof credit);
        if (credit.channel >= self->n) return link_broken(&self->half, "credit for no channel");
        out_channel *c = &self->channels[credit.channel];
        if (credit.granted - c->sent > TIDE_CHANNEL_BATCHES)
            return link_broken(&self->half, "more credit than there are places");
        c->granted = credit.granted;
    }
    return TIDE_LINK_TAKEN;
}

/* The peer's words are printed: letters only, and not many. */
static tide_link_result take_refusal(tide_link_sender *self, const uint8_t *body, size_t n)
{
    char text[TIDE_LINK_REASON_MAX];
    size_t used = 0;
    for (size_t i = 0; i < n && used + 1 < sizeof text; i++)
        text[used++] = body[i] >= ' ' && body[i] < 127 ? (char)body[i] : '?';
    text[used] = '\0';
    (void)tide_fail(TIDE_E_PROTO, "runner %u refused to take rows: %s", self->half.config.peer,
                    text);
    return TIDE_LINK_FAILED;
}

tide_link_result tide_link_sender_take(tide_link_sender *self, const uint8_t *header,
                                       size_t header_bytes, const uint8_t *body, size_t body_bytes)
{
    link_block_header all;
    const link_header *h = &all.common;
    tide_link_result result = link_admit(&self->half, header, header_bytes, body_bytes, &all);
    if (result == TIDE_LINK_REFUSED) return TIDE_LINK_FAILED; /* Nobody to tell: it answered. */
    if (result != TIDE_LINK_TAKEN) return result;
    self->half.next_in++;
    if (h->kind == LINK_WELCOME) return take_welcome(self, body, body_bytes);
    if (h->kind == LINK_REFUSED) return take_refusal(self, body, body_bytes);
    if (h->kind == LINK_CREDIT && self->up) return take_credits(self, body, body_bytes);
    if (h->kind != LINK_DONE || self->n_ended < self->n || !self->up)
        return link_broken(&self->half, "not expected here");
    self->done = true;
    return TIDE_LINK_TAKEN;
}

bool tide_link_sender_is_up(const tide_link_sender *self)
{
    return self->up;
}

bool tide_link_sender_has_ended(const tide_link_sender *self)
{
    return self->up && self->n_ended == self->n;
}

bool tide_link_sender_is_done(const tide_link_sender *self)
{
    return self->done;
}

const tide_link_counters *tide_link_sender_counters(const tide_link_sender *self)
{
    return &self->half.counters;
}
