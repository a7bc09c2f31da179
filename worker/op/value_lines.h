/* value_lines.h - a small set of short values by cache line: to find out whether a value is there,
 * and to put it in if it is not, one line of memory is read.
 *
 * A set is 1 to 12 lines of 64 bytes, the first eight of which are not ours (they are the blob's
 * own). A value's mark, eight bits of its hash, says which line is its home: mark * lines / 256. If
 * that is full, it lies in the next one, and the home says so. A set that grows puts its members
 * into more lines by their marks alone.
 *
 * Line, from its first byte that is ours on:
 *   | offset       | bytes  | meaning                                                           |
 *   | 0            | 1      | members; bit 7: one whose home this is lies in the next line      |
 *   | 1            | 1      | bytes of the members                                              |
 *   | 2            |        | members: a word of eight bytes, or a text's length in one byte    |
 *   |              |        | and its bytes                                                     |
 *   | 63 - i       | 1      | mark of member i; at most 16                                      |
 * Owner: the table's thread. */
#ifndef TIDE_WORKER_OP_VALUE_LINES_H
#define TIDE_WORKER_OP_VALUE_LINES_H
#include <string.h>

#include "base/column/key.h"
#include "base/core/attr.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define TIDE_LINES_MAX 12u
#define TIDE_LINES_FOREIGN 8u /* Bytes of the first line that are not ours. */
#define TIDE_LINE_MARKS 16u
#define TIDE_LINE_PASSED 0x80u
#define TIDE_LINE_HEAD 2u

typedef enum tide_lines_result {
    TIDE_LINES_KNOWN,
    TIDE_LINES_NEW,
    TIDE_LINES_FULL /* Nothing was done. */
} tide_lines_result;

/* Is the encoded value one that can be in lines? */
TIDE_INLINE bool tide_lines_can_hold(const tide_key_spec *spec, const uint8_t *key)
{
    if (spec->n_strs == 0) return spec->key_bytes == 8;
    return ((const tide_key_str *)(const void *)key)->len <= TIDE_VIEW_INLINE_MAX;
}
TIDE_INLINE uint32_t tide_lines_mark(uint64_t hash)
{
    return (uint32_t)(hash >> 40) & 0xff;
}
/* Where the home of a value with that mark is, in a set of n lines. */
TIDE_INLINE size_t tide_lines_home(uint32_t mark, uint32_t n)
{
    return (size_t)(mark * n >> 8) * TIDE_CACHE_LINE;
}

/* One line. */
typedef struct tide_line_view {
    uint8_t *head; /* Its first byte that is ours. */
    uint8_t *end;
} tide_line_view;

TIDE_INLINE tide_line_view tide_line_at(uint8_t *lines, size_t at)
{
    uint8_t *line = lines + at;
    return (tide_line_view){ line + (at ? 0 : TIDE_LINES_FOREIGN), line + TIDE_CACHE_LINE };
}
TIDE_INLINE uint32_t tide_line_count(tide_line_view line)
{
    return line.head[0] & (TIDE_LINE_PASSED - 1);
}

/* Bit 15 - i: member i has that mark. */
TIDE_INLINE uint32_t tide_line_match(tide_line_view line, uint32_t mark)
{
    const uint8_t *marks = line.end - TIDE_LINE_MARKS;
#ifdef __SSE2__
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)marks),
                                  _mm_set1_epi8((char)mark));
    uint32_t found = (uint32_t)_mm_movemask_epi8(same);
#else
    uint32_t found = 0;
    for (uint32_t i = 0; i < TIDE_LINE_MARKS; i++) found |= (uint32_t)(marks[i] == mark) << i;
#endif
    return found & 0xffff0000u >> tide_line_count(line);
}

/* Is the value one of the members that match? */
bool tide_line_holds(tide_line_view line, uint32_t match, const uint8_t *key, bool text);

/* A text as a member; `room` is what the member may have, and there is enough. */
TIDE_INLINE void tide_line_write_text(uint8_t *to, const tide_key_str *s, uint32_t room)
{
    *to++ = (uint8_t)s->len;
    if (TIDE_LIKELY(room > TIDE_VIEW_INLINE_MAX))
        memcpy(to, s->prefix, TIDE_VIEW_INLINE_MAX);
    else
        memcpy(to, s->prefix, s->len);
}

/* One member more; false: no room. */
TIDE_INLINE bool tide_line_add(tide_line_view line, const uint8_t *key, uint32_t mark, bool text)
{
    const tide_key_str *s = (const void *)key;
    uint32_t n = tide_line_count(line), used = line.head[1], bytes = text ? s->len + 1 : 8;
    uint8_t *to = line.head + TIDE_LINE_HEAD + used;
    int32_t room = (int32_t)(line.end - to) - (int32_t)(n + 1);
    if (n == TIDE_LINE_MARKS || room < (int32_t)bytes) return false;
    if (text)
        tide_line_write_text(to, s, (uint32_t)room);
    else
        memcpy(to, key, 8);
    line.end[-1 - (int32_t)n] = (uint8_t)mark;
    line.head[0]++;
    line.head[1] = (uint8_t)(used + bytes);
    return true;
}

/* Puts an encoded value that lines can hold into a set of n lines. text: its type is one of texts,
 * else of words. */
tide_lines_result tide_lines_put(uint8_t *lines, uint32_t n, const uint8_t *key, uint32_t mark,
                                 bool text);
/* The same where only its home is looked at; FULL: _put will do. */
TIDE_INLINE tide_lines_result tide_lines_put_quickly(uint8_t *lines, uint32_t n, const uint8_t *key,
                                                     uint32_t mark, bool text)
{
    tide_line_view line = tide_line_at(lines, tide_lines_home(mark, n));
    uint32_t match = tide_line_match(line, mark);
    if (TIDE_UNLIKELY(match) && tide_line_holds(line, match, key, text)) return TIDE_LINES_KNOWN;
    if (TIDE_UNLIKELY(line.head[0] & TIDE_LINE_PASSED)) return TIDE_LINES_FULL;
    return tide_line_add(line, key, mark, text) ? TIDE_LINES_NEW : TIDE_LINES_FULL;
}

/* All members of a set of n_old lines into n, of which those are the first. False: they find no
 * room, and nothing was done. */
bool tide_lines_spread(uint8_t *lines, uint32_t n_old, uint32_t n, bool text);
/* The member at *at (0 at first), which is advanced; NULL at the end. */
const uint8_t *tide_lines_next(uint8_t *lines, uint32_t n, uint32_t *at, bool text);

#endif
