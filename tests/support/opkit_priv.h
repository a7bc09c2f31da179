/* opkit_priv.h - the parts of the operator test kit. */
#ifndef TIDE_TESTS_SUPPORT_OPKIT_PRIV_H
#define TIDE_TESTS_SUPPORT_OPKIT_PRIV_H
#include "base/core/bytes.h"
#include "tests/support/opkit.h"

typedef enum opkit_event_kind {
    OPKIT_ROW,
    OPKIT_WATERMARK,
    OPKIT_TIME,
    OPKIT_END
} opkit_event_kind;

typedef struct opkit_event {
    opkit_event_kind kind;
    int64_t at_ms;
    tide_change change;
    tide_value *values; /* Of a row: one per column. */
} opkit_event;

typedef struct opkit_script {
    uint32_t n, cap;
    opkit_event *events;
} opkit_script;

/* Both stop the program with a message when the text is wrong: it is the test's own. */
void opkit_parse_schema(tide_arena *arena, const char *text, tide_schema *out);
void opkit_parse_script(tide_arena *arena, const tide_schema *schema, const char *text,
                        opkit_script *out);

/* The node that the case describes, over an input node with the case's schema. */
const tide_node *opkit_build_node(tide_arena *arena, const tide_op_case *c);

/* Rows events[0..n) as a batch. With `padded`, unselected copies of other rows lie between them. */
tide_batch *opkit_make_batch(tide_pool *pool, const tide_schema *schema, const opkit_event *events,
                             uint32_t n, bool padded, bool updating);
/* "row a 1 NULL\n" with `word` in front, or the change when the batch has changes. */
void opkit_print_row(const tide_batch *batch, uint32_t phys, const char *word, tide_bytes *out);

/* The text with the lines between control lines sorted; tide_free it. */
char *opkit_sort_lines(const char *text);
/* What the changes of the text's rows add up to, sorted; control lines are dropped. NULL, with the
 * line in *bad, when a change takes away a row that is not there. */
char *opkit_materialize(const char *text, tide_bytes *bad);

/* The first phase of an aggregate (jobapi/plan/partial.h) with its own outbox; NULL for nodes that
 * have none. Shares the environment's pool, clocks and counters. */
typedef struct opkit_front opkit_front;
opkit_front *opkit_front_new(tide_arena *arena, const tide_node *aggregate, const tide_op_env *env);
void opkit_front_free(opkit_front **self_p);
/* A fresh operator, as after a restart; the old one was flushed. */
void opkit_front_restart(opkit_front *self, const tide_op_env *env);
/* One call of the operator (OPKIT_END: on_flush) with room for so many batches. */
tide_op_result opkit_front_call(opkit_front *self, opkit_event_kind kind, tide_batch **batch_p,
                                int64_t at_us, uint32_t room);
/* What it has sent, oldest first; false when nothing is left. */
bool opkit_front_take(opkit_front *self, uint32_t *port, tide_batch **out);

/* Ends the running test. */
TIDE_NORETURN void opkit_die(const char *fmt, ...) TIDE_PRINTF(1, 2);

#endif
