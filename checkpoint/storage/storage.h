/* storage.h - where things lie that outlive a process: a small contract that files, object stores
 * and tests can keep.
 *
 * Keys are relative paths of [A-Za-z0-9._-]+ parts joined by '/'; no key is a folder of another. An
 * object is whole or absent: nobody ever sees half of one. Bytes are the caller's business: what
 * must be trusted carries its own checksum (jobapi/proto's stored form). Calls block and may be
 * made on any thread; the callers' I/O threads make them, cores ask for them with tide_store_op
 * (below) and get the outcome as an event. */
#ifndef TIDE_CHECKPOINT_STORAGE_STORAGE_H
#define TIDE_CHECKPOINT_STORAGE_STORAGE_H
#include "base/core/arena.h"
#include "base/core/bytes.h"
#include "base/core/status.h"

typedef struct tide_storage tide_storage;

#define TIDE_STORAGE_KEY_MAX 512u
/* What TIDE_STORE_GET reads at most: larger objects are read piece by piece. */
#define TIDE_STORAGE_WHOLE_BYTES_MAX (256u << 20)

typedef struct tide_storage_listing {
    uint32_t n;
    const char **keys; /* Whole keys, in byte order. In the caller's arena. */
} tide_storage_listing;

/* Failures beside those named: TIDE_E_INVALID (a key that is none), TIDE_E_NO_SPACE, TIDE_E_IO.
 * After a failure of put, put_if_absent or remove it is unknown whether it was done. */
typedef struct tide_storage_vt {
    /* Writes or replaces; durable when it returns TIDE_OK. */
    tide_status (*put)(tide_storage *self, const char *key, const void *bytes, size_t n);
    /* TIDE_E_EXISTS when the key is there, unless our own earlier try (whose answer was lost) put
     * it there. */
    tide_status (*put_if_absent)(tide_storage *self, const char *key, const void *bytes, size_t n);
    /* Appends [offset, offset + n_max) of the object to *out, less at its end. TIDE_E_NOT_FOUND. */
    tide_status (*get)(tide_storage *self, const char *key, uint64_t offset, uint64_t n_max,
                       tide_bytes *out);
    /* Keys that begin with prefix: "" for all, else a key or the beginning of one. */
    tide_status (*list)(tide_storage *self, const char *prefix, tide_arena *arena,
                        tide_storage_listing *out);
    /* TIDE_OK also when it is not there. */
    tide_status (*remove)(tide_storage *self, const char *key);
    void (*free)(tide_storage **self_p);
} tide_storage_vt;

struct tide_storage {
    const tide_storage_vt *vt;
};

/* The storage of a URL: "file:///path" or a plain path. Creates the folder. TIDE_E_OPTION for an
 * unknown scheme, TIDE_E_IO (with what to do) when the folder cannot be made or written. */
TIDE_MUST_CHECK tide_status tide_storage_open(const char *url, tide_storage **out);
void tide_storage_free(tide_storage **self_p);

/* Is the key well formed? TIDE_E_INVALID says why. For drivers. */
TIDE_MUST_CHECK tide_status tide_storage_check_key(const char *key);
TIDE_MUST_CHECK tide_status tide_storage_check_prefix(const char *prefix);
/* Sorts *keys and makes them the listing. For drivers. */
void tide_storage_sort(const char **keys, uint32_t n, tide_storage_listing *out);

/* ---- what a core asks for, and what comes of it ---- */
typedef enum tide_store_kind {
    TIDE_STORE_PUT,
    TIDE_STORE_PUT_IF_ABSENT,
    TIDE_STORE_GET, /* Whole. */
    TIDE_STORE_LIST,
    TIDE_STORE_REMOVE
} tide_store_kind;

/* An action. Texts and bytes are valid until the core's next step: the shell copies what it keeps.
 */
typedef struct tide_store_op {
    uint64_t id; /* The core's; comes back with the outcome. */
    tide_store_kind kind;
    const char *key; /* LIST: the prefix. */
    const uint8_t *bytes;
    size_t n;
} tide_store_op;

/* An event. */
typedef struct tide_store_done {
    uint64_t id;
    tide_status status;   /* TIDE_OK, TIDE_E_EXISTS, TIDE_E_NOT_FOUND, or a failure: whether it was
                             done is unknown. */
    const uint8_t *bytes; /* GET */
    size_t n;
    const tide_storage_listing *listing; /* LIST */
} tide_store_done;

/* Carries an operation out, blocking: what a shell's I/O thread does. bytes: gets a GET's content;
 * arena: a LIST's keys. TIDE_E_LIMIT for a GET of more than TIDE_STORAGE_WHOLE_BYTES_MAX. */
TIDE_MUST_CHECK tide_status tide_storage_do(tide_storage *self, const tide_store_op *op,
                                            tide_bytes *bytes, tide_arena *arena,
                                            tide_storage_listing *listing);

#endif
