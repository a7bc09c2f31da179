/* artifacts.c - a list of artifacts; see artifacts.h. */
#include "master/core/artifacts.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

#define PREFIX "artifacts/"
#define RETRY_NS INT64_C(500000000)
#define WAITING_MAX 256u

typedef struct wanted {
    uint64_t peer, offset;
} wanted;

typedef struct artifact {
    char *id, *key;
    bool stored;        /* In the storage, as far as is known. */
    uint32_t uses;      /* By jobs. */
    int64_t unused_ns;  /* Since when. */
    bool removing;      /* `operation` removes it: nothing else may begin before that is done. */
    uint64_t upload;    /* Of the request that is being written; 0 none. */
    uint64_t operation; /* Under way for it; 0 none. */
    char *bytes;        /* Cached; NULL. */
    size_t n;
    int64_t asked_ns;
    wanted waiting[WAITING_MAX];
    uint32_t n_waiting;
} artifact;

struct tide_artifacts {
    int64_t unused_ns, list_ns; /* list_ns: when to list (again); INT64_MAX not. */
    artifact **items;
    uint32_t n, cap;
    uint64_t next_op, listing;
    bool listed, keeps_all;
    tide_arena *arena;
    tide_artifact_act *acts;
    uint32_t n_acts, cap_acts;
    bool taken;
};

tide_artifacts *tide_artifacts_new(int64_t unused_ns)
{
    tide_artifacts *self = tide_calloc(1, sizeof *self);
    self->unused_ns = unused_ns;
    self->list_ns = INT64_MAX;
    self->arena = tide_arena_new();
    return self;
}

static void free_artifact(artifact *a)
{
    tide_free(a->id);
    tide_free(a->key);
    tide_free(a->bytes);
    tide_free(a);
}

void tide_artifacts_free(tide_artifacts **self_p)
{
    tide_artifacts *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) free_artifact(self->items[i]);
    tide_free(self->items);
    tide_arena_free(&self->arena);
    tide_free(self);
}

static artifact *find(const tide_artifacts *self, const char *id)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->items[i]->id, id) == 0) return self->items[i];
    return NULL;
}

static artifact *find_or_add(tide_artifacts *self, const char *id, int64_t now_ns)
{
    artifact *a = find(self, id);
    if (a) return a;
    TIDE_GROW(self->items, self->n, self->cap);
    a = tide_calloc(1, sizeof *a);
    a->id = tide_strdup(id);
    a->key = tide_asprintf(PREFIX "%s", id);
    a->unused_ns = now_ns;
    self->items[self->n++] = a;
    return a;
}

static void drop(tide_artifacts *self, artifact *a)
{
    uint32_t at = 0;
    while (self->items[at] != a) at++;
    memmove(&self->items[at], &self->items[at + 1], (self->n - at - 1) * sizeof *self->items);
    self->n--;
    free_artifact(a);
}

/* ---- actions ---- */

static tide_artifact_act *add_act(tide_artifacts *self, tide_artifact_act_kind kind)
{
    if (self->taken) {
        tide_arena_reset(self->arena);
        self->acts = NULL;
        self->n_acts = self->cap_acts = 0;
        self->taken = false;
    }
    TIDE_PUSH(self->arena, self->acts, self->n_acts, self->cap_acts,
              ((tide_artifact_act){ .kind = kind }));
    return &self->acts[self->n_acts - 1];
}

void tide_artifacts_take(tide_artifacts *self, tide_artifact_acts *acts)
{
    *acts = (tide_artifact_acts){ self->taken ? 0 : self->n_acts, self->acts };
    self->taken = true;
}

static uint64_t store(tide_artifacts *self, tide_store_kind kind, const char *key,
                      tide_proto_bytes bytes)
{
    tide_artifact_act *act = add_act(self, TIDE_ARTIFACT_STORE);
    act->op = (tide_store_op){ .id = ++self->next_op,
                               .kind = kind,
                               .key = tide_arena_strdup(self->arena, key),
                               .bytes = bytes.p,
                               .n = bytes.n };
    return self->next_op;
}

static void reply(tide_artifacts *self, uint64_t request, tide_status status)
{
    tide_artifact_act *act = add_act(self, TIDE_ARTIFACT_REPLY);
    act->request = request;
    act->status = status;
}

tide_artifact_data tide_artifact_chunk(const char *id, tide_proto_bytes bytes, uint64_t offset)
{
    tide_artifact_data data = { .artifact = id, .offset = offset, .total = bytes.n };
    if (offset >= bytes.n) return data;
    uint64_t n = bytes.n - offset;
    if (n > TIDE_ARTIFACTS_CHUNK_BYTES) n = TIDE_ARTIFACTS_CHUNK_BYTES;
    data.data = (tide_proto_bytes){ bytes.p + offset, n };
    return data;
}

static void send_chunk(tide_artifacts *self, const char *id, tide_proto_bytes bytes, wanted w)
{
    tide_artifact_act *act = add_act(self, TIDE_ARTIFACT_SEND);
    act->peer = w.peer;
    act->data = tide_artifact_chunk(tide_arena_strdup(self->arena, id), bytes, w.offset);
}

/* ---- what is asked ---- */

void tide_artifacts_list(tide_artifacts *self)
{
    self->list_ns = INT64_MAX;
    self->listing = store(self, TIDE_STORE_LIST, PREFIX, (tide_proto_bytes){ 0 });
}

bool tide_artifacts_is_listed(const tide_artifacts *self)
{
    return self->listed;
}

