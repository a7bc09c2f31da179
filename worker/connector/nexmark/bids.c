/* bids.c - 46 bids of every epoch, written column by column with loops that vectorise. */
#include "worker/connector/nexmark/gen_priv.h"

#define BIDS 46u
#define FIRST_BID 4u
#define NUMBERS 48u     /* Random numbers an epoch needs, in whole vectors. */
#define OTHER_BYTES 32u /* What the field's generators count for the columns besides `extra`. */

/* Which of the epoch's random words are needed at all. */
typedef struct wanted {
    bool keys, rest;
} wanted;

TIDE_INLINE void put_numbers(uint64_t *out, uint64_t seed, uint64_t stream, uint64_t epoch)
{
    lanes s = { 0 };
    LANES_SEED(s, seed, stream, epoch);
    LANES_STEP(s); /* The first state is only a mixed counter with its last bit set. */
    for (uint32_t i = 0; i < NUMBERS; i += 8) {
        LANES_STEP(s);
        memcpy(out + i, &s, 64);
    }
}

/* Hot, or one of `range` ids from `first`: the high half of a 32 by 32 bit product decides, and
 * when that is 0 the low half is again evenly spread. */
TIDE_INLINE int64_t pick(uint64_t random32, uint64_t ratio, int64_t hot, int64_t first,
                         uint64_t range)
{
    uint64_t product = random32 * ratio;
    int64_t other = first + (int64_t)(((product & 0xffffffff) * range) >> 32);
    return product >> 32 ? hot : other;
}

TIDE_INLINE void put_auctions(const tide_nexmark_config *cfg, uint64_t epoch,
                              const uint64_t *random, int64_t *out)
{
    int64_t last = (int64_t)epoch * AUCTIONS_PER_EPOCH + AUCTIONS_PER_EPOCH - 1;
    int64_t oldest = last > cfg->in_flight_auctions ? last - cfg->in_flight_auctions : 0;
    int64_t hot = last / HOT_GROUP * HOT_GROUP + FIRST_ID;
    uint64_t range = (uint64_t)(last - oldest) + 1 + ID_LEAD, ratio = cfg->hot_auctions_ratio;
    for (uint32_t k = 0; k < BIDS; k++)
        out[k] = pick(random[k] & 0xffffffff, ratio, hot, oldest + FIRST_ID, range);
}

TIDE_INLINE void put_bidders(const tide_nexmark_config *cfg, uint64_t epoch, const uint64_t *random,
                             int64_t *out)
{
    int64_t people = (int64_t)epoch + 1;
    int64_t active = people < cfg->active_people ? people : cfg->active_people;
    int64_t hot = (people - 1) / HOT_GROUP * HOT_GROUP + 1 + FIRST_ID;
    uint64_t range = (uint64_t)active + ID_LEAD, ratio = cfg->hot_bidders_ratio;
    for (uint32_t k = 0; k < BIDS; k++)
        out[k] = pick(random[k] >> 32, ratio, hot, people - active + FIRST_ID, range);
}

TIDE_INLINE void put_prices(const tide_nexmark_config *cfg, const uint64_t *random, int64_t *out)
{
    for (uint32_t k = 0; k < BIDS; k++) {
        uint64_t r = random[k] & 0xffffffff;
        uint32_t low = cfg->prices[r >> 22], high = cfg->prices[(r >> 22) + 1];
        out[k] = (int64_t)(low + (((uint64_t)(high - low) * (r & 0x3fffff)) >> 22));
    }
}

/* Half of the bids come over one of the hot channels. */
TIDE_INLINE void put_channels(const tide_nexmark_channel *channels, const uint64_t *random,
                              tide_view *channel_out, tide_view *url_out)
{
    uint32_t which[NUMBERS];
    for (uint32_t k = 0; k < NUMBERS; k++) {
        uint32_t r = (uint32_t)(random[k] >> 48);
        uint32_t other = TIDE_NEXMARK_HOT_CHANNELS + (((r & 0x7fff) * TIDE_NEXMARK_CHANNELS) >> 15);
        which[k] = r >> 15 ? (r & 0x7fff) >> 13 : other;
    }
    if (channel_out)
        for (uint32_t k = 0; k < BIDS; k++) channel_out[k] = channels[which[k]].channel;
    if (url_out)
        for (uint32_t k = 0; k < BIDS; k++) url_out[k] = channels[which[k]].url;
}

