/* opkit_text.c - comparing outputs: lines in any order, changes added up. */
#include <stdlib.h>

#include "tests/support/opkit_priv.h"

typedef struct lines {
    char **at;
    uint32_t n, cap;
} lines;

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void split(char *text, lines *out)
{
    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        TIDE_GROW(out->at, out->n, out->cap);
        out->at[out->n++] = line;
        if (!end) return;
        *end = '\0';
        line = end + 1;
    }
}

static char *join(const lines *all)
{
    tide_bytes out = { 0 };
    for (uint32_t i = 0; i < all->n; i++) tide_bytes_printf(&out, "%s\n", all->at[i]);
    tide_bytes_text(&out);
    return out.p;
}

static bool is_control(const char *line)
{
    return strncmp(line, "wm ", 3) == 0 || strcmp(line, "end") == 0;
}

char *opkit_sort_lines(const char *text)
{
    char *copy = tide_strdup(text);
    lines all = { 0 };
    split(copy, &all);
    for (uint32_t from = 0; from < all.n;) {
        uint32_t to = from;
        while (to < all.n && !is_control(all.at[to])) to++;
        if (to > from) qsort(all.at + from, to - from, sizeof *all.at, compare_lines);
        from = to + 1;
    }
    char *sorted = join(&all);
    tide_free(all.at);
    tide_free(copy);
    return sorted;
}

/* Takes away the newest line equal to `line`. */
static bool take_away(lines *all, const char *line)
{
    for (uint32_t i = all->n; i-- > 0;) {
        if (strcmp(all->at[i], line) != 0) continue;
        all->at[i] = all->at[--all->n];
        return true;
    }
    return false;
}

char *opkit_materialize(const char *text, tide_bytes *bad)
{
    char *copy = tide_strdup(text), *made = NULL;
    lines all = { 0 }, left = { 0 };
    split(copy, &all);
    for (uint32_t i = 0; i < all.n; i++) {
        char *line = all.at[i], *row = strchr(line, ' ');
        if (is_control(line) || !row) continue;
        row++;
        if (line[0] != '-') {
            TIDE_GROW(left.at, left.n, left.cap);
            left.at[left.n++] = row;
        } else if (!take_away(&left, row)) {
            tide_bytes_puts(bad, line);
            goto out;
        }
    }
    if (left.n) qsort(left.at, left.n, sizeof *left.at, compare_lines);
    made = join(&left);
out:
    tide_free(left.at);
    tide_free(all.at);
    tide_free(copy);
    return made;
}
