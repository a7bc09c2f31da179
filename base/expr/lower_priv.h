/* lower_priv.h - the compiler's working state, and the program that it fills.
 *
 * A program is a list of steps, each of which computes one register (or mask) from others. Lazy
 * branches are laid out in line: a mask step says which rows reach the branch, a skip jumps over
 * it when there are none, and the branch's steps count errors for the mask's rows only. Every
 * register has one step that computes it, but for the result of a choice, which starts as NULL
 * and is filled branch by branch. */
#ifndef TIDE_BASE_EXPR_LOWER_PRIV_H
#define TIDE_BASE_EXPR_LOWER_PRIV_H
#include "base/expr/kernel_priv.h"

#define TIDE_MASK_ALL UINT32_MAX /* No mask: every row. */

typedef struct tide_step tide_step;
struct tide_step {
    void (*run)(tide_prog *p, const tide_step *s);
    const tide_fn *fn;
    uint32_t dst;  /* Register or mask, by `run`. */
    uint32_t mask; /* Rows that count, or TIDE_MASK_ALL. */
    uint32_t n_args, pos;
    uint32_t *args; /* Registers. */
    void *imm;
    void (*drop)(void *imm);
    uint32_t target; /* Of a skip: the next step if the mask is empty. */
    uint32_t which;  /* Of a mask step: a tide_mask_of. */
};

/* Rows of a BOOLEAN (or for NULL and VALID, any) register that a mask takes. */
typedef enum tide_mask_of {
    TIDE_MASK_TRUE,
    TIDE_MASK_NOT_TRUE,
    TIDE_MASK_NOT_FALSE,
    TIDE_MASK_NULL,
    TIDE_MASK_VALID
} tide_mask_of;

typedef struct tide_prog_input {
    uint32_t column, reg;
} tide_prog_input;

typedef struct tide_prog_output {
    uint32_t reg;
    tide_type type;
} tide_prog_output;

struct tide_prog {
    tide_arena *arena;
    tide_step *steps;
    tide_reg *regs;
    tide_prog_input *inputs;
    tide_prog_output *outputs;
    const tide_vec **args; /* Room for the operands of a step. */
    uint64_t (*masks)[TIDE_MASK_WORDS];
    uint8_t *slots; /* The registers' memory. */
    uint32_t n_steps, n_regs, n_inputs, n_outputs, n_masks;
    tide_rowcall rowcall;
    tide_col **gathered; /* Of a batch with a selection: the inputs' dense copies. */

    /* Of the evaluation under way. */
    const tide_prog_env *env;
    tide_row_errors *errs;
    uint32_t n;
    uint64_t failed[TIDE_MASK_WORDS];
    bool any_failed;
    uint64_t random_seed, random_state;
};

typedef struct tide_lower {
    tide_prog *prog;
    uint32_t mask; /* Of the branch being laid out. */
    uint32_t cap_steps, cap_regs, cap_inputs;
    /* Expressions with a register that the current branch may read. */
    struct tide_known {
        const tide_expr *expr;
        uint32_t reg;
    } * known;
    uint32_t n_known, cap_known;
} tide_lower;

/* Lays out e for the rows of l->mask; gives its register. */
TIDE_MUST_CHECK tide_status tide_lower_expr(tide_lower *l, const tide_expr *e, uint32_t *reg_out);

/* FORM(f) */
tide_status tide_form_and(tide_lower *l, const tide_expr *e, uint32_t *reg_out);
tide_status tide_form_or(tide_lower *l, const tide_expr *e, uint32_t *reg_out);
tide_status tide_form_case(tide_lower *l, const tide_expr *e, uint32_t *reg_out);
tide_status tide_form_coalesce(tide_lower *l, const tide_expr *e, uint32_t *reg_out);
tide_status tide_form_cast(tide_lower *l, const tide_expr *e, uint32_t *reg_out);

/* What forms are made of. */
uint32_t tide_lower_reg(tide_lower *l, tide_type type);
uint32_t tide_lower_mask(tide_lower *l);
tide_step *tide_lower_step(tide_lower *l, void (*run)(tide_prog *, const tide_step *), uint32_t dst,
                           const uint32_t *args, uint32_t n_args, uint32_t pos);

/* The bits of a BOOLEAN vector, and of its rows that are not NULL; both have no bits from n on. */
void tide_truth_of(const tide_vec *v, uint32_t n, uint64_t *bits, uint64_t *valid);

/* Steps' `run` (steps.c). */
void tide_step_vector(tide_prog *p, const tide_step *s);    /* fn->vector behind NULL logic. */
void tide_step_row(tide_prog *p, const tide_step *s);       /* fn->row, row by row. */
void tide_step_mask(tide_prog *p, const tide_step *s);      /* dst: mask; s->mask: its parent. */
void tide_step_null(tide_prog *p, const tide_step *s);      /* All rows NULL. */
void tide_step_blend(tide_prog *p, const tide_step *s);     /* Rows of the mask from args[0]. */
void tide_step_broadcast(tide_prog *p, const tide_step *s); /* A constant to all rows. */
void tide_step_skip(tide_prog *p, const tide_step *s);      /* Never called: the loop knows it. */

#endif
