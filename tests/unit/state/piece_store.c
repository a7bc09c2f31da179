/* piece_store.c - pieces in memory. */
#include "tests/unit/state/piece_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static tide_status store_write(void *ctx, uint32_t group, bool base, const uint8_t *bytes, size_t n)
{
    piece_store *self = ctx;
    assert_true(group < STORE_GROUPS);
    for (uint32_t g = group + 1; g < STORE_GROUPS; g++) assert_int_equal(self->open[g].n, 0);
    if (self->fail_after && --self->fail_after == 0)
        return tide_fail(TIDE_E_IO, "the sink is full");
    self->base[group] = base;
    tide_bytes_put(&self->open[group], bytes, n);
    return TIDE_OK;
}

tide_piece_sink store_sink(piece_store *self)
{
    return (tide_piece_sink){ .ctx = self, .write = store_write };
}

static void drop_pieces(piece_store *self, uint32_t g)
{
    for (uint32_t i = 0; i < self->n[g]; i++) tide_bytes_fini(&self->pieces[g][i]);
    self->n[g] = 0;
}

void store_keep(piece_store *self)
{
    for (uint32_t g = 0; g < STORE_GROUPS; g++) {
        if (self->open[g].n == 0) continue;
        if (self->base[g]) drop_pieces(self, g);
        assert_true(self->n[g] < STORE_PIECES_MAX);
        self->pieces[g][self->n[g]++] = self->open[g];
        self->open[g] = (tide_bytes){ 0 };
    }
}

void store_forget(piece_store *self)
{
    for (uint32_t g = 0; g < STORE_GROUPS; g++) tide_bytes_fini(&self->open[g]);
}

void store_fini(piece_store *self)
{
    store_forget(self);
    for (uint32_t g = 0; g < STORE_GROUPS; g++) drop_pieces(self, g);
}

void store_restore(const piece_store *self, bool open_only, tide_table *into)
{
    for (uint32_t g = 0; g < STORE_GROUPS; g++) {
        const tide_bytes *open = &self->open[g];
        if (open_only && open->n)
            assert_int_equal(tide_table_restore(into, (const uint8_t *)open->p, open->n), TIDE_OK);
        for (uint32_t i = 0; !open_only && i < self->n[g]; i++) {
            const tide_bytes *p = &self->pieces[g][i];
            assert_int_equal(tide_table_restore(into, (const uint8_t *)p->p, p->n), TIDE_OK);
        }
    }
    assert_int_equal(tide_table_restore_end(into), TIDE_OK);
}

size_t store_open_bytes(const piece_store *self)
{
    size_t n = 0;
    for (uint32_t g = 0; g < STORE_GROUPS; g++) n += self->open[g].n;
    return n;
}
