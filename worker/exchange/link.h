/* link.h - the protocol between two runners of a job, for one direction of rows: order, credits,
 * attempt, version.
 *
 * A link multiplexes the channels (edge, sender subtask, receiver subtask) that lead from one
 * runner to one other. The sender empties the channels' rings into messages, the receiver fills the
 * rings of its side; messages are carried by a shell: the network thread, or a simulator.
 *
 *   sender                              receiver
 *   HELLO (job, plan, channels) ------>
 *                               <------ WELCOME (credit per channel), or REFUSED (why)
 *   DATA (elements of channels),
 *   BLOCK (many rows of one)    ------>
 *                               <------ CREDIT (places that became free)
 *   DATA (the last END)         ------>
 *                               <------ DONE (all of it is here)
 *
 * A message is a header of TIDE_LINK_HEADER_BYTES (a BLOCK's: _MAX) and a body. Layout:
 * docs/formats/exchange.md. Rules, each counted:
 *   - Credits are counted in blocks, per channel: the receiver grants as many as its ring has data
 *     places, and more as places become free. Data goes against a credit only; what has none stays
 *     in the sender's ring, where it is back-pressure on the sender's slot. So one channel that
 *     stands still takes no place from another.
 *   - Control elements travel in order with the data of their channel and need no credit. That is
 *     bounded: at the sender by the ring they come from; on the way by the shell's bound on
 *     messages; at the receiver they go into the ring, and where it is full into a backlog in which
 *     a newer watermark replaces one that no data follows. The backlog holds at most the data that
 *     has a credit and two elements between, and END.
 *   - So a receiver takes every message at once, whatever its slots do. No message waits behind
 *     another for room, hence no circle of runners that wait for each other.
 *   - Messages of a link are numbered per direction. One that was here before is dropped; a gap
 *     fails the link: a message is lost for good, and its rows with it.
 *   - A message of another attempt, or job, is dropped. Another version of the protocol is refused
 *     with both versions named. A header that does not hold is dropped; a body that does not hold
 *     fails the link, since its header says that it was the next one and its rows are missing.
 *   - Elements of all channels that have some are packed into one message until it has
 *     TIDE_LINK_PACK_BYTES; nothing is waited for. A block of TIDE_LINK_ALONE_BYTES or more makes a
 *     message of its own: sent from where it lies, if the batch is a block already, and its rows
 * stay in the memory in which it arrived.
 *
 * Pure: no socket, thread, clock or log. Owner of a half, its pool and its ends of the channels:
 * one thread. */
#ifndef TIDE_WORKER_EXCHANGE_LINK_H
#define TIDE_WORKER_EXCHANGE_LINK_H
#include "base/column/block.h"
#include "worker/exchange/channel.h"

#define TIDE_LINK_VERSION 2u
#define TIDE_LINK_HEADER_BYTES 32u /* ZeroMQ keeps up to 33 bytes in the message struct itself. */
#define TIDE_LINK_HEADER_BYTES_MAX 40u
#define TIDE_LINK_PACK_BYTES (768u << 10)
/* A message holds at least one block, and more only up to here. */
#define TIDE_LINK_BODY_BYTES (1u << 20)
#define TIDE_LINK_BODY_BYTES_MAX (TIDE_BLOCK_BYTES_MAX + 4096u)
#define TIDE_LINK_ALONE_BYTES (32u << 10)
#define TIDE_LINK_CHANNELS_MAX (1u << 20)
#define TIDE_LINK_REASON_MAX 256u

/* Which channel: equal on both sides, since both built the same graph. */
typedef struct tide_channel_id {
    uint32_t edge, from, to; /* Edge of the graph, sender subtask, receiver subtask. */
} tide_channel_id;

/* Lets a receiver leave rows in the memory of the message that brought them. */
#define TIDE_LINK_ROOM_BYTES 64u
typedef struct tide_link_keeper {
    /* The message moves into the room, which lies in its own body, and is no longer the caller's.
     */
    void (*keep)(void *message, void *room);
    /* Nobody reads the rows any more: the message in the room goes, which is the memory before the
     * buffer's head. Any thread. */
    void (*release)(tide_buf *rows);
} tide_link_keeper;