/* One run of letters for the whole epoch; the views are slices of it. */
TIDE_INLINE void put_extras(const tide_nexmark_config *cfg, uint64_t epoch, const uint64_t *random,
                            tide_nexmark_out *col, tide_view *out)
{
    extra_length length = extra_of(cfg->bid_bytes, OTHER_BYTES);
    uint32_t at[NUMBERS + 1], n = 0;
    for (uint32_t k = 0; k < BIDS; k++) {
        at[k] = n;
        n += length.min + (uint32_t)((((random[k] >> 32) & 0xffff) * length.spread) >> 16);
    }
    at[BIDS] = n;
    uint8_t *heap = col->heap, *letters = heap + col->heap_used;
    put_letters(letters, n, cfg->seed, STREAM_BID_EXTRA, epoch);
    if (length.min > TIDE_VIEW_INLINE_MAX) {
        /* Two whole words a view: put together field by field, it would be stored in pieces and
         * read back as one, which waits for the store. */
        uint64_t *words = (uint64_t *)(void *)out;
        for (uint32_t k = 0; k < BIDS; k++) {
            uint32_t prefix;
            memcpy(&prefix, letters + at[k], 4);
            words[2 * k] = (at[k + 1] - at[k]) | (uint64_t)prefix << 32;
            words[2 * k + 1] = (uint64_t)(col->heap_used + at[k]) << 32;
        }
    } else {
        for (uint32_t k = 0; k < BIDS; k++)
            out[k] = view_of(heap, letters + at[k], at[k + 1] - at[k]);
    }
    col->heap_used += n;
}

TIDE_INLINE void put_times(const tide_nexmark_config *cfg, uint64_t epoch, int64_t unit_us,
                           int64_t *out)
{
    if (cfg->out_of_order_group > 1) {
        tide_nexmark_put_times(cfg, epoch, FIRST_BID, BIDS, unit_us, out);
        return;
    }
    epoch_times t = tide_nexmark_epoch_times(cfg, epoch, unit_us);
    for (uint32_t k = 0; k < BIDS; k++) out[k] = epoch_time(&t, FIRST_BID + k);
}

static wanted wanted_of(const tide_nexmark_out *cols)
{
    return (wanted){ .keys = cols[TIDE_BID_AUCTION].values || cols[TIDE_BID_BIDDER].values,
                     .rest = cols[TIDE_BID_PRICE].values || cols[TIDE_BID_CHANNEL].values ||
                             cols[TIDE_BID_URL].values || cols[TIDE_BID_EXTRA].values };
}

#define AT(column, type) (cols[column].values ? (type *)cols[column].values + row : NULL)

TIDE_HOT void tide_nexmark_bids(const tide_nexmark_config *self,
                                const tide_nexmark_channel *channels, const uint64_t *epochs,
                                uint32_t n, tide_nexmark_out *cols)
{
    const wanted want = wanted_of(cols);
    for (uint32_t i = 0, row = 0; i < n; i++, row += BIDS) {
        uint64_t random[NUMBERS];
        int64_t *auction = AT(TIDE_BID_AUCTION, int64_t), *bidder = AT(TIDE_BID_BIDDER, int64_t);
        int64_t *price = AT(TIDE_BID_PRICE, int64_t), *times = AT(TIDE_BID_DATE_TIME, int64_t);
        tide_view *channel = AT(TIDE_BID_CHANNEL, tide_view), *url = AT(TIDE_BID_URL, tide_view);
        tide_view *extra = AT(TIDE_BID_EXTRA, tide_view);
        if (want.keys) {
            put_numbers(random, self->seed, STREAM_BID_KEYS, epochs[i]);
            if (auction) put_auctions(self, epochs[i], random, auction);
            if (bidder) put_bidders(self, epochs[i], random, bidder);
        }
        if (want.rest) {
            put_numbers(random, self->seed, STREAM_BID_REST, epochs[i]);
            if (price) put_prices(self, random, price);
            if (channel || url) put_channels(channels, random, channel, url);
            if (extra) put_extras(self, epochs[i], random, &cols[TIDE_BID_EXTRA], extra);
        }
        if (times) put_times(self, epochs[i], cols[TIDE_BID_DATE_TIME].unit_us, times);
    }
}
