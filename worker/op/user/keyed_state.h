/* keyed_state.h - value, list and map state of a process function, as views on keyed tables.
 *
 * One table holds a row per key: for each state the time of its last write and a blob. A VALUE's
 * blob is the value; a LIST's its entries, each a 32-bit length and the bytes; a MAP's the keys
 * ever put since it was last swept, in the same form. A MAP's entries are rows of a second table
 * keyed by (key, map key), so that get, put and remove cost one look-up however large the map is;
 * only tide_map_each reads the list of keys, sorts it, and looks each up. Rows in which every state
 * is empty are removed at the end of the batch; rows with expired states when processing time
 * passes their expiry. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_USER_KEYED_STATE_H
#define TIDE_WORKER_OP_USER_KEYED_STATE_H
#include "checkpoint/state/calendar.h"
#include "checkpoint/state/set.h"
#include "worker/op/user/user_priv.h"

typedef struct tide_keyed_state {
    uint32_t n;
    const tide_state_def *defs;
    const tide_key_spec *spec;
    tide_table *table; /* By key. NULL when there are no states. */
    tide_table **maps; /* maps[i]: entries of state i, by (key, map key); NULL for other kinds. */
    tide_key_spec *map_specs;
    tide_calendar *expiry;  /* NULL when no state has a time to live. */
    int64_t next_expiry_us; /* When rows are next looked through. */
    /* The current key: */
    const uint8_t *key;
    uint64_t hash;
    uint32_t row;
    int64_t wall_us;
    bool touched;
    uint8_t *entry_key; /* Scratch: an encoded (key, map key). */
    uint32_t list_at, list_index,
        list_state; /* Where the last tide_list_get was; reset by _select. */
} tide_keyed_state;

TIDE_MUST_CHECK tide_status tide_keyed_state_open(tide_keyed_state *self,
                                                  const tide_process_def *def,
                                                  const tide_key_spec *spec, tide_state_set *set);
void tide_keyed_state_close(tide_keyed_state *self);
/* The key that the functions of process.h now speak of; `row` of self->table (0 without states). */
void tide_keyed_state_select(tide_keyed_state *self, const uint8_t *key, uint64_t hash,
                             uint32_t row, int64_t wall_us);
/* Removes those of rows[0..n) in which every state is empty; they may repeat. */
void tide_keyed_state_sweep(tide_keyed_state *self, const uint32_t *rows, uint32_t n);
/* Clears what expired before wall_us; when the next will (INT64_MAX: none known). */
void tide_keyed_state_expire(tide_keyed_state *self, int64_t wall_us);
int64_t tide_keyed_state_next_expiry(const tide_keyed_state *self);
void tide_keyed_state_restored(tide_keyed_state *self);

#endif
