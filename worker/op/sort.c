/* sort.c - ORDER BY, LIMIT and OFFSET over bounded input: rows are kept until the end, then come in
 * order.
 *
 * With a LIMIT, whatever cannot be among the first rows any more is dropped from time to time, so
 * memory is a few times LIMIT + OFFSET rows. Input with changes is sorted by all of its columns, so
 * that a row and its retraction meet and cancel. Watermarks are held back: the rows behind them are
 * still here. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/op_priv.h"
#include "worker/op/sort_rows.h"

/* Rows over twice the limit that are let gather before the next pruning. */
#define PRUNE_SLACK_ROWS (16u * TIDE_BATCH_ROWS_MAX)

typedef struct sort {
    tide_op_env *env;
    tide_sort_rows rows;
    bool updating;
    bool sorted;         /* The end has come; rows `next`.. are still to go. */
    uint64_t first, end; /* Places in the order that go out: [offset, offset + limit). */
    uint64_t prune_at;   /* Rows at which to prune. */
    uint64_t next;
} sort;

/* Rows cancel with their retractions: keeps what is left, as far as `most` places. */
static void cancel(sort *self, uint64_t most)
{
    tide_sort_rows *rows = &self->rows;
    uint32_t *keep = tide_malloc(((size_t)rows->n + 1) * sizeof *keep), n = 0;
    for (uint32_t from = 0, to; from < rows->n && n < most; from = to) {
        int64_t left = 0;
        for (to = from; to < rows->n && tide_sort_rows_equal(rows, from, to); to++)
            left += tide_change_is_retraction((int8_t)tide_sort_rows_change(rows, to)) ? -1 : 1;
        /* The kept ones must be insertions: a retraction that came first would take them away
         * again. */
        for (uint32_t i = from; i < to && left > 0 && n < most; i++) {
            if (tide_change_is_retraction((int8_t)tide_sort_rows_change(rows, i))) continue;
            keep[n++] = i;
            left--;
        }
    }
    tide_sort_rows_keep(rows, keep, n);
    tide_free(keep);
}

static void prune(sort *self)
{
    tide_sort_rows *rows = &self->rows;
    tide_sort_rows_sort(rows);
    if (self->updating) {
        cancel(self, UINT64_MAX);
        return;
    }
    uint32_t n = self->end < rows->n ? (uint32_t)self->end : rows->n;
    uint32_t *keep = tide_malloc(((size_t)n + 1) * sizeof *keep);
    for (uint32_t i = 0; i < n; i++) keep[i] = i;
    tide_sort_rows_keep(rows, keep, n);
    tide_free(keep);
    if (n > 0 && n == self->end) tide_sort_rows_turn_away(rows);
}

static tide_op_result sort_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                    tide_outbox *out)
{
    sort *self = self_v;
    size_t budget = self->env->state_budget_bytes;
    (void)out;
    tide_assert(port == 0);
    if (tide_sort_rows_add(&self->rows, *in_p) != TIDE_OK) return TIDE_OP_FAILED;
    tide_batch_unref(in_p);
    bool over = budget && tide_sort_rows_bytes(&self->rows) > budget;
    if (self->rows.n < self->prune_at && !(over && self->updating)) {
        if (!over) return TIDE_OP_DONE;
    } else {
        prune(self);
        if (self->updating) self->prune_at = (uint64_t)self->rows.n * 2 + PRUNE_SLACK_ROWS;
        over = budget && tide_sort_rows_bytes(&self->rows) > budget;
    }
    if (!over) return TIDE_OP_DONE;
    (void)tide_fail(TIDE_E_BUDGET,
                    "ORDER BY: %u rows to sort take %zu bytes, over the budget of %zu bytes",
                    (unsigned)self->rows.n, tide_sort_rows_bytes(&self->rows), budget);
    return TIDE_OP_FAILED;
}

/* The final watermark follows the rows. */
static tide_op_result sort_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    (void)self_v;
    (void)watermark_us;
    (void)out;
    return TIDE_OP_DONE;
}

static tide_op_result sort_on_end(void *self_v, tide_outbox *out)
{
    sort *self = self_v;
    if (!self->sorted) {
        if (self->updating) prune(self);
        tide_sort_rows_sort(&self->rows);
        self->sorted = true;
        self->next = self->first;
        if (self->end > self->rows.n) self->end = self->rows.n;
    }
    while (self->next < self->end) {
        if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
        uint64_t n = self->end - self->next;
        if (n > TIDE_BATCH_ROWS_MAX) n = TIDE_BATCH_ROWS_MAX;
        tide_batch *made = tide_sort_rows_batch(&self->rows, (uint32_t)self->next, (uint32_t)n);
        tide_outbox_push(out, &made);
        self->next += n;
    }
    out->watermark(out, TIDE_WATERMARK_MAX);
    return TIDE_OP_DONE;
}

static tide_status sort_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    sort *self = self_v;
    const tide_node *input = node->inputs[0];
    if (!input->bounded)
        return tide_fail(TIDE_E_UNSUPPORTED, "ORDER BY or LIMIT over input that does not end");
    self->env = env;
    self->updating = input->updating && !env->batch_mode;
    self->first = node->sort.offset > 0 ? (uint64_t)node->sort.offset : 0;
    self->end = node->sort.limit < 0 ? UINT64_MAX : self->first + (uint64_t)node->sort.limit;
    self->prune_at = self->updating               ? PRUNE_SLACK_ROWS
                     : self->end < UINT32_MAX / 4 ? self->end * 2 + PRUNE_SLACK_ROWS
                                                  : UINT64_MAX;
    tide_sort_rows_open(&self->rows, env->pool, &input->schema, node->sort.keys, node->sort.n_keys,
                        self->updating);
    return TIDE_OK;
}

static void sort_close(void *self_v)
{
    sort *self = self_v;
    tide_sort_rows_close(&self->rows);
}

const tide_op_vt tide_op_sort = { .name = "sort",
                                  .size = sizeof(sort),
                                  .emits_watermarks = true,
                                  .open = sort_open,
                                  .on_batch = sort_on_batch,
                                  .on_watermark = sort_on_watermark,
                                  .on_end = sort_on_end,
                                  .close = sort_close };
