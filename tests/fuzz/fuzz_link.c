/* fuzz_link.c - any messages to both halves of a link: taken, dropped, refused or failed, and what
 * came through can be popped.
 *
 * Input: messages, each one byte (1 set: to the sender; 2 set: with the header made right first; 4
 * set: rows may keep it), two bytes of length of the body, header of the largest size, body. A
 * failed half gets no more. */
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "tests/fuzz/fuzz.h"
#include "worker/exchange/link_priv.h"

#define CHANNELS 3u

static tide_field fields[] = { { .name = "n", .type = { .id = TIDE_TYPE_BIGINT } },
                               { .name = "s", .type = { .id = TIDE_TYPE_STRING } } };
static const tide_schema schema = { 2, fields };

typedef struct world {
    tide_pool *pool;
    tide_channel out[CHANNELS], in[CHANNELS];
    tide_link_sender *sender;
    tide_link_receiver *receiver;
    link_half forged[2]; /* What the receiver's and the sender's peer would send next. */
    bool failed[2];
} world;

/* A body in memory of its own, so that ASan sees a read behind it, 8 bytes behind a multiple of 16,
 * where a block can stay. */
static uint8_t *body_new(const uint8_t *bytes, size_t n)
{
    uint8_t *body = (uint8_t *)tide_malloc(n + 8) + 8;
    memcpy(body, bytes, n);
    return body;
}

/* What a message is here: where its body is. NULL: the rows have it. */
static void keep(void *message, void *room)
{
    memcpy(room, message, sizeof(uint8_t *));
    memset(message, 0, sizeof(uint8_t *));
}

static void release(tide_buf *rows)
{
    uint8_t *body;
    memcpy(&body, (uint8_t *)rows - TIDE_LINK_ROOM_BYTES, sizeof body);
    tide_free(body - 8);
}

static const tide_link_keeper keeper = { keep, release };

static void open_world(world *w)
{
    *w = (world){ .pool = tide_pool_new(0) };
    tide_link_config from = { 1, 2, 3, 0, 1, w->pool, NULL };
    tide_link_config to = { 1, 2, 3, 1, 0, w->pool, &keeper };
    w->sender = tide_link_sender_new(&from);
    w->receiver = tide_link_receiver_new(&to);
    w->forged[0].config = from;
    w->forged[1].config = to;
    for (uint32_t i = 0; i < CHANNELS; i++) {
        tide_channel_init(&w->out[i], NULL, NULL);
        tide_channel_init(&w->in[i], NULL, NULL);
        tide_link_sender_add(w->sender, (tide_channel_id){ i, 0, 1 }, &w->out[i], &schema);
        tide_link_receiver_add(w->receiver, (tide_channel_id){ i, 0, 1 }, &w->in[i], &schema);
    }
}

static void close_world(world *w)
{
    tide_link_sender_free(&w->sender);
    tide_link_receiver_free(&w->receiver);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        tide_channel_fini(&w->out[i]);
        tide_channel_fini(&w->in[i]);
    }
    tide_assert(tide_pool_bytes(w->pool) == 0);
    tide_pool_free(&w->pool);
}

/* Both halves go on: whatever they want to send, and a slot that takes what it got. */
static void go_on(world *w)
{
    tide_link_message m;
    bool is_one = true;
    while (is_one) {
        tide_status rv = tide_link_sender_next(w->sender, &m, &is_one);
        tide_assert(rv == TIDE_OK);
        tide_buf_unref(&m.buf);
    }
    tide_link_receiver_pump(w->receiver);
    while (tide_link_receiver_next(w->receiver, &m)) tide_buf_unref(&m.buf);
    tide_elem e;
    for (uint32_t i = 0; i < CHANNELS; i++)
        if (tide_channel_pop(&w->in[i], &e)) tide_batch_unref(&e.batch);
}

static void feed(world *w, uint8_t flags, tide_link_message *m, uint8_t **body_p)
{
    bool to_sender = flags & 1;
    if (w->failed[to_sender]) return;
    link_half *peer = &w->forged[to_sender];
    link_kind kind = (link_kind)m->header[3];
    m->header_bytes = kind == LINK_BLOCK ? TIDE_LINK_HEADER_BYTES_MAX : TIDE_LINK_HEADER_BYTES;
    uint32_t channel;
    memcpy(&channel, m->header + TIDE_LINK_HEADER_BYTES, sizeof channel);
    if (flags & 2 && kind == LINK_BLOCK)
        link_stamp_block(peer, channel, m);
    else if (flags & 2)
        link_stamp(peer, kind, m);
    tide_link_result result =
        to_sender
            ? tide_link_sender_take(w->sender, m->header, m->header_bytes, *body_p, m->body_bytes)
            : tide_link_receiver_take(w->receiver, m->header, m->header_bytes, *body_p,
                                      m->body_bytes, flags & 4 ? body_p : NULL);
    w->failed[to_sender] = result == TIDE_LINK_FAILED;
    if (result == TIDE_LINK_REFUSED && flags & 2) w->forged[0].next_out = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w;
    open_world(&w);
    while (size >= 3 + TIDE_LINK_HEADER_BYTES_MAX) {
        uint8_t flags = data[0];
        tide_link_message m = { .body_bytes = data[1] + 256u * data[2] };
        memcpy(m.header, data + 3, sizeof m.header);
        data += 3 + sizeof m.header;
        size -= 3 + sizeof m.header;
        if (m.body_bytes > size) m.body_bytes = size;
        uint8_t *body = body_new(data, m.body_bytes);
        data += m.body_bytes;
        size -= m.body_bytes;
        feed(&w, flags, &m, &body);
        if (body) tide_free(body - 8);
        go_on(&w);
    }
    close_world(&w);
    return 0;
}
