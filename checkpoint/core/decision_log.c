/* decision_log.c - one operation after the other: read what is there, put one's term behind it, put
 * entries. What a failure left open is settled by reading. */
#include "checkpoint/core/decision_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "jobapi/proto/fields.h"

/* The operation that is under way, or is due. */
typedef enum log_step {
    STEP_NONE,
    STEP_LIST, /* How far does the log go? */
    STEP_READ, /* The entry n_entries, which is there. */
    STEP_PUT,  /* `pending` as the entry n_entries. */
    STEP_CHECK /* What is there as n_entries: `pending`, another's, nothing? */
} log_step;

/* What `pending` is. */
typedef enum log_purpose { PURPOSE_CREATE, PURPOSE_TERM, PURPOSE_ENTRY } log_purpose;

struct tide_decision_log {
    char *prefix; /* "jobs/<id>/log/" */
    char *owner;
    uint64_t term;
    tide_log_state state;
    tide_error error;

    tide_arena *arena;
    tide_msg *entries;
    uint64_t n_entries, cap_entries;
    const tide_log_term *newest; /* Of the entries; NULL: there is none. */
    uint64_t n_listed;           /* CLAIMING: so many are there at least. */

    log_step step;
    log_purpose purpose;
    bool is_under_way, is_unsure; /* Of the step; of `pending`: an earlier try failed. */
    tide_bytes pending;
    char key[TIDE_STORAGE_KEY_MAX + 32];
    uint64_t op_id;
    uint32_t n_failed; /* In a row. */
    int64_t retry_at_ns;
};

static void start(tide_decision_log *self, log_step step, tide_decision_log_acts *acts);
static void break_log(tide_decision_log *self, tide_status rv, tide_decision_log_acts *acts);
static void put_term(tide_decision_log *self, tide_decision_log_acts *acts);

tide_decision_log *tide_decision_log_new(const char *job, uint64_t term, const char *owner)
{
    tide_decision_log *self = tide_calloc(1, sizeof *self);
    self->prefix = tide_asprintf("jobs/%s/log/", job);
    self->owner = tide_strdup(owner);
    self->term = term;
    self->arena = tide_arena_new();
    return self;
}

void tide_decision_log_free(tide_decision_log **self_p)
{
    tide_decision_log *self = *self_p;
    if (!self) return;
    tide_bytes_fini(&self->pending);
    tide_arena_free(&self->arena);
    tide_free(self->owner);
    tide_free(self->prefix);
    tide_free(self);
    *self_p = NULL;
}

/* ---- what is asked for ---- */

static void set_pending(tide_decision_log *self, log_purpose purpose, tide_msg_kind kind,
                        const void *body)
{
    self->purpose = purpose;
    self->is_unsure = false;
    self->pending.n = 0;
    tide_msg_encode_stored(kind, body, &self->pending);
}

void tide_decision_log_create(tide_decision_log *self, const tide_log_submitted *submitted,
                              tide_decision_log_acts *acts)
{
    tide_assert(self->state == TIDE_LOG_NEW);
    *acts = (tide_decision_log_acts){ 0 };
    self->state = TIDE_LOG_CLAIMING;
    set_pending(self, PURPOSE_CREATE, TIDE_MSG_LOG_SUBMITTED, submitted);
    start(self, STEP_PUT, acts);
}

void tide_decision_log_claim(tide_decision_log *self, tide_decision_log_acts *acts)
{
    tide_assert(self->state == TIDE_LOG_NEW);
    *acts = (tide_decision_log_acts){ 0 };
    self->state = TIDE_LOG_CLAIMING;
    start(self, STEP_LIST, acts);
}

/* The term that an entry was written in. Entry 0 belongs to none. */
static uint64_t term_of(const tide_msg *entry)
{
    const tide_proto_desc *desc = tide_msg_desc(entry->kind);
    for (uint32_t i = 0; i < desc->n_fields; i++)
        if (strcmp(desc->fields[i].name, "term") == 0)
            return *(const uint64_t *)tide_proto_at(&desc->fields[i], entry->body);
    return 0;
}

