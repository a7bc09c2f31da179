/* walk.c - see walk.h. */
#include "jobapi/plan/walk.h"

#include "base/core/assert.h"

typedef struct frame {
    const tide_node *node;
    uint32_t next; /* Input to visit next. */
} frame;

static uint32_t *slot_of(const tide_walk *self, const tide_node *node);
static void add(tide_walk *self, const tide_node *node, uint32_t *cap);
static void grow_slots(tide_walk *self);

void tide_walk_init(tide_walk *self, const tide_node *const *sinks, uint32_t n_sinks)
{
    *self = (tide_walk){ .arena = tide_arena_new(), .n_slots = 64 };
    self->slots = TIDE_NEW_N(self->arena, uint32_t, self->n_slots);
    frame *stack = NULL; /* Explicit: stacked views make plans deeper than any one query. */
    uint32_t n = 0, cap_stack = 0, cap = 0;
    for (uint32_t s = 0; s < n_sinks; s++) {
        TIDE_PUSH(self->arena, stack, n, cap_stack, ((frame){ sinks[s], 0 }));
        while (n > 0) {
            frame *top = &stack[n - 1];
            const tide_node *node = top->node;
            if (top->next < node->n_inputs && *slot_of(self, node) == 0) {
                const tide_node *input = node->inputs[top->next++];
                if (*slot_of(self, input) == 0)
                    TIDE_PUSH(self->arena, stack, n, cap_stack, ((frame){ input, 0 }));
                continue;
            }
            if (*slot_of(self, node) == 0) add(self, node, &cap);
            n--;
        }
    }
    self->uses = TIDE_NEW_N(self->arena, uint32_t, self->n);
    for (uint32_t i = 0; i < self->n; i++)
        for (uint32_t j = 0; j < self->nodes[i]->n_inputs; j++)
            self->uses[tide_walk_index(self, self->nodes[i]->inputs[j])]++;
}

void tide_walk_fini(tide_walk *self)
{
    tide_arena_free(&self->arena);
    *self = (tide_walk){ 0 };
}

uint32_t tide_walk_index(const tide_walk *self, const tide_node *node)
{
    uint32_t slot = *slot_of(self, node);
    tide_assert(slot != 0);
    return slot - 1;
}

static uint32_t *slot_of(const tide_walk *self, const tide_node *node)
{
    uint64_t hash = (uint64_t)(uintptr_t)node * 0x9E3779B97F4A7C15u;
    for (uint64_t at = hash >> 32;; at++) {
        uint32_t *slot = &self->slots[at & (self->n_slots - 1)];
        if (*slot == 0 || self->nodes[*slot - 1] == node) return slot;
    }
}

static void add(tide_walk *self, const tide_node *node, uint32_t *cap)
{
    if ((self->n + 1) * 2 > self->n_slots) grow_slots(self);
    TIDE_PUSH(self->arena, self->nodes, self->n, *cap, node);
    uint64_t hash = (uint64_t)(uintptr_t)node * 0x9E3779B97F4A7C15u;
    uint64_t at = hash >> 32;
    while (self->slots[at & (self->n_slots - 1)] != 0) at++;
    self->slots[at & (self->n_slots - 1)] = self->n;
}

static void grow_slots(tide_walk *self)
{
    self->n_slots *= 2;
    self->slots = TIDE_NEW_N(self->arena, uint32_t, self->n_slots);
    for (uint32_t i = 0; i < self->n; i++) *slot_of(self, self->nodes[i]) = i + 1;
}
