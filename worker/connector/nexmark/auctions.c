/* auctions.c - three auctions of every epoch. One event in seventeen: plain code is fast enough. */
#include "worker/connector/nexmark/gen_priv.h"

#define AUCTIONS 3u
#define FIRST_AUCTION 1u
#define OTHER_BYTES 48u /* Of the columns besides the strings. */

static int64_t price_of(const tide_nexmark_config *cfg, tide_random *r)
{
    uint64_t x = tide_random_u64(r) >> 32;
    uint32_t low = cfg->prices[x >> 22], high = cfg->prices[(x >> 22) + 1];
    return (int64_t)(low + (((uint64_t)(high - low) * (x & 0x3fffff)) >> 22));
}

/* Most auctions are the hot seller's: the first person of the current hundred. */
static int64_t seller_of(const tide_nexmark_config *cfg, uint64_t epoch, tide_random *r)
{
    uint64_t people = epoch + 1;
    uint64_t active = people < cfg->active_people ? people : cfg->active_people;
    bool is_hot = tide_random_below(r, cfg->hot_sellers_ratio) > 0;
    uint64_t other = people - active + tide_random_below(r, active + ID_LEAD);
    return (int64_t)(is_hot ? epoch / HOT_GROUP * HOT_GROUP : other) + FIRST_ID;
}

/* An auction lasts as long, on average, as it takes to open in_flight_auctions others. */
static int64_t length_us(const tide_nexmark_config *cfg, tide_random *r)
{
    uint64_t events = (uint64_t)cfg->in_flight_auctions * TIDE_NEXMARK_EPOCH_EVENTS / AUCTIONS;
    uint64_t horizon_ms = events * 1000 / cfg->rate;
    return (int64_t)(1 + tide_random_below(r, horizon_ms ? 2 * horizon_ms : 1)) * 1000;
}

/* Words of random letters: one in thirteen is a space, none at either end. */
static void put_words(const tide_nexmark_config *cfg, uint64_t stream, uint64_t event, uint32_t len,
                      tide_nexmark_out *col, uint64_t row)
{
    uint8_t *to = col->heap + col->heap_used;
    put_letters(to, len, cfg->seed, stream, event);
    tide_random r = random_of(cfg->seed, stream, event);
    for (uint64_t at = tide_random_below(&r, 25); at + 1 < len; at += 1 + tide_random_below(&r, 25))
        if (at > 0) to[at] = ' ';
    ((tide_view *)col->values)[row] = view_of(col->heap, to, len);
    col->heap_used += len;
}

static void put_extra(const tide_nexmark_config *cfg, uint64_t event, uint32_t other_bytes,
                      tide_random *r, tide_nexmark_out *col, uint64_t row)
{
    extra_length length = extra_of(cfg->auction_bytes, other_bytes);
    uint32_t len = length.min + (uint32_t)tide_random_below(r, length.spread);
    uint8_t *to = col->heap + col->heap_used;
    put_letters(to, len, cfg->seed, STREAM_AUCTION_EXTRA, event);
    ((tide_view *)col->values)[row] = view_of(col->heap, to, len);
    col->heap_used += len;
}

static void put(tide_nexmark_out *col, uint64_t row, int64_t value)
{
    if (col->values) ((int64_t *)col->values)[row] = value;
}

static int64_t cut(int64_t us, int64_t unit_us)
{
    int64_t rest = us % unit_us;
    return us - (rest < 0 ? rest + unit_us : rest);
}

/* Every value is drawn, wanted or not: the order of draws is part of the data. */
static void put_auction(const tide_nexmark_config *cfg, uint64_t epoch, uint32_t k, uint64_t row,
                        tide_nexmark_out *cols)
{
    uint64_t event = epoch * TIDE_NEXMARK_EPOCH_EVENTS + FIRST_AUCTION + k;
    tide_random r = random_of(cfg->seed, STREAM_AUCTION, event);
    int64_t seller = seller_of(cfg, epoch, &r), initial = price_of(cfg, &r);
    int64_t reserve = initial + price_of(cfg, &r), length = length_us(cfg, &r);
    put(&cols[TIDE_AUCTION_ID], row, (int64_t)(epoch * AUCTIONS + k) + FIRST_ID);
    put(&cols[TIDE_AUCTION_SELLER], row, seller);
    put(&cols[TIDE_AUCTION_INITIAL_BID], row, initial);
    put(&cols[TIDE_AUCTION_RESERVE], row, reserve);
    put(&cols[TIDE_AUCTION_CATEGORY], row,
        FIRST_CATEGORY + (int64_t)tide_random_below(&r, CATEGORIES));
    tide_nexmark_out *times = &cols[TIDE_AUCTION_DATE_TIME], *expires = &cols[TIDE_AUCTION_EXPIRES];
    if (times->values) put(times, row, tide_nexmark_time(cfg, event, times->unit_us));
    if (expires->values)
        put(expires, row, cut(tide_nexmark_time(cfg, event, 1000) + length, expires->unit_us));
    uint32_t name = 3 + (uint32_t)tide_random_below(&r, NAME_BYTES_MAX - 3);
    uint32_t description = 3 + (uint32_t)tide_random_below(&r, DESCRIPTION_BYTES_MAX - 3);
    if (cols[TIDE_AUCTION_ITEM_NAME].values)
        put_words(cfg, STREAM_AUCTION_NAME, event, name, &cols[TIDE_AUCTION_ITEM_NAME], row);
    if (cols[TIDE_AUCTION_DESCRIPTION].values)
        put_words(cfg, STREAM_AUCTION_DESCRIPTION, event, description,
                  &cols[TIDE_AUCTION_DESCRIPTION], row);
    if (cols[TIDE_AUCTION_EXTRA].values)
        put_extra(cfg, event, OTHER_BYTES + name + description, &r, &cols[TIDE_AUCTION_EXTRA], row);
}

void tide_nexmark_auctions(const tide_nexmark_config *self, const uint64_t *epochs, uint32_t n,
                           tide_nexmark_out *cols)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < AUCTIONS; k++)
            put_auction(self, epochs[i], k, (uint64_t)i * AUCTIONS + k, cols);
}