void tide_decision_log_append(tide_decision_log *self, tide_msg_kind kind, const void *body,
                              tide_decision_log_acts *acts)
{
    tide_assert(self->state == TIDE_LOG_OWNED);
    tide_assert(!tide_decision_log_is_ended(self));
    tide_assert(kind > TIDE_MSG_LOG_TERM);
    tide_assert(term_of(&(tide_msg){ kind, body }) == self->term);
    *acts = (tide_decision_log_acts){ 0 };
    self->state = TIDE_LOG_APPENDING;
    set_pending(self, PURPOSE_ENTRY, kind, body);
    start(self, STEP_PUT, acts);
}

/* ---- operations ---- */

static void start(tide_decision_log *self, log_step step, tide_decision_log_acts *acts)
{
    static const tide_store_kind kinds[] = { [STEP_LIST] = TIDE_STORE_LIST,
                                             [STEP_READ] = TIDE_STORE_GET,
                                             [STEP_PUT] = TIDE_STORE_PUT_IF_ABSENT,
                                             [STEP_CHECK] = TIDE_STORE_GET };
    tide_assert(!self->is_under_way);
    self->step = step;
    self->is_under_way = true;
    if (step == STEP_LIST)
        snprintf(self->key, sizeof self->key, "%s", self->prefix);
    else
        snprintf(self->key, sizeof self->key, "%s%" PRIu64, self->prefix, self->n_entries);
    acts->has_op = true;
    acts->op = (tide_store_op){ .id = ++self->op_id, .kind = kinds[step], .key = self->key };
    if (step != STEP_PUT) return;
    acts->op.bytes = (const uint8_t *)self->pending.p;
    acts->op.n = self->pending.n;
}

static void stop(tide_decision_log *self, tide_log_state state)
{
    self->state = state;
    self->step = STEP_NONE;
    self->pending.n = 0;
}

static void lose_log(tide_decision_log *self, tide_decision_log_acts *acts)
{
    stop(self, TIDE_LOG_LOST);
    acts->lost = true;
}

/* rv: of the newest failure of this thread, or TIDE_E_* with a text of its own. */
static void break_log(tide_decision_log *self, tide_status rv, tide_decision_log_acts *acts)
{
    stop(self, TIDE_LOG_BROKEN);
    tide_error_take(rv, &self->error);
    acts->broken = true;
}

/* ---- what is there ---- */

/* Whatever the storage holds, no decision is taken behind a log that no writers can have made. */
static tide_status check_entry(const tide_decision_log *self, const tide_msg *entry)
{
    uint64_t seq = self->n_entries, term = term_of(entry);
    const tide_log_term *newest = self->newest;
    if (entry->kind < TIDE_MSG_LOG_SUBMITTED ||
        (entry->kind == TIDE_MSG_LOG_SUBMITTED) != (seq == 0))
        return tide_fail(TIDE_E_CORRUPT, "a %s has no place here", tide_msg_name(entry->kind));
    if (tide_decision_log_is_ended(self))
        return tide_fail(TIDE_E_CORRUPT, "a %s behind LOG_END", tide_msg_name(entry->kind));
    if (seq == 0) return TIDE_OK;
    bool is_older = newest && term < newest->term;
    bool is_new = !newest || term > newest->term;
    if (is_older || (is_new && entry->kind != TIDE_MSG_LOG_TERM))
        return tide_fail(TIDE_E_CORRUPT, "a %s of term %" PRIu64 " in term %" PRIu64,
                         tide_msg_name(entry->kind), term, newest ? newest->term : 0);
    return TIDE_OK;
}

/* Adds the entry that is there as n_entries. */
static tide_status add_entry(tide_decision_log *self, const uint8_t *bytes, size_t n)
{
    tide_msg entry;
    tide_status rv = tide_msg_decode_stored(bytes, n, self->arena, &entry);
    if (rv == TIDE_OK) rv = check_entry(self, &entry);
    if (rv != TIDE_OK) return tide_because(rv, "%s%" PRIu64, self->prefix, self->n_entries);
    TIDE_PUSH(self->arena, self->entries, self->n_entries, self->cap_entries, entry);
    if (entry.kind == TIDE_MSG_LOG_TERM) self->newest = entry.body;
    return TIDE_OK;
}

