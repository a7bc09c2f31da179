/* piece_forge.h - makes the checksums of a damaged piece of a keyed table right, so that what lies
 * behind them is tested too. */
#ifndef TIDE_TESTS_SUPPORT_PIECE_FORGE_H
#define TIDE_TESTS_SUPPORT_PIECE_FORGE_H
#include <stddef.h>
#include <stdint.h>

/* As far as the piece's own lengths make sense. */
void piece_forge(uint8_t *piece, size_t n);

#endif
