/* reader.c - msgpack tokens out of bytes that nobody vouches for. */
#include "jobapi/proto/reader.h"

#include <string.h>

#include "base/core/assert.h"
#include "jobapi/proto/proto.h"

static const char *const names[] = {
    "nil",          "a boolean", "a number", "a negative number", "a float", "a text", "bytes",
    "an extension", "a list",    "a map",
};

const char *tide_token_name(tide_token_type type)
{
    return names[type];
}

static tide_status fail_short(const tide_reader *self, size_t at)
{
    return tide_fail(TIDE_E_PROTO, "byte %zu: the frame of %zu bytes ends within a value", at,
                     self->n);
}

/* A big-endian number of 1, 2, 4 or 8 bytes. */
static tide_status read_number(tide_reader *self, uint32_t bytes, uint64_t *out)
{
    if (self->n - self->at < bytes) return fail_short(self, self->at);
    uint64_t x = 0;
    for (uint32_t i = 0; i < bytes; i++) x = x << 8 | self->bytes[self->at++];
    *out = x;
    return TIDE_OK;
}

static tide_status read_signed(tide_reader *self, uint32_t bytes, tide_token *out)
{
    uint64_t x;
    TIDE_TRY(read_number(self, bytes, &x));
    uint32_t unused = 64 - 8 * bytes;
    out->i = (int64_t)(x << unused) >> unused;
    out->type = out->i < 0 ? TIDE_TOKEN_NEGATIVE : TIDE_TOKEN_UINT;
    return TIDE_OK;
}

static tide_status read_unsigned(tide_reader *self, uint32_t bytes, tide_token *out)
{
    out->type = TIDE_TOKEN_UINT;
    return read_number(self, bytes, &out->u);
}

static tide_status read_float(tide_reader *self, uint32_t bytes, tide_token *out)
{
    uint64_t bits;
    TIDE_TRY(read_number(self, bytes, &bits));
    out->type = TIDE_TOKEN_FLOAT;
    if (bytes == 8) {
        memcpy(&out->f, &bits, sizeof out->f);
        return TIDE_OK;
    }
    uint32_t low = (uint32_t)bits;
    float f;
    memcpy(&f, &low, sizeof f);
    out->f = (double)f;
    return TIDE_OK;
}

/* n bytes, which lie in the frame or are refused. */
static tide_status read_body(tide_reader *self, tide_token_type type, uint64_t n, tide_token *out)
{
    if (self->n - self->at < n) return fail_short(self, out->at);
    out->type = type;
    out->p = self->bytes + self->at;
    out->n = (uint32_t)n;
    self->at += n;
    return TIDE_OK;
}

/* An item takes a byte at least, so a head that claims more is refused before anybody allocates. */
static tide_status read_head(tide_reader *self, tide_token_type type, uint64_t n, tide_token *out)
{
    if ((self->n - self->at) / (type == TIDE_TOKEN_MAP ? 2 : 1) < n)
        return fail_short(self, out->at);
    out->type = type;
    out->n = (uint32_t)n;
    return TIDE_OK;
}

static tide_status read_sized_body(tide_reader *self, tide_token_type type, uint32_t bytes,
                                   tide_token *out)
{
    uint64_t n;
    TIDE_TRY(read_number(self, bytes, &n));
    return read_body(self, type, n, out);
}

static tide_status read_sized_head(tide_reader *self, tide_token_type type, uint32_t bytes,
                                   tide_token *out)
{
    uint64_t n;
    TIDE_TRY(read_number(self, bytes, &n));
    return read_head(self, type, n, out);
}

/* An extension has a byte of type in front of what it holds. */
static tide_status read_sized_ext(tide_reader *self, uint32_t bytes, tide_token *out)
{
    uint64_t n;
    TIDE_TRY(read_number(self, bytes, &n));
    return read_body(self, TIDE_TOKEN_EXT, n + 1, out);
}

/* 0xc0 .. 0xdf: the types that have a byte of their own. */
static tide_status read_tagged(tide_reader *self, uint8_t tag, tide_token *out)
{
    switch (tag) {
    case 0xc0: out->type = TIDE_TOKEN_NIL; return TIDE_OK;
    case 0xc2:
    case 0xc3:
        out->type = TIDE_TOKEN_BOOL;
        out->b = tag == 0xc3;
        return TIDE_OK;
    case 0xc4:
    case 0xc5:
    case 0xc6: return read_sized_body(self, TIDE_TOKEN_BYTES, 1u << (tag - 0xc4), out);
    case 0xc7:
    case 0xc8:
    case 0xc9: return read_sized_ext(self, 1u << (tag - 0xc7), out);
    case 0xca:
    case 0xcb: return read_float(self, 4u << (tag - 0xca), out);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf: return read_unsigned(self, 1u << (tag - 0xcc), out);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: return read_signed(self, 1u << (tag - 0xd0), out);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: return read_body(self, TIDE_TOKEN_EXT, (1u << (tag - 0xd4)) + 1u, out);
    case 0xd9:
    case 0xda:
    case 0xdb: return read_sized_body(self, TIDE_TOKEN_TEXT, 1u << (tag - 0xd9), out);
    case 0xdc:
    case 0xdd: return read_sized_head(self, TIDE_TOKEN_LIST, 2u << (tag - 0xdc), out);
    case 0xde:
    case 0xdf: return read_sized_head(self, TIDE_TOKEN_MAP, 2u << (tag - 0xde), out);
    default: return tide_fail(TIDE_E_PROTO, "byte %zu: 0x%02x is not msgpack", out->at, tag);
    }
}

tide_status tide_reader_next(tide_reader *self, tide_token *out)
{
    *out = (tide_token){ .at = self->at };
    if (self->at == self->n) return fail_short(self, self->at);
    uint8_t tag = self->bytes[self->at++];
    if (tag < 0x80) {
        out->type = TIDE_TOKEN_UINT;
        out->u = tag;
        return TIDE_OK;
    }
    if (tag >= 0xe0) {
        out->type = TIDE_TOKEN_NEGATIVE;
        out->i = (int8_t)tag;
        return TIDE_OK;
    }
    if (tag < 0x90) return read_head(self, TIDE_TOKEN_MAP, tag & 0x0f, out);
    if (tag < 0xa0) return read_head(self, TIDE_TOKEN_LIST, tag & 0x0f, out);
    if (tag < 0xc0) return read_body(self, TIDE_TOKEN_TEXT, tag & 0x1f, out);
    return read_tagged(self, tag, out);
}

tide_status tide_reader_skip(tide_reader *self, uint32_t depth_max)
{
    tide_assert(depth_max <= TIDE_PROTO_DEPTH_MAX);
    uint64_t left[TIDE_PROTO_DEPTH_MAX + 1] = { 1 }; /* Values still to come, per depth. */
    for (uint32_t depth = 0;;) {
        while (left[depth] == 0) {
            if (depth == 0) return TIDE_OK;
            depth--;
        }
        left[depth]--;
        tide_token token;
        TIDE_TRY(tide_reader_next(self, &token));
        if (token.type != TIDE_TOKEN_LIST && token.type != TIDE_TOKEN_MAP) continue;
        if (depth == depth_max)
            return tide_fail(TIDE_E_PROTO, "byte %zu: lists and maps go deeper than %u", token.at,
                             TIDE_PROTO_DEPTH_MAX);
        left[++depth] = token.type == TIDE_TOKEN_MAP ? 2ull * token.n : token.n;
    }
}
