/* decode.c - msgpack to structs, by their tables; nothing about the bytes is taken for granted. */
#include "base/core/assert.h"
#include "jobapi/proto/fields.h"
#include "jobapi/proto/reader.h"

typedef struct decoder {
    tide_reader in;
    tide_arena *arena;
    size_t allocated;
} decoder;

static tide_status read_fields(decoder *self, uint32_t n, const tide_proto_desc *desc,
                               uint32_t depth, void *record);
static tide_status read_value(decoder *self, const tide_proto_field *field, uint32_t depth,
                              void *record);

/* ---- memory ---- */

static tide_status take(decoder *self, size_t at, size_t bytes, void **out)
{
    if (bytes > TIDE_PROTO_DECODED_BYTES_MAX - self->allocated)
        return tide_fail(TIDE_E_PROTO, "byte %zu: more than %u bytes once decoded", at,
                         TIDE_PROTO_DECODED_BYTES_MAX);
    self->allocated += (bytes + 15) & ~(size_t)15; /* As the arena rounds. */
    *out = tide_arena_alloc(self->arena, bytes);
    return TIDE_OK;
}

/* Zero, with "" for texts. */
static void clear_record(const tide_proto_desc *desc, void *record)
{
    memset(record, 0, desc->bytes);
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        void *at = (char *)record + field->offset;
        if (field->type == TIDE_FIELD_TEXT) *(const char **)at = "";
        if (field->type == TIDE_FIELD_ONE) clear_record(field->sub(), at);
    }
}

/* ---- values ---- */

static tide_status expect(decoder *self, tide_token_type type, tide_token *out)
{
    TIDE_TRY(tide_reader_next(&self->in, out));
    if (out->type == type) return TIDE_OK;
    return tide_fail(TIDE_E_PROTO, "byte %zu: expected %s, found %s", out->at,
                     tide_token_name(type), tide_token_name(out->type));
}

static tide_status read_i64(decoder *self, int64_t *out)
{
    tide_token token;
    TIDE_TRY(tide_reader_next(&self->in, &token));
    if (token.type != TIDE_TOKEN_NEGATIVE && token.type != TIDE_TOKEN_UINT)
        return tide_fail(TIDE_E_PROTO, "byte %zu: expected a number, found %s", token.at,
                         tide_token_name(token.type));
    if (token.type == TIDE_TOKEN_UINT && token.u > INT64_MAX)
        return tide_fail(TIDE_E_PROTO, "byte %zu: a number above 2^63 - 1", token.at);
    *out = token.i;
    return TIDE_OK;
}

static tide_status read_text(decoder *self, const char **out)
{
    tide_token token;
    void *copy = NULL;
    TIDE_TRY(expect(self, TIDE_TOKEN_TEXT, &token));
    if (memchr(token.p, '\0', token.n))
        return tide_fail(TIDE_E_PROTO, "byte %zu: a text with a NUL byte", token.at);
    if (token.n == 0) return TIDE_OK; /* It is "" already. */
    TIDE_TRY(take(self, token.at, token.n + 1, &copy));
    memcpy(copy, token.p, token.n);
    ((char *)copy)[token.n] = '\0';
    *out = copy;
    return TIDE_OK;
}

static tide_status read_bytes(decoder *self, tide_proto_bytes *out)
{
    tide_token token;
    void *copy = NULL;
    TIDE_TRY(expect(self, TIDE_TOKEN_BYTES, &token));
    if (token.n == 0) return TIDE_OK;
    TIDE_TRY(take(self, token.at, token.n, &copy));
    memcpy(copy, token.p, token.n);
    *out = (tide_proto_bytes){ copy, token.n };
    return TIDE_OK;
}

static tide_status read_record(decoder *self, const tide_proto_desc *desc, uint32_t depth,
                               void *record)
{
    tide_token map;
    TIDE_TRY(expect(self, TIDE_TOKEN_MAP, &map));
    return read_fields(self, map.n, desc, depth + 1, record);
}

static tide_status read_list(decoder *self, const tide_proto_desc *desc, uint32_t depth,
                             tide_proto_list *out)
{
    tide_token head;
    void *items = NULL;
    TIDE_TRY(expect(self, TIDE_TOKEN_LIST, &head));
    if (head.n == 0) return TIDE_OK;
    TIDE_TRY(take(self, head.at, head.n * desc->bytes, &items));
    for (uint32_t i = 0; i < head.n; i++) {
        void *record = (char *)items + i * desc->bytes;
        clear_record(desc, record);
        tide_status rv = read_record(self, desc, depth + 1, record);
        if (rv != TIDE_OK) return tide_because(rv, "item %u", i);
    }
    *out = (tide_proto_list){ head.n, items };
    return TIDE_OK;
}

