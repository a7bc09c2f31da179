/* units.h - durations and sizes as people write them in settings and options. Pure; any thread. */
#ifndef TIDE_BASE_CORE_UNITS_H
#define TIDE_BASE_CORE_UNITS_H
#include <stdint.h>

#include "base/core/status.h"

/* "10 s", "1 min", "500ms", "1 h 30 min"; units ns us ms s min h d and their long names, any case;
 * a bare number is milliseconds. Returns microseconds (ns are rounded down); TIDE_E_OPTION when it
 * does not read so, is negative, or exceeds 100 years. */
TIDE_MUST_CHECK tide_status tide_duration_parse(const char *text, int64_t *us_out);

/* "64 mb", "1g", "4096": units b k m g t, with or without b or ib, any case; powers of 1024.
 * TIDE_E_OPTION when it does not read so or exceeds 2^60. */
TIDE_MUST_CHECK tide_status tide_size_parse(const char *text, uint64_t *bytes_out);

/* The shortest exact spelling: 5400000000 is "1 h 30 min", 1500000 is "1 s 500 ms", 0 is "0 s"; a
 * negative one has "-" in front. Writes at most cap bytes with the NUL; returns buf. */
char *tide_duration_print(int64_t us, char *buf, size_t cap);
#define TIDE_DURATION_TEXT_MAX 96

#endif
