/* task.c - stages joined by short queues, drained from the sink's end. */
#include "worker/core/task.h"

#include "base/core/assert.h"
#include "checkpoint/state/set.h"
#include "worker/op/user/user_agg.h"

#define STAGES_MAX 64u
#define QUEUE_DATA 2u /* Batches between two stages: one being worked on, one behind it. */
/* A front element in use, two batches, a watermark and an IDLE in each of three gaps, an END. */
#define QUEUE_SLOTS 10u
#define HEAD_ELEMENTS_PER_STEP 4u
/* Callbacks of a step: as many as fit into the time that a step should take. */
#define EFFORT_FIRST 16u
#define EFFORT_MAX 64u
#define STEP_NS 1000000

typedef struct queue {
    tide_elem items[QUEUE_SLOTS];
    uint32_t first, n, n_data;
} queue;

/* Where one output of a stage goes: to a stage of this task or out of it. */
typedef struct exit_to {
    uint32_t output;
    struct stage *stage; /* NULL: */
    tide_outlet *outlet;
} exit_to;

/* Which callback a stage is in the middle of. */
typedef enum stage_state { STAGE_READY, STAGE_IN_ELEMENT, STAGE_IN_TIMER, STAGE_ENDED } stage_state;

typedef struct stage {
    tide_outbox outbox; /* First: operators hand it back to us. */
    tide_task *task;
    const tide_op_vt *vt; /* NULL passes elements through. */
    void *op;
    const tide_node *node;
    tide_op_env env;
    tide_op_counters counters;
    queue in;
    stage_state state;
    bool emitted; /* Since it was last run: what is behind it has work. */
    uint8_t port; /* Of a chained stage's only input. */
    exit_to *exits;
    uint32_t n_exits, cap_exits;
} stage;

struct tide_task {
    const char *name;
    tide_pool *pool;
    uint32_t subtask, n_stages;
    tide_mark *mark; /* &own_mark when nobody gave one. */
    tide_mark own_mark;
    tide_slot_times own_slot_times; /* When nobody gave them. */
    tide_task_times times;
    stage *stages[STAGES_MAX]; /* A parent before its children. */
    tide_gate *gate;           /* Either this */
    tide_feed *feed;           /* or that. */
    int64_t feed_next_ns;
    int64_t now_ns, wall_us;
    bool input_ended, awaits_input;
    uint32_t effort, left; /* Callbacks of a step at most; of this one. */
    _Atomic int state;     /* tide_task_state. */
    tide_error error;
    _Atomic int64_t watermark;
};

static void count(_Atomic uint64_t *counter, uint64_t more)
{
    /* One writer: no locked instruction needed. */
    uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, v + more, memory_order_relaxed);
}

/* ---- queues ---- */
static bool queue_has_room(const queue *q)
{
    return q->n_data < QUEUE_DATA;
}

static tide_elem *queue_last(queue *q)
{
    return &q->items[(q->first + q->n - 1) % QUEUE_SLOTS];
}

static void queue_drop_last(queue *q)
{
    *queue_last(q) = (tide_elem){ 0 };
    q->n--;
}

/* `keep`: how many elements at the front must stay as they are (1 while the front one is in use).
 */
static void queue_push(queue *q, const tide_elem *e, uint32_t keep)
{
    if (e->kind == TIDE_ELEM_WATERMARK || e->kind == TIDE_ELEM_IDLE) {
        while (q->n > keep && queue_last(q)->kind == TIDE_ELEM_IDLE) queue_drop_last(q);
        if (e->kind == TIDE_ELEM_WATERMARK && q->n > keep &&
            queue_last(q)->kind == TIDE_ELEM_WATERMARK)
            queue_drop_last(q);
    }
    tide_assert(q->n < QUEUE_SLOTS);
    q->items[(q->first + q->n) % QUEUE_SLOTS] = *e;
    q->n++;
    q->n_data += e->kind == TIDE_ELEM_BATCH;
}

