/* plugin.h - libraries of ours that are loaded when they are first needed.
 *
 * HTTP's server and client cost every start of the program milliseconds and megabytes when they are
 * linked, and most starts need neither. So each is a shared object beside libtidemill.so. What
 * passes between the two are plain C structs that begin with a version; a plugin calls nothing of
 * ours but what it is handed. Any thread. */
#ifndef TIDE_BASE_NET_PLUGIN_H
#define TIDE_BASE_NET_PLUGIN_H
#include <stdint.h>

#include "base/core/status.h"

/* Loads the file (once; it stays for the life of the process) and returns the object that its
 * symbol names, which begins with a uint32_t version. TIDE_E_UNSUPPORTED when it is missing or of
 * another version, with what to do. */
TIDE_MUST_CHECK tide_status tide_plugin_load(const char *file, const char *symbol, uint32_t version,
                                             const void **out);

#endif
