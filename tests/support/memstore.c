#include "tests/support/memstore.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/core/mem.h"

typedef struct object {
    char *key;
    tide_bytes bytes;
} object;

typedef enum write_kind { WRITE_PUT, WRITE_PUT_IF_ABSENT, WRITE_REMOVE } write_kind;

typedef struct late_write {
    write_kind kind;
    object object;
} late_write;

struct memstore {
    tide_storage base;
    pthread_mutex_t lock; /* Of all below. */
    object *objects;      /* By key. */
    uint32_t n_objects, cap_objects;
    late_write *late; /* The oldest first. */
    uint32_t n_late, cap_late;
    char landed[TIDE_STORAGE_KEY_MAX + 1];
    memstore_fault fault;
};

/* Where the key is, or would be. */
static uint32_t find(const memstore *self, const char *key)
{
    uint32_t low = 0, high = self->n_objects;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (strcmp(self->objects[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_there(const memstore *self, uint32_t at, const char *key)
{
    return at < self->n_objects && strcmp(self->objects[at].key, key) == 0;
}

/* Does an object lie where the other's folder is? */
static bool is_folder_of(const char *folder, const char *key)
{
    size_t n = strlen(folder);
    return strncmp(folder, key, n) == 0 && key[n] == '/';
}

static void free_object(object *gone)
{
    tide_free(gone->key);
    tide_bytes_fini(&gone->bytes);
}

static tide_status write_now(memstore *self, write_kind kind, const char *key, const void *bytes,
                             size_t n)
{
    uint32_t at = find(self, key);
    bool there = is_there(self, at, key);
    if (kind == WRITE_REMOVE) {
        if (!there) return TIDE_OK;
        free_object(&self->objects[at]);
        self->n_objects--;
        memmove(self->objects + at, self->objects + at + 1,
                (self->n_objects - at) * sizeof *self->objects);
        return TIDE_OK;
    }
    if (there && kind == WRITE_PUT_IF_ABSENT)
        return tide_fail(TIDE_E_EXISTS, "%s is there already", key);
    for (uint32_t i = 0; i < self->n_objects && !there; i++)
        if (is_folder_of(self->objects[i].key, key) || is_folder_of(key, self->objects[i].key))
            return tide_fail(TIDE_E_INVALID, "%s and %s", self->objects[i].key, key);
    if (!there) {
        TIDE_GROW(self->objects, self->n_objects, self->cap_objects);
        memmove(self->objects + at + 1, self->objects + at,
                (self->n_objects++ - at) * sizeof *self->objects);
        self->objects[at] = (object){ .key = tide_strdup(key) };
    }
    self->objects[at].bytes.n = 0;
    tide_bytes_put(&self->objects[at].bytes, bytes, n);
    return TIDE_OK;
}

static void put_off(memstore *self, write_kind kind, const char *key, const void *bytes, size_t n)
{
    late_write late = { .kind = kind, .object.key = tide_strdup(key) };
    tide_bytes_put(&late.object.bytes, bytes, n);
    TIDE_GROW(self->late, self->n_late, self->cap_late);
    self->late[self->n_late++] = late;
}

static memstore_fault take_fault(memstore *self)
{
    memstore_fault fault = self->fault;
    self->fault = MEMSTORE_WORKS;
    return fault;
}

static tide_status fail_as(memstore_fault fault, const char *key)
{
    return fault == MEMSTORE_FAILS ? tide_fail(TIDE_E_IO, "%s: a fault", key)
                                   : tide_fail(TIDE_E_TIMEOUT, "%s: no answer", key);
}

static tide_status write_object(tide_storage *base, write_kind kind, const char *key,
                                const void *bytes, size_t n)
{
    memstore *self = (memstore *)base;
    TIDE_TRY(tide_storage_check_key(key));
    pthread_mutex_lock(&self->lock);
    memstore_fault fault = take_fault(self);
    tide_status rv = TIDE_OK;
    if (fault == MEMSTORE_LATE)
        put_off(self, kind, key, bytes, n);
    else if (fault != MEMSTORE_FAILS)
        rv = write_now(self, kind, key, bytes, n);
    pthread_mutex_unlock(&self->lock);
    return fault == MEMSTORE_WORKS ? rv : fail_as(fault, key);
}

static tide_status mem_put(tide_storage *base, const char *key, const void *bytes, size_t n)
{
    return write_object(base, WRITE_PUT, key, bytes, n);
}

static tide_status mem_put_if_absent(tide_storage *base, const char *key, const void *bytes,
                                     size_t n)
{
    return write_object(base, WRITE_PUT_IF_ABSENT, key, bytes, n);
}

static tide_status mem_remove(tide_storage *base, const char *key)
{
    return write_object(base, WRITE_REMOVE, key, NULL, 0);
}

static tide_status mem_get(tide_storage *base, const char *key, uint64_t offset, uint64_t n_max,
                           tide_bytes *out)
{
    memstore *self = (memstore *)base;
    TIDE_TRY(tide_storage_check_key(key));
    pthread_mutex_lock(&self->lock);
    memstore_fault fault = take_fault(self);
    uint32_t at = find(self, key);
    bool there = is_there(self, at, key);
    if (there && fault == MEMSTORE_WORKS) {
        const tide_bytes *bytes = &self->objects[at].bytes;
        uint64_t left = offset < bytes->n ? bytes->n - offset : 0;
        if (left > 0) tide_bytes_put(out, bytes->p + offset, left < n_max ? left : n_max);
    }
    pthread_mutex_unlock(&self->lock);
    if (fault != MEMSTORE_WORKS) return fail_as(fault, key);
    return there ? TIDE_OK : tide_fail(TIDE_E_NOT_FOUND, "%s is not there", key);
}

static tide_status mem_list(tide_storage *base, const char *prefix, tide_arena *arena,
                            tide_storage_listing *out)
{
    memstore *self = (memstore *)base;
    *out = (tide_storage_listing){ 0 };
    TIDE_TRY(tide_storage_check_prefix(prefix));
    const char **keys = NULL;
    uint32_t n = 0, cap = 0;
    pthread_mutex_lock(&self->lock);
    memstore_fault fault = take_fault(self);
    for (uint32_t i = 0; i < self->n_objects && fault == MEMSTORE_WORKS; i++)
        if (strncmp(self->objects[i].key, prefix, strlen(prefix)) == 0)
            TIDE_PUSH(arena, keys, n, cap, tide_arena_strdup(arena, self->objects[i].key));
    pthread_mutex_unlock(&self->lock);
    if (fault != MEMSTORE_WORKS) return fail_as(fault, prefix);
    tide_storage_sort(keys, n, out);
    return TIDE_OK;
}

static void mem_free(tide_storage **self_p)
{
    *self_p = NULL; /* Its owner frees it with memstore_free. */
}

static const tide_storage_vt mem_vt = {
    .put = mem_put,
    .put_if_absent = mem_put_if_absent,
    .get = mem_get,
    .list = mem_list,
    .remove = mem_remove,
    .free = mem_free,
};

memstore *memstore_new(void)
{
    memstore *self = tide_calloc(1, sizeof *self);
    self->base.vt = &mem_vt;
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

void memstore_free(memstore **self_p)
{
    memstore *self = *self_p;
    if (!self) return;
    for (uint32_t i = 0; i < self->n_objects; i++) free_object(&self->objects[i]);
    for (uint32_t i = 0; i < self->n_late; i++) free_object(&self->late[i].object);
    pthread_mutex_destroy(&self->lock);
    tide_free(self->objects);
    tide_free(self->late);
    tide_free(self);
    *self_p = NULL;
}

tide_storage *memstore_storage(memstore *self)
{
    return &self->base;
}

void memstore_fault_next(memstore *self, memstore_fault fault)
{
    pthread_mutex_lock(&self->lock);
    self->fault = fault;
    pthread_mutex_unlock(&self->lock);
}

const char *memstore_land(memstore *self)
{
    pthread_mutex_lock(&self->lock);
    bool any = self->n_late > 0;
    if (any) {
        late_write late = self->late[0];
        memmove(self->late, self->late + 1, --self->n_late * sizeof *self->late);
        /* Nobody waits for how it ends. */
        (void)write_now(self, late.kind, late.object.key, late.object.bytes.p, late.object.bytes.n);
        memcpy(self->landed, late.object.key, strlen(late.object.key) + 1);
        free_object(&late.object);
    }
    pthread_mutex_unlock(&self->lock);
    return any ? self->landed : NULL;
}

const tide_bytes *memstore_look(memstore *self, const char *key)
{
    pthread_mutex_lock(&self->lock);
    uint32_t at = find(self, key);
    const tide_bytes *bytes = is_there(self, at, key) ? &self->objects[at].bytes : NULL;
    pthread_mutex_unlock(&self->lock);
    return bytes;
}
