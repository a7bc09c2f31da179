/* diff.c - Myers' O(ND) difference of lines, in its linear-memory-per-step greedy form: the
 * furthest reaching path of every diagonal is kept per number of edits, then walked back. */
#include "cli/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"

/* Beyond this many edits the rest is shown as replaced: nobody reads such a diff, and it costs D^2.
 */
#define EDITS_MAX 2000

typedef struct lines {
    const char **at;
    size_t *len;
    int n, cap;
} lines;

typedef enum edit { EDIT_KEEP, EDIT_REMOVE, EDIT_ADD } edit;

/* The script, in order; each entry moves on in before, after or both. */
typedef struct script {
    edit *edits;
    int n, cap;
} script;

static void split(lines *self, const char *text, size_t n);
static bool same(const lines *a, int i, const lines *b, int j);
static void compare(const lines *a, const lines *b, script *out);
static void print_hunks(const lines *a, const lines *b, const script *s, bool colour,
                        tide_bytes *out);

bool tide_diff(const tide_diff_side *before, const tide_diff_side *after, bool colour,
               tide_bytes *out)
{
    if (before->n == after->n &&
        (before->n == 0 || memcmp(before->text, after->text, before->n) == 0))
        return false;
    lines a = { 0 }, b = { 0 };
    script s = { 0 };
    split(&a, before->text, before->n);
    split(&b, after->text, after->n);
    compare(&a, &b, &s);
    tide_bytes_printf(out, "--- %s\n+++ %s\n", before->name, after->name);
    print_hunks(&a, &b, &s, colour, out);
    tide_free(a.at), tide_free(a.len), tide_free(b.at), tide_free(b.len), tide_free(s.edits);
    return true;
}

/* Lines keep their newline, so that a missing last one shows. */
static void split(lines *self, const char *text, size_t n)
{
    for (const char *at = text, *end = text + n; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        if (self->n == self->cap) {
            self->cap = self->cap ? self->cap * 2 : 64;
            self->at = tide_realloc(self->at, (size_t)self->cap * sizeof *self->at);
            self->len = tide_realloc(self->len, (size_t)self->cap * sizeof *self->len);
        }
        self->at[self->n] = at;
        self->len[self->n++] = (size_t)(next - at);
        at = next;
    }
}

static bool same(const lines *a, int i, const lines *b, int j)
{
    return a->len[i] == b->len[j] && memcmp(a->at[i], b->at[j], a->len[i]) == 0;
}

static void add(script *s, edit e, int times)
{
    for (int i = 0; i < times; i++) {
        TIDE_GROW(s->edits, s->n, s->cap);
        s->edits[s->n++] = e;
    }
}

/* Walks back from (n, m) through the saved frontiers. Edits come out in reverse. */
static void walk_back(int *const *saved, int d, int n, int m, script *out)
{
    int x = n, y = m;
    for (; d > 0; d--) {
        const int *v = saved[d - 1] + d - 1; /* v[k] for k in -(d-1) .. d-1. */
        int k = x - y;
        bool down = k == -d ||
                    (k != d && k - 1 >= -(d - 1) && k + 1 <= d - 1 && v[k - 1] < v[k + 1]) ||
                    (k != d && k - 1 < -(d - 1));
        int from_k = down ? k + 1 : k - 1;
        int from_x = v[from_k], from_y = from_x - from_k;
        int mid_x = down ? from_x : from_x + 1;
        add(out, EDIT_KEEP, x - mid_x);
        add(out, down ? EDIT_ADD : EDIT_REMOVE, 1);
        x = from_x, y = from_y;
    }
    add(out, EDIT_KEEP, x);
}

static void reverse(script *s, int from)
{
    for (int i = from, j = s->n - 1; i < j; i++, j--) {
        edit e = s->edits[i];
        s->edits[i] = s->edits[j];
        s->edits[j] = e;
    }
}

static void compare(const lines *a, const lines *b, script *out)
{
    int n = a->n, m = b->n, limit = n + m < EDITS_MAX ? n + m : EDITS_MAX;
    int **saved = tide_calloc((size_t)limit + 1, sizeof *saved);
    int *frontier = tide_calloc(2 * (size_t)limit + 3, sizeof *frontier);
    int *v = frontier + limit + 1;
    bool done = false;
    int d = 0;
    for (; d <= limit && !done; d++) {
        for (int k = -d; k <= d && !done; k += 2) {
            int x = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
            int y = x - k;
            while (x >= 0 && y >= 0 && x < n && y < m && same(a, x, b, y)) x++, y++;
            v[k] = x;
            done = x >= n && y >= m;
        }
        saved[d] = tide_malloc((2 * (size_t)d + 1) * sizeof **saved);
        memcpy(saved[d], v - d, (2 * (size_t)d + 1) * sizeof **saved);
    }
    if (done) {
        walk_back(saved, d - 1, n, m, out);
        reverse(out, 0);
    } else {
        add(out, EDIT_REMOVE, n);
        add(out, EDIT_ADD, m);
    }
    for (int i = 0; i < d; i++) tide_free(saved[i]);
    tide_free(saved);
    tide_free(frontier);
}

