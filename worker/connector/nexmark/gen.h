/* gen.h - what are the values of Nexmark event number n?
 *
 * The benchmark's auction site: of every 50 events the first is a new person, the next three are
 * new auctions, the other 46 are bids; 50 events in that order are an epoch. Ids, hot keys,
 * prices, lengths and words follow the generators of Beam and Flink. Every value derives from
 * the seed, the number of its epoch and the event's place in it, so any epoch can be made by
 * anyone, in any order. Kernels: they write whole epochs of one table, only the columns that are
 * wanted, straight into column buffers. Pure; any thread; no allocation. */
#ifndef TIDE_WORKER_CONNECTOR_NEXMARK_GEN_H
#define TIDE_WORKER_CONNECTOR_NEXMARK_GEN_H
#include "base/column/type.h"

#define TIDE_NEXMARK_EPOCH_EVENTS 50u
#define TIDE_NEXMARK_CHANNELS 10000u /* Channels (with their URLs) that are not hot. */
#define TIDE_NEXMARK_HOT_CHANNELS 4u
#define TIDE_NEXMARK_URL_MAX 96u /* Bytes of a URL, at most. */
#define TIDE_NEXMARK_COLUMNS_MAX 10u
#define TIDE_NEXMARK_PRICES 1024u /* Steps of the price table. */

typedef enum tide_nexmark_table {
    TIDE_NEXMARK_BID,
    TIDE_NEXMARK_AUCTION,
    TIDE_NEXMARK_PERSON
} tide_nexmark_table;

/* Columns, by their position in each table. */
enum {
    TIDE_BID_AUCTION,
    TIDE_BID_BIDDER,
    TIDE_BID_PRICE,
    TIDE_BID_CHANNEL,
    TIDE_BID_URL,
    TIDE_BID_DATE_TIME,
    TIDE_BID_EXTRA,
    TIDE_BID_COLUMNS
};
enum {
    TIDE_AUCTION_ID,
    TIDE_AUCTION_ITEM_NAME,
    TIDE_AUCTION_DESCRIPTION,
    TIDE_AUCTION_INITIAL_BID,
    TIDE_AUCTION_RESERVE,
    TIDE_AUCTION_DATE_TIME,
    TIDE_AUCTION_EXPIRES,
    TIDE_AUCTION_SELLER,
    TIDE_AUCTION_CATEGORY,
    TIDE_AUCTION_EXTRA,
    TIDE_AUCTION_COLUMNS
};
enum {
    TIDE_PERSON_ID,
    TIDE_PERSON_NAME,
    TIDE_PERSON_EMAIL_ADDRESS,
    TIDE_PERSON_CREDIT_CARD,
    TIDE_PERSON_CITY,
    TIDE_PERSON_STATE,
    TIDE_PERSON_DATE_TIME,
    TIDE_PERSON_EXTRA,
    TIDE_PERSON_COLUMNS
};

typedef struct tide_nexmark_config {
    uint64_t seed;
    int64_t start_us; /* Event time of event 0, microseconds since 1970. */
    uint64_t rate;    /* Events per second of event time; 1 to 10^9. */
    uint64_t
        out_of_order_group; /* Event times are shuffled within groups of so many events; 1: none. */
    uint32_t hot_auctions_ratio; /* 1 - 1/ratio of the bids go to the hot auction; and so on. */
    uint32_t hot_bidders_ratio, hot_sellers_ratio;
    uint32_t active_people, in_flight_auctions;
    uint32_t bid_bytes, auction_bytes, person_bytes; /* Average sizes that `extra` fills up to. */
    uint32_t prices[TIDE_NEXMARK_PRICES + 1];        /* See tide_nexmark_config_prepare. */
} tide_nexmark_config;

/* One wanted column under construction. */
typedef struct tide_nexmark_out {
    void *values;    /* int64_t or tide_view for every row of all epochs; NULL: not wanted. */
    int64_t unit_us; /* Timestamps: values are cut to multiples of this, 1 to 10^6. */
    uint8_t *heap;   /* Strings: data buffer 0 of the column. */
    uint32_t heap_used;
} tide_nexmark_out;

/* A channel's two views; those of the URL point into the dictionary's bytes as data buffer 0. */
typedef struct tide_nexmark_channel {
    tide_view channel, url;
} tide_nexmark_channel;

/* Fills in the tables that derive from the other fields. */
void tide_nexmark_config_prepare(tide_nexmark_config *self);

/* The channels: TIDE_NEXMARK_HOT_CHANNELS hot ones, then TIDE_NEXMARK_CHANNELS others. `bytes`
 * has room for TIDE_NEXMARK_URL_MAX times their number. Returns the bytes used. */
uint32_t tide_nexmark_channels(const tide_nexmark_config *self, tide_nexmark_channel *out,
                               char *bytes);

/* Rows of a table in one epoch, and the first one's place in the epoch. */
uint32_t tide_nexmark_epoch_rows(tide_nexmark_table table);
uint32_t tide_nexmark_first_event(tide_nexmark_table table);

/* Names and types (TIMESTAMP(3) for times) of a table's columns; *n_out gets their number. */
const tide_field *tide_nexmark_fields(tide_nexmark_table table, uint32_t *n_out);

/* Bytes of heap that a column needs for n epochs at most, spare bytes for wide stores included;
 * 0 when it is not a string or needs none. */
size_t tide_nexmark_heap_bytes(const tide_nexmark_config *self, tide_nexmark_table table,
                               uint32_t column, uint32_t n_epochs);

/* Writes the rows of epochs[0..n) into cols (indexed by the enums above). */
void tide_nexmark_bids(const tide_nexmark_config *self, const tide_nexmark_channel *channels,
                       const uint64_t *epochs, uint32_t n, tide_nexmark_out *cols);
void tide_nexmark_auctions(const tide_nexmark_config *self, const uint64_t *epochs, uint32_t n,
                           tide_nexmark_out *cols);
void tide_nexmark_persons(const tide_nexmark_config *self, const uint64_t *epochs, uint32_t n,
                          tide_nexmark_out *cols);

#endif
