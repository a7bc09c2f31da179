/* opkit.h - does an operator give the same answer however its input comes in?
 *
 * One declared case runs under every schedule: whole batches; row by row; batches cut at random;
 * batches that carry unselected rows; an outbox with room for one batch that refuses every other
 * call; with the state written out and read into a fresh operator after each call; and, where the
 * node is an aggregate that has one, behind its first phase. Each must give the expected output,
 * make progress on every call that has room, and leave no pool memory behind.
 *
 * Input, one line each; times and TIMESTAMP values are whole milliseconds, strings may be 'quoted':
 *   row a 1 NULL     an inserted row, a value for each column (also "+I", "-U", "+U", "-D" for
 * changes)
 *   wm 40            a watermark        time 50    processing time goes on to 50
 *   end              the final watermark, then the end of input
 * Output: the same lines, rows of side output 1 as "late ...". Rows between two control lines are
 * compared in any order unless the case says otherwise. */
#ifndef TIDE_TESTS_SUPPORT_OPKIT_H
#define TIDE_TESTS_SUPPORT_OPKIT_H
#include "worker/op/op.h"

typedef struct tide_op_case {
    const char *schema; /* Of the input: "user STRING, ts TIMESTAMP(3), n BIGINT". */
    /* Either the node in words; columns are named, sizes in milliseconds:
     *   aggregate keys=a,b aggs=count(*),sum(n)/flag,count(distinct n) window=hop time=ts size=10
     * slide=5
     *             offset=0 ttl=0 late          ("/flag": FILTER (WHERE flag); "late": routed, not
     * only counted)
     *   window window=tumble time=ts size=10
     *   sort by=a,-b,c? limit=10 offset=0      ("-": descending, "?": NULLs first)
     * or a function that makes it over the given input node. */
    const char *config;
    const tide_node *(*build)(tide_arena *arena, const tide_node *input);
    const char *input, *expect;
    const char *expect_error; /* Part of the message of the failure that must come instead. */
    uint64_t late_rows, bad_rows;
    size_t state_budget_bytes;
    bool ordered;     /* Rows must come in exactly this order. */
    bool materialize; /* Compare what the changes add up to: `expect` has the rows left at the end.
                       */
    bool input_updating; /* The input has changes. */
    bool batch_mode, skip_bad_rows;
    bool no_snapshot; /* The operator keeps rows outside tables. */
} tide_op_case;

/* Runs the case under every schedule; a difference fails the running cmocka test and prints
 * both. */
void tide_op_check(const tide_op_case *c);

/* The output of the case under the whole-batches schedule, with control lines; tide_free it. */
char *tide_op_run_once(const tide_op_case *c);

#endif
