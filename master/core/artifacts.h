/* artifacts.h - the libraries of C jobs: who has uploaded which, and chunks of them for agents.
 *
 * Pure. An artifact is artifacts/<checksum> in the storage; agents fetch it chunk by chunk. The
 * bytes are kept in memory while somebody fetches. One that no job uses is removed after a while.
 * Owner: the master's control thread. */
#ifndef TIDE_MASTER_CORE_ARTIFACTS_H
#define TIDE_MASTER_CORE_ARTIFACTS_H
#include "checkpoint/storage/storage.h"
#include "jobapi/proto/proto.h"

typedef struct tide_artifacts tide_artifacts;

#define TIDE_ARTIFACTS_CACHE_NS INT64_C(30000000000) /* Without a question for one. */
#define TIDE_ARTIFACTS_CHUNK_BYTES (1u << 20)

typedef enum tide_artifact_act_kind {
    TIDE_ARTIFACT_STORE, /* `op` */
    TIDE_ARTIFACT_SEND,  /* `data` to `peer` */
    TIDE_ARTIFACT_REPLY  /* `status` of the upload with the number `request` */
} tide_artifact_act_kind;

typedef struct tide_artifact_act {
    tide_artifact_act_kind kind;
    tide_store_op op;
    uint64_t peer, request;
    tide_artifact_data data;
    tide_status status;
} tide_artifact_act;

/* Actions gather until they are taken, and are valid until the call behind that. */
typedef struct tide_artifact_acts {
    uint32_t n;
    const tide_artifact_act *items;
} tide_artifact_acts;

tide_artifacts *tide_artifacts_new(int64_t unused_ns);
void tide_artifacts_free(tide_artifacts **self_p);

/* Asks the storage what there is; again until it answers. */
void tide_artifacts_list(tide_artifacts *self);
bool tide_artifacts_is_listed(const tide_artifacts *self);
/* bytes must stay valid until the upload is answered. TIDE_E_REFUSED: the same artifact is being
 * written or removed; try again. */
void tide_artifacts_upload(tide_artifacts *self, uint64_t request, const char *artifact,
                           tide_proto_bytes bytes, int64_t now_ns);
bool tide_artifacts_has(const tide_artifacts *self, const char *artifact);
/* ARTIFACT_GET. */
void tide_artifacts_wanted(tide_artifacts *self, uint64_t peer, const tide_artifact_get *get,
                           int64_t now_ns);
void tide_artifacts_done(tide_artifacts *self, const tide_store_done *done, int64_t now_ns);
/* The artifact is used by a job now; not removed before _unused. */
void tide_artifacts_used(tide_artifacts *self, const char *artifact);
void tide_artifacts_unused(tide_artifacts *self, const char *artifact, int64_t now_ns);
/* While it is not known what jobs use, none is removed. */
void tide_artifacts_keep_all(tide_artifacts *self, bool keeps);
void tide_artifacts_tick(tide_artifacts *self, int64_t now_ns);
int64_t tide_artifacts_deadline_ns(const tide_artifacts *self);
void tide_artifacts_take(tide_artifacts *self, tide_artifact_acts *acts);

/* The chunk at an offset of bytes that are there. */
tide_artifact_data tide_artifact_chunk(const char *artifact, tide_proto_bytes bytes,
                                       uint64_t offset);

#endif
