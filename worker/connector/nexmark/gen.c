/* gen.c - what the three tables share: columns, times, prices, channels. */
#include "worker/connector/nexmark/gen.h"

#include <math.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "worker/connector/nexmark/gen_priv.h"

#define BIGINT(name)                                                                               \
    {                                                                                              \
        name, { .id = TIDE_TYPE_BIGINT }, true                                                     \
    }
#define STRING(name)                                                                               \
    {                                                                                              \
        name, { .id = TIDE_TYPE_STRING }, true                                                     \
    }
#define TIMESTAMP(name)                                                                            \
    {                                                                                              \
        name, { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 }, true                                  \
    }

static const tide_field BID[TIDE_BID_COLUMNS] = {
    BIGINT("auction"), BIGINT("bidder"),       BIGINT("price"), STRING("channel"),
    STRING("url"),     TIMESTAMP("date_time"), STRING("extra"),
};
static const tide_field AUCTION[TIDE_AUCTION_COLUMNS] = {
    BIGINT("id"),       STRING("item_name"),    STRING("description"), BIGINT("initial_bid"),
    BIGINT("reserve"),  TIMESTAMP("date_time"), TIMESTAMP("expires"),  BIGINT("seller"),
    BIGINT("category"), STRING("extra"),
};
static const tide_field PERSON[TIDE_PERSON_COLUMNS] = {
    BIGINT("id"),   STRING("name"),  STRING("email_address"), STRING("credit_card"),
    STRING("city"), STRING("state"), TIMESTAMP("date_time"),  STRING("extra"),
};

/* What distinguishes the tables. */
static const struct {
    const tide_field *fields;
    uint32_t n_fields, rows, first_event;
} TABLES[] = {
    [TIDE_NEXMARK_BID] = { BID, TIDE_BID_COLUMNS, 46, 4 },
    [TIDE_NEXMARK_AUCTION] = { AUCTION, TIDE_AUCTION_COLUMNS, 3, 1 },
    [TIDE_NEXMARK_PERSON] = { PERSON, TIDE_PERSON_COLUMNS, 1, 0 },
};

const tide_field *tide_nexmark_fields(tide_nexmark_table table, uint32_t *n_out)
{
    *n_out = TABLES[table].n_fields;
    return TABLES[table].fields;
}

uint32_t tide_nexmark_epoch_rows(tide_nexmark_table table)
{
    return TABLES[table].rows;
}

uint32_t tide_nexmark_first_event(tide_nexmark_table table)
{
    return TABLES[table].first_event;
}

/* Bytes that one value of a string column may take in the heap. */
static uint32_t value_bytes_max(const tide_nexmark_config *self, tide_nexmark_table table,
                                uint32_t column)
{
    switch (table) {
    case TIDE_NEXMARK_BID:
        return column == TIDE_BID_EXTRA ? self->bid_bytes + self->bid_bytes / 4 + 2 : 0;
    case TIDE_NEXMARK_AUCTION:
        if (column == TIDE_AUCTION_ITEM_NAME) return NAME_BYTES_MAX;
        if (column == TIDE_AUCTION_DESCRIPTION) return DESCRIPTION_BYTES_MAX;
        return column == TIDE_AUCTION_EXTRA ? self->auction_bytes + self->auction_bytes / 4 + 2 : 0;
    case TIDE_NEXMARK_PERSON: break;
    }
    if (column == TIDE_PERSON_EXTRA) return self->person_bytes + self->person_bytes / 4 + 2;
    bool is_text = column == TIDE_PERSON_NAME || column == TIDE_PERSON_EMAIL_ADDRESS ||
                   column == TIDE_PERSON_CREDIT_CARD || column == TIDE_PERSON_CITY;
    return is_text ? PERSON_TEXT_BYTES_MAX : 0;
}

size_t tide_nexmark_heap_bytes(const tide_nexmark_config *self, tide_nexmark_table table,
                               uint32_t column, uint32_t n_epochs)
{
    size_t bytes = value_bytes_max(self, table, column);
    return bytes == 0 ? 0 : bytes * TABLES[table].rows * n_epochs + LETTER_SPARE;
}

/* A price is 10 to the power of 2 to 8, evenly in the exponent. */
void tide_nexmark_config_prepare(tide_nexmark_config *self)
{
    tide_assert(self->rate >= 1 && self->rate <= 1000000000 && self->out_of_order_group >= 1);
    for (uint32_t i = 0; i <= TIDE_NEXMARK_PRICES; i++)
        self->prices[i] = (uint32_t)lround(100 * pow(10, 6.0 * i / TIDE_NEXMARK_PRICES));
}

