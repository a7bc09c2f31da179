/* log_sim_test.c - whatever the storage does and whoever crashes, a decision log stays one list.
 *
 * Several writers, each with a term of its own, claim one log and append to it, in virtual time.
 * Operations are delayed, fail without being done, are done without an answer, land late; writers
 * crash and come back with a newer term and another id. After every change of the storage, and at
 * the end, the log is checked against what was seen and reported before. Then faults stop, and the
 * newest writer must get on. A failure prints the seed: `unit_log_sim SEED` replays it.
 *
 * That it finds what it is there for was tried with planted faults: see README.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/core/decision_log.h"
#include "tests/support/storesim.h"

#define SEEDS 1500
#define WRITERS 3
#define MS 1000000ll
#define FAULTS_UNTIL_NS (6000 * MS)
#define HEALED_FOR_NS (40000 * MS) /* A claim reads entry by entry. */
#define ENTRIES_MAX 4096

typedef struct writer {
    tide_decision_log *log; /* NULL: down until `due_ns`. */
    uint64_t client;        /* Of this incarnation: answers to an earlier one are nobody's. */
    uint64_t term;
    int64_t due_ns;     /* Appends, crashes, or comes back. */
    uint64_t appending; /* The attempt's number; 0 none. */
    uint32_t n_appended_healed;
} writer;

typedef struct world {
    uint64_t seed, newest_term, n_clients, n_attempts;
    tide_random random;
    storesim *store;
    writer writers[WRITERS];
    int64_t now_ns;
    bool is_healed;
    tide_bytes seen[ENTRIES_MAX]; /* The entries as they were first. */
    uint64_t n_seen;
    uint64_t reported[ENTRIES_MAX]; /* By place: the attempt that was reported as appended. */
    const char *wrong;
} world;

static uint64_t draw(world *w, uint64_t limit)
{
    return tide_random_below(&w->random, limit);
}

static void check(world *w, bool condition, const char *claim)
{
    if (!condition && !w->wrong) w->wrong = claim;
}

/* ---- checkers ---- */

static const tide_bytes *look(world *w, uint64_t seq)
{
    char key[64];
    snprintf(key, sizeof key, "jobs/j/log/%" PRIu64, seq);
    return memstore_look(storesim_memory(w->store), key);
}

static uint64_t count_objects(world *w)
{
    tide_arena *arena = tide_arena_new();
    tide_storage_listing listing = { 0 };
    tide_storage *storage = memstore_storage(storesim_memory(w->store));
    tide_status rv = storage->vt->list(storage, "jobs/j/log/", arena, &listing);
    tide_assert(rv == TIDE_OK);
    tide_arena_free(&arena);
    return listing.n;
}

/* Entries never change, and there are no gaps: as many objects as entries in a row. */
static void check_storage(world *w)
{
    for (uint64_t seq = 0; seq < ENTRIES_MAX; seq++) {
        const tide_bytes *entry = look(w, seq);
        if (!entry) {
            check(w, seq >= w->n_seen, "an entry is gone");
            check(w, count_objects(w) == seq, "there is a gap");
            return;
        }
        if (seq == w->n_seen) {
            tide_bytes_put(&w->seen[seq], entry->p, entry->n);
            w->n_seen++;
        }
        check(w, entry->n == w->seen[seq].n && memcmp(entry->p, w->seen[seq].p, entry->n) == 0,
              "an entry changed");
    }
}

static tide_msg decode(world *w, uint64_t seq, tide_arena *arena)
{
    tide_msg msg;
    tide_status rv =
        tide_msg_decode_stored((const uint8_t *)w->seen[seq].p, w->seen[seq].n, arena, &msg);
    tide_assert(rv == TIDE_OK);
    return msg;
}

/* What was reported is at its place and nowhere else; terms only grow, and behind a term's entry
 * comes nothing of an older one. */
