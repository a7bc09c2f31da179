/* link_test.c - two halves of a link and the channels at both ends, joined by hand: order, credits,
 * what is dropped, refused, and fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/column/block_builder.h"
#include "base/core/mem.h"
#include "base/core/random.h"
#include "worker/exchange/link_priv.h"

#define CHANNELS 3u
#define PLACES TIDE_CHANNEL_BATCHES

static tide_field fields[] = { { .name = "n", .type = { .id = TIDE_TYPE_BIGINT } },
                               { .name = "s", .type = { .id = TIDE_TYPE_STRING } } };
static const tide_schema schema = { 2, fields };

typedef struct pair {
    tide_pool *slots, *out_pool, *in_pool;
    tide_channel out[CHANNELS], in[CHANNELS];
    tide_link_sender *sender;
    tide_link_receiver *receiver;
    uint32_t n_data; /* DATA and BLOCK messages carried. */
} pair;

static const tide_link_config sender_side = {
    .job = 0x1234, .attempt = 7, .plan_hash = 99, .self = 0, .peer = 1
};
static const tide_link_config receiver_side = {
    .job = 0x1234, .attempt = 7, .plan_hash = 99, .self = 1, .peer = 0
};

static pair *pair_of(tide_link_config from, tide_link_config to)
{
    static pair p;
    p = (pair){ .slots = tide_pool_new(0),
                .out_pool = tide_pool_new(0),
                .in_pool = tide_pool_new(0) };
    from.pool = p.out_pool;
    to.pool = p.in_pool;
    p.sender = tide_link_sender_new(&from);
    p.receiver = tide_link_receiver_new(&to);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        tide_channel_init(&p.out[i], NULL, NULL);
        tide_channel_init(&p.in[i], NULL, NULL);
        tide_link_sender_add(p.sender, (tide_channel_id){ i, 0, 1 }, &p.out[i], &schema);
        tide_link_receiver_add(p.receiver, (tide_channel_id){ i, 0, 1 }, &p.in[i], &schema);
    }
    return &p;
}

static int setup(void **state)
{
    *state = pair_of(sender_side, receiver_side);
    return 0;
}

static void pair_fini(pair *p)
{
    tide_link_sender_free(&p->sender);
    tide_link_receiver_free(&p->receiver);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        tide_channel_fini(&p->out[i]);
        tide_channel_fini(&p->in[i]);
    }
    tide_pool *pools[] = { p->slots, p->out_pool, p->in_pool };
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(tide_pool_bytes(pools[i]), 0); /* Whatever travelled is back. */
        tide_pool_free(&pools[i]);
    }
}

static int teardown(void **state)
{
    pair_fini(*state);
    return 0;
}

static tide_batch *numbered(pair *p, int64_t number, uint32_t text_bytes)
{
    tide_type types[] = { fields[0].type, fields[1].type };
    tide_builder b;
    tide_builder_init(&b, p->slots, types, 2, 1);
    *(int64_t *)b.cols[0].values = number;
    char *text = tide_colb_reserve(&b.cols[1], text_bytes);
    memset(text, 'x', text_bytes);
    tide_colb_commit(&b.cols[1], 0, text, text_bytes);
    b.n = 1;
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return batch;
}

static void push(pair *p, uint32_t channel, int64_t number)
{
    tide_batch *b = numbered(p, number, 20);
    tide_channel_push(&p->out[channel], &b);
}

static void control(pair *p, uint32_t channel, tide_elem_kind kind, int64_t watermark)
{
    tide_elem e = { .kind = kind, .watermark = watermark, .drained = true };
    tide_channel_control(&p->out[channel], p->slots, &e);
}

/* The sender's next message; false when there is none. */
static bool next_out(pair *p, tide_link_message *m)
{
    bool is_one;
    assert_int_equal(tide_link_sender_next(p->sender, m, &is_one), TIDE_OK);
    return is_one;
}

