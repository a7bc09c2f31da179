/* piece_write.c - rows to the bytes of a piece. */
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/piece.h"
#include "checkpoint/state/piece_bytes.h"

/* ---- rows ---- */
static const tide_key_str *string_at(const tide_table *t, const uint8_t *row, uint32_t col)
{
    if (!tide_type_is_string(t->key.cols[col].type)) return NULL;
    const tide_key_str *s = (const tide_key_str *)(const void *)(row + t->key.at[col]);
    return s->len > TIDE_VIEW_INLINE_MAX ? s : NULL;
}

static const uint8_t *owned_field(const tide_table *t, const uint8_t *row, uint32_t i)
{
    return row + t->map.key_bytes + t->owned[i].offset;
}

size_t tide_row_saved_bytes(const tide_table *t, const uint8_t *row, bool key_only)
{
    size_t n = t->map.key_bytes + (key_only ? 0 : t->value_bytes);
    const tide_key_str *s;
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++)
        if ((s = string_at(t, row, c))) n += s->len;
    if (key_only) return n;
    for (uint32_t i = 0; i < t->n_blobs; i++) {
        uint32_t bytes;
        (void)tide_row_blob(t, row, i, &bytes);
        n += varint_bytes(bytes) + (size_t)bytes;
    }
    for (uint32_t i = 0; i < t->n_owned; i++) {
        uint32_t bytes = t->owned[i].size(t->owned[i].ctx, owned_field(t, row, i));
        n += varint_bytes(bytes) + (size_t)bytes;
    }
    return n;
}

/* Pointers do not go into files: their words are zero there. */
static void save_fixed(const tide_table *t, const uint8_t *row, bool key_only, uint8_t *to)
{
    memcpy(to, row, t->map.key_bytes + (key_only ? 0 : t->value_bytes));
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++)
        if (string_at(t, row, c)) memset(to + t->key.at[c] + 8, 0, 8);
    if (key_only) return;
    memset(to + t->map.blobs_at, 0, t->n_blobs * (size_t)8);
    for (uint32_t i = 0; i < t->n_owned; i++)
        memset(to + t->map.key_bytes + t->owned[i].offset, 0, t->owned[i].bytes);
}

uint8_t *tide_row_save(const tide_table *t, const uint8_t *row, bool key_only, uint8_t *to)
{
    save_fixed(t, row, key_only, to);
    to += t->map.key_bytes + (key_only ? 0 : t->value_bytes);
    const tide_key_str *s;
    for (uint32_t c = 0; t->key.n_strs && c < t->key.n; c++)
        if ((s = string_at(t, row, c))) {
            memcpy(to, s->ptr, s->len);
            to += s->len;
        }
    if (key_only) return to;
    for (uint32_t i = 0; i < t->n_blobs; i++) {
        uint32_t n;
        const uint8_t *bytes = tide_row_blob(t, row, i, &n);
        to = put_varint(to, n);
        if (n) memcpy(to, bytes, n);
        to += n;
    }
    for (uint32_t i = 0; i < t->n_owned; i++) {
        uint32_t n = t->owned[i].size(t->owned[i].ctx, owned_field(t, row, i));
        to = put_varint(to, n);
        t->owned[i].save(t->owned[i].ctx, owned_field(t, row, i), to);
        to += n;
    }
    return to;
}

/* ---- pieces ---- */
static tide_status write_out(tide_piece_writer *self, const void *bytes, size_t n)
{
    self->bytes += n;
    return self->sink->write(self->sink->ctx, self->table->first_group + self->group,
                             self->kind == TIDE_PIECE_BASE, bytes, n);
}

