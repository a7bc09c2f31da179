/* pack.c - as few hosts as possible, so that whole hosts stay free. */
#include "base/core/mem.h"
#include "scheduler/policy/domains.h"

void tide_place_pack(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                     uint32_t *chosen)
{
    uint32_t *order = tide_domains_order(free, n_free);
    const tide_domain whole = { 0, n_free };
    (void)tide_domains_gather(free, order, whole, TIDE_DOMAIN_HOST, n_wanted, chosen);
    tide_free(order);
}