/* Is there a newer owner? Of one's own term there is one owner: who finds another gives way. */
static bool is_lost(const tide_decision_log *self)
{
    const tide_log_term *newest = self->newest;
    if (!newest) return false;
    return newest->term > self->term ||
           (newest->term == self->term && strcmp(newest->owner, self->owner) != 0);
}

/* ---- outcomes ---- */

/* An entry was read, or was found where ours should go. */
static void go_on_behind(tide_decision_log *self, const tide_store_done *done,
                         tide_decision_log_acts *acts)
{
    tide_status rv = add_entry(self, done->bytes, done->n);
    if (rv != TIDE_OK)
        break_log(self, rv, acts);
    else if (is_lost(self))
        lose_log(self, acts);
    else if (self->n_entries < self->n_listed)
        start(self, STEP_READ, acts);
    else
        put_term(self, acts);
}

/* At the end of what is there. */
static void put_term(tide_decision_log *self, tide_decision_log_acts *acts)
{
    if (tide_decision_log_is_ended(self)) {
        self->state = TIDE_LOG_OWNED;
        self->step = STEP_NONE;
        acts->claimed = true;
        return;
    }
    set_pending(self, PURPOSE_TERM, TIDE_MSG_LOG_TERM,
                &(tide_log_term){ .term = self->term, .owner = self->owner });
    start(self, STEP_PUT, acts);
}

/* `pending` is in the log. */
static void pending_is_there(tide_decision_log *self, tide_decision_log_acts *acts)
{
    tide_status rv = add_entry(self, (const uint8_t *)self->pending.p, self->pending.n);
    if (rv != TIDE_OK) {
        break_log(self, rv, acts);
        return;
    }
    if (self->purpose == PURPOSE_CREATE) {
        put_term(self, acts);
        return;
    }
    self->state = TIDE_LOG_OWNED;
    self->step = STEP_NONE;
    acts->claimed = self->purpose == PURPOSE_TERM;
    acts->appended = self->purpose == PURPOSE_ENTRY;
    acts->seq = self->n_entries - 1;
}

static void another_is_there(tide_decision_log *self, const tide_store_done *done,
                             tide_decision_log_acts *acts)
{
    if (self->purpose == PURPOSE_CREATE) {
        break_log(self, tide_fail(TIDE_E_EXISTS, "%s0 is there already", self->prefix), acts);
        return;
    }
    if (self->purpose == PURPOSE_TERM) {
        go_on_behind(self, done, acts);
        return;
    }
    /* Behind one's own term only a newer one can be. */
    tide_status rv = add_entry(self, done->bytes, done->n);
    if (rv == TIDE_OK && !is_lost(self))
        rv = tide_fail(TIDE_E_CORRUPT, "%s: not written by its owner", self->key);
    if (rv == TIDE_OK)
        lose_log(self, acts);
    else
        break_log(self, rv, acts);
}

static void settle(tide_decision_log *self, const tide_store_done *done,
                   tide_decision_log_acts *acts)
{
    if (done->status == TIDE_E_NOT_FOUND) {
        start(self, STEP_PUT, acts);
        return;
    }
    bool same = done->n == self->pending.n && memcmp(done->bytes, self->pending.p, done->n) == 0;
    /* Entries carry their writer's term, but entry 0 does not: without a try of ours that may have
     * put it there, it is another's, alike as it may be. */
    if (same && (self->purpose != PURPOSE_CREATE || self->is_unsure))
        pending_is_there(self, acts);
    else
        another_is_there(self, done, acts);
}

/* How far the log goes: the highest number. (The listing of a folder that is being written to may
 * lack a lower one.) */
static void take_listing(tide_decision_log *self, const tide_storage_listing *listing,
                         tide_decision_log_acts *acts)
{
    size_t prefix_bytes = strlen(self->prefix);
    for (uint32_t i = 0; i < listing->n; i++) {
        char *end;
        const char *digits = listing->keys[i] + prefix_bytes;
        uint64_t seq = strtoull(digits, &end, 10);
        bool is_entry = *digits >= '0' && *digits <= '9' && *end == '\0' && seq < UINT64_MAX;
        if (is_entry && seq >= self->n_listed) self->n_listed = seq + 1;
    }
    if (self->n_listed == 0)
        break_log(self, tide_fail(TIDE_E_NOT_FOUND, "there is no log %s", self->prefix), acts);
    else
        start(self, STEP_READ, acts);
}