typedef struct tide_link_config {
    uint64_t job, attempt, plan_hash;
    uint32_t self, peer; /* Runners. */
    tide_pool *pool;     /* Sender: of messages' bodies. Receiver: also of the rows that came. */
    const tide_link_keeper *keeper; /* Borrowed. NULL, as a sender's: all rows are copied. */
} tide_link_config;

typedef struct tide_link_message {
    uint8_t header[TIDE_LINK_HEADER_BYTES_MAX];
    size_t header_bytes;
    uint8_t *body; /* In buf, in its first TIDE_BLOCK_ALIGN bytes. */
    size_t body_bytes;
    tide_buf *buf; /* NULL: the body is empty. The holder's reference. */
} tide_link_message;

typedef struct tide_link_counters {
    uint64_t messages, bytes, blocks; /* Made (sender), or taken (receiver). */
    uint64_t stale, duplicate, malformed, refused;
} tide_link_counters;

typedef enum tide_link_result {
    TIDE_LINK_TAKEN,
    TIDE_LINK_DROPPED, /* Counted; nothing else happened. */
    TIDE_LINK_REFUSED, /* Receiver: who sent it is to be told why (_refuse); the reason is in the
                        * chain. Nothing else happened. */
    TIDE_LINK_FAILED   /* The attempt is over: the reason is in the chain. */
} tide_link_result;

/* The runner that a message says it is from; false when it is no message of any version. */
bool tide_link_runner_of(const uint8_t *header, size_t header_bytes, uint32_t *runner_out);
/* May a link begin with this message? */
bool tide_link_is_hello(const uint8_t *header, size_t header_bytes);

/* ---- sender ---- */
typedef struct tide_link_sender tide_link_sender;

tide_link_sender *tide_link_sender_new(const tide_link_config *config);
void tide_link_sender_free(tide_link_sender **self_p);
/* In ascending order of ids, before the first _next. Channel and schema are borrowed. */
void tide_link_sender_add(tide_link_sender *self, tide_channel_id id, tide_channel *channel,
                          const tide_schema *schema);
/* The next message, if there is one; the caller owns its body. HELLO is the first; then nothing
 * until WELCOME. False also while the pool has no room. TIDE_E_LIMIT when a batch exceeds
 * TIDE_BLOCK_BYTES_MAX. */
TIDE_MUST_CHECK tide_status tide_link_sender_next(tide_link_sender *self, tide_link_message *out,
                                                  bool *is_one);
/* A message from the receiver. */
tide_link_result tide_link_sender_take(tide_link_sender *self, const uint8_t *header,
                                       size_t header_bytes, const uint8_t *body, size_t body_bytes);
bool tide_link_sender_is_up(const tide_link_sender *self);     /* Welcomed. */
bool tide_link_sender_has_ended(const tide_link_sender *self); /* Every END is in a message. */
bool tide_link_sender_is_done(const tide_link_sender *self);   /* And the receiver has it all. */
const tide_link_counters *tide_link_sender_counters(const tide_link_sender *self);

/* ---- receiver ---- */
typedef struct tide_link_receiver tide_link_receiver;

tide_link_receiver *tide_link_receiver_new(const tide_link_config *config);
void tide_link_receiver_free(tide_link_receiver **self_p);
void tide_link_receiver_add(tide_link_receiver *self, tide_channel_id id, tide_channel *channel,
                            const tide_schema *schema);
/* A message from the sender. Rows are copied out of the body, or they keep `message` (for the
 * config's keeper; NULL: not this one), which holds it: it then is theirs, and written to. */
tide_link_result tide_link_receiver_take(tide_link_receiver *self, const uint8_t *header,
                                         size_t header_bytes, const uint8_t *body,
                                         size_t body_bytes, void *message);
/* The answer to a message that was refused. */
void tide_link_receiver_refuse(tide_link_receiver *self, const char *why, tide_link_message *out);
/* Moves what waits into rings that have room again. */
void tide_link_receiver_pump(tide_link_receiver *self);
/* The next message, if there is one; the caller owns its body. */
bool tide_link_receiver_next(tide_link_receiver *self, tide_link_message *out);
bool tide_link_receiver_is_up(const tide_link_receiver *self);   /* Took a HELLO. */
bool tide_link_receiver_is_done(const tide_link_receiver *self); /* Every END is here. */
const tide_link_counters *tide_link_receiver_counters(const tide_link_receiver *self);

#endif
