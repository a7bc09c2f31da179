/* csv_quotes.c - which delimiters and newlines lie within quotes? */
#include "base/format/csv_internal.h"

/* Bit i: an odd number of bits 0 to i of m are set. */
TIDE_INLINE uint64_t parities(uint64_t m)
{
    for (uint32_t shift = 1; shift < 64; shift *= 2) m ^= m << shift;
    return m;
}

size_t csv_hide_quoted(const char *bytes, size_t len, csv_marks marks, bool newlines,
                       csv_masks *masks)
{
    /* Of the byte before: all ones if in quotes; 1 if an end, 1 if a closing quote. */
    uint64_t inside = 0, ended = 1, closed = 0;
    masks->n_lines = 0;
    for (size_t at = 0; at < len; at += 64) {
        uint64_t *ends = &masks->ends[at / 64], *lines = &masks->lines[at / 64];
        uint64_t quotes = masks->quotes[at / 64], in = parities(quotes) ^ inside;
        uint64_t opening = quotes & in, closing = quotes & ~in, hidden = *lines & in;
        uint64_t behind_closing = closing << 1 | closed, after = *ends & ~in;
        uint64_t bad = opening & ~(after << 1 | ended | behind_closing);
        uint64_t rest = behind_closing & ~(after | opening);
        if (len - at < 64) rest &= ((uint64_t)1 << (len - at)) - 1;
        for (; rest; rest &= rest - 1) { /* Only a line's carriage return may stand there. */
            const char *p = bytes + at + __builtin_ctzll(rest);
            if (p[0] != '\r' || p[1] != '\n') bad = 1;
        }
        if (bad || (quotes && marks.escape) || (hidden && !newlines)) return at;
        *ends = after;
        *lines &= ~in;
        masks->n_lines += (uint32_t)__builtin_popcountll(*lines);
        inside = (uint64_t)((int64_t)in >> 63);
        ended = after >> 63;
        closed = closing >> 63;
    }
    return len;
}
