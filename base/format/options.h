/* options.h - a format's options as its _new functions read them. Values were
 * checked by their type before (connectors do), so a getter only has to tell
 * apart what is given. Pure; any thread. */
#ifndef TIDE_BASE_FORMAT_OPTIONS_H
#define TIDE_BASE_FORMAT_OPTIONS_H
#include "base/format/format.h"

typedef struct tide_format_options {
    const tide_format_option *items;
    uint32_t n;
    const tide_option_def *defs; /* Whose defaults count. */
} tide_format_options;

/* The value given, else the default; NULL without either. */
const char *tide_format_option_get(const tide_format_options *self, const char *key);
bool tide_format_option_bool(const tide_format_options *self, const char *key);
/* Which word of the row's "enum(a|b|c)", from 0. TIDE_E_OPTION if it is none of
 * them. */
TIDE_MUST_CHECK tide_status tide_format_option_enum(const tide_format_options *self,
                                                    const char *key, uint32_t *out);
/* One ASCII character; "\\t" and the like are read as their character. '\0'
 * when unset or empty. TIDE_E_OPTION if it is longer. */
TIDE_MUST_CHECK tide_status tide_format_option_char(const tide_format_options *self,
                                                    const char *key, char *out);

#endif
