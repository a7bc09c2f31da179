/* diff.h - where do two texts differ, line by line? As `diff -u` shows it. Pure. */
#ifndef TIDE_CLI_DIFF_H
#define TIDE_CLI_DIFF_H
#include <stdbool.h>

#include "base/core/bytes.h"

#define TIDE_DIFF_CONTEXT 3u /* Equal lines around a difference. */

typedef struct tide_diff_side {
    const char *name, *text; /* text has n bytes; a missing last newline counts as a difference. */
    size_t n;
} tide_diff_side;

/* Appends the hunks that turn `before` into `after` and returns whether they differ at all (then a
 * head of two lines with the names comes first). colour: removed lines red, added ones green. */
bool tide_diff(const tide_diff_side *before, const tide_diff_side *after, bool colour,
               tide_bytes *out);

/* Sorts the lines of text, but the first n_head; the order of rows is not always part of a result.
 */
void tide_diff_sort_lines(tide_bytes *text, uint32_t n_head);

#endif
