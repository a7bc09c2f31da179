/* tails.h - what did runners print last, on workers that may be lost any moment?
 *
 * A runner's output is kept by its worker. The end of it is fetched now and then, while the runner
 * lives and once after its end, so that it can be shown when the worker is gone. Bounded: so many
 * bytes of a job on a worker, and of all together; what grew longest ago goes first. Asked every
 * second while there is more, less often while there is not. Pure. Owner: the master's control
 * thread. */
#ifndef TIDE_MASTER_CORE_TAILS_H
#define TIDE_MASTER_CORE_TAILS_H
#include "base/core/bytes.h"
#include "jobapi/proto/proto.h"

typedef struct tide_tails tide_tails;

#define TIDE_TAIL_BYTES_MAX (256u << 10) /* Of a job on a worker. */
#define TIDE_TAILS_BYTES_MAX (32u << 20) /* Of all. */
#define TIDE_TAILS_MAX 10000u            /* Jobs on workers; more are not watched. */
#define TIDE_TAIL_CHUNK_BYTES (64u << 10)
#define TIDE_TAIL_FAST_NS INT64_C(1000000000)
#define TIDE_TAIL_SLOW_NS INT64_C(8000000000)
#define TIDE_TAIL_PATIENCE_NS INT64_C(5000000000) /* For an answer. */
/* Requests for tails have this bit, others of the master have not. */
#define TIDE_TAIL_REQUEST (UINT64_C(1) << 63)

/* A job on a worker. Borrowed until the next call. */
typedef struct tide_tail {
    const char *job, *agent, *host;
    int64_t lost_us;     /* The worker is gone since; 0: it lives. */
    const char *lost_of; /* How it was lost: "agent a1 on host h1 closed its connection"; "" */
    uint64_t offset;     /* Of the first byte that is kept. */
    tide_proto_bytes bytes;
} tide_tail;

tide_tails *tide_tails_new(void);
void tide_tails_free(tide_tails **self_p);

/* The job has a runner there, in this state. */
void tide_tails_runner(tide_tails *self, const char *job, const char *agent, const char *host,
                       uint64_t state, int64_t now_ns);
void tide_tails_agent_lost(tide_tails *self, const char *agent, const char *why, int64_t wall_us);
void tide_tails_forget(tide_tails *self, const char *job);

/* The next question that is due, for *agent. False: none. */
bool tide_tails_next(tide_tails *self, int64_t now_ns, const char **agent, tide_log_get *out);
int64_t tide_tails_deadline_ns(const tide_tails *self); /* INT64_MAX: none. */
/* An answer to a question of ours. */
void tide_tails_answered(tide_tails *self, const tide_log_data *data, int64_t now_ns);

uint32_t tide_tails_n(const tide_tails *self);
/* In the order in which runners were first heard of. */
void tide_tails_at(const tide_tails *self, uint32_t i, tide_tail *out);
bool tide_tails_find(const tide_tails *self, const char *job, const char *agent, tide_tail *out);

#endif
