/* fuzz_link.c - any messages to both halves of a link: taken, dropped, refused or failed, and what
 * came through can be popped.
 *
 * Input: messages, each one byte (0: to the receiver, 1: to the sender; 2 set: with the header made
 * right first), two bytes of length of the body, header, body. A failed half gets no more. */
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

static void open_world(world *w)
{
    *w = (world){ .pool = tide_pool_new(0) };
    tide_link_config from = { 1, 2, 3, 0, 1, w->pool }, to = { 1, 2, 3, 1, 0, w->pool };
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
        tide_buf_unref(&m.body);
    }
    tide_link_receiver_pump(w->receiver);
    while (tide_link_receiver_next(w->receiver, &m)) tide_buf_unref(&m.body);
    tide_elem e;
    for (uint32_t i = 0; i < CHANNELS; i++)
        if (tide_channel_pop(&w->in[i], &e)) tide_batch_unref(&e.batch);
}

static void feed(world *w, uint8_t flags, uint8_t *header, const uint8_t *body, size_t n)
{
    bool to_sender = flags & 1;
    if (w->failed[to_sender]) return;
    if (flags & 2) {
        tide_link_message m = { .body_bytes = n };
        link_stamp(&w->forged[to_sender], (link_kind)header[3], &m);
        memcpy(header, m.header, sizeof m.header);
    }
    tide_link_result result =
        to_sender ? tide_link_sender_take(w->sender, header, TIDE_LINK_HEADER_BYTES, body, n)
                  : tide_link_receiver_take(w->receiver, header, TIDE_LINK_HEADER_BYTES, body, n);
    w->failed[to_sender] = result == TIDE_LINK_FAILED;
    if (result == TIDE_LINK_REFUSED && flags & 2) w->forged[0].next_out = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world w;
    open_world(&w);
    while (size >= 3 + TIDE_LINK_HEADER_BYTES) {
        uint8_t flags = data[0], header[TIDE_LINK_HEADER_BYTES];
        size_t n = data[1] + 256u * data[2];
        memcpy(header, data + 3, sizeof header);
        data += 3 + sizeof header;
        size -= 3 + sizeof header;
        if (n > size) n = size;
        uint8_t *body = tide_malloc(n); /* Of its own: ASan sees a read behind it. */
        memcpy(body, data, n);
        feed(&w, flags, header, body, n);
        tide_free(body);
        data += n;
        size -= n;
        go_on(&w);
    }
    close_world(&w);
    return 0;
}