static void fail_step(tide_decision_log *self, tide_status status, int64_t now_ns,
                      tide_decision_log_acts *acts)
{
    tide_status rv = tide_fail(status, "%s: %s", self->key, tide_status_text(status));
    if (tide_status_class_of(status) != TIDE_STATUS_CLASS_RETRY) {
        break_log(self, rv, acts);
        return;
    }
    tide_error_take(rv, &self->error);
    if (self->step == STEP_PUT) {
        self->is_unsure = true;
        self->step = STEP_CHECK;
    }
    int64_t pause = TIDE_LOG_RETRY_MIN_NS;
    for (uint32_t i = 0; i < self->n_failed && pause < TIDE_LOG_RETRY_MAX_NS; i++) pause *= 2;
    if (pause > TIDE_LOG_RETRY_MAX_NS) pause = TIDE_LOG_RETRY_MAX_NS;
    self->n_failed++;
    self->retry_at_ns = now_ns + pause;
}

/* The step succeeded, or says what is and what is not there. */
static void finish_step(tide_decision_log *self, const tide_store_done *done,
                        tide_decision_log_acts *acts)
{
    switch (self->step) {
    case STEP_LIST: take_listing(self, done->listing, acts); break;
    case STEP_READ:
        if (done->status == TIDE_OK)
            go_on_behind(self, done, acts);
        else
            break_log(self,
                      tide_fail(TIDE_E_CORRUPT, "%s is missing, of %" PRIu64 " entries", self->key,
                                self->n_listed),
                      acts);
        break;
    case STEP_PUT:
        if (done->status == TIDE_OK)
            pending_is_there(self, acts);
        else
            start(self, STEP_CHECK, acts);
        break;
    case STEP_CHECK: settle(self, done, acts); break;
    case STEP_NONE: tide_assert(self->step != STEP_NONE);
    }
}

void tide_decision_log_done(tide_decision_log *self, const tide_store_done *done, int64_t now_ns,
                            tide_decision_log_acts *acts)
{
    *acts = (tide_decision_log_acts){ 0 };
    tide_assert(self->is_under_way && done->id == self->op_id);
    self->is_under_way = false;
    bool is_get = self->step == STEP_READ || self->step == STEP_CHECK;
    bool is_answer = done->status == TIDE_OK || (is_get && done->status == TIDE_E_NOT_FOUND) ||
                     (self->step == STEP_PUT && done->status == TIDE_E_EXISTS);
    if (!is_answer) {
        fail_step(self, done->status, now_ns, acts);
        return;
    }
    self->n_failed = 0;
    finish_step(self, done, acts);
}

void tide_decision_log_tick(tide_decision_log *self, int64_t now_ns, tide_decision_log_acts *acts)
{
    *acts = (tide_decision_log_acts){ 0 };
    if (tide_decision_log_deadline_ns(self) <= now_ns) start(self, self->step, acts);
}

int64_t tide_decision_log_deadline_ns(const tide_decision_log *self)
{
    return self->step == STEP_NONE || self->is_under_way ? INT64_MAX : self->retry_at_ns;
}

/* ---- what is known ---- */

tide_log_state tide_decision_log_state(const tide_decision_log *self)
{
    return self->state;
}

const tide_error *tide_decision_log_error(const tide_decision_log *self)
{
    return &self->error;
}

uint32_t tide_decision_log_n_failed(const tide_decision_log *self)
{
    return self->n_failed;
}

bool tide_decision_log_is_ended(const tide_decision_log *self)
{
    return self->n_entries > 0 && self->entries[self->n_entries - 1].kind == TIDE_MSG_LOG_END;
}

uint64_t tide_decision_log_n_entries(const tide_decision_log *self)
{
    return self->n_entries;
}

const tide_msg *tide_decision_log_entry(const tide_decision_log *self, uint64_t seq)
{
    tide_assert(seq < self->n_entries);
    return &self->entries[seq];
}