epoch_times tide_nexmark_epoch_times(const tide_nexmark_config *cfg, uint64_t epoch,
                                     int64_t unit_us)
{
    uint64_t per_second = 1000000 / (uint64_t)unit_us;
    unsigned __int128 units = (unsigned __int128)epoch * TIDE_NEXMARK_EPOCH_EVENTS * per_second;
    uint64_t whole, rest;
    if ((uint64_t)(units >> 64) == 0) {
        whole = (uint64_t)units / cfg->rate;
        rest = (uint64_t)units % cfg->rate;
    } else {
        whole = (uint64_t)(units / cfg->rate);
        rest = (uint64_t)(units % cfg->rate);
    }
    int64_t start = cfg->start_us / unit_us - (cfg->start_us % unit_us < 0);
    return (epoch_times){ .first = start + (int64_t)whole,
                          .fraction = (rest << 32) / cfg->rate,
                          .step = (per_second << 32) / cfg->rate,
                          .unit_us = unit_us };
}

/* The shuffle of the field's generators: a step of 953 through the group. Where the group shares
 * the factor 953 it would repeat times, so a neighbouring prime is used. */
int64_t tide_nexmark_time(const tide_nexmark_config *cfg, uint64_t event, int64_t unit_us)
{
    uint64_t group = cfg->out_of_order_group;
    if (group > 1) {
        uint64_t step = group % 953 ? 953 : 967;
        event = event / group * group + (event % group) * step % group;
    }
    epoch_times t = tide_nexmark_epoch_times(cfg, event / TIDE_NEXMARK_EPOCH_EVENTS, unit_us);
    return epoch_time(&t, event % TIDE_NEXMARK_EPOCH_EVENTS);
}

void tide_nexmark_put_times(const tide_nexmark_config *cfg, uint64_t epoch, uint32_t first,
                            uint32_t n, int64_t unit_us, int64_t *out)
{
    if (cfg->out_of_order_group > 1) {
        for (uint32_t k = 0; k < n; k++)
            out[k] = tide_nexmark_time(cfg, epoch * TIDE_NEXMARK_EPOCH_EVENTS + first + k, unit_us);
        return;
    }
    epoch_times t = tide_nexmark_epoch_times(cfg, epoch, unit_us);
    for (uint32_t k = 0; k < n; k++) out[k] = epoch_time(&t, first + k);
}

/* "https://www.nexmark.com/abcde/fghij/klmno/item.htm?query=1", most of them with a channel's
 * id. */
static uint32_t put_url(tide_random *r, uint32_t channel_id, char *to)
{
    char words[18];
    for (uint32_t i = 0; i < 18; i++)
        words[i] = i % 6 == 5 ? '\0' : (char)('a' + (char)tide_random_below(r, 26));
    int n = snprintf(to, TIDE_NEXMARK_URL_MAX, "https://www.nexmark.com/%s/%s/%s/item.htm?query=1",
                     words, words + 6, words + 12);
    if (channel_id)
        n += snprintf(to + n, TIDE_NEXMARK_URL_MAX - (size_t)n, "&channel_id=%u", channel_id);
    tide_assert(n > 0 && n < (int)TIDE_NEXMARK_URL_MAX);
    return (uint32_t)n;
}

/* The field's channel ids are the bits of the channel's number in reverse order, as a positive
 * int. */
static uint32_t channel_id(uint32_t number)
{
    uint32_t reversed = 0;
    for (uint32_t bit = 0; bit < 32; bit++) reversed |= ((number >> bit) & 1) << (31 - bit);
    int32_t id = (int32_t)reversed;
    return id < 0 ? 0u - (uint32_t)id : (uint32_t)id;
}

uint32_t tide_nexmark_channels(const tide_nexmark_config *self, tide_nexmark_channel *out,
                               char *bytes)
{
    static const char *const hot[TIDE_NEXMARK_HOT_CHANNELS] = { "Google", "Facebook", "Baidu",
                                                                "Apple" };
    tide_random r = random_of(self->seed, STREAM_CHANNELS, 0);
    uint32_t used = 0;
    for (uint32_t i = 0; i < TIDE_NEXMARK_HOT_CHANNELS + TIDE_NEXMARK_CHANNELS; i++) {
        char name[24];
        uint32_t number = i - TIDE_NEXMARK_HOT_CHANNELS;
        bool is_hot = i < TIDE_NEXMARK_HOT_CHANNELS;
        int n = is_hot ? snprintf(name, sizeof name, "%s", hot[i])
                       : snprintf(name, sizeof name, "channel-%u", number);
        tide_assert(n > 0 && n <= (int)TIDE_VIEW_INLINE_MAX);
        out[i].channel = view_of((const uint8_t *)name, (const uint8_t *)name, (uint32_t)n);
        bool with_id = !is_hot && tide_random_below(&r, 10) > 0;
        uint32_t len = put_url(&r, with_id ? channel_id(number) : 0, bytes + used);
        out[i].url = view_of((const uint8_t *)bytes, (const uint8_t *)bytes + used, len);
        used += len;
    }
    return used;
}
