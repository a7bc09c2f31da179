/* fn_digest.c - digests, hashes and the text forms of bytes; parts of URLs. */
#include <string.h>
#include <strings.h>

#include "base/expr/kernels_priv.h"

/* ---- Merkle-Damgard: what MD5 and SHA-2 share ---- */

TIDE_INLINE uint32_t rotate_left(uint32_t v, uint32_t n)
{
    return v << n | v >> (32 - n);
}
TIDE_INLINE uint32_t rotate_right(uint32_t v, uint32_t n)
{
    return v >> n | v << (32 - n);
}

typedef void (*block_fn)(uint32_t *state, const uint8_t *block);

/* Feeds all of the message with its padding; the length is big-endian for SHA, little-endian for
 * MD5. */
static void digest(block_fn block, uint32_t *state, const void *message, size_t len,
                   bool big_endian)
{
    const uint8_t *p = message;
    uint8_t last[128] = { 0 };
    size_t rest = len % 64, last_len = rest < 56 ? 64 : 128;
    for (size_t i = 0; i + 64 <= len; i += 64) block(state, p + i);
    memcpy(last, p + (len - rest), rest);
    last[rest] = 0x80;
    uint64_t bits = (uint64_t)len * 8;
    if (big_endian) bits = __builtin_bswap64(bits);
    memcpy(last + last_len - 8, &bits, 8);
    for (size_t i = 0; i < last_len; i += 64) block(state, last + i);
}