void tide_artifacts_upload(tide_artifacts *self, uint64_t request, const char *id,
                           tide_proto_bytes bytes, int64_t now_ns)
{
    artifact *a = find_or_add(self, id, now_ns);
    if (a->stored) {
        a->unused_ns = now_ns;
        reply(self, request, TIDE_OK);
    } else if (a->operation) {
        reply(self, request, TIDE_E_REFUSED); /* Somebody is at it. */
    } else {
        a->upload = request;
        a->operation = store(self, TIDE_STORE_PUT, a->key, bytes);
    }
}

bool tide_artifacts_has(const tide_artifacts *self, const char *id)
{
    const artifact *a = find(self, id);
    return a && a->stored;
}

void tide_artifacts_wanted(tide_artifacts *self, uint64_t peer, const tide_artifact_get *get,
                           int64_t now_ns)
{
    artifact *a = find(self, get->artifact);
    const wanted w = { peer, get->offset };
    if (!a || !a->stored) {
        send_chunk(self, get->artifact, (tide_proto_bytes){ 0 }, w);
        return;
    }
    a->asked_ns = now_ns;
    if (a->bytes) {
        send_chunk(self, a->id, (tide_proto_bytes){ (const uint8_t *)a->bytes, a->n }, w);
        return;
    }
    if (a->n_waiting < WAITING_MAX) a->waiting[a->n_waiting++] = w;
    if (!a->operation) a->operation = store(self, TIDE_STORE_GET, a->key, (tide_proto_bytes){ 0 });
}

void tide_artifacts_used(tide_artifacts *self, const char *id)
{
    if (!*id) return;
    find_or_add(self, id, 0)->uses++;
}

void tide_artifacts_unused(tide_artifacts *self, const char *id, int64_t now_ns)
{
    artifact *a = *id ? find(self, id) : NULL;
    if (!a) return;
    tide_assert(a->uses > 0);
    a->uses--;
    a->unused_ns = now_ns;
}

/* ---- what comes of it ---- */

static void on_listed(tide_artifacts *self, const tide_store_done *done, int64_t now_ns)
{
    self->listing = 0;
    if (done->status != TIDE_OK) {
        self->list_ns = now_ns + RETRY_NS;
        return;
    }
    self->listed = true;
    for (uint32_t i = 0; i < done->listing->n; i++)
        find_or_add(self, done->listing->keys[i] + strlen(PREFIX), now_ns)->stored = true;
}

static void on_read(tide_artifacts *self, artifact *a, const tide_store_done *done)
{
    if (done->status == TIDE_OK) {
        a->n = done->n;
        a->bytes = tide_malloc(done->n);
        if (done->n) memcpy(a->bytes, done->bytes, done->n);
    } else if (done->status == TIDE_E_NOT_FOUND) {
        a->stored = false;
    } else {
        a->n_waiting = 0; /* Agents ask again. */
        return;
    }
    const tide_proto_bytes bytes = { (const uint8_t *)a->bytes, a->n };
    for (uint32_t i = 0; i < a->n_waiting; i++) send_chunk(self, a->id, bytes, a->waiting[i]);
    a->n_waiting = 0;
}

void tide_artifacts_done(tide_artifacts *self, const tide_store_done *done, int64_t now_ns)
{
    if (done->id == self->listing) {
        on_listed(self, done, now_ns);
        return;
    }
    for (uint32_t i = 0; i < self->n; i++) {
        artifact *a = self->items[i];
        if (a->operation != done->id) continue;
        a->operation = 0;
        if (a->removing) {
            drop(self, a);
            return;
        }
        if (!a->upload) {
            on_read(self, a, done);
            return;
        }
        a->stored = done->status == TIDE_OK;
        a->unused_ns = now_ns;
        reply(self, a->upload, done->status);
        a->upload = 0;
        if (!a->stored && a->uses == 0) drop(self, a);
        return;
    }
}

/* ---- time ---- */

void tide_artifacts_keep_all(tide_artifacts *self, bool keeps)
{
    self->keeps_all = keeps;
}

/* When it may be removed. */
static int64_t removal_ns(const tide_artifacts *self, const artifact *a)
{
    return a->uses == 0 && !self->keeps_all ? a->unused_ns + self->unused_ns : INT64_MAX;
}

static int64_t due_ns(const tide_artifacts *self, const artifact *a)
{
    if (a->operation) return INT64_MAX;
    int64_t cached = a->bytes ? a->asked_ns + TIDE_ARTIFACTS_CACHE_NS : INT64_MAX;
    int64_t unused = removal_ns(self, a);
    return cached < unused ? cached : unused;
}

void tide_artifacts_tick(tide_artifacts *self, int64_t now_ns)
{
    if (now_ns >= self->list_ns) tide_artifacts_list(self);
    for (uint32_t i = self->n; i-- > 0;) {
        artifact *a = self->items[i];
        if (due_ns(self, a) > now_ns) continue;
        if (removal_ns(self, a) <= now_ns) {
            a->stored = false;
            a->removing = true;
            a->operation = store(self, TIDE_STORE_REMOVE, a->key, (tide_proto_bytes){ 0 });
        } else {
            tide_free(a->bytes);
            a->bytes = NULL;
        }
    }
}

int64_t tide_artifacts_deadline_ns(const tide_artifacts *self)
{
    int64_t at = self->list_ns;
    for (uint32_t i = 0; i < self->n; i++) {
        int64_t due = due_ns(self, self->items[i]);
        if (due < at) at = due;
    }
    return at;
}
