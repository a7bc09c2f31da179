/* assert.c - the last words of a process that broke its own rules. */
#include "base/core/assert.h"

#include <stdio.h>
#include <stdlib.h>

void tide_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "tidemill: assertion failed: %s at %s:%d\n", condition, file, line);
    abort();
}