/* RFC 1321, section 3.4. */
static void md5_block(uint32_t *state, const uint8_t *block)
{
    static const uint8_t shifts[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
    };
    /* floor(2^32 * abs(sin(i + 1))) */
    static const uint32_t sines[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
        0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
        0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
        0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
        0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
        0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
        0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
        0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
        0xeb86d391,
    };
    uint32_t x[16], a = state[0], b = state[1], c = state[2], d = state[3];
    memcpy(x, block, 64);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t f, k;
        if (i < 16) {
            f = (b & c) | (~b & d);
            k = i;
        } else if (i < 32) {
            f = (d & b) | (~d & c);
            k = (5 * i + 1) % 16;
        } else if (i < 48) {
            f = b ^ c ^ d;
            k = (3 * i + 5) % 16;
        } else {
            f = c ^ (b | ~d);
            k = 7 * i % 16;
        }
        uint32_t sum = a + f + sines[i] + x[k];
        a = d;
        d = c;
        c = b;
        b += rotate_left(sum, shifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

/* FIPS 180-4, section 6.2.2. */
static void sha256_block(uint32_t *state, const uint8_t *block)
{
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    };
    uint32_t w[64], v[8];
    for (uint32_t i = 0; i < 16; i++) {
        memcpy(&w[i], block + i * 4, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    for (uint32_t i = 16; i < 64; i++) {
        uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, state, sizeof v);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t s1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t s0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (uint32_t i = 0; i < 8; i++) state[i] += v[i];
}

tide_row_result tide_row_md5(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    digest(md5_block, state, args[0].str.ptr, args[0].str.len, false);
    tide_bytes_put_hex(&c->out, state, sizeof state);
    return tide_row_out(c, out);
}

static void sha2(const uint32_t *initial, const tide_value *v, uint32_t *state)
{
    memcpy(state, initial, 8 * sizeof *state);
    digest(sha256_block, state, v->str.ptr, v->str.len, true);
    for (uint32_t i = 0; i < 8; i++) state[i] = __builtin_bswap32(state[i]);
}

static const uint32_t sha256_initial[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
static const uint32_t sha224_initial[8] = { 0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
                                            0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4 };

tide_row_result tide_row_sha224(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint32_t state[8];
    sha2(sha224_initial, &args[0], state);
    tide_bytes_put(&c->out, state, 28);
    return tide_row_out(c, out);
}
tide_row_result tide_row_sha256(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint32_t state[8];
    sha2(sha256_initial, &args[0], state);
    tide_bytes_put(&c->out, state, sizeof state);
    return tide_row_out(c, out);
}
tide_row_result tide_row_sha256_hex(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint32_t state[8];
    sha2(sha256_initial, &args[0], state);
    tide_bytes_put_hex(&c->out, state, sizeof state);
    return tide_row_out(c, out);
}

/* FNV-1a, of 32 bits. */
tide_row_result tide_row_hash_code(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    (void)c;
    uint32_t hash = 0x811c9dc5;
    for (uint32_t i = 0; i < args[0].str.len; i++)
        hash = (hash ^ (uint8_t)args[0].str.ptr[i]) * 0x01000193;
    out->i64 = (int32_t)hash;
    return TIDE_ROW_VALUE;
}

/* ---- encode, decode ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three bytes at p as four characters. */
TIDE_INLINE char *put_group(char *at, const uint8_t *p)
{
    uint32_t word = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    at[0] = base64[word >> 18];
    at[1] = base64[word >> 12 & 63];
    at[2] = base64[word >> 6 & 63];
    at[3] = base64[word & 63];
    return at + 4;
}

/* Lines of 76 characters, as RFC 2045 and PostgreSQL have it. */
static void put_base64(tide_rowcall *c, const uint8_t *p, uint32_t n)
{
    char *to = tide_bytes_reserve(&c->out, ((size_t)n / 3 + 1) * 4 + n / 57), *at = to;
    while (n) {
        uint32_t line = n < 57 ? n : 57, i = 0;
        for (; i + 3 <= line; i += 3) at = put_group(at, p + i);
        if (i < line) {
            const uint8_t last[3] = { p[i], i + 1 < line ? p[i + 1] : 0, 0 };
            at = put_group(at, last);
            at[-1] = '=';
            if (i + 1 == line) at[-2] = '=';
        }
        p += line;
        n -= line;
        if (n) *at++ = '\n';
    }
    c->out.n = (size_t)(at - to);
}

static void put_escaped(tide_rowcall *c, const uint8_t *p, uint32_t n)
{
    char *to = tide_bytes_reserve(&c->out, 4 * (size_t)n), *at = to;
    for (uint32_t i = 0; i < n; i++) {
        if (p[i] == '\\' || p[i] == 0 || p[i] >= 0x80) *at++ = '\\';
        if (p[i] == 0 || p[i] >= 0x80) {
            *at++ = (char)('0' + (p[i] >> 6));
            *at++ = (char)('0' + (p[i] >> 3 & 7));
            *at++ = (char)('0' + (p[i] & 7));
        } else {
            *at++ = (char)p[i];
        }
    }
    c->out.n = (size_t)(at - to);
}

static bool is_named(const tide_value *v, const char *name)
{
    return v->str.len == strlen(name) && strncasecmp(v->str.ptr, name, v->str.len) == 0;
}

static tide_row_result bad_encoding(tide_rowcall *c, const tide_value *name)
{
    return tide_row_fail(c, TIDE_E_INVALID, "unrecognized encoding: \"%.*s\"",
                         (int)(name->str.len < 60 ? name->str.len : 60), name->str.ptr);
}

tide_row_result tide_row_encode(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    const uint8_t *p = (const uint8_t *)args[0].str.ptr;
    if (is_named(&args[1], "hex"))
        tide_bytes_put_hex(&c->out, p, args[0].str.len);
    else if (is_named(&args[1], "base64"))
        put_base64(c, p, args[0].str.len);
    else if (is_named(&args[1], "escape"))
        put_escaped(c, p, args[0].str.len);
    else
        return bad_encoding(c, &args[1]);
    return tide_row_out(c, out);
}

static bool is_blank(char ch)
{
    return ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t';
}

static bool take_hex(tide_rowcall *c, const char *p, uint32_t n)
{
    char *at = tide_bytes_reserve(&c->out, n / 2 + 1);
    int high = -1;
    for (uint32_t i = 0; i < n; i++) {
        if (high < 0 && is_blank(p[i])) continue; /* Between bytes only. */
        int digit = tide_hex_digit(p[i]);
        if (digit < 0) return false;
        if (high >= 0) *at++ = (char)(high * 16 + digit);
        high = high >= 0 ? -1 : digit;
    }
    c->out.n = (size_t)(at - c->out.p);
    return high < 0;
}

static int base64_value(char ch)
{
    if (ch >= 'A' && ch <= 'Z') return ch - 'A';
    if (ch >= 'a' && ch <= 'z') return ch - 'a' + 26;
    if (ch >= '0' && ch <= '9') return ch - '0' + 52;
    return ch == '+' ? 62 : ch == '/' ? 63 : -1;
}

static bool take_base64(tide_rowcall *c, const char *p, uint32_t n)
{
    uint32_t word = 0, bits = 0, n_pads = 0, n_chars = 0;
    char *at = tide_bytes_reserve(&c->out, n);
    for (uint32_t i = 0; i < n; i++) {
        if (is_blank(p[i])) continue;
        n_chars++;
        if (p[i] == '=') {
            n_pads++;
            continue;
        }
        int value = base64_value(p[i]);
        if (value < 0 || n_pads) return false;
        word = word << 6 | (uint32_t)value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        *at++ = (char)(word >> bits);
    }
    c->out.n = (size_t)(at - c->out.p);
    return n_chars % 4 == 0 && n_pads <= 2;
}

tide_row_result tide_row_decode(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    bool ok;
    if (is_named(&args[1], "hex")) {
        ok = take_hex(c, args[0].str.ptr, args[0].str.len);
    } else if (is_named(&args[1], "base64")) {
        ok = take_base64(c, args[0].str.ptr, args[0].str.len);
    } else if (is_named(&args[1], "escape")) {
        out->type = tide_type_of(TIDE_TYPE_BYTES);
        return tide_row_cast(c, args, out);
    } else {
        return bad_encoding(c, &args[1]);
    }
    if (!ok)
        return tide_row_fail(c, TIDE_E_DATA, "invalid %.*s data", (int)args[1].str.len,
                             args[1].str.ptr);
    return tide_row_out(c, out);
}

/* ---- URLs ---- */

typedef struct span {
    const char *p; /* NULL: absent. */
    size_t n;
} span;

/* RFC 3986, section 3: scheme://userinfo@host:port/path?query#fragment. */
typedef struct url {
    span scheme, authority, userinfo, host, path, query, fragment, file;
} url;

/* Cuts `s` at the first `ch`: what is behind it, or absent. */
static span cut_behind(span *s, char ch)
{
    const char *at = memchr(s->p, ch, s->n);
    if (at == NULL) return (span){ 0 };
    span behind = { at + 1, s->n - (size_t)(at + 1 - s->p) };
    s->n = (size_t)(at - s->p);
    return behind;
}

static bool split_url(const tide_value *v, url *out)
{
    span rest = { v->str.ptr, v->str.len };
    *out = (url){ 0 };
    const char *at = memmem(rest.p, rest.n, "://", 3);
    if (at == NULL || at == rest.p) return false;
    out->scheme = (span){ rest.p, (size_t)(at - rest.p) };
    rest = (span){ at + 3, rest.n - (size_t)(at + 3 - rest.p) };
    out->fragment = cut_behind(&rest, '#');
    span whole = rest;
    out->query = cut_behind(&rest, '?');
    const char *slash = memchr(rest.p, '/', rest.n);
    size_t n = slash ? (size_t)(slash - rest.p) : rest.n;
    out->authority = (span){ rest.p, n };
    out->path = (span){ rest.p + n, rest.n - n };
    out->file = (span){ whole.p + n, whole.n - n };
    out->host = out->authority;
    span host = cut_behind(&out->host, '@');
    if (host.p) {
        out->userinfo = out->host;
        out->host = host;
    }
    if (out->host.n == 0 || out->host.p[0] != '[') cut_behind(&out->host, ':');
    return true;
}

/* The value of a key in a=1&b=2. */
static span query_value(span query, const tide_value *key)
{
    while (query.p) {
        span pair = query;
        query = cut_behind(&pair, '&');
        span value = cut_behind(&pair, '=');
        if (value.p && pair.n == key->str.len && memcmp(pair.p, key->str.ptr, pair.n) == 0)
            return value;
    }
    return (span){ 0 };
}

tide_row_result tide_row_parse_url(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    url u;
    if (!split_url(&args[0], &u)) return TIDE_ROW_NULL;
    const struct {
        const char *name;
        span part;
    } parts[] = { { "HOST", u.host },           { "PATH", u.path },        { "QUERY", u.query },
                  { "REF", u.fragment },        { "PROTOCOL", u.scheme },  { "FILE", u.file },
                  { "AUTHORITY", u.authority }, { "USERINFO", u.userinfo } };
    for (uint32_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!is_named(&args[1], parts[i].name)) continue;
        span part = parts[i].part;
        if (c->n_args == 3)
            part = is_named(&args[1], "QUERY") ? query_value(u.query, &args[2]) : (span){ 0 };
        return part.p ? tide_row_str(out, part.p, part.n) : TIDE_ROW_NULL;
    }
    return TIDE_ROW_NULL;
}