static tide_link_result to_receiver(pair *p, tide_link_message *m)
{
    return tide_link_receiver_take(p->receiver, m->header, m->header_bytes, m->body, m->body_bytes,
                                   NULL);
}

static tide_link_result to_sender(pair *p, tide_link_message *m)
{
    return tide_link_sender_take(p->sender, m->header, m->header_bytes, m->body, m->body_bytes);
}

/* Carries messages both ways until nobody has more to say. */
static void carry(pair *p)
{
    tide_link_message m;
    for (bool moved = true; moved;) {
        moved = false;
        while (next_out(p, &m)) {
            moved = true;
            p->n_data += m.header[3] == LINK_DATA || m.header[3] == LINK_BLOCK;
            assert_int_equal(to_receiver(p, &m), TIDE_LINK_TAKEN);
            tide_buf_unref(&m.buf);
        }
        tide_link_receiver_pump(p->receiver);
        while (tide_link_receiver_next(p->receiver, &m)) {
            moved = true;
            assert_int_equal(to_sender(p, &m), TIDE_LINK_TAKEN);
            tide_buf_unref(&m.buf);
        }
    }
}

static void assert_pops(pair *p, uint32_t channel, tide_elem_kind kind, int64_t value)
{
    tide_elem e;
    assert_true(tide_channel_pop(&p->in[channel], &e));
    assert_int_equal(e.kind, kind);
    if (kind == TIDE_ELEM_BATCH) assert_int_equal(tide_col_value(e.batch->cols[0], 0).i64, value);
    if (kind == TIDE_ELEM_WATERMARK) assert_int_equal(e.watermark, value);
    if (kind == TIDE_ELEM_END) assert_true(e.drained);
    tide_batch_unref(&e.batch);
}

static void assert_empty(pair *p, uint32_t channel)
{
    tide_elem e;
    assert_false(tide_channel_pop(&p->in[channel], &e));
}

/* ---- what travels ---- */
static void rows_and_control_arrive_in_order(void **state)
{
    pair *p = *state;
    push(p, 0, 1);
    control(p, 0, TIDE_ELEM_WATERMARK, 50);
    push(p, 0, 2);
    control(p, 0, TIDE_ELEM_IDLE, 0);
    control(p, 0, TIDE_ELEM_END, 0);
    carry(p);
    assert_true(tide_link_sender_is_up(p->sender) && tide_link_receiver_is_up(p->receiver));
    assert_pops(p, 0, TIDE_ELEM_BATCH, 1);
    assert_pops(p, 0, TIDE_ELEM_WATERMARK, 50);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 2);
    assert_pops(p, 0, TIDE_ELEM_IDLE, 0);
    assert_pops(p, 0, TIDE_ELEM_END, 0);
    assert_empty(p, 1);
}

/* Packed blocks, the same on both sides: what their tasks have sent and got. */
static void both_sides_count_a_channels_bytes(void **state)
{
    pair *p = *state;
    tide_batch *b = numbered(p, 1, 1000);
    tide_channel_push(&p->out[0], &b);
    push(p, 1, 2);
    control(p, 1, TIDE_ELEM_WATERMARK, 50);
    assert_int_equal(tide_channel_bytes(&p->out[0]), 0); /* Not packed yet. */
    carry(p);
    assert_true(tide_channel_bytes(&p->out[0]) > 1000);
    assert_in_range(tide_channel_bytes(&p->out[1]), 1, 1000);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        assert_int_equal(tide_channel_bytes(&p->in[i]), tide_channel_bytes(&p->out[i]));
        for (tide_elem e; tide_channel_pop(&p->in[i], &e);) tide_batch_unref(&e.batch);
    }
}

static void nothing_goes_before_the_welcome(void **state)
{
    pair *p = *state;
    push(p, 0, 1);
    tide_link_message m;
    assert_true(next_out(p, &m));
    assert_true(tide_link_is_hello(m.header, m.header_bytes));
    tide_buf_unref(&m.buf);
    assert_false(next_out(p, &m));
    assert_false(tide_link_receiver_next(p->receiver, &m)); /* Nor is anybody welcomed unasked. */
}