static void check_log(world *w)
{
    tide_arena *arena = tide_arena_new();
    uint64_t term = 0;
    uint8_t *times = tide_calloc(w->n_attempts + 1, 1);
    for (uint64_t seq = 0; seq < w->n_seen; seq++) {
        tide_msg msg = decode(w, seq, arena);
        check(w, (msg.kind == TIDE_MSG_LOG_SUBMITTED) == (seq == 0), "entry 0 is the job");
        if (msg.kind == TIDE_MSG_LOG_TERM) {
            const tide_log_term *body = msg.body;
            check(w, body->term >= term, "an older term behind a newer one");
            term = body->term;
        }
        if (msg.kind != TIDE_MSG_LOG_ATTEMPT) continue;
        const tide_log_attempt *body = msg.body;
        check(w, body->term == term, "an entry that is not its term's owner's");
        check(w, ++times[body->attempt] == 1, "an entry is there twice");
    }
    for (uint64_t seq = 0; seq < ENTRIES_MAX; seq++) {
        if (w->reported[seq] == 0) continue;
        check(w, seq < w->n_seen, "what was reported as appended is not there");
        if (seq >= w->n_seen) break;
        tide_msg msg = decode(w, seq, arena);
        check(w,
              msg.kind == TIDE_MSG_LOG_ATTEMPT &&
                  ((const tide_log_attempt *)msg.body)->attempt == w->reported[seq],
              "what was reported as appended is not at its place");
    }
    tide_free(times);
    tide_arena_free(&arena);
}

/* What a writer believes to be the log is its beginning. */
static void check_view(world *w, const writer *self)
{
    for (uint64_t seq = 0; seq < tide_decision_log_n_entries(self->log); seq++) {
        const tide_msg *entry = tide_decision_log_entry(self->log, seq);
        tide_bytes bytes = { 0 };
        tide_msg_encode_stored(entry->kind, entry->body, &bytes);
        const tide_bytes *there = look(w, seq);
        check(w, there && there->n == bytes.n && memcmp(there->p, bytes.p, bytes.n) == 0,
              "a writer believes in an entry that is not there");
        tide_bytes_fini(&bytes);
    }
}

/* ---- writers ---- */

static void carry_out(world *w, writer *self, const tide_decision_log_acts *acts)
{
    if (acts->has_op) storesim_submit(w->store, self->client, &acts->op, w->now_ns);
    check(w, acts->has_op + acts->claimed + acts->appended + acts->lost + acts->broken <= 1,
          "one thing at a time");
    if (acts->broken) fprintf(stderr, "%s\n", tide_decision_log_error(self->log)->text);
    check(w, !acts->broken, "broken without damage");
    if (acts->claimed || acts->appended) check_view(w, self);
    if (!acts->appended) return;
    check(w, w->reported[acts->seq] == 0, "two were told that they have the same place");
    w->reported[acts->seq] = self->appending;
    self->appending = 0;
    self->n_appended_healed += w->is_healed;
}

static void begin(world *w, writer *self, bool creates)
{
    char owner[32];
    tide_decision_log_acts acts;
    self->client = ++w->n_clients;
    self->term = ++w->newest_term;
    self->appending = 0;
    self->n_appended_healed = 0;
    snprintf(owner, sizeof owner, "owner%" PRIu64, self->client);
    self->log = tide_decision_log_new("j", self->term, owner);
    if (creates)
        tide_decision_log_create(self->log, &(tide_log_submitted){ .job = "j" }, &acts);
    else
        tide_decision_log_claim(self->log, &acts);
    carry_out(w, self, &acts);
}

static void append(world *w, writer *self)
{
    tide_decision_log_acts acts;
    self->appending = ++w->n_attempts;
    tide_decision_log_append(self->log, TIDE_MSG_LOG_ATTEMPT,
                             &(tide_log_attempt){ .term = self->term, .attempt = self->appending },
                             &acts);
    carry_out(w, self, &acts);
}

/* What a writer does of its own accord. Once faults are over it appends, and nobody comes. */
static void act(world *w, writer *self)
{
    self->due_ns = w->now_ns + 1 + (int64_t)draw(w, 400 * MS);
    if (!self->log) {
        if (!w->is_healed) begin(w, self, false);
        return;
    }
    tide_log_state state = tide_decision_log_state(self->log);
    bool is_down = state == TIDE_LOG_LOST || state == TIDE_LOG_BROKEN;
    bool crashes = !w->is_healed && draw(w, 8) == 0;
    if (is_down || crashes)
        tide_decision_log_free(&self->log);
    else if (state == TIDE_LOG_OWNED && draw(w, 4) > 0)
        append(w, self);
}

