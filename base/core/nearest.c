/* nearest.c - optimal string alignment distance, three rows at a time. */
#include "base/core/nearest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t m = a < b ? a : b;
    return m < c ? m : c;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

uint32_t tide_name_distance(const char *a, const char *b)
{
    uint32_t row[3][TIDE_NEAREST_LENGTH_MAX + 1];
    uint32_t *before = row[0], *last = row[1], *now = row[2];
    uint32_t n_a = (uint32_t)strnlen(a, TIDE_NEAREST_LENGTH_MAX);
    uint32_t n_b = (uint32_t)strnlen(b, TIDE_NEAREST_LENGTH_MAX);
    for (uint32_t j = 0; j <= n_b; j++) before[j] = last[j] = j;
    for (uint32_t i = 1; i <= n_a; i++) {
        now[0] = i;
        for (uint32_t j = 1; j <= n_b; j++) {
            uint32_t change = same(a[i - 1], b[j - 1]) ? 0 : 1;
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + change);
            bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped && before[j - 2] + 1 < now[j]) now[j] = before[j - 2] + 1;
        }
        uint32_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[n_b];
}

void tide_nearest_init(tide_nearest *self, const char *wanted)
{
    uint32_t n = (uint32_t)strnlen(wanted, TIDE_NEAREST_LENGTH_MAX);
    *self = (tide_nearest){ .wanted = wanted, .best_distance = n / 3 + 2 };
}

void tide_nearest_try(tide_nearest *self, const char *candidate)
{
    uint32_t d = tide_name_distance(self->wanted, candidate);
    if (d >= self->best_distance) return;
    self->best = candidate;
    self->best_distance = d;
}
