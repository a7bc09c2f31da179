#include "tests/support/storesim.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

typedef struct request {
    uint64_t client, order;
    tide_store_op op;                /* Its texts and bytes are the request's. */
    int64_t carry_out_ns, answer_ns; /* INT64_MAX: not, or not any more. */
    tide_status status;              /* Of the answer. */
    tide_bytes bytes;
    tide_arena *arena;
    tide_storage_listing listing;
} request;

struct storesim {
    storesim_config config;
    tide_random random;
    memstore *memory;
    request **requests; /* Those of which something is still to happen. */
    uint32_t n, cap;
    uint64_t n_submitted;
    request *answered; /* Kept for who reads the answer. */
};

storesim *storesim_new(const storesim_config *config)
{
    storesim *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    tide_random_init(&self->random, config->seed, 77);
    self->memory = memstore_new();
    return self;
}

static void free_request(request **r_p)
{
    request *r = *r_p;
    if (!r) return;
    tide_free((void *)r->op.key);
    tide_free((void *)r->op.bytes);
    tide_bytes_fini(&r->bytes);
    tide_arena_free(&r->arena);
    tide_free(r);
    *r_p = NULL;
}

void storesim_free(storesim **self_p)
{
    storesim *self = *self_p;
    if (!self) return;
    for (uint32_t i = 0; i < self->n; i++) free_request(&self->requests[i]);
    free_request(&self->answered);
    tide_free(self->requests);
    memstore_free(&self->memory);
    tide_free(self);
    *self_p = NULL;
}

memstore *storesim_memory(storesim *self)
{
    return self->memory;
}

void storesim_set_faults(storesim *self, uint32_t fault_percent)
{
    self->config.fault_percent = fault_percent;
}

static int64_t draw_ns(storesim *self, int64_t limit)
{
    return 1 + (int64_t)tide_random_below(&self->random, (uint64_t)limit);
}

/* What becomes of a request is settled when it is made. */
static void draw_fate(storesim *self, request *r, int64_t now_ns)
{
    r->carry_out_ns = now_ns + draw_ns(self, self->config.delay_max_ns);
    r->answer_ns = r->carry_out_ns + draw_ns(self, self->config.delay_max_ns);
    r->status = TIDE_OK; /* As carried out. */
    if (tide_random_below(&self->random, 100) >= self->config.fault_percent) return;
    switch (tide_random_below(&self->random, 3)) {
    case 0: /* Not done. */
        r->carry_out_ns = INT64_MAX;
        r->status = TIDE_E_IO;
        break;
    case 1: r->status = TIDE_E_TIMEOUT; break; /* Done, but the client hears otherwise. */
    default:                                   /* Done after the client was told that it failed. */
        r->carry_out_ns = r->answer_ns + draw_ns(self, self->config.late_max_ns);
        r->status = TIDE_E_TIMEOUT;
    }
}

void storesim_submit(storesim *self, uint64_t client, const tide_store_op *op, int64_t now_ns)
{
    request *r = tide_calloc(1, sizeof *r);
    uint8_t *bytes = tide_malloc(op->n);
    if (op->n > 0) memcpy(bytes, op->bytes, op->n);
    *r = (request){ .client = client, .order = self->n_submitted++, .op = *op };
    r->op.key = tide_strdup(op->key);
    r->op.bytes = bytes;
    r->arena = tide_arena_new();
    draw_fate(self, r, now_ns);
    TIDE_GROW(self->requests, self->n, self->cap);
    self->requests[self->n++] = r;
}

static int64_t next_of(const request *r)
{
    return r->carry_out_ns < r->answer_ns ? r->carry_out_ns : r->answer_ns;
}

/* Ties go to the older. */
static uint32_t find_next(const storesim *self)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < self->n; i++) {
        const request *a = self->requests[i], *b = self->requests[next];
        if (next_of(a) < next_of(b) || (next_of(a) == next_of(b) && a->order < b->order)) next = i;
    }
    return next;
}

int64_t storesim_next_ns(const storesim *self)
{
    return self->n ? next_of(self->requests[find_next(self)]) : INT64_MAX;
}

static void carry_out(storesim *self, request *r)
{
    tide_status rv =
        tide_storage_do(memstore_storage(self->memory), &r->op, &r->bytes, r->arena, &r->listing);
    if (r->status == TIDE_OK) r->status = rv;
    r->carry_out_ns = INT64_MAX;
}

bool storesim_step(storesim *self, uint64_t *client, tide_store_op *op, tide_store_done *done)
{
    tide_assert(self->n > 0);
    uint32_t at = find_next(self);
    request *r = self->requests[at];
    bool is_answer = r->answer_ns < r->carry_out_ns;
    if (is_answer) {
        *client = r->client;
        *op = r->op;
        *done = (tide_store_done){ .id = r->op.id,
                                   .status = r->status,
                                   .bytes = (const uint8_t *)r->bytes.p,
                                   .n = r->bytes.n,
                                   .listing = &r->listing };
        r->answer_ns = INT64_MAX;
    } else
        carry_out(self, r);
    if (next_of(r) < INT64_MAX) return is_answer;
    self->requests[at] = self->requests[--self->n];
    free_request(&self->answered);
    self->answered = r;
    return is_answer;
}
