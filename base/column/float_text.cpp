// float_text.cpp - see float_text.h: the one place where base/column meets C++.
#include "base/column/float_text.h"

#include <charconv>
#include <cstring>

template <typename T> static uint32_t shortest(T v, char *digits, int32_t *exp)
{
    char text[64];
    auto end = std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr;
    uint32_t n = 0;
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p != '.') digits[n++] = *p;
    bool negative = p[1] == '-';
    int32_t e = 0;
    for (p += 2; p < end; p++) e = e * 10 + (*p - '0');
    *exp = negative ? -e : e;
    return n;
}

extern "C" uint32_t tide_float_digits_f64(double v, char *digits, int32_t *exp)
{
    return shortest(v, digits, exp);
}

extern "C" uint32_t tide_float_digits_f32(float v, char *digits, int32_t *exp)
{
    return shortest(v, digits, exp);
}

extern "C" bool tide_float_read(const char *ptr, size_t len, double *out)
{
    if (len && ptr[len - 1] == ')') return false; // "nan(...)" is C's alone.
    auto got = std::from_chars(ptr, ptr + len, *out, std::chars_format::general);
    return got.ec == std::errc() && got.ptr == ptr + len;
}
