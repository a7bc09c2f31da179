/* base64.h - how BYTEA travels in text formats: RFC 4648 section 4, with
 * padding. Pure; any thread. */
#ifndef TIDE_BASE_FORMAT_BASE64_H
#define TIDE_BASE_FORMAT_BASE64_H
#include <stdbool.h>
#include <stddef.h>

/* Writes 4 * ((len + 2) / 3) bytes to `at`; returns their number. */
size_t tide_base64_encode(const void *bytes, size_t len, char *at);
/* Writes at most len / 4 * 3 bytes to `at`; false if it is not base64. */
bool tide_base64_decode(const char *text, size_t len, char *at, size_t *n_out);

#endif
