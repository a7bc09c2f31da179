/* link_priv.h - messages of a link, and what its two halves share. docs/formats/exchange.md. */
#ifndef TIDE_WORKER_EXCHANGE_LINK_PRIV_H
#define TIDE_WORKER_EXCHANGE_LINK_PRIV_H
#include "worker/exchange/link.h"

typedef enum link_kind { /* Sent: never renumber. */
                         LINK_HELLO = 1,
                         LINK_WELCOME = 2,
                         LINK_REFUSED = 3,
                         LINK_DATA = 4,
                         LINK_CREDIT = 5,
                         LINK_DONE = 6,
                         LINK_BLOCK = 7
} link_kind;

typedef struct link_header {
    uint16_t magic; /* Magic, version, kind and runner stay where they are in every version. */
    uint8_t version, kind;
    uint32_t runner; /* Who sends. */
    uint64_t attempt, seq;
    uint32_t body_bytes;
    uint32_t sum; /* Of the bytes before, seeded with the job. */
} link_header;
_Static_assert(sizeof(link_header) == TIDE_LINK_HEADER_BYTES, "sent layout");

typedef struct link_block_header { /* Of a BLOCK message. */
    link_header common;
    uint32_t channel, zero;
} link_block_header;
_Static_assert(sizeof(link_block_header) == TIDE_LINK_HEADER_BYTES_MAX, "sent layout");

typedef struct link_hello {
    uint64_t job, plan_hash;
    uint64_t channels_sum; /* Of their ids. */
    uint32_t runner;       /* Who is meant. */
    uint32_t n_channels;
} link_hello;
_Static_assert(sizeof(link_hello) == 32, "sent layout");

typedef struct link_credit {
    uint32_t channel;
    uint32_t granted; /* Blocks since the start, modulo 2^32. */
} link_credit;

typedef enum link_item_kind { /* Sent: never renumber. */
                              LINK_ITEM_BATCH = 0,
                              LINK_ITEM_WATERMARK = 1,
                              LINK_ITEM_IDLE = 2,
                              LINK_ITEM_END = 3
} link_item_kind;

typedef struct link_item {
    uint32_t channel; /* Place in the list of the link's channels, by ascending id. */
    uint8_t kind, drained;
    uint16_t zero;
    int64_t watermark;
    uint64_t block_bytes; /* Of the block behind this. */
    uint8_t rest[40];     /* Zeros: the block is aligned. */
} link_item;
_Static_assert(sizeof(link_item) == TIDE_BLOCK_ALIGN, "sent layout");

/* The body of a BLOCK message has zeros around the block. In front of it: ZeroMQ's memory for large
 * messages begins 8 bytes behind a multiple of 16, and a block can stay only at one; then a
 * receiver that leaves it there has its books, what the memory belongs to and the head of a buffer
 * that holds the block. Behind it: the padding that a buffer has. */
#define LINK_BLOCK_AT (8u + TIDE_LINK_ROOM_BYTES + offsetof(tide_buf, data))
_Static_assert(LINK_BLOCK_AT <= TIDE_BLOCK_LEAD && TIDE_BLOCK_TAIL == TIDE_BUF_PADDING,
               "around a batch's own block there is as much");

typedef struct link_half {
    tide_link_config config;
    uint64_t next_out, next_in; /* Numbers of messages. */
    tide_link_counters counters;
} link_half;

/* Room for a body of that size, in *out. Returns where it begins. */
void *link_open_body(link_half *self, tide_link_message *out, size_t bytes);
/* Writes the header: the message is the next that this half sends. */
void link_stamp(link_half *self, link_kind kind, tide_link_message *message);
void link_stamp_block(link_half *self, uint32_t channel, tide_link_message *message);
/* Judges a header that came with a body of that size. TAKEN: it is the next message, *out holds. */
tide_link_result link_admit(link_half *self, const uint8_t *bytes, size_t n, size_t body_bytes,
                            link_block_header *out);
/* What a body that does not hold comes to; takes the message's words. */
tide_link_result link_broken(const link_half *self, const char *what);

/* Channels are listed by ascending id. */
bool link_id_less(const tide_channel_id *a, const tide_channel_id *b);
/* The sum of a list of ids, one by one; begins with 0. */
uint64_t link_id_sum(const tide_channel_id *id, uint64_t sum_before);
uint64_t link_sum(const void *bytes, size_t n, uint64_t seed);

#endif