static void a_link_is_done_when_every_end_arrived(void **state)
{
    pair *p = *state;
    for (uint32_t i = 0; i < CHANNELS; i++) {
        carry(p);
        assert_false(tide_link_sender_has_ended(p->sender));
        assert_false(tide_link_sender_is_done(p->sender));
        assert_false(tide_link_receiver_is_done(p->receiver));
        control(p, i, TIDE_ELEM_END, 0);
    }
    carry(p);
    assert_true(tide_link_sender_has_ended(p->sender));
    assert_true(tide_link_sender_is_done(p->sender));
    assert_true(tide_link_receiver_is_done(p->receiver));
}

static void a_link_without_channels_is_done_at_once(void **state)
{
    pair *p = *state;
    tide_link_config from = sender_side, to = receiver_side;
    from.pool = p->out_pool;
    to.pool = p->in_pool;
    tide_link_sender_free(&p->sender);
    tide_link_receiver_free(&p->receiver);
    p->sender = tide_link_sender_new(&from);
    p->receiver = tide_link_receiver_new(&to);
    carry(p);
    assert_true(tide_link_sender_is_done(p->sender) && tide_link_receiver_is_done(p->receiver));
}

/* ---- messages ---- */
/* Small blocks of all channels share a message; one that is alone has its own, at once. */
static void what_waits_is_packed_together(void **state)
{
    pair *p = *state;
    carry(p);
    push(p, 1, 1);
    carry(p);
    assert_int_equal(p->n_data, 1);
    for (uint32_t i = 0; i < CHANNELS; i++)
        for (int64_t n = 0; n < 2; n++) push(p, i, n);
    carry(p);
    assert_int_equal(p->n_data, 2);
    assert_int_equal(tide_link_receiver_counters(p->receiver)->blocks, 1 + 2 * CHANNELS);
    assert_int_equal(tide_link_sender_counters(p->sender)->blocks, 1 + 2 * CHANNELS);
}

static void a_message_is_packed_only_so_far(void **state)
{
    pair *p = *state;
    carry(p);
    uint32_t sizes[] = { TIDE_LINK_ALONE_BYTES / 2, TIDE_LINK_ALONE_BYTES,
                         TIDE_LINK_BODY_BYTES * 2 };
    uint32_t messages[] = { 1, 6, 6 };
    for (uint32_t s = 0; s < 3; s++) {
        p->n_data = 0;
        for (uint32_t i = 0; i < 6; i++) {
            tide_batch *b = numbered(p, i, sizes[s]);
            tide_channel_push(&p->out[i % CHANNELS], &b);
        }
        carry(p);
        assert_int_equal(p->n_data, messages[s]);
        for (uint32_t i = 0; i < 6; i++) assert_pops(p, i % CHANNELS, TIDE_ELEM_BATCH, i);
    }
}

static void a_batch_beyond_all_limits_fails_clearly(void **state)
{
    pair *p = *state;
    carry(p);
    tide_batch *b = numbered(p, 1, 20);
    ((tide_view *)(uintptr_t)b->cols[1]->values)->len = TIDE_BLOCK_BYTES_MAX + 1;
    tide_channel_push(&p->out[0], &b);
    tide_link_message m;
    bool is_one;
    assert_int_equal(tide_link_sender_next(p->sender, &m, &is_one), TIDE_E_LIMIT);
    assert_false(is_one);
}

