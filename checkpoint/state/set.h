/* set.h - the tables of one operator's subtask: opened by name, sharing a budget, saved and
 * loaded as one.
 *
 * An operator opens its tables in its open callback. When the set was loaded before that, a table
 * comes back with its rows. Order of tables is that of their first opening or, after a load, as
 * it was saved. Owner: one thread. */
#ifndef TIDE_CHECKPOINT_STATE_SET_H
#define TIDE_CHECKPOINT_STATE_SET_H
#include "base/core/bytes.h"
#include "checkpoint/state/table.h"

typedef struct tide_state_set tide_state_set;

/* op_name: for error texts ("keyed state of <op_name>, table <t>, is over its budget of ...");
 * copied. */
tide_state_set *tide_state_set_new(const char *op_name, tide_table_groups groups,
                                   size_t budget_bytes);
void tide_state_set_free(tide_state_set **self_p); /* With its tables. */

/* Opens, or makes, the table spec->name. The set owns it. When it was loaded, or is open already,
 * its layout must agree: TIDE_E_MISMATCH. Else as tide_table_open; a damaged image is
 * TIDE_E_CORRUPT. */
TIDE_MUST_CHECK tide_status tide_state_set_open(tide_state_set *self, const tide_table_spec *spec,
                                                tide_table **out);
/* Ends a table (an emitted pane): its rows are gone and it is no longer saved. Nulls *table_p. */
void tide_state_set_drop(tide_state_set *self, tide_table **table_p);

/* The names of all tables, those loaded but not opened yet included: an operator that names its
 * tables by their content (a pane's start) finds here what to open. */
uint32_t tide_state_set_count(const tide_state_set *self);
const char *tide_state_set_name(const tide_state_set *self, uint32_t i);
/* The open table of that name, or NULL. */
tide_table *tide_state_set_find(const tide_state_set *self, const char *name);

/* Appends all tables, whole, to *out. No snapshot of a table may be under way. */
void tide_state_set_save(tide_state_set *self, tide_bytes *out);
/* The opposite: tables that are open lose their rows and get the saved ones (none, when the image
 * does not have them), others wait to be opened. Key groups that this set does not own are left
 * out, so that a set of another range may load it. Returns TIDE_E_CORRUPT, TIDE_E_MISMATCH or
 * TIDE_E_BUDGET; the set is then good for nothing but _free. */
TIDE_MUST_CHECK tide_status tide_state_set_load(tide_state_set *self, const void *image, size_t n);

size_t tide_state_set_bytes(const tide_state_set *self);

#endif
