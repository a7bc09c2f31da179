/* encode.c - structs to msgpack, by their tables. What is zero or empty is left out. */
#include <msgpack/pack.h>

#include "base/core/assert.h"
#include "jobapi/proto/fields.h"

static void pack_record(msgpack_packer *to, const tide_proto_desc *desc, const void *record);

static int write_bytes(void *out, const char *bytes, size_t n)
{
    tide_bytes_put(out, bytes, n);
    return 0;
}

/* The packer's functions return what write_bytes returns. */
static void pack_text(msgpack_packer *to, const char *text, size_t n)
{
    msgpack_pack_str_with_body(to, text, n);
}

static void pack_list(msgpack_packer *to, const tide_proto_desc *desc, const tide_proto_list *list)
{
    msgpack_pack_array(to, list->n);
    for (uint32_t i = 0; i < list->n; i++)
        pack_record(to, desc, (const char *)list->items + i * desc->bytes);
}

static void pack_value(msgpack_packer *to, const tide_proto_field *field, const void *record)
{
    const void *at = tide_proto_at(field, record);
    switch (field->type) {
    case TIDE_FIELD_U64: msgpack_pack_uint64(to, *(const uint64_t *)at); break;
    case TIDE_FIELD_I64: msgpack_pack_int64(to, *(const int64_t *)at); break;
    case TIDE_FIELD_BOOL: msgpack_pack_true(to); break; /* It is not empty. */
    case TIDE_FIELD_F64: msgpack_pack_double(to, *(const double *)at); break;
    case TIDE_FIELD_TEXT: {
        const char *text = tide_proto_text(field, record);
        pack_text(to, text, strlen(text));
        break;
    }
    case TIDE_FIELD_BYTES: {
        const tide_proto_bytes *bytes = at;
        msgpack_pack_bin_with_body(to, bytes->p, bytes->n);
        break;
    }
    case TIDE_FIELD_LIST: pack_list(to, field->sub(), at); break;
    case TIDE_FIELD_ONE: pack_record(to, field->sub(), at); break;
    }
}

static uint32_t count_fields(const tide_proto_desc *desc, const void *record)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < desc->n_fields; i++)
        n += !tide_proto_is_empty(&desc->fields[i], record);
    return n;
}

static void pack_fields(msgpack_packer *to, const tide_proto_desc *desc, const void *record)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        if (tide_proto_is_empty(field, record)) continue;
        pack_text(to, field->name, field->name_bytes);
        pack_value(to, field, record);
    }
}

static void pack_record(msgpack_packer *to, const tide_proto_desc *desc, const void *record)
{
    msgpack_pack_map(to, count_fields(desc, record));
    pack_fields(to, desc, record);
}

void tide_msg_encode(tide_msg_kind kind, const void *body, tide_bytes *out)
{
    const tide_proto_desc *desc = tide_msg_desc(kind);
    tide_assert(desc != NULL);
    size_t begin = out->n;
    msgpack_packer to;
    msgpack_packer_init(&to, out, write_bytes);
    msgpack_pack_map(&to, count_fields(desc, body) + 2);
    pack_text(&to, "m", 1);
    msgpack_pack_uint64(&to, (uint64_t)kind);
    pack_text(&to, "v", 1);
    msgpack_pack_uint64(&to, TIDE_PROTO_VERSION);
    pack_fields(&to, desc, body);
    tide_assert(out->n - begin <= TIDE_PROTO_BYTES_MAX);
}
