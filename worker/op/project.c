/* project.c - compute the output columns from the input's. Stateless. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/op_priv.h"

typedef struct project {
    tide_op_env *env;
    uint32_t n;
    uint32_t *columns; /* When every expression is a column: which; NULL otherwise. */
    tide_prog *prog;   /* Otherwise. */
    tide_col **made;   /* n of them: one evaluation's columns. */
    tide_row_errors errs;
    uint16_t keep[TIDE_BATCH_ROWS_MAX];
} project;

/* The columns as they are: selection and buffers are shared. */
static void push_shared(project *self, tide_batch *in, tide_outbox *out)
{
    tide_batch *made = tide_batch_project(self->env->pool, in, self->columns, self->n);
    tide_outbox_push(out, &made);
}

static tide_status push_computed(project *self, tide_batch *in, tide_outbox *out)
{
    tide_prog_env env = tide_op_prog_env(self->env);
    tide_prog_eval(self->prog, &env, in, self->made, &self->errs);
    tide_batch *made = tide_op_batch_like(self->env->pool, in, self->made, self->n);
    if (self->errs.n) {
        tide_status rv = tide_op_bad_rows(self->env, in, &self->errs);
        tide_batch *all = made;
        made = NULL;
        if (rv == TIDE_OK) {
            uint32_t n = tide_op_good_rows(&self->errs, in->n_rows, self->keep);
            if (n > 0) made = tide_batch_select(self->env->pool, all, self->keep, n);
        }
        tide_batch_unref(&all);
        if (rv != TIDE_OK) return rv;
    }
    if (made) tide_outbox_push(out, &made);
    return TIDE_OK;
}

static tide_op_result project_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                       tide_outbox *out)
{
    project *self = self_v;
    tide_assert(port == 0);
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    if (self->columns)
        push_shared(self, *in_p, out);
    else if (push_computed(self, *in_p, out) != TIDE_OK)
        return TIDE_OP_FAILED;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static bool all_columns(const tide_node *node)
{
    for (uint32_t i = 0; i < node->schema.n; i++)
        if (node->project.exprs[i]->kind != TIDE_EXPR_COLUMN) return false;
    return true;
}

static tide_status project_open(void *self_v, const tide_node *node, tide_op_env *env)
{
    project *self = self_v;
    self->env = env;
    self->n = node->schema.n;
    if (all_columns(node)) {
        self->columns = tide_calloc(self->n + 1u, sizeof *self->columns);
        for (uint32_t i = 0; i < self->n; i++) self->columns[i] = node->project.exprs[i]->column;
        return TIDE_OK;
    }
    TIDE_TRY(tide_prog_compile(node->project.exprs, self->n, &self->prog));
    self->made = tide_calloc(self->n, sizeof *self->made);
    return TIDE_OK;
}

static void project_close(void *self_v)
{
    project *self = self_v;
    tide_free(self->columns);
    tide_free(self->made);
    tide_prog_free(&self->prog);
    tide_row_errors_fini(&self->errs);
}

const tide_op_vt tide_op_project = { .name = "project",
                                     .size = sizeof(project),
                                     .open = project_open,
                                     .on_batch = project_on_batch,
                                     .close = project_close };
