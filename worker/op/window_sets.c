/* window_sets.c - count(DISTINCT x) over windows of several slices.
 *
 * A slice has the set of its values; the running sum knows of each value how many of its slices
 * have it. A value counts for its group while that is not zero, so what a slice costs does not
 * depend on how many windows it is part of. */
#include "base/core/mem.h"
#include "worker/op/window_agg_priv.h"

#define ROWS_MAX (TIDE_BATCH_ROWS_MAX / 4)

tide_status window_sets_open(window_agg *self, const tide_table_groups *groups)
{
    window_running *run = &self->running;
    const tide_op_distinct *distinct = &self->distinct;
    run->sets = tide_calloc(distinct->n + 1u, sizeof *run->sets);
    for (uint32_t s = 0; s < distinct->n; s++) {
        tide_table_spec spec = { .name = "running windows' values",
                                 .key = &distinct->keys[s].spec,
                                 .value_bytes = sizeof(int64_t) };
        TIDE_TRY(tide_table_open(&run->sets[s], &spec, *groups, run->memory));
    }
    return TIDE_OK;
}

void window_sets_close(window_agg *self)
{
    for (uint32_t s = 0; self->running.sets && s < self->distinct.n; s++)
        tide_table_free(&self->running.sets[s]);
    tide_free(self->running.sets);
}

void window_sets_clear(window_agg *self)
{
    for (uint32_t s = 0; s < self->distinct.n; s++) tide_table_clear(self->running.sets[s]);
}

/* The values in keys->keys[0..n) are in one slice more or less; places[0..*n_turned) are those that
 * came to the window or left it. */
static tide_status count_slices(window_agg *self, uint32_t set, uint32_t n, bool add,
                                uint16_t *places, uint32_t *n_turned)
{
    const tide_op_keys *keys = &self->distinct.keys[set];
    tide_table *table = self->running.sets[set];
    uint32_t n_gone = 0;
    TIDE_TRY(tide_table_update(table, keys->keys, keys->hash, n, self->rows, self->values, places,
                               n_turned));
    for (uint32_t i = 0; i < n; i++) {
        int64_t *count = (int64_t *)(void *)self->values[i];
        *count += add ? 1 : -1;
        if (*count > 0) continue;
        places[n_gone] = (uint16_t)i;
        self->rows[n_gone++] = self->rows[i];
    }
    if (add) return TIDE_OK;
    tide_table_delete(table, self->rows, n_gone);
    *n_turned = n_gone;
    return TIDE_OK;
}

/* The group's columns of a value's key, as the group's key. */
static void copy_group(const tide_key_spec *group, const tide_key_spec *value, const uint8_t *from,
                       uint8_t *to)
{
    memcpy(to, from, group->hash_bytes);
    if (group->key_bytes == group->hash_bytes) return;
    /* The value itself is not NULL, so that the bits are the same. */
    memcpy(to + tide_key_null_at(group), from + tide_key_null_at(value), sizeof(uint64_t));
}

tide_status window_sets_combine(window_agg *self, const tide_table *slice, uint32_t set,
                                uint32_t most, bool add, uint32_t *n_out)
{
    const tide_op_keys *of = &self->distinct.keys[set];
    const tide_key_spec *spec = &of->spec, *group = &self->keys.spec;
    uint32_t rows[ROWS_MAX], n, n_turned = 0;
    uint16_t places[ROWS_MAX];
    *n_out = n =
        tide_table_scan_next(slice, &self->firing.scan, rows, most < ROWS_MAX ? most : ROWS_MAX);
    for (uint32_t i = 0; i < n; i++)
        memcpy(of->keys + (size_t)i * spec->key_bytes, tide_table_key(slice, rows[i]),
               spec->key_bytes);
    tide_key_hash_keys(spec, of->keys, spec->key_bytes, n, of->hash);
    TIDE_TRY(count_slices(self, set, n, add, places, &n_turned));
    for (uint32_t i = 0; i < n_turned; i++)
        copy_group(group, spec, of->keys + (size_t)places[i] * spec->key_bytes,
                   self->keys.keys + (size_t)i * group->key_bytes);
    tide_key_hash_keys(group, self->keys.keys, group->key_bytes, n_turned, self->keys.hash);
    TIDE_TRY(tide_table_update(self->running.table, self->keys.keys, self->keys.hash, n_turned,
                               self->rows, self->values, NULL, NULL));
    uint32_t offset = self->aggs.offsets[self->aggs.set_agg[set]];
    for (uint32_t i = 0; i < n_turned; i++)
        *(int64_t *)(void *)(self->values[i] + offset) += add ? 1 : -1;
    return TIDE_OK;
}
