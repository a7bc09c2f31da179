/* storage.c - what all drivers share: keys, URLs, and operations as values. */
#include "checkpoint/storage/storage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/storage/file.h"

tide_status tide_storage_open(const char *url, tide_storage **out)
{
    *out = NULL;
    if (strncmp(url, "file:///", 8) == 0) return tide_storage_open_file(url + 7, out);
    if (*url == '\0' || strstr(url, "://"))
        return tide_fail(TIDE_E_OPTION, "no storage at \"%s\": use file:///FOLDER, or a path", url);
    return tide_storage_open_file(url, out);
}

void tide_storage_free(tide_storage **self_p)
{
    if (*self_p) (*self_p)->vt->free(self_p);
}

/* ---- keys ---- */

static bool is_of_a_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* The part at `part` is n characters long. */
static bool is_part(const char *part, size_t n)
{
    bool only_dots = (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.');
    for (size_t i = 0; i < n; i++)
        if (!is_of_a_key(part[i])) return false;
    return n > 0 && !only_dots;
}

static tide_status check(const char *what, const char *text, bool may_be_cut)
{
    if (strlen(text) > TIDE_STORAGE_KEY_MAX)
        return tide_fail(TIDE_E_INVALID, "a %s of %zu characters; at most %u", what, strlen(text),
                         TIDE_STORAGE_KEY_MAX);
    for (const char *part = text;;) {
        size_t n = strcspn(part, "/");
        bool is_cut = may_be_cut && part[n] == '\0';
        /* A cut part may be empty, or the dots that a name begins with. */
        if (is_cut && strspn(part, ".") == n) return TIDE_OK;
        if (!is_part(part, n))
            return tide_fail(TIDE_E_INVALID,
                             "%s \"%s\": parts of letters, digits, '.', '_' and '-', joined by '/'",
                             what, text);
        if (part[n] == '\0') return TIDE_OK;
        part += n + 1;
    }
}

tide_status tide_storage_check_key(const char *key)
{
    return check("key", key, false);
}

tide_status tide_storage_check_prefix(const char *prefix)
{
    return check("prefix", prefix, true);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void tide_storage_sort(const char **keys, uint32_t n, tide_storage_listing *out)
{
    if (n > 0) qsort(keys, n, sizeof *keys, compare_keys);
    *out = (tide_storage_listing){ n, keys };
}

/* ---- operations as values ---- */

static tide_status get_whole(tide_storage *self, const char *key, tide_bytes *bytes)
{
    size_t before = bytes->n;
    TIDE_TRY(self->vt->get(self, key, 0, TIDE_STORAGE_WHOLE_BYTES_MAX, bytes));
    if (bytes->n - before < TIDE_STORAGE_WHOLE_BYTES_MAX) return TIDE_OK;
    bytes->n = before;
    return tide_fail(TIDE_E_LIMIT, "%s has %u bytes or more", key, TIDE_STORAGE_WHOLE_BYTES_MAX);
}

tide_status tide_storage_do(tide_storage *self, const tide_store_op *op, tide_bytes *bytes,
                            tide_arena *arena, tide_storage_listing *listing)
{
    switch (op->kind) {
    case TIDE_STORE_PUT: return self->vt->put(self, op->key, op->bytes, op->n);
    case TIDE_STORE_PUT_IF_ABSENT: return self->vt->put_if_absent(self, op->key, op->bytes, op->n);
    case TIDE_STORE_GET: return get_whole(self, op->key, bytes);
    case TIDE_STORE_LIST: return self->vt->list(self, op->key, arena, listing);
    case TIDE_STORE_REMOVE: return self->vt->remove(self, op->key);
    }
    return tide_fail(TIDE_E_INTERNAL, "storage operation %d", (int)op->kind);
}
