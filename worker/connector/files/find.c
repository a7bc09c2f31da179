/* find.c - which files does a path mean, and how are they cut into splits? */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "worker/connector/files/files.h"

void files_list_fini(files_list *self)
{
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->items[i].path);
    tide_free(self->items);
    *self = (files_list){ 0 };
}

static tide_status fail_os(const char *path)
{
    return tide_fail(errno == ENOENT || errno == ENOTDIR ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s",
                     path, strerror(errno));
}

static tide_status add(const char *path, uint32_t depth, files_list *out);

static tide_status add_folder(const char *path, uint32_t depth, files_list *out)
{
    tide_status rv = TIDE_OK;
    const struct dirent *e;
    if (depth == FILES_DEPTH_MAX)
        return tide_fail(TIDE_E_LIMIT, "%s: folders nested more than %u deep", path,
                         FILES_DEPTH_MAX);
    DIR *folder = opendir(path);
    if (folder == NULL) return fail_os(path);
    while (rv == TIDE_OK && (e = readdir(folder)) != NULL) {
        if (e->d_name[0] == '.' || e->d_name[0] == '_') continue;
        char *inner =
            tide_asprintf("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", e->d_name);
        rv = add(inner, depth + 1, out);
        /* A file that was there a moment ago and is gone was never ours. */
        if (rv == TIDE_E_NOT_FOUND) rv = TIDE_OK;
        tide_free(inner);
    }
    closedir(folder);
    return rv;
}

static tide_status add(const char *path, uint32_t depth, files_list *out)
{
    struct stat st;
    if (stat(path, &st) != 0) return fail_os(path);
    if (S_ISDIR(st.st_mode)) return add_folder(path, depth, out);
    TIDE_GROW(out->items, out->n, out->cap);
    out->items[out->n++] = (files_entry){
        .path = tide_strdup(path),
        .size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
        .modified_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000,
    };
    return TIDE_OK;
}

static tide_status add_matches(const char *pattern, files_list *out)
{
    glob_t found;
    tide_status rv = TIDE_OK;
    int rc = glob(pattern, GLOB_BRACE, NULL, &found);
    if (rc == GLOB_NOMATCH) return tide_fail(TIDE_E_NOT_FOUND, "%s: no file matches", pattern);
    if (rc != 0) return tide_fail(TIDE_E_IO, "%s: cannot be searched", pattern);
    for (size_t i = 0; i < found.gl_pathc && rv == TIDE_OK; i++)
        rv = add(found.gl_pathv[i], 0, out);
    globfree(&found);
    return rv;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const files_entry *)a)->path, ((const files_entry *)b)->path);
}

static int by_time(const void *a, const void *b)
{
    const files_entry *x = a, *y = b;
    if (x->modified_us != y->modified_us) return x->modified_us < y->modified_us ? -1 : 1;
    return by_name(a, b);
}

tide_status files_find(const char *path, files_order order, files_list *out)
{
    struct stat st;
    bool pattern = strpbrk(path, "*?[{") != NULL && stat(path, &st) != 0;
    tide_status rv = pattern ? add_matches(path, out) : add(path, 0, out);
    if (rv != TIDE_OK) return rv;
    if (out->n)
        qsort(out->items, out->n, sizeof *out->items,
              order == FILES_ORDER_MODIFIED ? by_time : by_name);
    return TIDE_OK;
}

/* ---- splits ---- */

bool files_in_stripe(const char *path, uint32_t stripe, uint32_t n_stripes)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: stable, since it decides who
                                         reads a file. */
    for (const char *p = path; *p; p++) h = (h ^ (uint8_t)*p) * 1099511628211u;
    return (h >> 32) % n_stripes == stripe;
}

/* Are the table's records lines, so that a reader can begin at any newline? */
static tide_status records_are_lines(const tide_table *table, bool *out)
{
    tide_table_format format;
    tide_arena *arena = tide_arena_new();
    tide_status rv = tide_table_format_of(table, "value", arena, &format);
    if (rv == TIDE_OK) *out = format.format->records_are_lines(format.options, format.n_options);
    tide_arena_free(&arena);
    return rv;
}

static void add_splits(const files_entry *file, uint32_t partition, uint64_t range,
                       tide_splits *out)
{
    for (uint64_t at = 0; at < file->size || at == 0; at += range) {
        uint64_t end = file->size - at <= range ? file->size : at + range;
        char *id = at == 0 && end == file->size
                       ? tide_strdup(file->path)
                       : tide_asprintf("%s@%" PRIu64 "+%" PRIu64, file->path, at, end - at);
        tide_splits_add(out, id, partition, at, end);
        tide_free(id);
        if (end == file->size) break;
    }
}

tide_status files_discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    const tide_table *table = scan->scan.table;
    files_order order = (files_order)tide_option_enum(table, files_options, "source.file-order");
    files_packing packing = (files_packing)tide_option_enum(table, files_options, "compression");
    uint64_t size = tide_option_bytes(table, files_options, "source.split-size");
    files_list list = { 0 };
    bool lines = false;
    if (files_is_followed(table)) {
        for (uint32_t i = 0; i < parallelism; i++) {
            char id[40];
            snprintf(id, sizeof id, "stripe-%u/%u", i, parallelism);
            tide_splits_add(out, id, i, i, parallelism);
        }
        return TIDE_OK;
    }
    TIDE_TRY(records_are_lines(table, &lines));
    tide_status rv = files_find(files_path_of(table), order, &list);
    for (uint32_t i = 0; i < list.n && rv == TIDE_OK; i++) {
        bool whole = !lines || files_packing_of(packing, list.items[i].path) != FILES_PLAIN;
        add_splits(&list.items[i], order == FILES_ORDER_NONE ? i : 0, whole ? UINT64_MAX : size,
                   out);
    }
    files_list_fini(&list);
    return rv;
}

char *files_split_path(const tide_split *split, tide_arena *arena)
{
    const char *at = strrchr(split->id, '@');
    char range[64];
    snprintf(range, sizeof range, "@%" PRIu64 "+%" PRIu64, split->start, split->end - split->start);
    if (at && strcmp(at, range) == 0)
        return tide_arena_strndup(arena, split->id, (size_t)(at - split->id));
    return tide_arena_strdup(arena, split->id);
}