tide_status tide_piece_begin(tide_piece_writer *self, const tide_table *table, uint32_t group,
                             tide_piece_kind kind, uint64_t parent)
{
    tide_bytes buf = self->buf;
    const tide_piece_sink *sink = self->sink;
    *self = (tide_piece_writer){ .table = table,
                                 .sink = sink,
                                 .group = group,
                                 .kind = kind,
                                 .section = TIDE_SECTION_ROWS,
                                 .buf = buf };
    uint8_t head[PIECE_HEAD_BYTES_MAX];
    size_t n = piece_head(table, head, table->first_group + group, kind, parent);
    memcpy(&self->chain, head + n - 8, 8);
    self->buf.n = 0;
    return write_out(self, head, n);
}

/* Closes the open section, if there is anything in it. */
static tide_status close_section(tide_piece_writer *self)
{
    if (self->n_entries == 0 && self->section != TIDE_SECTION_END) return TIDE_OK;
    if (self->buf.n == 0) self->buf.n = TIDE_SECTION_HEAD_BYTES; /* END has no entries. */
    uint8_t *head = (uint8_t *)self->buf.p;
    size_t payload = self->buf.n - TIDE_SECTION_HEAD_BYTES;
    memset(head, 0, TIDE_SECTION_HEAD_BYTES);
    head[0] = (uint8_t)self->section;
    put_u32(head + 4, self->n_entries);
    put_u64(head + 8, payload);
    self->chain = section_sum(head, head + TIDE_SECTION_HEAD_BYTES, payload, self->chain);
    put_u64(head + 16, self->chain);
    tide_status rv = write_out(self, head, self->buf.n);
    self->buf.n = 0;
    self->n_entries = 0;
    return rv;
}

/* Room for an entry of n bytes behind its ordinal; *to is where they go. */
static tide_status entry_room(tide_piece_writer *self, tide_section_kind section, uint32_t ordinal,
                              size_t n, uint8_t **to)
{
    bool full = self->buf.n >= TIDE_SECTION_BYTES;
    if (full || section != self->section || (self->n_entries && ordinal < self->last_ordinal))
        TIDE_TRY(close_section(self));
    self->section = section;
    if (self->n_entries == 0) {
        (void)tide_bytes_reserve(&self->buf, TIDE_SECTION_HEAD_BYTES);
        self->buf.n = TIDE_SECTION_HEAD_BYTES;
        self->last_ordinal = 0;
    }
    uint8_t *at = (uint8_t *)tide_bytes_reserve(&self->buf, VARINT_BYTES_MAX + n);
    *to = put_varint(at, ordinal - self->last_ordinal);
    self->buf.n += (size_t)(*to - at) + n;
    self->last_ordinal = ordinal;
    self->n_entries++;
    return TIDE_OK;
}

tide_status tide_piece_put_row(tide_piece_writer *self, uint32_t ordinal, const uint8_t *row)
{
    const tide_table *t = self->table;
    uint8_t *to;
    bool plain = t->heap == NULL && t->n_owned == 0;
    size_t n = plain ? t->map.key_bytes + t->value_bytes : tide_row_saved_bytes(t, row, false);
    TIDE_TRY(entry_room(self, TIDE_SECTION_ROWS, ordinal, n, &to));
    if (plain)
        memcpy(to, row, n);
    else
        (void)tide_row_save(t, row, false, to);
    return TIDE_OK;
}

tide_status tide_piece_put_saved(tide_piece_writer *self, tide_section_kind section,
                                 uint32_t ordinal, const uint8_t *saved, size_t n)
{
    uint8_t *to;
    TIDE_TRY(entry_room(self, section, ordinal, n, &to));
    memcpy(to, saved, n);
    return TIDE_OK;
}

tide_status tide_piece_end(tide_piece_writer *self)
{
    TIDE_TRY(close_section(self));
    self->section = TIDE_SECTION_END;
    (void)tide_bytes_reserve(&self->buf, TIDE_SECTION_HEAD_BYTES);
    return close_section(self);
}

void tide_piece_writer_fini(tide_piece_writer *self)
{
    tide_bytes_fini(&self->buf);
}
