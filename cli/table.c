/* table.c - see table.h. */
#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"

static void add_row(tide_table_text *self, char *text, char separator)
{
    const char **cells = TIDE_NEW_N(self->arena, const char *, TIDE_TABLE_COLUMNS_MAX);
    const char separators[] = { separator, '\0' };
    uint32_t n = 0;
    for (char *rest = text, *cell;
         n < TIDE_TABLE_COLUMNS_MAX && (cell = strsep(&rest, separators));)
        cells[n++] = cell;
    for (uint32_t i = n; i < TIDE_TABLE_COLUMNS_MAX; i++) cells[i] = "";
    if (self->n_rows == 0) self->n_columns = n;
    TIDE_PUSH(self->arena, self->rows, self->n_rows, self->cap_rows, cells);
}

void tide_table_text_init(tide_table_text *self, const char *columns)
{
    *self = (tide_table_text){ .arena = tide_arena_new() };
    add_row(self, tide_arena_strdup(self->arena, columns), '|');
}

void tide_table_text_fini(tide_table_text *self)
{
    tide_arena_free(&self->arena);
}

void tide_table_text_add(tide_table_text *self, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    tide_assert(n >= 0);
    char *text = tide_arena_alloc(self->arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t') *c = ' ';
    add_row(self, text, '\t');
}

/* Characters, not bytes: what follows the first byte of one takes no room. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void tide_table_text_print(const tide_table_text *self, tide_bytes *out)
{
    size_t widths[TIDE_TABLE_COLUMNS_MAX] = { 0 };
    for (uint32_t r = 0; r < self->n_rows; r++)
        for (uint32_t c = 0; c < self->n_columns; c++)
            if (width_of(self->rows[r][c]) > widths[c]) widths[c] = width_of(self->rows[r][c]);
    for (uint32_t r = 0; r < self->n_rows; r++) {
        size_t owed = 0;
        for (uint32_t c = 0; c < self->n_columns; c++) {
            const char *cell = self->rows[r][c];
            if (*cell) tide_bytes_printf(out, "%*s%s", (int)owed, "", cell);
            owed = (*cell ? 0 : owed) + widths[c] - width_of(cell) + 2;
        }
        tide_bytes_putc(out, '\n');
    }
}