static void nothing_is_made_while_memory_is_used_up(void **state)
{
    (void)state;
    tide_pool *small = tide_pool_new(1);
    pair *p = pair_of(sender_side, receiver_side);
    carry(p);
    tide_link_config from = sender_side;
    from.pool = small;
    tide_link_sender *sender = tide_link_sender_new(&from);
    tide_link_receiver_free(&p->receiver);
    tide_link_config to = receiver_side;
    to.pool = p->in_pool;
    p->receiver = tide_link_receiver_new(&to);
    tide_link_sender_free(&p->sender);
    p->sender = sender;
    tide_link_sender_add(p->sender, (tide_channel_id){ 0, 0, 1 }, &p->out[0], &schema);
    tide_link_receiver_add(p->receiver, (tide_channel_id){ 0, 0, 1 }, &p->in[0], &schema);
    carry(p);
    push(p, 0, 1);
    tide_buf *held = tide_pool_take(small, 100);
    carry(p);
    assert_empty(p, 0);
    tide_buf_unref(&held);
    carry(p);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 1);
    pair_fini(p);
    assert_int_equal(tide_pool_bytes(small), 0);
    tide_pool_free(&small);
}

/* ---- large blocks ---- */
#define LARGE TIDE_LINK_ALONE_BYTES

static void push_large(pair *p, uint32_t channel, int64_t number)
{
    tide_batch *b = numbered(p, number, LARGE);
    tide_channel_push(&p->out[channel], &b);
}

/* Small elements before and behind it go in messages of their own, in order. */
static void a_large_block_is_alone_and_in_order(void **state)
{
    pair *p = *state;
    carry(p);
    push(p, 0, 1);
    control(p, 0, TIDE_ELEM_WATERMARK, 10);
    push_large(p, 0, 2);
    control(p, 0, TIDE_ELEM_WATERMARK, 20);
    push(p, 0, 3);
    push_large(p, 0, 4);
    control(p, 0, TIDE_ELEM_END, 0);
    carry(p);
    assert_int_equal(p->n_data, 5);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 1);
    assert_pops(p, 0, TIDE_ELEM_WATERMARK, 10);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 2);
    assert_pops(p, 0, TIDE_ELEM_WATERMARK, 20);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 3);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 4);
    assert_pops(p, 0, TIDE_ELEM_END, 0);
}

/* Channels with small elements all the time do not keep a large one between them from going. */
static void a_large_block_gets_its_turn(void **state)
{
    pair *p = *state;
    carry(p);
    push_large(p, 1, 7);
    for (int64_t round = 0; round < 3; round++) {
        push(p, 0, round);
        push(p, 2, round);
        tide_link_message m;
        assert_true(next_out(p, &m));
        assert_int_equal(to_receiver(p, &m), TIDE_LINK_TAKEN);
        tide_buf_unref(&m.buf);
    }
    assert_pops(p, 1, TIDE_ELEM_BATCH, 7);
}

/* What a message is in these tests: memory that begins 8 bytes behind a multiple of 16. */
typedef struct held {
    uint8_t *body;
} held;
static uint32_t n_kept, n_freed;

static void keep(void *message, void *room)
{
    memcpy(room, message, sizeof(held));
    ((held *)message)->body = NULL;
    n_kept++;
}

static void release(tide_buf *rows)
{
    held h;
    memcpy(&h, (uint8_t *)rows - TIDE_LINK_ROOM_BYTES, sizeof h);
    tide_free(h.body - 8);
    n_freed++;
}

static const tide_link_keeper keeper = { keep, release };

static held held_copy(const tide_link_message *m, size_t misaligned)
{
    uint8_t *body = (uint8_t *)tide_malloc(8 + misaligned + m->body_bytes) + 8;
    memcpy(body + misaligned, m->body, m->body_bytes);
    return (held){ body };
}

/* Carries the sender's next message in memory that rows may keep; says whether they did. */
static bool carry_kept(pair *p, size_t misaligned)
{
    tide_link_message m;
    assert_true(next_out(p, &m));
    held h = held_copy(&m, misaligned);
    assert_int_equal(tide_link_receiver_take(p->receiver, m.header, m.header_bytes,
                                             h.body + misaligned, m.body_bytes, &h),
                     TIDE_LINK_TAKEN);
    tide_buf_unref(&m.buf);
    if (h.body == NULL) return true;
    tide_free(h.body - 8);
    return false;
}

