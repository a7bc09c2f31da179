/* find_priv.h - where does a text occur in another? Pure. */
#ifndef TIDE_BASE_EXPR_FIND_PRIV_H
#define TIDE_BASE_EXPR_FIND_PRIV_H
#include <stdint.h>

/* The first byte offset of what[0..n) in p[0..len), or UINT32_MAX. */
uint32_t tide_find_text(const char *p, uint32_t len, const char *what, uint32_t n);

#endif