static void print_line(char mark, const lines *from, int i, bool colour, tide_bytes *out)
{
    const char *begin = mark == '-' ? "\033[31m" : "\033[32m";
    bool is_coloured = colour && mark != ' ', has_newline = from->at[i][from->len[i] - 1] == '\n';
    if (is_coloured) tide_bytes_puts(out, begin);
    tide_bytes_putc(out, mark);
    tide_bytes_put(out, from->at[i], from->len[i] - has_newline);
    if (is_coloured) tide_bytes_puts(out, "\033[0m");
    tide_bytes_putc(out, '\n');
    if (!has_newline) tide_bytes_puts(out, "\\ No newline at end of file\n");
}

/* First line and number of lines; a single one is not counted, an empty range names the line
 * before. */
static void print_range(tide_bytes *out, int before, int n)
{
    if (n == 1)
        tide_bytes_printf(out, "%d", before + 1);
    else
        tide_bytes_printf(out, "%d,%d", n ? before + 1 : before, n);
}

/* One hunk: edits [from, to), which begin at line i of a and j of b. */
static void print_hunk(const lines *a, const lines *b, const script *s, const int range[2], int i,
                       int j, bool colour, tide_bytes *out)
{
    int n_a = 0, n_b = 0;
    for (int e = range[0]; e < range[1]; e++) {
        n_a += s->edits[e] != EDIT_ADD;
        n_b += s->edits[e] != EDIT_REMOVE;
    }
    tide_bytes_puts(out, "@@ -");
    print_range(out, i, n_a);
    tide_bytes_puts(out, " +");
    print_range(out, j, n_b);
    tide_bytes_puts(out, " @@\n");
    for (int e = range[0]; e < range[1]; e++) {
        if (s->edits[e] == EDIT_ADD)
            print_line('+', b, j, colour, out);
        else
            print_line(s->edits[e] == EDIT_REMOVE ? '-' : ' ', a, i, colour, out);
        i += s->edits[e] != EDIT_ADD;
        j += s->edits[e] != EDIT_REMOVE;
    }
}

static void print_hunks(const lines *a, const lines *b, const script *s, bool colour,
                        tide_bytes *out)
{
    int context = (int)TIDE_DIFF_CONTEXT, i = 0, j = 0, at = 0;
    while (at < s->n) {
        int first = at;
        while (first < s->n && s->edits[first] == EDIT_KEEP) first++;
        if (first == s->n) return;
        int from = first - at > context ? first - context : at;
        i += from - at, j += from - at;
        int last = first,
            next = first; /* The hunk's last difference; a gap of 2 contexts ends it. */
        for (; next < s->n && next - last <= 2 * context + 1; next++)
            if (s->edits[next] != EDIT_KEEP) last = next;
        int to = last + 1 + context < s->n ? last + 1 + context : s->n;
        print_hunk(a, b, s, (int[2]){ from, to }, i, j, colour, out);
        for (int e = from; e < to; e++) {
            i += s->edits[e] != EDIT_ADD;
            j += s->edits[e] != EDIT_REMOVE;
        }
        at = to;
    }
}

/* ---- sorting ---- */

typedef struct line_ref {
    const char *p;
    size_t n;
} line_ref;

static int by_bytes(const void *a_v, const void *b_v)
{
    const line_ref *a = a_v, *b = b_v;
    int order = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

void tide_diff_sort_lines(tide_bytes *text, uint32_t n_head)
{
    lines all = { 0 };
    split(&all, text->p, text->n);
    if (all.n > (int)n_head) {
        size_t n = (size_t)all.n - n_head;
        line_ref *refs = tide_calloc(n, sizeof *refs);
        for (size_t i = 0; i < n; i++)
            refs[i] = (line_ref){ all.at[i + n_head], all.len[i + n_head] };
        qsort(refs, n, sizeof *refs, by_bytes);
        tide_bytes sorted = { 0 };
        for (uint32_t i = 0; i < n_head; i++) tide_bytes_put(&sorted, all.at[i], all.len[i]);
        for (size_t i = 0; i < n; i++) {
            tide_bytes_put(&sorted, refs[i].p, refs[i].n);
            if (refs[i].p[refs[i].n - 1] != '\n') tide_bytes_putc(&sorted, '\n');
        }
        tide_free(refs);
        tide_bytes_fini(text);
        *text = sorted;
    }
    tide_free(all.at), tide_free(all.len);
}
