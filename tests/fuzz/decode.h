/* decode.h - for fuzzing the record formats: decode bytes and write down everything that came
 * out. */
#ifndef TIDE_TESTS_FUZZ_DECODE_H
#define TIDE_TESTS_FUZZ_DECODE_H
#include "base/format/format.h"

/* Decodes bytes[0..len) in blocks of `block` bytes (0: one) and appends every row and then every
 * error to *out. The decoder is the caller's, fresh or reset. fields: all columns, all wanted. */
void fuzz_decode(const tide_format *format, tide_decoder *decoder, const tide_field *fields,
                 uint32_t n_fields, const uint8_t *bytes, size_t len, size_t block,
                 tide_bytes *out);

#endif
