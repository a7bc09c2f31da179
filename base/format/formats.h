/* formats.h - the rows of the registry in format.c, one per file, and their
 * shared error list. */
#ifndef TIDE_BASE_FORMAT_FORMATS_H
#define TIDE_BASE_FORMAT_FORMATS_H
#include "base/format/format.h"

extern const tide_format tide_format_json;
extern const tide_format tide_format_csv;

#endif
