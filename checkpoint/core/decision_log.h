/* decision_log.h - the one list of decisions about a job, of which only one writer at a time can
 * append.
 *
 * Pure. Entries are jobs/<id>/log/<seq>, written put-if-absent, without gaps. A writer first
 * *claims* the log: reads all entries, appends LOG_TERM with its term at last + 1 (on TIDE_E_EXISTS
 * it reads the entry that is there and goes on behind it), and only then may append; so an older
 * writer's next append meets an entry and it has LOST. An entry of a higher term than one's own,
 * found at any time, is LOST too. An append whose outcome is unknown (failure) is read back before
 * it is tried again: the same bytes mean that it was ours. A damaged or missing entry is
 * TIDE_E_CORRUPT: the log is BROKEN, nothing is decided. Behind LOG_END nothing is appended, no
 * term either. No correctness rests on time.
 *
 * One operation is under way at a time. Owner: the coordinator's thread. */
#ifndef TIDE_CHECKPOINT_CORE_DECISION_LOG_H
#define TIDE_CHECKPOINT_CORE_DECISION_LOG_H
#include "checkpoint/storage/storage.h"
#include "jobapi/proto/proto.h"

typedef struct tide_decision_log tide_decision_log;

typedef enum tide_log_state {
    TIDE_LOG_NEW,
    TIDE_LOG_CLAIMING, /* Reading, appending the term. */
    TIDE_LOG_OWNED,    /* Ready to append. */
    TIDE_LOG_APPENDING,
    TIDE_LOG_LOST,  /* A newer owner is there: step down. */
    TIDE_LOG_BROKEN /* Damaged, or not there at all: see _error. */
} tide_log_state;

/* What a step asks for: at most one store operation, and at most one piece of news. */
typedef struct tide_decision_log_acts {
    bool has_op;
    tide_store_op op;
    bool claimed;  /* Now OWNED for the first time: _n_entries and _entry tell what was decided
                      before. */
    bool appended; /* The entry given to _append is decided; its place is `seq`. */
    bool lost, broken;
    uint64_t seq;
} tide_decision_log_acts;

#define TIDE_LOG_RETRY_MIN_NS 50000000   /* 50 ms, doubled with each failure in a row */
#define TIDE_LOG_RETRY_MAX_NS 2000000000 /* 2 s */

/* `owner` is this writer's id, unique for each start of a process. */
tide_decision_log *tide_decision_log_new(const char *job, uint64_t term, const char *owner);
void tide_decision_log_free(tide_decision_log **self_p);

/* Begins a job: entry 0 (LOG_SUBMITTED) is put, then the log is claimed. TIDE_E_EXISTS arrives as
 * broken with that status: the id is taken. Only in state NEW. */
void tide_decision_log_create(tide_decision_log *self, const tide_log_submitted *submitted,
                              tide_decision_log_acts *acts);
/* Takes over a log that is there. Only in state NEW. */
void tide_decision_log_claim(tide_decision_log *self, tide_decision_log_acts *acts);
/* Appends one entry, whose term is the writer's. Only in state OWNED, and not behind LOG_END. */
void tide_decision_log_append(tide_decision_log *self, tide_msg_kind kind, const void *body,
                              tide_decision_log_acts *acts);
/* The outcome of the last operation. A failure is tried again after a growing pause, see
 * _deadline_ns. */
void tide_decision_log_done(tide_decision_log *self, const tide_store_done *done, int64_t now_ns,
                            tide_decision_log_acts *acts);
/* Time passed: tries again what failed, when due. */
void tide_decision_log_tick(tide_decision_log *self, int64_t now_ns, tide_decision_log_acts *acts);
int64_t tide_decision_log_deadline_ns(const tide_decision_log *self); /* INT64_MAX: none. */

tide_log_state tide_decision_log_state(const tide_decision_log *self);
/* When BROKEN; or of the last failure, when there were any in a row. */
const tide_error *tide_decision_log_error(const tide_decision_log *self);
/* Failures in a row of the operation that is tried again. */
uint32_t tide_decision_log_n_failed(const tide_decision_log *self);
/* The last entry is LOG_END: the job is over. */
bool tide_decision_log_is_ended(const tide_decision_log *self);
uint64_t tide_decision_log_n_entries(const tide_decision_log *self);
/* Decoded; the log's. */
const tide_msg *tide_decision_log_entry(const tide_decision_log *self, uint64_t seq);

#endif