static void queue_drop(queue *q)
{
    tide_elem *front = &q->items[q->first];
    q->n_data -= front->kind == TIDE_ELEM_BATCH;
    *front = (tide_elem){ 0 };
    q->first = (q->first + 1) % QUEUE_SLOTS;
    q->n--;
}

static void stage_give(stage *s, const tide_elem *e)
{
    queue_push(&s->in, e, s->state == STAGE_IN_ELEMENT ? 1 : 0);
}

/* ---- outboxes ---- */
static bool outbox_has_room(tide_outbox *outbox)
{
    stage *s = (stage *)outbox;
    for (uint32_t i = 0; i < s->n_exits; i++) {
        const exit_to *x = &s->exits[i];
        if (x->stage ? !queue_has_room(&x->stage->in) : !tide_outlet_has_room(x->outlet))
            return false;
    }
    return true;
}

static void deliver(stage *s, const exit_to *x, tide_batch **batch_p)
{
    if (x->stage) {
        stage_give(x->stage, &(tide_elem){ .kind = TIDE_ELEM_BATCH,
                                           .port = x->stage->port,
                                           .batch = *batch_p });
        *batch_p = NULL;
    } else {
        tide_outlet_push(x->outlet, batch_p, s->task->now_ns);
    }
}

static void outbox_push(tide_outbox *outbox, uint32_t output, tide_batch **batch_p)
{
    stage *s = (stage *)outbox;
    if ((*batch_p)->n_rows == 0) {
        tide_batch_unref(batch_p);
        return;
    }
    s->emitted = true;
    if (output == 0 || s->node->kind == TIDE_NODE_PARTIAL)
        count(&s->counters.rows_out, (*batch_p)->n_rows);
    for (uint32_t i = 0; i < s->n_exits; i++) {
        if (s->exits[i].output != output) continue;
        tide_batch *shared = tide_batch_ref(*batch_p);
        deliver(s, &s->exits[i], &shared);
    }
    tide_batch_unref(batch_p);
}

static void forward_control(stage *s, const tide_elem *e)
{
    for (uint32_t i = 0; i < s->n_exits; i++) {
        if (s->exits[i].stage)
            stage_give(s->exits[i].stage, e);
        else
            tide_outlet_control(s->exits[i].outlet, e);
    }
}

static void outbox_watermark(tide_outbox *outbox, int64_t watermark_us)
{
    forward_control((stage *)outbox,
                    &(tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = watermark_us });
}

/* ---- building ---- */
tide_task *tide_task_new(const tide_task_config *config)
{
    tide_task *self = tide_malloc_aligned(TIDE_CACHE_LINE, sizeof *self);
    memset(self, 0, sizeof *self);
    self->name = config->name;
    self->pool = config->pool;
    self->subtask = config->subtask;
    self->effort = EFFORT_FIRST;
    self->mark = config->mark ? config->mark : &self->own_mark;
    self->times.slot = config->times ? config->times : &self->own_slot_times;
    atomic_store(&self->watermark, TIDE_WATERMARK_NONE);
    return self;
}

static void stage_free(stage *s)
{
    if (s->op && s->vt->close) s->vt->close(s->op);
    tide_free(s->op);
    tide_state_set_free(&s->env.state);
    while (s->in.n) {
        tide_batch_unref(&s->in.items[s->in.first].batch);
        queue_drop(&s->in);
    }
    for (uint32_t i = 0; i < s->n_exits; i++) tide_outlet_free(&s->exits[i].outlet);
    tide_free(s->exits);
    tide_free(s);
}

void tide_task_free(tide_task **self_p)
{
    tide_task *self = *self_p;
    if (self == NULL) return;
    for (uint32_t i = self->n_stages; i-- > 0;) stage_free(self->stages[i]);
    tide_gate_free(&self->gate);
    if (self->feed) self->feed->free(&self->feed);
    tide_free(self);
    *self_p = NULL;
}

