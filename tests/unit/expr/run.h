/* run.h - evaluating one expression text in a test. */
#ifndef TIDE_TESTS_UNIT_EXPR_RUN_H
#define TIDE_TESTS_UNIT_EXPR_RUN_H
#include "base/expr/prog.h"

/* The value of a constant expression, computed (not folded) over one row, as text: what SQL
 * prints, "NULL", or "ERROR: text". In the arena. */
const char *eval_text(tide_arena *arena, const char *text);

/* A value as text in the arena. */
const char *value_text(tide_arena *arena, const tide_value *v);

#endif