static void tick(world *w, writer *self)
{
    tide_decision_log_acts acts;
    tide_decision_log_tick(self->log, w->now_ns, &acts);
    carry_out(w, self, &acts);
}

static void answer(world *w, uint64_t client, const tide_store_done *done)
{
    for (uint32_t i = 0; i < WRITERS; i++) {
        writer *self = &w->writers[i];
        if (!self->log || self->client != client) continue;
        tide_decision_log_acts acts;
        tide_decision_log_done(self->log, done, w->now_ns, &acts);
        carry_out(w, self, &acts);
    }
}

/* ---- the world ---- */

static int64_t next_of(const writer *self)
{
    int64_t deadline = self->log ? tide_decision_log_deadline_ns(self->log) : INT64_MAX;
    return deadline < self->due_ns ? deadline : self->due_ns;
}

static void step(world *w)
{
    int64_t next = storesim_next_ns(w->store);
    writer *who = NULL;
    for (uint32_t i = 0; i < WRITERS; i++) {
        if (next_of(&w->writers[i]) >= next) continue;
        next = next_of(&w->writers[i]);
        who = &w->writers[i];
    }
    if (next > w->now_ns) w->now_ns = next;
    if (who) {
        if (who->due_ns <= w->now_ns)
            act(w, who);
        else
            tick(w, who);
        return;
    }
    check(w, next < INT64_MAX, "nothing will ever happen again");
    if (next == INT64_MAX) return;
    uint64_t client;
    tide_store_done done;
    if (storesim_step(w->store, &client, &done))
        answer(w, client, &done);
    else
        check_storage(w);
}

/* The newest writer owns the log and appends to it. */
static bool has_progress(const world *w)
{
    const writer *newest = &w->writers[0];
    for (uint32_t i = 1; i < WRITERS; i++)
        if (w->writers[i].log && w->writers[i].term > newest->term) newest = &w->writers[i];
    return newest->log && newest->n_appended_healed > 5;
}

static void heal(world *w)
{
    w->is_healed = true;
    storesim_set_faults(w->store, 0);
    begin(w, &w->writers[0], false); /* There is a newest one. */
}

static const char *run_seed(uint64_t seed)
{
    world *w = tide_calloc(1, sizeof *w);
    w->seed = seed;
    tide_random_init(&w->random, seed, 1);
    w->store = storesim_new(&(storesim_config){ .seed = seed,
                                                .delay_max_ns = 1 + (int64_t)draw(w, 120 * MS),
                                                .late_max_ns = 1500 * MS,
                                                .fault_percent = (uint32_t)draw(w, 40) });
    for (uint32_t i = 0; i < WRITERS; i++) w->writers[i].due_ns = INT64_MAX;
    begin(w, &w->writers[0], true);
    /* The others know of the job once it is there: as leaders list jobs. */
    while (!w->wrong && !look(w, 0)) step(w);
    for (uint32_t i = 0; i < WRITERS; i++)
        w->writers[i].due_ns = w->now_ns + (int64_t)draw(w, 900 * MS);
    while (!w->wrong && w->now_ns < FAULTS_UNTIL_NS) step(w);
    tide_decision_log_free(&w->writers[0].log);
    if (!w->wrong) heal(w);
    while (!w->wrong && !has_progress(w) && w->now_ns < FAULTS_UNTIL_NS + HEALED_FOR_NS) step(w);
    check(w, has_progress(w), "no progress though all is well");
    if (!w->wrong) check_log(w);
    const char *wrong = w->wrong;
    for (uint32_t i = 0; i < WRITERS; i++) tide_decision_log_free(&w->writers[i].log);
    for (uint64_t i = 0; i < w->n_seen; i++) tide_bytes_fini(&w->seen[i]);
    storesim_free(&w->store);
    tide_free(w);
    return wrong;
}

int main(int argc, char **argv)
{
    uint64_t first = argc == 2 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t end = argc == 2 ? first + 1 : first + SEEDS;
    for (uint64_t seed = first; seed < end; seed++) {
        const char *wrong = run_seed(seed);
        if (!wrong) continue;
        printf("seed %" PRIu64 ": %s\nreplay: %s %" PRIu64 "\n", seed, wrong, argv[0], seed);
        return 1;
    }
    printf("%" PRIu64 " seeds\n", end - first);
    return 0;
}