static void add_exit(stage *s, exit_to x)
{
    TIDE_GROW(s->exits, s->n_exits, s->cap_exits);
    s->exits[s->n_exits++] = x;
}

tide_status tide_task_add_stage(tide_task *self, int32_t parent, uint32_t output, uint8_t port,
                                const tide_op_vt *vt, const tide_node *node, const tide_op_env *env,
                                uint32_t *index)
{
    tide_assert((parent < 0) == (self->n_stages == 0) && parent < (int32_t)self->n_stages);
    stage *s = tide_malloc_aligned(64, sizeof *s);
    memset(s, 0, sizeof *s);
    s->outbox = (tide_outbox){ outbox_has_room, outbox_push, outbox_watermark };
    s->task = self;
    s->vt = vt;
    s->node = node;
    s->port = port;
    s->env = *env;
    s->env.now_ns = &self->now_ns;
    s->env.wall_us = &self->wall_us;
    s->env.counters = &s->counters;
    atomic_store(&s->counters.pending_rows, TIDE_PENDING_UNKNOWN);
    if (self->n_stages == STAGES_MAX) {
        stage_free(s);
        return tide_fail(TIDE_E_LIMIT, "more than %u operators in one chain", STAGES_MAX);
    }
    if (vt) {
        s->op = tide_malloc_aligned(64, vt->size);
        memset(s->op, 0, vt->size);
        tide_mark_at(self->mark, env->vertex, 0);
        tide_mark_busy(self->mark, true);
        tide_status rv = vt->open(s->op, node, &s->env);
        tide_mark_busy(self->mark, false);
        tide_mark_progress(self->mark);
        if (rv != TIDE_OK) {
            tide_free(s->op);
            s->op = NULL;
            stage_free(s);
            return tide_because(rv, "%s", vt->name);
        }
    }
    if (parent >= 0) add_exit(self->stages[parent], (exit_to){ .output = output, .stage = s });
    *index = self->n_stages;
    self->stages[self->n_stages++] = s;
    return TIDE_OK;
}

void tide_task_add_outlet(tide_task *self, uint32_t index, uint32_t output, tide_outlet **outlet_p)
{
    add_exit(self->stages[index], (exit_to){ .output = output, .outlet = *outlet_p });
    *outlet_p = NULL;
}

void tide_task_set_gate(tide_task *self, tide_gate **gate_p)
{
    tide_assert(self->gate == NULL && self->feed == NULL);
    self->gate = *gate_p;
    *gate_p = NULL;
}

void tide_task_set_feed(tide_task *self, tide_feed **feed_p)
{
    tide_assert(self->gate == NULL && self->feed == NULL);
    self->feed = *feed_p;
    *feed_p = NULL;
}

/* ---- running ---- */
static bool runs(const tide_task *self)
{
    return atomic_load_explicit(&self->state, memory_order_relaxed) == TIDE_TASK_RUNNING;
}

/* Who sees it over sees all that it has counted. */
static void end(tide_task *self, tide_task_state state)
{
    atomic_store_explicit(&self->state, state, memory_order_release);
}

static void fail(tide_task *self, const char *what)
{
    tide_status code = tide_error_code();
    tide_error_take(tide_because(code, "%s, subtask %u", what, self->subtask), &self->error);
    end(self, TIDE_TASK_FAILED);
}

/* Before a callback: for who looks from outside, and for who asks where time goes. */
static void enter(const stage *s)
{
    tide_times_run(&s->task->times);
    tide_mark_at(s->task->mark, s->env.vertex,
                 atomic_load_explicit(&s->counters.batches_in, memory_order_relaxed));
}

