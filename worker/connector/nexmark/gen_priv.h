/* gen_priv.h - shared by the kernels of this folder: random streams, ids, times, strings. */
#ifndef TIDE_WORKER_CONNECTOR_NEXMARK_GEN_PRIV_H
#define TIDE_WORKER_CONNECTOR_NEXMARK_GEN_PRIV_H
#include <string.h>

#include "base/core/random.h"
#include "worker/connector/nexmark/gen.h"

#define FIRST_ID 1000 /* Of persons and auctions. */
#define FIRST_CATEGORY 10
#define CATEGORIES 5u
#define ID_LEAD 10u   /* Ids not yet made that may be referred to. */
#define HOT_GROUP 100 /* One hot person and one hot auction in each so many. */
#define AUCTIONS_PER_EPOCH 3
#define LETTER_SPARE 64u   /* Letters are stored 64 at a time. */
#define NAME_BYTES_MAX 20u /* Of an auction's item_name; and so on. */
#define DESCRIPTION_BYTES_MAX 100u
#define PERSON_TEXT_BYTES_MAX 24u

/* Streams of random numbers: a column's values must not depend on which others are wanted. */
enum {
    STREAM_BID_KEYS = 1,
    STREAM_BID_REST,
    STREAM_BID_EXTRA,
    STREAM_AUCTION,
    STREAM_AUCTION_NAME,
    STREAM_AUCTION_DESCRIPTION,
    STREAM_AUCTION_EXTRA,
    STREAM_PERSON,
    STREAM_PERSON_EMAIL,
    STREAM_PERSON_EXTRA,
    STREAM_CHANNELS
};

/* A column's own numbers of one event or epoch. */
TIDE_INLINE tide_random random_of(uint64_t seed, uint64_t stream, uint64_t number)
{
    tide_random r;
    tide_random_init(&r, tide_random_mix(seed + stream), number);
    return r;
}

/* Eight xorshift lanes, for bulk. Seeded anew for every epoch. */
typedef uint64_t lanes __attribute__((vector_size(64)));
typedef uint16_t lanes16 __attribute__((vector_size(64)));

#define LANES_SEED(s, seed, stream, epoch)                                                         \
    do {                                                                                           \
        uint64_t key_ = tide_random_mix((seed) + (stream)) + (epoch)*8;                            \
        for (unsigned l_ = 0; l_ < 8; l_++) (s)[l_] = tide_random_mix(key_ + l_) | 1;              \
    } while (0)
#define LANES_STEP(s) ((s) ^= (s) << 13, (s) ^= (s) >> 7, (s) ^= (s) << 17)

/* Writes random lower-case letters, rounded up to 64 bytes. */
TIDE_INLINE void put_letters(uint8_t *to, size_t n, uint64_t seed, uint64_t stream, uint64_t epoch)
{
    lanes s = { 0 };
    LANES_SEED(s, seed, stream, epoch);
    for (size_t i = 0; i < n; i += 64) {
        LANES_STEP(s);
        lanes16 t = (lanes16)s;
        lanes16 low = ((t & 0xff) * 26) >> 8, high = ((t >> 8) * 26) & 0xff00;
        t = (low | high) + 0x6161;
        memcpy(to + i, &t, 64);
    }
}

/* The view of bytes at `p`, which lie in data buffer 0 that begins at heap. */
TIDE_INLINE tide_view view_of(const uint8_t *heap, const uint8_t *p, uint32_t len)
{
    tide_view v = { .len = len };
    if (len <= TIDE_VIEW_INLINE_MAX) {
        memcpy(v.inline_, p, len);
    } else {
        memcpy(v.prefix, p, 4);
        v.buf = 0;
        v.offset = (uint32_t)(p - heap);
    }
    return v;
}

/* How long `extra` is: `wanted` on average, a fifth more or less. */
typedef struct extra_length {
    uint32_t min, spread;
} extra_length;
TIDE_INLINE extra_length extra_of(uint32_t wanted_bytes, uint32_t other_bytes)
{
    if (other_bytes > wanted_bytes) return (extra_length){ 0, 1 };
    uint32_t average = wanted_bytes - other_bytes, delta = (average + 2) / 5;
    return (extra_length){ average - delta, delta ? 2 * delta : 1 };
}

/* Event times of one epoch: event k has (first + ((fraction + k * step) >> 32)) * unit_us. */
typedef struct epoch_times {
    int64_t first;
    uint64_t fraction, step;
    int64_t unit_us;
} epoch_times;

epoch_times tide_nexmark_epoch_times(const tide_nexmark_config *cfg, uint64_t epoch,
                                     int64_t unit_us);
/* The event time of any event, also under an out-of-order group. */
int64_t tide_nexmark_time(const tide_nexmark_config *cfg, uint64_t event, int64_t unit_us);

/* Times of events first..first+n of an epoch. */
void tide_nexmark_put_times(const tide_nexmark_config *cfg, uint64_t epoch, uint32_t first,
                            uint32_t n, int64_t unit_us, int64_t *out);

TIDE_INLINE int64_t epoch_time(const epoch_times *t, uint64_t k)
{
    return (t->first + (int64_t)((t->fraction + k * t->step) >> 32)) * t->unit_us;
}

#endif
