/* key_priv.h - between key.c and key_hash.c. */
#ifndef TIDE_BASE_COLUMN_KEY_PRIV_H
#define TIDE_BASE_COLUMN_KEY_PRIV_H
#include "base/column/key.h"

#define TIDE_KEY_BYTES_MAX (TIDE_KEY_COLS_MAX * 24u + 8u)

void tide_key_hash_words(const uint64_t *words, uint32_t n, uint64_t *hash);
uint64_t tide_key_hash_bytes(const void *bytes, size_t n);
/* Rows of fields at `stride` bytes; with null_word the NULL word lies at spec->hash_bytes. */
void tide_key_hash_rows(const tide_key_spec *spec, const uint8_t *fields, size_t stride,
                        bool null_word, uint32_t n, uint64_t *hash);

#endif
