/* gate.c - round robin over channels, minimum over watermarks. */
#include "worker/exchange/gate.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

typedef enum input_state { INPUT_ACTIVE, INPUT_IDLE, INPUT_ENDED } input_state;

typedef struct input {
    tide_channel *channel;
    int64_t watermark;
    input_state state;
    uint8_t port;
} input;

typedef enum gate_state { GATE_OPEN, GATE_IDLE, GATE_ENDING, GATE_ENDED } gate_state;

struct tide_gate {
    input *inputs;
    uint32_t n, cap, next;
    int64_t watermark;
    gate_state state;
    bool drained; /* Every input that ended so far was drained. */
};

tide_gate *tide_gate_new(void)
{
    tide_gate *self = tide_calloc(1, sizeof *self);
    self->watermark = INT64_MIN;
    self->drained = true;
    return self;
}

void tide_gate_free(tide_gate **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->inputs);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_gate_add(tide_gate *self, tide_channel *channel, uint8_t port)
{
    TIDE_GROW(self->inputs, self->n, self->cap);
    self->inputs[self->n++] = (input){ .channel = channel, .watermark = INT64_MIN, .port = port };
}

/* What the inputs' new states mean for the task; false when nothing changes for it. */
static bool merge(tide_gate *self, tide_elem *out)
{
    uint32_t n_active = 0, n_ended = 0;
    int64_t low = INT64_MAX;
    for (uint32_t i = 0; i < self->n; i++) {
        const input *in = &self->inputs[i];
        n_ended += in->state == INPUT_ENDED;
        if (in->state != INPUT_ACTIVE) continue;
        n_active++;
        if (in->watermark < low) low = in->watermark;
    }
    if (n_ended == self->n) {
        self->state = GATE_ENDING;
        if (!self->drained || self->watermark == INT64_MAX) return false;
        self->watermark = INT64_MAX;
        *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = INT64_MAX };
        return true;
    }
    if (n_active == 0) {
        if (self->state == GATE_IDLE) return false;
        self->state = GATE_IDLE;
        *out = (tide_elem){ .kind = TIDE_ELEM_IDLE };
        return true;
    }
    self->state = GATE_OPEN;
    if (low <= self->watermark) return false;
    self->watermark = low;
    *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = low };
    return true;
}

/* Takes one element off an input; true when it has something for the task. */
static bool take(tide_gate *self, input *in, tide_elem *e, tide_elem *out)
{
    switch (e->kind) {
    case TIDE_ELEM_BATCH:
        in->state = INPUT_ACTIVE;
        if (self->state == GATE_IDLE) self->state = GATE_OPEN;
        *out = *e;
        out->port = in->port;
        return true;
    case TIDE_ELEM_WATERMARK:
        in->state = INPUT_ACTIVE;
        if (e->watermark > in->watermark) in->watermark = e->watermark;
        return merge(self, out);
    case TIDE_ELEM_IDLE: in->state = INPUT_IDLE; return merge(self, out);
    case TIDE_ELEM_END:
        in->state = INPUT_ENDED;
        self->drained = self->drained && e->drained;
        return merge(self, out);
    }
    return false;
}

bool tide_gate_next(tide_gate *self, tide_elem *out)
{
    for (uint32_t tried = 0; tried < self->n && self->state < GATE_ENDING; tried++) {
        input *in = &self->inputs[self->next];
        self->next = self->next + 1 == self->n ? 0 : self->next + 1;
        tide_elem e;
        while (in->state != INPUT_ENDED && tide_channel_pop(in->channel, &e))
            if (take(self, in, &e, out)) return true;
    }
    if (self->state != GATE_ENDING) return false;
    self->state = GATE_ENDED;
    *out = (tide_elem){ .kind = TIDE_ELEM_END, .drained = self->drained };
    return true;
}

bool tide_gate_is_empty(tide_gate *self)
{
    if (self->state >= GATE_ENDING) return self->state == GATE_ENDED;
    for (uint32_t tried = 0, i = self->next; tried < self->n; tried++) {
        const input *in = &self->inputs[i];
        if (in->state != INPUT_ENDED && !tide_channel_is_empty(in->channel)) return false;
        i = i + 1 == self->n ? 0 : i + 1;
    }
    return true;
}

uint32_t tide_gate_n_channels(const tide_gate *self)
{
    return self->n;
}

int64_t tide_gate_watermark(const tide_gate *self)
{
    return self->watermark;
}

uint64_t tide_gate_bytes(const tide_gate *self)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < self->n; i++) bytes += tide_channel_bytes(self->inputs[i].channel);
    return bytes;
}
