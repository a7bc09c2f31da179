/* fn_digest.c - digests, hashes and the text forms of bytes; parts of URLs. */
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "base/core/mem.h"
#include "base/expr/kernels_priv.h"

/* ---- digests, by libcrypto ---- */

/* An algorithm, fetched once, and a context that goes from row to row. */
typedef struct digest {
    EVP_MD *algorithm; /* NULL: the system's policy forbids it (MD5, by FIPS 140). */
    EVP_MD_CTX *context;
} digest;

static void drop_digest(void *imm)
{
    digest *self = imm;
    EVP_MD_CTX_free(self->context);
    EVP_MD_free(self->algorithm);
    tide_free(self);
}

static void *new_digest(const char *name, void (**drop_out)(void *imm))
{
    digest *self = tide_calloc(1, sizeof *self);
    self->algorithm = EVP_MD_fetch(NULL, name, NULL);
    self->context = EVP_MD_CTX_new();
    if (self->algorithm) EVP_DigestInit_ex2(self->context, self->algorithm, NULL);
    *drop_out = drop_digest;
    return self;
}

void *tide_prepare_md5(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_digest("MD5", drop_out);
}
void *tide_prepare_sha224(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_digest("SHA224", drop_out);
}
void *tide_prepare_sha256(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_digest("SHA256", drop_out);
}
void *tide_prepare_sha384(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_digest("SHA384", drop_out);
}
void *tide_prepare_sha512(const tide_expr *e, void (**drop_out)(void *imm))
{
    (void)e;
    return new_digest("SHA512", drop_out);
}

/* The digest of a text to `to`; 0 bytes, and the row has failed, where there is none. */
static uint32_t digest_of(tide_rowcall *c, const tide_value *text, uint8_t *to)
{
    const digest *self = c->imm;
    unsigned n = 0;
    bool ok = self->algorithm && EVP_DigestInit_ex2(self->context, NULL, NULL) &&
              EVP_DigestUpdate(self->context, text->str.ptr, text->str.len) &&
              EVP_DigestFinal_ex(self->context, to, &n);
    if (!ok) tide_row_fail(c, TIDE_E_UNSUPPORTED, "this system's libcrypto has no such digest");
    return ok ? n : 0;
}

tide_row_result tide_row_digest(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint32_t n = digest_of(c, &args[0], (uint8_t *)tide_bytes_reserve(&c->out, EVP_MAX_MD_SIZE));
    c->out.n = n;
    return n ? tide_row_out(c, out) : TIDE_ROW_FAILED;
}

tide_row_result tide_row_digest_hex(tide_rowcall *c, const tide_value *args, tide_value *out)
{
    uint8_t bytes[EVP_MAX_MD_SIZE];
    uint32_t n = digest_of(c, &args[0], bytes);
    tide_bytes_put_hex(&c->out, bytes, n);
    return n ? tide_row_out(c, out) : TIDE_ROW_FAILED;
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

/* Lines of 76 characters, as RFC 2045 has it; one that is full ends, as PostgreSQL has it, also at
 * the end. */
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
        if (line == 57) *at++ = '\n';
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
