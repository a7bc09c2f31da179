/* utf8.h - is it UTF-8? Pure; any thread. */
#ifndef TIDE_BASE_FORMAT_UTF8_H
#define TIDE_BASE_FORMAT_UTF8_H
#include <stdbool.h>
#include <stddef.h>

/* Shortest forms only, no surrogates, up to U+10FFFF. */
bool tide_utf8_valid(const char *ptr, size_t len);
/* Characters in valid UTF-8. */
size_t tide_utf8_count(const char *ptr, size_t len);

#endif