static void large_rows_stay_where_they_arrived(void **state)
{
    (void)state;
    tide_link_config to = receiver_side;
    to.keeper = &keeper;
    pair *p = pair_of(sender_side, to);
    carry(p);
    n_kept = n_freed = 0;
    push(p, 0, 1);
    assert_false(carry_kept(p, 0)); /* Small: copied. */
    push_large(p, 0, 2);
    assert_true(carry_kept(p, 0));
    push_large(p, 0, 3);
    assert_false(carry_kept(p, 4)); /* Vectors could not be read there. */
    assert_int_equal(n_kept, 1);
    assert_true(tide_pool_bytes(p->in_pool) >= 2 * LARGE); /* They count. */
    assert_pops(p, 0, TIDE_ELEM_BATCH, 1);
    assert_int_equal(n_freed, 0);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 2);
    assert_int_equal(n_freed, 1);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 3);
    pair_fini(p);
    assert_int_equal(n_freed, 1);
}

/* A batch that is a block already goes from where it lies, to as many peers as share it. */
static void a_batch_that_is_a_block_is_not_copied(void **state)
{
    pair *p = *state;
    carry(p);
    tide_block_builder b;
    tide_block_builder_init(&b, p->slots, &schema, 1);
    tide_batch *large = numbered(p, 5, LARGE);
    const uint16_t first = 0;
    tide_batch *batch = NULL;
    for (uint32_t i = 0; i < 2; i++) { /* The first teaches how much room strings need. */
        tide_batch_unref(&batch);
        tide_block_builder_append(&b, large, &first, 1);
        batch = tide_block_builder_finish(&b);
    }
    tide_batch_unref(&large);
    tide_block_builder_fini(&b);
    assert_non_null(batch->block);
    for (uint32_t i = 0; i < 2; i++) {
        tide_batch *shared = tide_batch_ref(batch);
        tide_channel_push(&p->out[i], &shared);
        tide_link_message m;
        assert_true(next_out(p, &m));
        assert_ptr_equal(m.buf, batch->block);
        assert_int_equal(to_receiver(p, &m), TIDE_LINK_TAKEN);
        assert_pops(p, i, TIDE_ELEM_BATCH, 5);
        tide_buf_unref(&m.buf);
    }
    tide_batch_unref(&batch);
}

static void a_damaged_block_fails(void **state)
{
    (void)state;
    for (uint32_t damage = 0; damage < 3; damage++) {
        tide_link_config to = receiver_side;
        to.keeper = &keeper;
        pair *p = pair_of(sender_side, to);
        carry(p);
        n_kept = n_freed = 0;
        push_large(p, 0, 1);
        tide_link_message m;
        assert_true(next_out(p, &m));
        held h = held_copy(&m, 0);
        if (damage == 0) memset(h.body + LINK_BLOCK_AT, 0xee, 8);
        size_t n = m.body_bytes - (damage == 1 ? 64 : 0);
        if (damage == 2) { /* Of a channel that is not there, and well made. */
            link_half forger = { .config = sender_side, .next_out = 1 };
            link_stamp_block(&forger, CHANNELS, &m);
        }
        assert_int_equal(tide_link_receiver_take(p->receiver, m.header, m.header_bytes, h.body, n,
                                                 &h),
                         TIDE_LINK_FAILED);
        assert_int_equal(n_kept, damage == 0);
        assert_int_equal(n_freed, n_kept);
        if (h.body) tide_free(h.body - 8);
        tide_buf_unref(&m.buf);
        pair_fini(p);
    }
}

/* ---- credits ---- */
/* Channel 0's slot does nothing. It gets what it has places for; the rest waits at its sender, and
 * another channel goes on as if it were alone. */
