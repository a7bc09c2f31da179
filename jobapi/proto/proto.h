/* proto.h - the messages of the control plane: structs, and their bytes.
 *
 * Structs, field tables and numbers come from messages.def. A message's bytes are a msgpack map
 * {"m": number, "v": TIDE_PROTO_VERSION, field: value, ...}. Unknown fields are skipped, missing
 * ones are zero, "" or empty, so neighbouring versions interoperate. Decoding trusts nothing:
 * sizes, depth and types are checked, texts may not hold NUL bytes. Pure; any thread. */
#ifndef TIDE_JOBAPI_PROTO_PROTO_H
#define TIDE_JOBAPI_PROTO_PROTO_H
#include <stdbool.h>

#include "base/core/arena.h"
#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_PROTO_VERSION 1u
/* A job's text or an artifact's chunk, with room to spare; longer frames are refused unread. */
#define TIDE_PROTO_BYTES_MAX (80u << 20)
/* Maps and lists inside each other; messages need 5. */
#define TIDE_PROTO_DEPTH_MAX 8u
/* What a message may take once decoded: a frame of empty records must not fill the memory. */
#define TIDE_PROTO_DECODED_BYTES_MAX (2u * TIDE_PROTO_BYTES_MAX)

typedef struct tide_proto_bytes {
    const uint8_t *p;
    uint64_t n;
} tide_proto_bytes;

#define TIDE_U64(f) uint64_t f;
#define TIDE_I64(f) int64_t f;
#define TIDE_BOOL(f) bool f;
#define TIDE_F64(f) double f;
#define TIDE_TEXT(f) const char *f; /* Never NULL after decoding; NULL encodes as "". */
#define TIDE_BYTES(f) tide_proto_bytes f;
#define TIDE_LIST(record, f)                                                                       \
    struct {                                                                                       \
        uint32_t n;                                                                                \
        tide_##record *items;                                                                      \
    } f;
#define TIDE_ONE(record, f) tide_##record f;
#define TIDE_RECORD(name) typedef struct tide_##name {
#define TIDE_RECORD_END(name)                                                                      \
    }                                                                                              \
    tide_##name;
#define TIDE_MESSAGE(NAME, name, number) typedef struct tide_##name {
#define TIDE_MESSAGE_END(name)                                                                     \
    }                                                                                              \
    tide_##name;
#include "jobapi/proto/messages.def"

typedef enum tide_msg_kind {
    TIDE_MSG_NONE = 0,
#define TIDE_MESSAGE(NAME, name, number) TIDE_MSG_##NAME = number,
#define TIDE_MESSAGE_END(name)
#include "jobapi/proto/messages.def"
} tide_msg_kind;

/* A message of any kind: `kind` says which struct `body` points to. */
typedef struct tide_msg {
    tide_msg_kind kind;
    const void *body;
} tide_msg;

const char *tide_msg_name(tide_msg_kind kind); /* "AGENT_HELLO"; "?" for an unknown number. */

/* Appends the message's bytes. body: the struct of that kind. */
void tide_msg_encode(tide_msg_kind kind, const void *body, tide_bytes *out);
/* Reads one message; everything it points to is copied into the arena. TIDE_E_PROTO says what is
 * wrong, in which field and at which byte: not msgpack, not a map, an unknown number, a field of
 * the wrong type, too long, too deep, a truncated frame. */
TIDE_MUST_CHECK tide_status tide_msg_decode(const uint8_t *bytes, size_t n, tide_arena *arena,
                                            tide_msg *out);

/* What is stored: the message's bytes, and behind them 4 bytes of format version and 8 of XXH3-64
 * over everything before, little endian. */
void tide_msg_encode_stored(tide_msg_kind kind, const void *body, tide_bytes *out);
/* TIDE_E_CORRUPT when the checksum does not agree; TIDE_E_UNSUPPORTED for another version. */
TIDE_MUST_CHECK tide_status tide_msg_decode_stored(const uint8_t *bytes, size_t n,
                                                   tide_arena *arena, tide_msg *out);

/* A deep copy in the arena. */
void *tide_msg_copy(tide_msg_kind kind, const void *body, tide_arena *arena);
/* The same for a record, by its table: TIDE_COPY_RECORD(job_spec, &spec, arena). */
typedef struct tide_proto_desc tide_proto_desc; /* fields.h */
void *tide_proto_copy(const tide_proto_desc *desc, const void *record, tide_arena *arena);
#define TIDE_RECORD_DESC(name) tide_proto_desc_##name()
#define TIDE_COPY_RECORD(name, record, arena)                                                      \
    ((tide_##name *)tide_proto_copy(TIDE_RECORD_DESC(name), (record), (arena)))
#define TIDE_RECORD(name) const tide_proto_desc *tide_proto_desc_##name(void);
#define TIDE_RECORD_END(name)
#include "jobapi/proto/messages.def"

/* Appends the message as one line of JSON, for traces and `--log debug`: what is not zero or empty,
 * of bytes only their number. */
void tide_msg_print(tide_msg_kind kind, const void *body, tide_bytes *out);

/* The same for a record: {"name":"x",...}, without fields that are zero, "" or empty. */
void tide_proto_print(const tide_proto_desc *desc, const void *record, tide_bytes *out);
/* Reads what _print wrote, and what people write: everything is copied into the arena; fields that
 * are not there are zero, "" or empty. TIDE_E_INVALID names the place: not JSON, not an object, an
 * unknown field (with the nearest), a value of the wrong type, a NUL in a text, bytes (which JSON
 * cannot hold). */
TIDE_MUST_CHECK tide_status tide_proto_read_json(const tide_proto_desc *desc, const char *text,
                                                 size_t n, tide_arena *arena, void *record);

/* How far a runner has got, as its agent reports it; values are sent. */
typedef enum tide_runner_state {
    TIDE_RUNNER_STARTING = 1,
    TIDE_RUNNER_PREPARED = 2,
    TIDE_RUNNER_DEPLOYED = 3,
    TIDE_RUNNER_RUNNING = 4,
    TIDE_RUNNER_FINISHED = 5,
    TIDE_RUNNER_FAILED = 6,
    TIDE_RUNNER_EXITED = 7
} tide_runner_state;
const char *tide_runner_state_name(tide_runner_state state); /* "running" */

#endif
