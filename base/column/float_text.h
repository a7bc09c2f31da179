/* float_text.h - shortest digits of a float and correctly rounded reading, over
 * the C++ runtime's <charconv> (Ryu and fast_float), which C has no equal of.
 * Pure; any thread; nothing throws. */
#ifndef TIDE_BASE_COLUMN_FLOAT_TEXT_H
#define TIDE_BASE_COLUMN_FLOAT_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIDE_FLOAT_DIGITS_MAX 32

#ifdef __cplusplus
extern "C" {
#endif

/* The fewest digits that read back as v, which is finite and positive: value =
 * d.ddd * 10^*exp. Returns their number; digits has no point and no NUL. */
uint32_t tide_float_digits_f64(double v, char digits[TIDE_FLOAT_DIGITS_MAX], int32_t *exp);
uint32_t tide_float_digits_f32(float v, char digits[TIDE_FLOAT_DIGITS_MAX], int32_t *exp);

/* All of ptr[0..len) as a number, "inf", "infinity" or "nan" in any case, with
 * an optional minus. False if it is none or out of range. */
bool tide_float_read(const char *ptr, size_t len, double *out);

#ifdef __cplusplus
}
#endif
#endif