static void one_slow_channel_stops_no_other(void **state)
{
    pair *p = *state;
    carry(p);
    int64_t n = 0;
    for (int64_t i = 0; i < 500; i++) {
        if (tide_channel_has_room(&p->out[0])) push(p, 0, n++);
        push(p, 1, i);
        carry(p);
        assert_pops(p, 1, TIDE_ELEM_BATCH, i);
    }
    assert_int_equal(n, 2 * PLACES); /* In the ring there, and in the ring here. */
    assert_int_equal(tide_link_receiver_counters(p->receiver)->blocks, 500 + PLACES);
    for (int64_t i = 0; i < n; i++) {
        assert_pops(p, 0, TIDE_ELEM_BATCH, i);
        carry(p);
    }
    assert_empty(p, 0);
}

/* Watermarks go on when data cannot: into the places for control, then one stands for many. */
static void control_needs_no_credit_and_does_not_pile_up(void **state)
{
    pair *p = *state;
    carry(p);
    for (int64_t i = 0; i < PLACES; i++) push(p, 0, i);
    carry(p);
    for (int64_t i = 1; i <= 1000; i++) {
        control(p, 0, TIDE_ELEM_WATERMARK, i);
        if (i % 10 == 0) control(p, 0, TIDE_ELEM_IDLE, 0);
        carry(p);
    }
    control(p, 0, TIDE_ELEM_END, 0);
    carry(p);
    assert_false(tide_link_sender_has_ended(p->sender)); /* The other channels. */
    for (int64_t i = 0; i < PLACES; i++) assert_pops(p, 0, TIDE_ELEM_BATCH, i);
    for (int64_t i = 1; i <= TIDE_CHANNEL_CONTROLS; i++) assert_pops(p, 0, TIDE_ELEM_WATERMARK, i);
    carry(p);
    assert_pops(p, 0, TIDE_ELEM_WATERMARK, 1000);
    assert_pops(p, 0, TIDE_ELEM_IDLE, 0);
    assert_pops(p, 0, TIDE_ELEM_END, 0);
    assert_empty(p, 0);
}

/* A watermark's value is the number of batches before it: wherever it arrives, just so many have.
 * Both ends work at random, and at random stop. */
static void control_and_data_never_overtake_each_other(void **state)
{
    pair *p = *state;
    tide_random random;
    tide_random_init(&random, 1, 1);
    int64_t sent = 0, received = 0, newest = 0, n_watermarks = 0;
    while (received < 5000) {
        uint64_t burst = tide_random_below(&random, 20);
        for (uint64_t i = 0; i < burst; i++) {
            if (tide_random_below(&random, 2) && tide_channel_has_room(&p->out[0]))
                push(p, 0, sent++);
            else
                control(p, 0, TIDE_ELEM_WATERMARK, sent);
            if (tide_random_below(&random, 3) == 0) tide_channel_pump(&p->out[0], p->slots);
        }
        carry(p);
        tide_elem e;
        for (uint64_t i = tide_random_below(&random, 20); i > 0; i--) {
            if (!tide_channel_pop(&p->in[0], &e)) break;
            if (e.kind == TIDE_ELEM_BATCH) {
                assert_int_equal(tide_col_value(e.batch->cols[0], 0).i64, received);
                received++;
                tide_batch_unref(&e.batch);
            } else {
                assert_int_equal(e.watermark, received);
                newest = e.watermark;
                n_watermarks++;
            }
        }
    }
    assert_true(n_watermarks > 100 && newest > 4000);
}

static void rows_without_a_credit_fail_the_link(void **state)
{
    pair *p = *state;
    carry(p);
    for (int64_t i = 0; i < PLACES; i++) push(p, 0, i);
    carry(p);
    /* A sender that takes what it was not given. */
    link_credit credit = { .channel = 0, .granted = PLACES + 1 };
    link_half receiver = { .config = receiver_side, .next_out = 1 };
    receiver.config.pool = p->in_pool;
    tide_link_message m = { 0 };
    memcpy(link_open_body(&receiver, &m, sizeof credit), &credit, sizeof credit);
    link_stamp(&receiver, LINK_CREDIT, &m);
    assert_int_equal(to_sender(p, &m), TIDE_LINK_TAKEN);
    tide_buf_unref(&m.buf);
    push(p, 0, PLACES);
    assert_true(next_out(p, &m));
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_FAILED);
    assert_non_null(strstr(tide_error_text(), "credit"));
    tide_buf_unref(&m.buf);
}

