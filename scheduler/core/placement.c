/* placement.c - the table of policies. */
#include "scheduler/core/placement.h"

#include <string.h>

#include "base/core/nearest.h"

typedef struct policy_row {
    const char *name;
    tide_place_fn place;
} policy_row;

static const policy_row policies[] = {
    [TIDE_PLACE_SPREAD] = { "spread", tide_place_spread },
    [TIDE_PLACE_PACK] = { "pack", tide_place_pack },
    [TIDE_PLACE_NEAREST] = { "nearest", tide_place_nearest },
};
#define N_POLICIES (sizeof policies / sizeof *policies)

tide_status tide_placement_parse(const char *name, tide_placement_policy *out)
{
    tide_nearest nearest;
    tide_nearest_init(&nearest, name);
    for (uint32_t i = 0; i < N_POLICIES; i++) {
        if (strcmp(name, policies[i].name) == 0) {
            *out = (tide_placement_policy)i;
            return TIDE_OK;
        }
        tide_nearest_try(&nearest, policies[i].name);
    }
    const char *meant = tide_nearest_best(&nearest);
    return tide_fail(TIDE_E_OPTION,
                     "no placement policy \"%s\"; there are spread, pack, nearest%s%s%s", name,
                     meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

const char *tide_placement_name(tide_placement_policy policy)
{
    return policies[policy].name;
}

bool tide_place(tide_placement_policy policy, const tide_free_slot *free, uint32_t n_free,
                uint32_t n_wanted, uint32_t *chosen)
{
    if (n_free < n_wanted) return false;
    policies[policy].place(free, n_free, n_wanted, chosen);
    return true;
}