static tide_op_result run_batch(stage *s, tide_elem *e)
{
    if (s->vt == NULL) {
        if (!outbox_has_room(&s->outbox)) return TIDE_OP_AGAIN;
        outbox_push(&s->outbox, 0, &e->batch);
        return TIDE_OP_DONE;
    }
    if (s->state == STAGE_READY) {
        count(&s->counters.rows_in, e->batch->n_rows);
        count(&s->counters.batches_in, 1);
    }
    enter(s);
    return s->vt->on_batch(s->op, e->port, &e->batch, &s->outbox);
}

static tide_op_result run_watermark(stage *s, const tide_elem *e)
{
    if (s->vt && s->vt->on_watermark) {
        tide_op_result r = s->vt->on_watermark(s->op, e->watermark, &s->outbox);
        if (r != TIDE_OP_DONE) return r;
    }
    if (s->vt == NULL || !s->vt->emits_watermarks) forward_control(s, e);
    return TIDE_OP_DONE;
}

static tide_op_result flush_held(stage *s)
{
    return s->vt && s->vt->on_flush ? s->vt->on_flush(s->op, &s->outbox) : TIDE_OP_DONE;
}

/* What is held back would be late behind the watermarks of others. */
static tide_op_result run_idle(stage *s, const tide_elem *e)
{
    tide_op_result r = flush_held(s);
    if (r == TIDE_OP_DONE) forward_control(s, e);
    return r;
}

/* A stopped input leaves windows open; sinks complete what they have either way. */
static tide_op_result run_end(stage *s, const tide_elem *e)
{
    bool flushes = e->drained || s->node->kind == TIDE_NODE_SINK;
    tide_op_result held = flush_held(s);
    if (held != TIDE_OP_DONE) return held;
    if (s->vt && s->vt->on_end && flushes) {
        tide_op_result r = s->vt->on_end(s->op, &s->outbox);
        if (r != TIDE_OP_DONE) return r;
    }
    forward_control(s, e);
    return TIDE_OP_DONE;
}

static tide_op_result run_element(stage *s, tide_elem *e)
{
    switch (e->kind) {
    case TIDE_ELEM_BATCH: return run_batch(s, e);
    case TIDE_ELEM_WATERMARK: return run_watermark(s, e);
    case TIDE_ELEM_IDLE: return run_idle(s, e);
    case TIDE_ELEM_END: return run_end(s, e);
    }
    return TIDE_OP_FAILED;
}

/* Goes on with a timer's callback, or with the element at the front. */
static tide_op_result run_callback(stage *s, bool *is_end)
{
    *is_end = false;
    enter(s);
    if (s->state == STAGE_IN_TIMER) return s->vt->on_timer(s->op, s->task->wall_us, &s->outbox);
    tide_elem *e = &s->in.items[s->in.first];
    *is_end = e->kind == TIDE_ELEM_END;
    return run_element(s, e);
}

/* Continues or begins what a stage has to do. True when it got somewhere: a callback ended, or one
 * that goes on later has emitted something. */
static bool run_stage(tide_task *self, stage *s)
{
    bool in_timer = s->state == STAGE_IN_TIMER, is_end;
    if (!in_timer && s->in.n == 0) return false;
    s->emitted = false;
    tide_op_result r = run_callback(s, &is_end);
    if (r != TIDE_OP_FAILED && tide_user_check() != TIDE_OK) r = TIDE_OP_FAILED;
    if (r == TIDE_OP_FAILED) {
        fail(self, s->vt ? s->vt->name : self->name);
        return false;
    }
    if (r == TIDE_OP_AGAIN) {
        if (!in_timer) s->state = STAGE_IN_ELEMENT;
        return s->emitted;
    }
    s->state = is_end ? STAGE_ENDED : STAGE_READY;
    if (!in_timer) queue_drop(&s->in);
    return true;
}

static void start_due_timers(tide_task *self)
{
    for (uint32_t i = 0; i < self->n_stages; i++) {
        stage *s = self->stages[i];
        if (s->state == STAGE_READY && s->vt && s->vt->next_timer &&
            s->vt->next_timer(s->op) <= self->wall_us)
            s->state = STAGE_IN_TIMER;
    }
}

