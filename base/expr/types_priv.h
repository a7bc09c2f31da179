/* types_priv.h - which types become which, and what types arithmetic gives. Pure.
 *
 * DECIMAL results, with p, s the precision and scale and i = p - s of each side:
 *   a + b, a - b   s = max(s1, s2), i = max(i1, i2) + 1
 *   a * b          s = s1 + s2,     i = i1 + i2
 *   a / b          s = max(s1, s2, 16), i = i1 + s2
 *   a % b          s = max(s1, s2), i = min(i1, i2)
 * These are the exact results (of a quotient: at least PostgreSQL's 16 digits). Where i + s
 * exceeds 38 digits, fraction digits are given up for whole ones, but none of the first 19 of +
 * - * and none of the first 6 of /: beyond that a value that does not fit is a row error, never
 * a rounded one. */
#ifndef TIDE_BASE_EXPR_TYPES_PRIV_H
#define TIDE_BASE_EXPR_TYPES_PRIV_H
#include "base/column/type.h"

/* How far an implicit conversion goes: 0 for none needed, -1 when there is none. */
int tide_type_distance(tide_type from, tide_type to);
bool tide_type_can_assign(tide_type from, tide_type to); /* Implicitly or in an assignment. */
bool tide_type_can_cast(tide_type from, tide_type to);   /* Explicitly. */

/* The DECIMAL that holds every value of an integer or DECIMAL type. */
tide_type tide_type_as_decimal(tide_type t);
uint32_t tide_type_integer_digits(tide_type t); /* Of an integer type: 3, 5, 10 or 19. */

/* i whole and s fraction digits as a type, keeping at least s_min of s (see above). */
tide_type tide_type_fit_decimal(uint32_t i, uint32_t s, uint32_t s_min);

#endif
