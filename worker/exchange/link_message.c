/* link_message.c - headers: made, and judged. */
#include <inttypes.h>

#include "worker/exchange/link_priv.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC 0x4d54u /* "TM" */
#define SUMMED_BYTES offsetof(link_header, sum)

uint64_t link_sum(const void *bytes, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, n, seed);
}

bool link_id_less(const tide_channel_id *a, const tide_channel_id *b)
{
    if (a->edge != b->edge) return a->edge < b->edge;
    if (a->from != b->from) return a->from < b->from;
    return a->to < b->to;
}

uint64_t link_id_sum(const tide_channel_id *id, uint64_t sum_before)
{
    return link_sum(id, sizeof *id, sum_before);
}

void *link_open_body(link_half *self, tide_link_message *out, size_t bytes)
{
    out->buf = tide_pool_take(self->config.pool, bytes);
    out->body = out->buf->data;
    out->body_bytes = bytes;
    return out->body;
}

/* Of a header, whatever its length: all but the sum itself. */
static uint32_t header_sum(const link_half *self, const uint8_t *bytes, size_t n)
{
    uint64_t sum = link_sum(bytes, SUMMED_BYTES, self->config.job);
    if (n > sizeof(link_header))
        sum = link_sum(bytes + sizeof(link_header), n - sizeof(link_header), sum);
    return (uint32_t)sum;
}

static void put_sum(const link_half *self, tide_link_message *message)
{
    uint32_t sum = header_sum(self, message->header, message->header_bytes);
    memcpy(message->header + SUMMED_BYTES, &sum, sizeof sum);
}

void link_stamp(link_half *self, link_kind kind, tide_link_message *message)
{
    link_header h = { .magic = MAGIC,
                      .version = TIDE_LINK_VERSION,
                      .kind = (uint8_t)kind,
                      .runner = self->config.self,
                      .attempt = self->config.attempt,
                      .seq = self->next_out++,
                      .body_bytes = (uint32_t)message->body_bytes };
    message->header_bytes = sizeof h;
    memcpy(message->header, &h, sizeof h);
    put_sum(self, message);
}

void link_stamp_block(link_half *self, uint32_t channel, tide_link_message *message)
{
    link_stamp(self, LINK_BLOCK, message);
    message->header_bytes = sizeof(link_block_header);
    const uint32_t rest[2] = { channel, 0 };
    memcpy(message->header + sizeof(link_header), rest, sizeof rest);
    put_sum(self, message);
}

static bool read_header(const uint8_t *bytes, size_t n, link_block_header *out)
{
    if (n < offsetof(link_header, attempt)) return false;
    *out = (link_block_header){ 0 };
    memcpy(out, bytes, n < sizeof *out ? n : sizeof *out);
    return out->common.magic == MAGIC;
}

static bool header_holds(const link_half *self, const uint8_t *bytes, size_t n,
                         const link_header *h)
{
    size_t expected = h->kind == LINK_BLOCK ? sizeof(link_block_header) : sizeof(link_header);
    return n == expected && h->sum == header_sum(self, bytes, n) && h->runner == self->config.peer;
}

bool tide_link_runner_of(const uint8_t *header, size_t header_bytes, uint32_t *runner_out)
{
    link_block_header h;
    if (!read_header(header, header_bytes, &h)) return false;
    *runner_out = h.common.runner;
    return true;
}

bool tide_link_is_hello(const uint8_t *header, size_t header_bytes)
{
    link_block_header h;
    return read_header(header, header_bytes, &h) && h.common.kind == LINK_HELLO;
}

tide_link_result link_broken(const link_half *self, const char *what)
{
    (void)tide_fail(TIDE_E_PROTO, "a message of runner %u: %s", self->config.peer, what);
    return TIDE_LINK_FAILED;
}

static tide_link_result drop(uint64_t *counter)
{
    ++*counter;
    return TIDE_LINK_DROPPED;
}

tide_link_result link_admit(link_half *self, const uint8_t *bytes, size_t n, size_t body_bytes,
                            link_block_header *block_out)
{
    tide_link_counters *counters = &self->counters;
    const link_header *out = &block_out->common;
    if (!read_header(bytes, n, block_out)) return drop(&counters->malformed);
    if (out->version != TIDE_LINK_VERSION) {
        counters->refused++;
        (void)
            tide_fail(TIDE_E_PROTO,
                      "runner %u speaks version %u of the exchange protocol, runner %u version %u",
                      out->runner, out->version, self->config.self, TIDE_LINK_VERSION);
        return TIDE_LINK_REFUSED;
    }
    if (!header_holds(self, bytes, n, out)) return drop(&counters->malformed);
    if (out->attempt != self->config.attempt) return drop(&counters->stale);
    if (out->seq < self->next_in) return drop(&counters->duplicate);
    if (out->seq > self->next_in) {
        (void)tide_fail(TIDE_E_PROTO,
                        "messages %" PRIu64 " to %" PRIu64 " of runner %u did not arrive",
                        self->next_in, out->seq - 1, self->config.peer);
        return TIDE_LINK_FAILED;
    }
    if (out->body_bytes != body_bytes) return link_broken(self, "its body is of another size");
    counters->messages++;
    counters->bytes += n + body_bytes;
    return TIDE_LINK_TAKEN;
}
