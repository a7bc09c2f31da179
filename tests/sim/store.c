/* store.c - objects, and operations under way. */
#include "tests/sim/store.h"

#include <string.h>

#include "base/core/assert.h"

#define SLOWER 20
#define CUT_TIMEOUT_NS (500 * SIM_MS)

typedef struct object {
    char *key;
    uint8_t *bytes;
    size_t n;
} object;

struct sim_store {
    sim_world *world;
    sim_store_faults faults;
    uint32_t n, cap;
    object *objects; /* Ordered by key. */
    sim_store_watch *watch;
};

/* An operation on its way. One block of memory: key and bytes lie behind it. */
typedef struct operation {
    uint32_t process, tag;
    uint64_t id;
    tide_store_kind kind;
    bool answers, hides; /* Is there an answer, and is it a failure whatever happened? */
    int64_t answer_after;
    size_t n;
    const char *key;
    const uint8_t *bytes;
} operation;

sim_store *sim_store_new(sim_world *world)
{
    sim_store *self = tide_calloc(1, sizeof *self);
    self->world = world;
    self->faults.latency_ns = 500 * SIM_US;
    self->faults.jitter_ns = 5 * SIM_MS;
    return self;
}

void sim_store_free(sim_store **self_p)
{
    sim_store *self = *self_p;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) {
        tide_free(self->objects[i].key);
        tide_free(self->objects[i].bytes);
    }
    tide_free(self->objects);
    tide_free(self);
}

sim_store_faults *sim_store_faults_of(sim_store *self)
{
    return &self->faults;
}

void sim_store_heal(sim_store *self)
{
    self->faults.fails = self->faults.forgets = self->faults.comes_late = 0;
    self->faults.full_until = self->faults.slow_until = 0;
    memset(self->faults.cut_until, 0, sizeof self->faults.cut_until);
}

void sim_store_watch_with(sim_store *self, sim_store_watch *watch)
{
    self->watch = watch;
}