/* Works until every stage is empty or stuck, or the step is long enough; returns how many elements
 * were finished. */
static uint32_t drain(tide_task *self)
{
    uint32_t work = 0;
    for (uint32_t i = self->n_stages; i-- > 0 && self->left && runs(self);) {
        if (!run_stage(self, self->stages[i])) continue;
        self->left--;
        work++;
        i = self->n_stages; /* What it emitted is nearer the sink: first. */
    }
    return work;
}

/* Brings one element of input to the first stage; false when there is none. */
static bool take_input(tide_task *self)
{
    tide_elem e;
    if (self->gate) {
        if (!tide_gate_next(self->gate, &e)) return false;
    } else {
        self->feed_next_ns = 0;
        enter(self->stages[0]);
        tide_feed_result r = self->feed->next(self->feed, &e, &self->feed_next_ns);
        self->awaits_input = r == TIDE_FEED_NOTHING;
        if (r == TIDE_FEED_FAILED) fail(self, self->name);
        if (r != TIDE_FEED_ELEM) return false;
    }
    if (e.kind == TIDE_ELEM_END) self->input_ended = true;
    if (e.kind == TIDE_ELEM_WATERMARK)
        atomic_store_explicit(&self->watermark, e.watermark, memory_order_relaxed);
    stage_give(self->stages[0], &e);
    return true;
}

static bool pump_outlets(tide_task *self, bool idle)
{
    bool sent = false;
    for (uint32_t i = 0; i < self->n_stages; i++)
        for (uint32_t x = 0; x < self->stages[i]->n_exits; x++) {
            tide_outlet *o = self->stages[i]->exits[x].outlet;
            if (o && tide_outlet_pump(o, self->now_ns, idle)) sent = true;
        }
    return sent;
}

static bool is_finished(const tide_task *self)
{
    for (uint32_t i = 0; i < self->n_stages; i++) {
        if (self->stages[i]->state != STAGE_ENDED) return false;
        for (uint32_t x = 0; x < self->stages[i]->n_exits; x++) {
            const tide_outlet *o = self->stages[i]->exits[x].outlet;
            if (o && !tide_outlet_is_drained(o)) return false;
        }
    }
    return true;
}

/* Why it does not go on: something is in its way, or its input is empty. Between steps that did all
 * they might it has more to do, and others of its slot have their turns: in its way, too. */
static tide_doing waits_for(const tide_task *self, bool input_is_empty)
{
    if (!runs(self)) return TIDE_DOING_NOTHING;
    for (uint32_t i = 0; i < self->n_stages; i++)
        if (self->stages[i]->in.n || self->stages[i]->state == STAGE_IN_TIMER)
            return TIDE_DOING_HELD;
    if (!input_is_empty && self->gate && !self->input_ended)
        input_is_empty = tide_gate_is_empty(self->gate);
    return input_is_empty ? TIDE_DOING_IDLE : TIDE_DOING_HELD;
}

uint32_t tide_task_step(tide_task *self, int64_t now_ns, int64_t wall_us)
{
    if (!runs(self)) return 0;
    self->now_ns = now_ns;
    self->wall_us = wall_us;
    uint32_t work = pump_outlets(self, false);
    self->left = self->effort;
    start_due_timers(self);
    work += drain(self);
    bool is_empty = false;
    for (uint32_t i = 0; i < HEAD_ELEMENTS_PER_STEP && self->left && runs(self); i++) {
        if (self->stages[0]->in.n || self->input_ended) break;
        is_empty = !take_input(self);
        if (is_empty) break;
        work += 1 + drain(self);
    }
    if (self->input_ended && runs(self) && is_finished(self)) end(self, TIDE_TASK_FINISHED);
    tide_times_wait(&self->times, waits_for(self, is_empty));
    return work;
}