/* ---- what is not taken ---- */
static void a_duplicate_is_dropped(void **state)
{
    pair *p = *state;
    tide_link_message hello, m;
    assert_true(next_out(p, &hello));
    assert_int_equal(to_receiver(p, &hello), TIDE_LINK_TAKEN);
    assert_int_equal(to_receiver(p, &hello), TIDE_LINK_DROPPED);
    carry(p);
    push(p, 0, 5);
    assert_true(next_out(p, &m));
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_TAKEN);
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_DROPPED);
    assert_int_equal(to_receiver(p, &hello), TIDE_LINK_DROPPED);
    assert_int_equal(tide_link_receiver_counters(p->receiver)->duplicate, 3);
    assert_pops(p, 0, TIDE_ELEM_BATCH, 5);
    assert_empty(p, 0);
    tide_buf_unref(&m.buf);
    tide_buf_unref(&hello.buf);
    carry(p);
}

static void a_gap_fails_the_link(void **state)
{
    pair *p = *state;
    carry(p);
    tide_link_message lost, m;
    push(p, 0, 1);
    assert_true(next_out(p, &lost));
    push(p, 0, 2);
    assert_true(next_out(p, &m));
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_FAILED);
    assert_int_equal(tide_error_code(), TIDE_E_PROTO);
    assert_non_null(strstr(tide_error_text(), "messages 1 to 1 of runner 0 did not arrive"));
    tide_buf_unref(&m.buf);
    tide_buf_unref(&lost.buf);
}

/* The first message of a sender that differs in one thing. */
static tide_link_result hello_of(const tide_link_config *from, uint64_t *counter_of_receiver,
                                 size_t counter)
{
    pair *p = pair_of(*from, receiver_side);
    tide_link_message m;
    assert_true(next_out(p, &m));
    tide_link_result result = to_receiver(p, &m);
    tide_buf_unref(&m.buf);
    const tide_link_counters *counters = tide_link_receiver_counters(p->receiver);
    *counter_of_receiver = *(const uint64_t *)((const uint8_t *)counters + counter);
    assert_false(tide_link_receiver_is_up(p->receiver));
    assert_false(tide_link_receiver_next(p->receiver, &m));
    pair_fini(p);
    return result;
}

static void another_attempt_or_job_or_runner_is_dropped(void **state)
{
    (void)state;
    tide_link_config from = sender_side;
    uint64_t n;
    from.attempt = 6;
    assert_int_equal(hello_of(&from, &n, offsetof(tide_link_counters, stale)), TIDE_LINK_DROPPED);
    assert_int_equal(n, 1);
    from = sender_side;
    from.job++;
    assert_int_equal(hello_of(&from, &n, offsetof(tide_link_counters, malformed)),
                     TIDE_LINK_DROPPED);
    assert_int_equal(n, 1);
    from = sender_side;
    from.self = 5;
    assert_int_equal(hello_of(&from, &n, offsetof(tide_link_counters, malformed)),
                     TIDE_LINK_DROPPED);
    assert_int_equal(n, 1);
}

static void another_plan_or_channels_are_refused(void **state)
{
    (void)state;
    tide_link_config from = sender_side;
    uint64_t n;
    from.plan_hash++;
    assert_int_equal(hello_of(&from, &n, offsetof(tide_link_counters, refused)), TIDE_LINK_REFUSED);
    assert_int_equal(n, 1);
    assert_non_null(strstr(tide_error_text(), "different plans"));
    pair *p = pair_of(sender_side, receiver_side);
    tide_channel extra;
    tide_channel_init(&extra, NULL, NULL);
    tide_link_receiver_add(p->receiver, (tide_channel_id){ 9, 0, 0 }, &extra, &schema);
    tide_link_message m;
    assert_true(next_out(p, &m));
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_REFUSED);
    assert_non_null(strstr(tide_error_text(), "which channels"));
    tide_buf_unref(&m.buf);
    tide_channel_fini(&extra);
    pair_fini(p);
}

