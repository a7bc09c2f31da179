/* width.h - how many columns of a terminal does a text take? Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_PRINT_WIDTH_H
#define TIDE_WORKER_CONNECTOR_PRINT_WIDTH_H
#include <stdint.h>

/* Of valid UTF-8 without control characters. Two for what East Asia writes wide and for emoji, none
 * for marks that go over the character before them. */
uint32_t tide_columns_of(const char *text, uint32_t n);

#endif
