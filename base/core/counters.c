/* counters.c - the table of counters, and how a set is shown. */
#include "base/core/counters.h"

#include <inttypes.h>

#include "base/core/assert.h"

static const tide_counter_def defs[TIDE_COUNTER_COUNT] = {
#define TIDE_COUNTER(id, name, unit, help) { name, unit, help },
#include "base/core/counters.def"
#undef TIDE_COUNTER
};

const tide_counter_def *tide_counter_def_of(tide_counter id)
{
    tide_assert(id < TIDE_COUNTER_COUNT);
    return &defs[id];
}

void tide_counters_sum(tide_counters *into, const tide_counters *from)
{
    for (tide_counter id = 0; id < TIDE_COUNTER_COUNT; id++)
        tide_counters_add(into, id, tide_counters_get(from, id));
}

void tide_counters_json(const tide_counters *self, tide_bytes *out)
{
    for (tide_counter id = 0; id < TIDE_COUNTER_COUNT; id++)
        tide_bytes_printf(out, "%s\"%s\":%" PRIu64, id == 0 ? "{" : ",", defs[id].name,
                          tide_counters_get(self, id));
    tide_bytes_putc(out, '}');
}

void tide_counters_help(tide_bytes *out)
{
    for (tide_counter id = 0; id < TIDE_COUNTER_COUNT; id++)
        tide_bytes_printf(out, "  %-26s %-8s %s\n", defs[id].name, defs[id].unit, defs[id].help);
}
