/* fields.c - messages.def as tables. */
#include "jobapi/proto/fields.h"

#include <stddef.h>

#include "base/core/assert.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define FIELD(f, type, sub) { #f, sizeof #f - 1, TIDE_FIELD_##type, offsetof(record, f), sub },

/* A function each, so that the fields in it can say `record` for the struct that they are in. */
#define TIDE_RECORD(name)                                                                          \
    const tide_proto_desc *tide_proto_desc_##name(void)                                            \
    {                                                                                              \
        typedef tide_##name record;                                                                \
        static const tide_proto_field fields[] = {
#define TIDE_RECORD_END(name)                                                                      \
    }                                                                                              \
    ;                                                                                              \
    _Static_assert(N(fields) <= TIDE_PROTO_FIELDS_MAX, "a bit each, while decoding");              \
    static const tide_proto_desc desc = { #name, sizeof(record), N(fields), fields };              \
    return &desc;                                                                                  \
    }
#define TIDE_MESSAGE(NAME, name, number) static TIDE_RECORD(name)
#define TIDE_MESSAGE_END(name) TIDE_RECORD_END(name)
#define TIDE_U64(f) FIELD(f, U64, NULL)
#define TIDE_I64(f) FIELD(f, I64, NULL)
#define TIDE_BOOL(f) FIELD(f, BOOL, NULL)
#define TIDE_F64(f) FIELD(f, F64, NULL)
#define TIDE_TEXT(f) FIELD(f, TEXT, NULL)
#define TIDE_BYTES(f) FIELD(f, BYTES, NULL)
#define TIDE_LIST(record, f) FIELD(f, LIST, tide_proto_desc_##record)
#define TIDE_ONE(record, f) FIELD(f, ONE, tide_proto_desc_##record)
#include "jobapi/proto/messages.def"

_Static_assert(sizeof(((tide_job_spec *)0)->args) == sizeof(tide_proto_list), "one list layout");

typedef struct kind_row {
    const char *name;
    const tide_proto_desc *(*desc)(void);
} kind_row;

/* By number. */
static const kind_row kinds[] = {
#define TIDE_MESSAGE(NAME, name, number) [number] = { #NAME, tide_proto_desc_##name },
#define TIDE_MESSAGE_END(name)
#include "jobapi/proto/messages.def"
};

static const char *const runner_states[] = {
    [TIDE_RUNNER_STARTING] = "starting", [TIDE_RUNNER_PREPARED] = "prepared",
    [TIDE_RUNNER_DEPLOYED] = "deployed", [TIDE_RUNNER_RUNNING] = "running",
    [TIDE_RUNNER_FINISHED] = "finished", [TIDE_RUNNER_FAILED] = "failed",
    [TIDE_RUNNER_EXITED] = "exited",
};

const tide_proto_desc *tide_msg_desc(uint64_t kind)
{
    return kind < N(kinds) && kinds[kind].desc ? kinds[kind].desc() : NULL;
}

uint32_t tide_msg_kinds_end(void)
{
    return N(kinds);
}

const char *tide_msg_name(tide_msg_kind kind)
{
    return kind < N(kinds) && kinds[kind].name ? kinds[kind].name : "?";
}

const char *tide_runner_state_name(tide_runner_state state)
{
    const char *name = state < N(runner_states) ? runner_states[state] : NULL;
    return name ? name : "?";
}

bool tide_proto_is_empty(const tide_proto_field *field, const void *record)
{
    static const uint64_t zero;
    const void *at = tide_proto_at(field, record);
    switch (field->type) {
    case TIDE_FIELD_U64:
    case TIDE_FIELD_I64:
    case TIDE_FIELD_F64: return memcmp(at, &zero, sizeof zero) == 0; /* -0.0 is sent. */
    case TIDE_FIELD_BOOL: return !*(const bool *)at;
    case TIDE_FIELD_TEXT: return *tide_proto_text(field, record) == '\0';
    case TIDE_FIELD_BYTES: return ((const tide_proto_bytes *)at)->n == 0;
    case TIDE_FIELD_LIST: return ((const tide_proto_list *)at)->n == 0;
    case TIDE_FIELD_ONE: break;
    }
    const tide_proto_desc *sub = field->sub();
    for (uint32_t i = 0; i < sub->n_fields; i++)
        if (!tide_proto_is_empty(&sub->fields[i], at)) return false;
    return true;
}