void tide_task_step_took(tide_task *self, int64_t ns)
{
    if (ns > STEP_NS && self->effort > 1) self->effort /= 2;
    if (ns < STEP_NS / 4 && self->left == 0 && self->effort < EFFORT_MAX) self->effort *= 2;
}

bool tide_task_on_idle(tide_task *self, int64_t now_ns)
{
    if (!runs(self)) return false;
    self->now_ns = now_ns;
    bool moved = false;
    for (uint32_t i = 0; i < self->n_stages; i++) {
        stage *s = self->stages[i];
        if (s->state != STAGE_READY || s->vt == NULL) continue;
        if (s->vt->on_idle || s->vt->on_flush) enter(s);
        s->emitted = false;
        if (flush_held(s) == TIDE_OP_FAILED ||
            (s->vt->on_idle && s->vt->on_idle(s->op) == TIDE_OP_FAILED))
            fail(self, s->vt->name);
        moved = moved || s->emitted;
    }
    return pump_outlets(self, true) || moved;
}

int64_t tide_task_deadline_ns(const tide_task *self, int64_t now_ns, int64_t wall_us)
{
    int64_t at = INT64_MAX;
    if (!runs(self)) return at;
    if (self->feed_next_ns) at = self->feed_next_ns;
    for (uint32_t i = 0; i < self->n_stages; i++) {
        const stage *s = self->stages[i];
        for (uint32_t x = 0; x < s->n_exits; x++)
            if (s->exits[x].outlet && tide_outlet_deadline_ns(s->exits[x].outlet) < at)
                at = tide_outlet_deadline_ns(s->exits[x].outlet);
        if (s->state != STAGE_READY || s->vt == NULL || s->vt->next_timer == NULL) continue;
        int64_t timer_us = s->vt->next_timer(s->op);
        if (timer_us == INT64_MAX) continue;
        int64_t due = timer_us <= wall_us ? now_ns : now_ns + (timer_us - wall_us) * 1000;
        if (due < at) at = due;
    }
    return at;
}

void tide_task_stop(tide_task *self)
{
    if (self->feed) self->feed->stop(self->feed);
}

uint32_t tide_task_inputs(const tide_task *self)
{
    return self->gate ? tide_gate_n_channels(self->gate) : 1;
}

bool tide_task_awaits_input(const tide_task *self)
{
    return self->awaits_input;
}

tide_task_state tide_task_state_of(const tide_task *self)
{
    return atomic_load_explicit(&self->state, memory_order_acquire);
}

const tide_error *tide_task_error(const tide_task *self)
{
    tide_assert(tide_task_state_of(self) == TIDE_TASK_FAILED);
    return &self->error;
}

uint32_t tide_task_subtask(const tide_task *self)
{
    return self->subtask;
}

uint32_t tide_task_n_stages(const tide_task *self)
{
    return self->n_stages;
}

const tide_op_counters *tide_task_counters(const tide_task *self, uint32_t index)
{
    return &self->stages[index]->counters;
}

const tide_node *tide_task_node(const tide_task *self, uint32_t index)
{
    return self->stages[index]->node;
}

const tide_op_env *tide_task_env(const tide_task *self, uint32_t index)
{
    return &self->stages[index]->env;
}

int64_t tide_task_watermark(const tide_task *self)
{
    return atomic_load_explicit(&self->watermark, memory_order_relaxed);
}

tide_times tide_task_times_of(const tide_task *self, int64_t now_ns)
{
    return tide_times_read(&self->times, now_ns);
}

uint64_t tide_task_bytes_in(const tide_task *self)
{
    return self->gate ? tide_gate_bytes(self->gate) : 0;
}

uint64_t tide_task_bytes_out(const tide_task *self, uint32_t index)
{
    const stage *s = self->stages[index];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->n_exits; i++)
        if (s->exits[i].outlet) bytes += tide_outlet_bytes(s->exits[i].outlet);
    return bytes;
}
