/* value_lines.c - see value_lines.h. */
#include "worker/op/value_lines.h"

#define MEMBER_COPIED 16u /* The longest has 13. */

static uint32_t member_bytes(const uint8_t *member, bool text)
{
    return text ? member[0] + 1u : 8;
}

static bool same(const uint8_t *member, const uint8_t *key, bool text)
{
    const tide_key_str *s = (const void *)key;
    if (!text) return memcmp(member, key, 8) == 0;
    return member[0] == s->len && memcmp(member + 1, s->prefix, s->len) == 0;
}

bool tide_line_holds(tide_line_view line, uint32_t match, const uint8_t *key, bool text)
{
    const uint8_t *member = line.head + TIDE_LINE_HEAD;
    for (uint32_t bit = 1u << (TIDE_LINE_MARKS - 1); match; bit >>= 1) {
        if (match & bit && same(member, key, text)) return true;
        match &= bit - 1;
        member += member_bytes(member, text);
    }
    return false;
}

static tide_line_view next_line(uint8_t *lines, uint32_t n, size_t at)
{
    size_t next = at + TIDE_CACHE_LINE;
    return tide_line_at(lines, next < (size_t)n * TIDE_CACHE_LINE ? next : 0);
}

/* A value that is not there. */
static bool add(uint8_t *lines, uint32_t n, const uint8_t *key, uint32_t mark, bool text)
{
    size_t at = tide_lines_home(mark, n);
    tide_line_view home = tide_line_at(lines, at);
    if (tide_line_add(home, key, mark, text)) return true;
    if (n == 1 || !tide_line_add(next_line(lines, n, at), key, mark, text)) return false;
    home.head[0] |= TIDE_LINE_PASSED;
    return true;
}

tide_lines_result tide_lines_put(uint8_t *lines, uint32_t n, const uint8_t *key, uint32_t mark,
                                 bool text)
{
    size_t at = tide_lines_home(mark, n);
    tide_line_view home = tide_line_at(lines, at), next = next_line(lines, n, at);
    if (tide_line_holds(home, tide_line_match(home, mark), key, text)) return TIDE_LINES_KNOWN;
    if (home.head[0] & TIDE_LINE_PASSED &&
        tide_line_holds(next, tide_line_match(next, mark), key, text))
        return TIDE_LINES_KNOWN;
    return add(lines, n, key, mark, text) ? TIDE_LINES_NEW : TIDE_LINES_FULL;
}

/* A line that is being filled. */
typedef struct filling {
    uint8_t *head, *to, *mark; /* Its first byte; where the next member and the next mark go. */
    uint8_t *last_mark;
    bool passed;
} filling;

static filling begin_line(uint8_t *lines, uint32_t i)
{
    tide_line_view line = tide_line_at(lines, (size_t)i * TIDE_CACHE_LINE);
    return (filling){ .head = line.head,
                      .to = line.head + TIDE_LINE_HEAD,
                      .mark = line.end - 1,
                      .last_mark = line.end - TIDE_LINE_MARKS };
}

static void end_line(const filling *f)
{
    const uint8_t *end = f->last_mark + TIDE_LINE_MARKS;
    f->head[0] = (uint8_t)((end - 1 - f->mark) | (f->passed ? TIDE_LINE_PASSED : 0));
    f->head[1] = (uint8_t)(f->to - f->head - TIDE_LINE_HEAD);
}

/* False: no room. */
TIDE_INLINE bool take_over(filling *f, const uint8_t *member, uint32_t bytes, uint8_t mark)
{
    ptrdiff_t room = f->mark - f->to;
    if (room < (ptrdiff_t)bytes || f->mark < f->last_mark) return false;
    if (TIDE_LIKELY(room >= (ptrdiff_t)MEMBER_COPIED))
        memcpy(f->to, member, MEMBER_COPIED);
    else
        memcpy(f->to, member, bytes);
    f->to += bytes;
    *f->mark-- = mark;
    return true;
}

TIDE_INLINE bool spread(uint8_t *old, uint32_t n_old, filling *to, uint32_t n, bool text)
{
    for (uint32_t i = 0; i < n_old; i++) {
        tide_line_view line = tide_line_at(old, (size_t)i * TIDE_CACHE_LINE);
        const uint8_t *member = line.head + TIDE_LINE_HEAD, *mark = line.end - 1;
        for (uint32_t left = tide_line_count(line); left > 0; left--, mark--) {
            uint32_t bytes = member_bytes(member, text), home = *mark * n >> 8;
            if (TIDE_UNLIKELY(!take_over(&to[home], member, bytes, *mark))) {
                uint32_t next = home + 1 < n ? home + 1 : 0;
                if (n == 1 || !take_over(&to[next], member, bytes, *mark)) return false;
                to[home].passed = true;
            }
            member += bytes;
        }
    }
    return true;
}

bool tide_lines_spread(uint8_t *lines, uint32_t n_old, uint32_t n, bool text)
{
    uint8_t old[TIDE_LINES_MAX * TIDE_CACHE_LINE + MEMBER_COPIED];
    filling to[TIDE_LINES_MAX];
    memcpy(old, lines, (size_t)n_old * TIDE_CACHE_LINE);
    for (uint32_t i = 0; i < n; i++) to[i] = begin_line(lines, i);
    bool fits = text ? spread(old, n_old, to, n, true) : spread(old, n_old, to, n, false);
    if (!fits) memcpy(lines, old, (size_t)n_old * TIDE_CACHE_LINE);
    for (uint32_t i = 0; fits && i < n; i++) end_line(&to[i]);
    return fits;
}

const uint8_t *tide_lines_next(uint8_t *lines, uint32_t n, uint32_t *at, bool text)
{
    for (uint32_t i; (i = *at / TIDE_CACHE_LINE) < n; *at = (i + 1) * TIDE_CACHE_LINE) {
        tide_line_view line = tide_line_at(lines, (size_t)i * TIDE_CACHE_LINE);
        uint32_t done = *at % TIDE_CACHE_LINE; /* Bytes of members. */
        if (done >= line.head[1]) continue;
        const uint8_t *member = line.head + TIDE_LINE_HEAD + done;
        *at += member_bytes(member, text);
        return member;
    }
    return NULL;
}