/* Both sides say both versions, and the sender's attempt fails. */
static void another_version_is_refused(void **state)
{
    pair *p = *state;
    tide_link_message hello, answer;
    assert_true(next_out(p, &hello));
    hello.header[2] = 9;
    assert_int_equal(to_receiver(p, &hello), TIDE_LINK_REFUSED);
    assert_non_null(strstr(tide_error_text(), "runner 0 speaks version 9"));
    assert_non_null(strstr(tide_error_text(), "runner 1 version 2"));
    tide_link_receiver_refuse(p->receiver, tide_error_text(), &answer);
    assert_int_equal(to_sender(p, &answer), TIDE_LINK_FAILED);
    assert_non_null(strstr(tide_error_text(), "runner 0 speaks version 9"));
    tide_buf_unref(&hello.buf);
    tide_buf_unref(&answer.buf);
    tide_link_receiver_refuse(p->receiver, "no", &answer);
    answer.header[2] = 9; /* And if the answer is of another version. */
    assert_int_equal(to_sender(p, &answer), TIDE_LINK_FAILED);
    assert_non_null(strstr(tide_error_text(), "runner 1 speaks version 9"));
    tide_buf_unref(&answer.buf);
}

static void a_damaged_header_is_dropped_a_damaged_body_fails(void **state)
{
    pair *p = *state;
    carry(p);
    push(p, 0, 1);
    tide_link_message m;
    assert_true(next_out(p, &m));
    for (size_t i = 0; i < m.header_bytes; i++) {
        if (i == 2) continue; /* The version. */
        m.header[i] ^= 0x10;
        assert_int_equal(to_receiver(p, &m), TIDE_LINK_DROPPED);
        m.header[i] ^= 0x10;
    }
    for (size_t n = 0; n < m.header_bytes; n++)
        assert_int_equal(tide_link_receiver_take(p->receiver, m.header, n, m.body, m.body_bytes,
                                                 NULL),
                         TIDE_LINK_DROPPED);
    assert_int_equal(tide_link_receiver_counters(p->receiver)->malformed, 2 * m.header_bytes - 1);
    m.body_bytes -= 64;
    assert_int_equal(to_receiver(p, &m), TIDE_LINK_FAILED);
    tide_buf_unref(&m.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_and_control_arrive_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(both_sides_count_a_channels_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_goes_before_the_welcome, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_done_when_every_end_arrived, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_without_channels_is_done_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_packed_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_is_packed_only_so_far, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_block_is_alone_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_block_gets_its_turn, setup, teardown),
        cmocka_unit_test(large_rows_stay_where_they_arrived),
        cmocka_unit_test_setup_teardown(a_batch_that_is_a_block_is_not_copied, setup, teardown),
        cmocka_unit_test(a_damaged_block_fails),
        cmocka_unit_test_setup_teardown(a_batch_beyond_all_limits_fails_clearly, setup, teardown),
        cmocka_unit_test(nothing_is_made_while_memory_is_used_up),
        cmocka_unit_test_setup_teardown(one_slow_channel_stops_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(control_needs_no_credit_and_does_not_pile_up, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(control_and_data_never_overtake_each_other, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rows_without_a_credit_fail_the_link, setup, teardown),
        cmocka_unit_test_setup_teardown(a_duplicate_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_fails_the_link, setup, teardown),
        cmocka_unit_test(another_attempt_or_job_or_runner_is_dropped),
        cmocka_unit_test(another_plan_or_channels_are_refused),
        cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_header_is_dropped_a_damaged_body_fails, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
