/* fuzz.h - what a fuzz target is: it takes any bytes and must neither crash nor hang. */
#ifndef TIDE_TESTS_FUZZ_FUZZ_H
#define TIDE_TESTS_FUZZ_FUZZ_H
#include <stddef.h>
#include <stdint.h>

/* Returns 0. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