/* ---- objects ---- */
static uint32_t place_of(const sim_store *self, const char *key, bool *found)
{
    uint32_t low = 0, high = self->n;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (strcmp(self->objects[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = low < self->n && strcmp(self->objects[low].key, key) == 0;
    return low;
}

const uint8_t *sim_store_peek(const sim_store *self, const char *key, size_t *n)
{
    bool found;
    uint32_t i = place_of(self, key, &found);
    if (!found) return NULL;
    *n = self->objects[i].n;
    return self->objects[i].bytes;
}

uint32_t sim_store_n(const sim_store *self)
{
    return self->n;
}

const char *sim_store_key(const sim_store *self, uint32_t i)
{
    return self->objects[i].key;
}

static void write_object(sim_store *self, uint32_t at, bool found, const operation *op)
{
    if (!found) {
        TIDE_GROW(self->objects, self->n, self->cap);
        memmove(&self->objects[at + 1], &self->objects[at], (self->n - at) * sizeof(object));
        self->n++;
        self->objects[at] = (object){ .key = tide_strdup(op->key) };
    }
    object *o = &self->objects[at];
    tide_free(o->bytes);
    o->bytes = tide_malloc(op->n);
    if (op->n) memcpy(o->bytes, op->bytes, op->n);
    o->n = op->n;
}

static void remove_object(sim_store *self, uint32_t at)
{
    tide_free(self->objects[at].key);
    tide_free(self->objects[at].bytes);
    self->n--;
    memmove(&self->objects[at], &self->objects[at + 1], (self->n - at) * sizeof(object));
}

static void list_keys(const sim_store *self, const char *prefix, tide_bytes *out)
{
    size_t n = strlen(prefix);
    for (uint32_t i = 0; i < self->n; i++)
        if (strncmp(self->objects[i].key, prefix, n) == 0)
            tide_bytes_put(out, self->objects[i].key, strlen(self->objects[i].key) + 1);
}

/* Carries it out now; what a read gives is appended to *out. */
static tide_status apply(sim_store *self, const operation *op, tide_bytes *out)
{
    bool found;
    uint32_t at = place_of(self, op->key, &found);
    bool writes = op->kind == TIDE_STORE_PUT || op->kind == TIDE_STORE_PUT_IF_ABSENT;
    if (op->kind == TIDE_STORE_LIST) {
        list_keys(self, op->key, out);
        return TIDE_OK;
    }
    if (op->kind == TIDE_STORE_GET) {
        if (!found) return TIDE_E_NOT_FOUND;
        tide_bytes_put(out, self->objects[at].bytes, self->objects[at].n);
        return TIDE_OK;
    }
    if (op->kind == TIDE_STORE_PUT_IF_ABSENT && found) return TIDE_E_EXISTS;
    if (writes && self->world->now < self->faults.full_until) return TIDE_E_NO_SPACE;
    if (self->watch)
        self->watch(self->world, sim_process_at(self->world, op->process), op->key, found,
                    writes ? op->bytes : NULL, op->n);
    if (writes)
        write_object(self, at, found, op);
    else if (found)
        remove_object(self, at);
    return TIDE_OK;
}

/* ---- answers ---- */
/* What lies before the bytes read in an answer's post. */
typedef struct outcome {
    uint32_t tag;
    tide_store_kind kind;
} outcome;

static void run_done(sim_process *to, sim_post *post)
{
    outcome head;
    memcpy(&head, post->bytes, sizeof head);
    const uint8_t *bytes = post->bytes + sizeof head;
    size_t n = post->n - sizeof head;
    tide_store_done done = { .id = post->id, .status = (tide_status)post->code };
    tide_storage_listing listing = { 0 };
    tide_arena *arena = NULL;
    if (head.kind == TIDE_STORE_GET) {
        done.bytes = bytes;
        done.n = n;
    } else if (head.kind == TIDE_STORE_LIST) {
        arena = tide_arena_new();
        uint32_t cap = 0;
        for (size_t i = 0; i < n; i += strlen((const char *)bytes + i) + 1)
            TIDE_PUSH(arena, listing.keys, listing.n, cap, (const char *)bytes + i);
        done.listing = &listing;
    }
    if (done.status != TIDE_OK && done.status != TIDE_E_EXISTS && done.status != TIDE_E_NOT_FOUND)
        tide_fail(done.status, "the storage failed");
    to->vt->on_stored(to, head.tag, &done);
    tide_arena_free(&arena);
}

static void answer(sim_store *self, const operation *op, tide_status status, const tide_bytes *out)
{
    sim_process *to = sim_process_at(self->world, op->process);
    if (!to->alive) return;
    tide_bytes payload = { 0 };
    const outcome head = { op->tag, op->kind };
    tide_bytes_put(&payload, &head, sizeof head);
    if (status == TIDE_OK) tide_bytes_put(&payload, out->p, out->n);
    sim_post *post = sim_post_new(op->process, 0, op->process, payload.p, payload.n, run_done);
    post->code = status;
    post->id = op->id;
    sim_post_at(self->world, self->world->now + op->answer_after, post);
    tide_bytes_fini(&payload);
}

void sim_store_fire_apply(sim_world *world, void *arg)
{
    sim_store *self = world->store;
    operation *op = arg;
    tide_bytes out = { 0 };
    tide_status status = apply(self, op, &out);
    if (op->answers) answer(self, op, op->hides ? TIDE_E_IO : status, &out);
    tide_bytes_fini(&out);
    tide_free(op);
}

static operation *copy_op(sim_process *process, uint32_t tag, const tide_store_op *op)
{
    size_t key_n = strlen(op->key) + 1;
    size_t n = op->kind == TIDE_STORE_PUT || op->kind == TIDE_STORE_PUT_IF_ABSENT ? op->n : 0;
    operation *copy = tide_malloc(sizeof *copy + key_n + n);
    char *behind = (char *)(copy + 1);
    memcpy(behind, op->key, key_n);
    if (n) memcpy(behind + key_n, op->bytes, n);
    *copy = (operation){ .process = process->id,
                         .tag = tag,
                         .id = op->id,
                         .kind = op->kind,
                         .answers = true,
                         .n = n,
                         .key = behind,
                         .bytes = (uint8_t *)behind + key_n };
    return copy;
}

static int64_t latency(sim_store *self)
{
    double u = tide_random_f64(&self->world->random[SIM_STREAM_STORE]);
    int64_t ns = self->faults.latency_ns + (int64_t)(u * u * (double)self->faults.jitter_ns);
    return self->world->now < self->faults.slow_until ? ns * SLOWER : ns;
}

void sim_store_do(sim_process *process, uint32_t tag, const tide_store_op *op)
{
    sim_world *world = process->world;
    sim_store *self = world->store;
    operation *copy = copy_op(process, tag, op);
    int64_t at = world->now + latency(self);
    copy->answer_after = latency(self);
    double u = tide_random_f64(&world->random[SIM_STREAM_STORE]);
    const sim_store_faults *f = &self->faults;
    bool is_cut = world->now < f->cut_until[process->host - world->hosts];
    if (is_cut) copy->answer_after += CUT_TIMEOUT_NS;
    if (is_cut || u < f->fails) {
        answer(self, copy, TIDE_E_IO, NULL);
        sim_say(world, "store", "fails %s for %s", op->key, process->name);
        tide_free(copy);
        return;
    }
    if (u < f->fails + f->forgets) copy->hides = true;
    if (u >= f->fails + f->forgets && u < f->fails + f->forgets + f->comes_late) {
        answer(self, copy, TIDE_E_IO, NULL);
        copy->answers = false;
        at += sim_between(world, SIM_STREAM_STORE, 0, 3 * SIM_S);
    }
    if (u < f->fails + f->forgets + f->comes_late)
        sim_say(world, "store", "hides the outcome of %s from %s", op->key, process->name);
    sim_at(world, at, sim_store_fire_apply, copy);
}
