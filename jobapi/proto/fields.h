/* fields.h - which fields does a record have, and where do they lie?
 *
 * The tables behind encoding, decoding, copying and printing, made from messages.def. For those
 * four, and for tests that go over every message. Pure; read-only. */
#ifndef TIDE_JOBAPI_PROTO_FIELDS_H
#define TIDE_JOBAPI_PROTO_FIELDS_H
#include "jobapi/proto/proto.h"

typedef enum tide_field_type {
    TIDE_FIELD_U64,
    TIDE_FIELD_I64,
    TIDE_FIELD_BOOL,
    TIDE_FIELD_F64,
    TIDE_FIELD_TEXT,
    TIDE_FIELD_BYTES,
    TIDE_FIELD_LIST,
    TIDE_FIELD_ONE
} tide_field_type;

typedef struct tide_proto_field {
    const char *name;
    uint32_t name_bytes;
    tide_field_type type;
    size_t offset;                       /* In the record. */
    const tide_proto_desc *(*sub)(void); /* LIST, ONE: the record's table. */
} tide_proto_field;

#define TIDE_PROTO_FIELDS_MAX 64u

struct tide_proto_desc {
    const char *name; /* "job_spec" */
    size_t bytes;     /* sizeof the struct. */
    uint32_t n_fields;
    const tide_proto_field *fields;
};

/* Every TIDE_LIST has this layout. */
typedef struct tide_proto_list {
    uint32_t n;
    void *items;
} tide_proto_list;

/* The table of a message; NULL for an unknown number. */
const tide_proto_desc *tide_msg_desc(uint64_t kind);
/* Unknown numbers lie between known ones: kinds are below this. */
uint32_t tide_msg_kinds_end(void);

/* Zero, "" or empty: not sent, not printed. */
bool tide_proto_is_empty(const tide_proto_field *field, const void *record);

TIDE_INLINE const void *tide_proto_at(const tide_proto_field *field, const void *record)
{
    return (const char *)record + field->offset;
}
/* A TEXT field's value; NULL reads as "". */
TIDE_INLINE const char *tide_proto_text(const tide_proto_field *field, const void *record)
{
    const char *text;
    memcpy(&text, tide_proto_at(field, record), sizeof text);
    return text ? text : "";
}

#endif
