/* files.h - what the parts of the filesystem connector share: options, files
 * found, splits. */
#ifndef TIDE_WORKER_CONNECTOR_FILES_FILES_H
#define TIDE_WORKER_CONNECTOR_FILES_FILES_H
#include "base/core/arena.h"
#include "worker/connector/connector.h"
#include "worker/connector/files/stream.h"
#include "worker/connector/options.h"

#define FILES_DEPTH_MAX 16u /* Of folders in folders: a loop of links ends here. */

/* A file that was found. */
typedef struct files_entry {
    char *path;
    uint64_t size;
    int64_t modified_us;
} files_entry;

typedef struct files_list {
    uint32_t n, cap;
    files_entry *items;
} files_list;
void files_list_fini(files_list *self);

/* The order of the option's words. */
typedef enum files_order { FILES_ORDER_NONE, FILES_ORDER_NAME, FILES_ORDER_MODIFIED } files_order;

/* Every file that `path` means: itself, what lies in the folder (at any depth),
 * or what matches the pattern; names that begin with '.' or '_' are left out.
 * Sorted by name or by time of modification. TIDE_E_NOT_FOUND, TIDE_E_IO.
 * Blocks. */
TIDE_MUST_CHECK tide_status files_find(const char *path, files_order order, files_list *out);

extern const tide_option_def files_options[];
const char *files_path_of(const tide_table *table);

/* Does the table follow new files? Then its splits are stripes: "stripe-2/4"
 * means every file whose path's hash is 2 modulo 4. */
bool files_is_followed(const tide_table *table);
bool files_in_stripe(const char *path, uint32_t stripe, uint32_t n_stripes);

tide_status files_discover(const tide_node *scan, uint32_t parallelism, tide_splits *out);
/* The path within a split's id. Arena. */
char *files_split_path(const tide_split *split, tide_arena *arena);

extern const tide_source_vt files_source;
extern const tide_sink_vt files_sink;

#endif