static tide_status read_value(decoder *self, const tide_proto_field *field, uint32_t depth,
                              void *record)
{
    tide_token token;
    void *at = (char *)record + field->offset;
    switch (field->type) {
    case TIDE_FIELD_U64:
        TIDE_TRY(expect(self, TIDE_TOKEN_UINT, &token));
        *(uint64_t *)at = token.u;
        return TIDE_OK;
    case TIDE_FIELD_I64: return read_i64(self, at);
    case TIDE_FIELD_BOOL:
        TIDE_TRY(expect(self, TIDE_TOKEN_BOOL, &token));
        *(bool *)at = token.b;
        return TIDE_OK;
    case TIDE_FIELD_F64:
        TIDE_TRY(expect(self, TIDE_TOKEN_FLOAT, &token));
        *(double *)at = token.f;
        return TIDE_OK;
    case TIDE_FIELD_TEXT: return read_text(self, at);
    case TIDE_FIELD_BYTES: return read_bytes(self, at);
    case TIDE_FIELD_LIST: return read_list(self, field->sub(), depth, at);
    case TIDE_FIELD_ONE: return read_record(self, field->sub(), depth, at);
    }
    return tide_fail(TIDE_E_INTERNAL, "field %s has no type", field->name);
}

/* ---- records ---- */

/* Fields usually come in the table's order: the search begins where the one before was found. */
static const tide_proto_field *find_field(const tide_proto_desc *desc, const tide_token *name,
                                          uint32_t *hint)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        uint32_t at = (*hint + i) % desc->n_fields;
        const tide_proto_field *field = &desc->fields[at];
        if (field->name_bytes != name->n || memcmp(field->name, name->p, name->n) != 0) continue;
        *hint = at + 1;
        return field;
    }
    return NULL;
}

/* n pairs of a map that is `depth` lists and maps deep. record: cleared. */
static tide_status read_fields(decoder *self, uint32_t n, const tide_proto_desc *desc,
                               uint32_t depth, void *record)
{
    tide_assert(depth <= TIDE_PROTO_DEPTH_MAX); /* The tables are not that deep. */
    uint64_t seen = 0;
    for (uint32_t hint = 0; n > 0; n--) {
        tide_token name;
        tide_status rv = expect(self, TIDE_TOKEN_TEXT, &name);
        if (rv != TIDE_OK) return tide_because(rv, "a field's name in %s", desc->name);
        const tide_proto_field *field = find_field(desc, &name, &hint);
        if (!field) {
            rv = tide_reader_skip(&self->in, TIDE_PROTO_DEPTH_MAX - depth);
            if (rv != TIDE_OK) return tide_because(rv, "an unknown field of %s", desc->name);
            continue;
        }
        uint64_t bit = 1ull << (field - desc->fields);
        if (seen & bit)
            return tide_fail(TIDE_E_PROTO, "%s.%s: byte %zu: the field comes twice", desc->name,
                             field->name, name.at);
        seen |= bit;
        rv = read_value(self, field, depth, record);
        if (rv != TIDE_OK) return tide_because(rv, "%s.%s", desc->name, field->name);
    }
    return TIDE_OK;
}

/* The pair that every message begins with, or the next. */
static tide_status read_number_of(decoder *self, char name, uint64_t *out)
{
    tide_token token;
    TIDE_TRY(expect(self, TIDE_TOKEN_TEXT, &token));
    if (token.n != 1 || *token.p != (uint8_t)name)
        return tide_fail(TIDE_E_PROTO, "byte %zu: expected the field \"%c\"", token.at, name);
    tide_status rv = expect(self, TIDE_TOKEN_UINT, &token);
    if (rv != TIDE_OK) return tide_because(rv, "field \"%c\"", name);
    *out = token.u;
    return TIDE_OK;
}

static tide_status read_message(decoder *self, tide_msg *out)
{
    tide_token map;
    uint64_t kind, version;
    void *body = NULL;
    TIDE_TRY(expect(self, TIDE_TOKEN_MAP, &map));
    if (map.n < 2) return tide_fail(TIDE_E_PROTO, "byte 0: a map without \"m\" and \"v\"");
    TIDE_TRY(read_number_of(self, 'm', &kind));
    TIDE_TRY(read_number_of(self, 'v', &version));
    const tide_proto_desc *desc = tide_msg_desc(kind);
    if (!desc) {
        return tide_fail(TIDE_E_PROTO,
                         "byte %zu: no message has the number %llu (version %llu, ours is %u)",
                         map.at, (unsigned long long)kind, (unsigned long long)version,
                         TIDE_PROTO_VERSION);
    }
    TIDE_TRY(take(self, 0, desc->bytes, &body));
    clear_record(desc, body);
    TIDE_TRY(read_fields(self, map.n - 2, desc, 1, body));
    if (self->in.at != self->in.n)
        return tide_fail(TIDE_E_PROTO, "byte %zu: bytes behind the message", self->in.at);
    *out = (tide_msg){ (tide_msg_kind)kind, body };
    return TIDE_OK;
}

tide_status tide_msg_decode(const uint8_t *bytes, size_t n, tide_arena *arena, tide_msg *out)
{
    *out = (tide_msg){ 0 };
    if (n > TIDE_PROTO_BYTES_MAX)
        return tide_fail(TIDE_E_PROTO, "a frame of %zu bytes; at most %u are read", n,
                         TIDE_PROTO_BYTES_MAX);
    decoder self = { .in = { .bytes = bytes, .n = n }, .arena = arena };
    return read_message(&self, out);
}
