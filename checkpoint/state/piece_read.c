/* piece_read.c - the bytes of a piece, which may be anything, to entries. */
#include <string.h>

#include "checkpoint/state/piece_bytes.h"

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static size_t left(const cursor *c)
{
    return (size_t)(c->end - c->at);
}

static tide_status damaged(const tide_table *t, const char *what)
{
    return tide_fail(TIDE_E_CORRUPT, "a piece of state table %s is damaged: %s", t->name, what);
}

/* ---- the head ---- */
static tide_status check_head(const tide_table *t, const uint8_t *piece, size_t n,
                              tide_piece_head *out)
{
    if (n < TIDE_PIECE_HEAD_BYTES || memcmp(piece, "TKT1", 4)) return damaged(t, "no head");
    uint64_t cols = get_u32(piece + 28), owned = get_u32(piece + 24);
    if (cols > TIDE_KEY_COLS_MAX || owned > TIDE_TABLE_OWNED_MAX) return damaged(t, "its head");
    size_t head_bytes = TIDE_PIECE_HEAD_BYTES + (size_t)(cols + owned) * 8 + 8;
    if (n < head_bytes) return damaged(t, "its head is cut off");
    if (piece_sum(piece, head_bytes - 8, 0) != get_u64(piece + head_bytes - 8))
        return damaged(t, "the checksum of its head");
    if (piece[4] != TIDE_PIECE_VERSION)
        return tide_fail(TIDE_E_MISMATCH, "a piece of state table %s has format %u, this is %u",
                         t->name, piece[4], TIDE_PIECE_VERSION);
    out->kind = piece[6];
    out->group = get_u32(piece + 8);
    out->parent = get_u64(piece + 40);
    out->sections_at = head_bytes;
    out->bytes = n;
    uint8_t wanted[PIECE_HEAD_BYTES_MAX];
    if (piece_head(t, wanted, out->group, out->kind, out->parent) != head_bytes ||
        memcmp(wanted, piece, head_bytes) ||
        (out->kind != TIDE_PIECE_BASE && out->kind != TIDE_PIECE_DELTA))
        return tide_fail(TIDE_E_MISMATCH, "a piece of state table %s has another layout", t->name);
    return TIDE_OK;
}

/* ---- entries ---- */
static bool skip(cursor *c, uint64_t n)
{
    if (n > left(c)) return false;
    c->at += n;
    return true;
}

static bool skip_counted(cursor *c)
{
    uint32_t n;
    const uint8_t *at = get_varint(c->at, c->end, &n);
    if (at == NULL) return false;
    c->at = at;
    return skip(c, n);
}

/* One entry behind its ordinal; false when it does not fit into what is left. */
static bool read_entry(const tide_table *t, cursor *c, bool key_only, tide_piece_entry *out)
{
    out->fixed = c->at;
    if (!skip(c, t->map.key_bytes + (uint64_t)(key_only ? 0 : t->value_bytes))) return false;
    out->variable = c->at;
    for (uint32_t i = 0; t->key.n_strs && i < t->key.n; i++) {
        if (!tide_type_is_string(t->key.cols[i].type)) continue;
        uint32_t n = get_u32(out->fixed + t->key.at[i]);
        if (n > TIDE_VIEW_INLINE_MAX && !skip(c, n)) return false;
    }
    for (uint32_t i = 0; !key_only && i < t->n_blobs + t->n_owned; i++)
        if (!skip_counted(c)) return false;
    return true;
}

typedef struct section {
    tide_section_kind kind;
    uint32_t n_entries;
    cursor payload;
} section;

/* The next section's head; its checksum continues *chain. */
static bool read_section(cursor *c, section *out, uint64_t *chain)
{
    const uint8_t *head = c->at;
    if (!skip(c, TIDE_SECTION_HEAD_BYTES)) return false;
    uint64_t n = get_u64(head + 8);
    out->kind = head[0];
    out->n_entries = get_u32(head + 4);
    out->payload = (cursor){ c->at, c->at + (n <= left(c) ? n : 0) };
    if (!skip(c, n)) return false;
    if (chain == NULL) return true;
    *chain = section_sum(head, out->payload.at, (size_t)n, *chain);
    return *chain == get_u64(head + 16);
}

static bool next_entry(const tide_table *t, section *s, uint32_t *ordinal, tide_piece_entry *out)
{
    uint32_t step;
    const uint8_t *at = get_varint(s->payload.at, s->payload.end, &step);
    if (at == NULL || step > UINT32_MAX - *ordinal) return false;
    *ordinal += step;
    out->ordinal = *ordinal;
    s->payload.at = at;
    return read_entry(t, &s->payload, s->kind == TIDE_SECTION_TOMBSTONES, out);
}

static bool check_section(const tide_table *t, section *s)
{
    uint32_t ordinal = 0;
    for (uint32_t i = 0; i < s->n_entries; i++) {
        uint32_t before = ordinal;
        tide_piece_entry e;
        if (!next_entry(t, s, &ordinal, &e)) return false;
        if (i && s->kind == TIDE_SECTION_ROWS && ordinal == before) return false;
    }
    return s->payload.at == s->payload.end;
}

tide_status tide_piece_check(const tide_table *t, const uint8_t *piece, size_t n,
                             tide_piece_head *out)
{
    TIDE_TRY(check_head(t, piece, n, out));
    cursor c = { piece + out->sections_at, piece + n };
    uint64_t chain = get_u64(piece + out->sections_at - 8);
    for (;;) {
        section s;
        if (!read_section(&c, &s, &chain)) return damaged(t, "a section or its checksum");
        if (s.kind != TIDE_SECTION_ROWS && s.kind != TIDE_SECTION_END &&
            (s.kind != TIDE_SECTION_TOMBSTONES || out->kind == TIDE_PIECE_BASE))
            return damaged(t, "an unknown section");
        if (s.kind == TIDE_SECTION_END && s.n_entries == 0 && left(&s.payload) == 0) break;
        if (s.kind == TIDE_SECTION_END || !check_section(t, &s)) return damaged(t, "an entry");
    }
    if (left(&c)) return damaged(t, "bytes behind its end");
    out->id = chain;
    return TIDE_OK;
}

bool tide_piece_each(const tide_table *t, const uint8_t *piece, const tide_piece_head *head,
                     tide_section_kind kind, tide_piece_visit visit, void *ctx)
{
    cursor c = { piece + head->sections_at, piece + head->bytes };
    section s;
    do {
        if (!read_section(&c, &s, NULL)) return false;
        uint32_t ordinal = 0;
        for (uint32_t i = 0; s.kind == kind && i < s.n_entries; i++) {
            tide_piece_entry e;
            if (!next_entry(t, &s, &ordinal, &e) || !visit(ctx, &e)) return false;
        }
    } while (s.kind != TIDE_SECTION_END);
    return true;
}

uint32_t tide_piece_length(const uint8_t **at)
{
    uint32_t n = 0;
    *at = get_varint(*at, *at + VARINT_BYTES_MAX, &n);
    return n;
}
