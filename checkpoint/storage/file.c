/* file.c - storage as files below a folder. */
#include "checkpoint/storage/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define TEMPORARY_FOLDER "~tmp"
/* Tries of put_if_absent of which is unknown what became of them. More than a few at a time means
 * that the storage is out of order; the oldest are forgotten. */
#define UNSURE_MAX 32u

/* A try: its file was linked as the key, or was about to be. */
typedef struct unsure {
    char *key;
    dev_t device;
    ino_t inode;
} unsure;

typedef struct file_storage {
    tide_storage base;
    char *folder;
    int fd; /* Of the folder. */
    pthread_mutex_t lock;
    unsure unsure[UNSURE_MAX]; /* Under the lock. */
    uint32_t unsure_next;
} file_storage;

typedef struct temporary {
    char name[64]; /* From the folder. */
    struct stat stat;
} temporary;

static tide_status fail_because(const file_storage *self, const char *what, const char *key,
                                int error);
static tide_status write_temporary(file_storage *self, const void *bytes, size_t n, temporary *out);
static tide_status make_folders(file_storage *self, const char *key);
static tide_status sync_folder_of(file_storage *self, const char *key);

/* ---- writing ---- */

static tide_status file_put(tide_storage *base, const char *key, const void *bytes, size_t n)
{
    file_storage *self = (file_storage *)base;
    temporary file;
    TIDE_TRY(tide_storage_check_key(key));
    TIDE_TRY(write_temporary(self, bytes, n, &file));
    int failed = renameat(self->fd, file.name, self->fd, key);
    if (failed && errno == ENOENT) {
        tide_status rv = make_folders(self, key);
        if (rv != TIDE_OK) {
            unlinkat(self->fd, file.name, 0);
            return rv;
        }
        failed = renameat(self->fd, file.name, self->fd, key);
    }
    if (!failed) return sync_folder_of(self, key);
    tide_status rv = fail_because(self, "put", key, errno);
    unlinkat(self->fd, file.name, 0);
    return rv;
}

static void remember_unsure(file_storage *self, const char *key, const struct stat *stat)
{
    pthread_mutex_lock(&self->lock);
    unsure *at = &self->unsure[self->unsure_next++ % UNSURE_MAX];
    tide_free(at->key);
    *at = (unsure){ tide_strdup(key), stat->st_dev, stat->st_ino };
    pthread_mutex_unlock(&self->lock);
}

/* Was it a try of ours that made this file the object? Then it is forgotten. */
static bool take_unsure(file_storage *self, const char *key, const struct stat *stat)
{
    bool found = false;
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; i < UNSURE_MAX && !found; i++) {
        unsure *at = &self->unsure[i];
        found = at->key && strcmp(at->key, key) == 0 && at->device == stat->st_dev &&
                at->inode == stat->st_ino;
        if (!found) continue;
        tide_free(at->key);
        *at = (unsure){ 0 };
    }
    pthread_mutex_unlock(&self->lock);
    return found;
}

static bool has_bytes(file_storage *self, const char *key, const void *bytes, size_t n)
{
    tide_bytes there = { 0 };
    tide_status rv = self->base.vt->get(&self->base, key, 0, (uint64_t)n + 1, &there);
    bool same = rv == TIDE_OK && there.n == n && (n == 0 || memcmp(there.p, bytes, n) == 0);
    tide_bytes_fini(&there);
    return same;
}

/* The name is there. It is ours if it is the file that we just linked (NFS may repeat a request
 * whose answer was lost), or if an earlier try with these bytes failed behind its link. */
static tide_status judge_existing(file_storage *self, const char *key, const temporary *file,
                                  const void *bytes, size_t n)
{
    struct stat there;
    if (fstatat(self->fd, key, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_because(self, "put", key, errno);
    if (S_ISDIR(there.st_mode)) return fail_because(self, "put", key, EISDIR);
    if (there.st_dev == file->stat.st_dev && there.st_ino == file->stat.st_ino) return TIDE_OK;
    if (has_bytes(self, key, bytes, n) && take_unsure(self, key, &there)) return TIDE_OK;
    return tide_fail(TIDE_E_EXISTS, "%s is there already", key);
}

static tide_status link_object(file_storage *self, const temporary *file, const char *key,
                               const void *bytes, size_t n)
{
    if (linkat(self->fd, file->name, self->fd, key, 0) == 0) return TIDE_OK;
    if (errno == ENOENT) {
        TIDE_TRY(make_folders(self, key));
        if (linkat(self->fd, file->name, self->fd, key, 0) == 0) return TIDE_OK;
    }
    if (errno == EEXIST) return judge_existing(self, key, file, bytes, n);
    return fail_because(self, "put", key, errno);
}

static tide_status file_put_if_absent(tide_storage *base, const char *key, const void *bytes,
                                      size_t n)
{
    file_storage *self = (file_storage *)base;
    temporary file;
    TIDE_TRY(tide_storage_check_key(key));
    TIDE_TRY(write_temporary(self, bytes, n, &file));
    tide_status rv = link_object(self, &file, key, bytes, n);
    unlinkat(self->fd, file.name, 0);
    /* Also when it was there before: whoever is told so may build on it. */
    tide_status synced = rv == TIDE_OK || rv == TIDE_E_EXISTS ? sync_folder_of(self, key) : TIDE_OK;
    if (synced != TIDE_OK) rv = synced;
    if (rv != TIDE_OK && rv != TIDE_E_EXISTS) remember_unsure(self, key, &file.stat);
    return rv;
}

static tide_status file_remove(tide_storage *base, const char *key)
{
    file_storage *self = (file_storage *)base;
    TIDE_TRY(tide_storage_check_key(key));
    if (unlinkat(self->fd, key, 0) == 0) return sync_folder_of(self, key);
    /* A folder is not an object. */
    if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return TIDE_OK;
    return fail_because(self, "remove", key, errno);
}

/* ---- reading ---- */

static int read_range(int fd, uint64_t offset, uint64_t n_max, tide_bytes *out)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0) return errno;
    if (S_ISDIR(stat.st_mode)) return ENOENT;
    uint64_t size = (uint64_t)stat.st_size, left = offset < size ? size - offset : 0;
    if (left > n_max) left = n_max;
    size_t before = out->n;
    while (left > 0) {
        ssize_t n = pread(fd, tide_bytes_reserve(out, left), left, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) { /* An object never shrinks: this file is being damaged. */
            out->n = before;
            return n < 0 ? errno : EIO;
        }
        out->n += (size_t)n;
        offset += (uint64_t)n;
        left -= (uint64_t)n;
    }
    return 0;
}

static tide_status file_get(tide_storage *base, const char *key, uint64_t offset, uint64_t n_max,
                            tide_bytes *out)
{
    file_storage *self = (file_storage *)base;
    TIDE_TRY(tide_storage_check_key(key));
    int fd = openat(self->fd, key, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? errno : read_range(fd, offset, n_max, out);
    if (fd >= 0) close(fd);
    if (error == 0) return TIDE_OK;
    if (error == ENOENT || error == ENOTDIR)
        return tide_fail(TIDE_E_NOT_FOUND, "%s is not in %s", key, self->folder);
    return fail_because(self, "get", key, error);
}

typedef struct walk {
    const char *prefix;
    size_t prefix_bytes;
    tide_arena *arena;
    const char **keys;
    uint32_t n, cap;
    char path[TIDE_STORAGE_KEY_MAX + 1];
} walk;

static int walk_folder(file_storage *self, walk *w, size_t path_bytes);

/* May keys below (or the key at) this path begin with the prefix? */
static bool may_match(const walk *w, size_t path_bytes)
{
    size_t n = path_bytes < w->prefix_bytes ? path_bytes : w->prefix_bytes;
    return memcmp(w->path, w->prefix, n) == 0;
}

/* One name of the folder path[0..path_bytes). */
static int walk_entry(file_storage *self, walk *w, size_t path_bytes, const char *name)
{
    size_t n = strlen(name);
    if (path_bytes + n > TIDE_STORAGE_KEY_MAX) return 0; /* Not put by us. */
    memcpy(w->path + path_bytes, name, n + 1);
    if (!may_match(w, path_bytes + n)) return 0;
    if (tide_storage_check_key(w->path) != TIDE_OK) return 0; /* ".", "..", "~tmp". */
    struct stat stat;
    if (fstatat(self->fd, w->path, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno; /* Removed meanwhile. */
    if (S_ISDIR(stat.st_mode)) {
        if (path_bytes + n + 1 > TIDE_STORAGE_KEY_MAX) return 0;
        memcpy(w->path + path_bytes + n, "/", 2);
        return may_match(w, path_bytes + n + 1) ? walk_folder(self, w, path_bytes + n + 1) : 0;
    }
    if (path_bytes + n >= w->prefix_bytes)
        TIDE_PUSH(w->arena, w->keys, w->n, w->cap, tide_arena_strdup(w->arena, w->path));
    return 0;
}

/* path[0..path_bytes) is "" or ends with '/'; no deeper than a key has parts. */
static int walk_folder(file_storage *self, walk *w, size_t path_bytes)
{
    int fd = openat(self->fd, path_bytes ? w->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : errno;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int error = errno;
        close(fd);
        return error;
    }
    int error = 0;
    while (error == 0) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        error = errno;
        if (!entry || error) break;
        error = walk_entry(self, w, path_bytes, entry->d_name);
    }
    closedir(dir);
    return error;
}

static tide_status file_list(tide_storage *base, const char *prefix, tide_arena *arena,
                             tide_storage_listing *out)
{
    file_storage *self = (file_storage *)base;
    *out = (tide_storage_listing){ 0 };
    TIDE_TRY(tide_storage_check_prefix(prefix));
    walk w = { .prefix = prefix, .prefix_bytes = strlen(prefix), .arena = arena };
    /* Only what lies in the prefix's folder is looked at. */
    const char *slash = strrchr(prefix, '/');
    size_t folder_bytes = slash ? (size_t)(slash - prefix) + 1 : 0;
    memcpy(w.path, prefix, folder_bytes);
    int error = walk_folder(self, &w, folder_bytes);
    if (error && error != ENOTDIR) return fail_because(self, "list", prefix, error);
    tide_storage_sort(w.keys, w.n, out);
    return TIDE_OK;
}

/* ---- files ---- */

static tide_status fail_because(const file_storage *self, const char *what, const char *key,
                                int error)
{
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    bool is_folder = error == EISDIR || error == ENOTDIR;
    if (is_folder)
        return tide_fail(TIDE_E_INVALID, "%s %s in %s: one key would be a folder of another", what,
                         key, self->folder);
    return tide_fail(is_full ? TIDE_E_NO_SPACE : TIDE_E_IO, "%s %s in %s: %s", what, key,
                     self->folder, strerror(error));
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes += written;
        n -= (size_t)written;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* A new file whose name nobody has: threads, processes and hosts may write at once. */
static int create_temporary(file_storage *self, temporary *out)
{
    char *path = tide_asprintf("%s/" TEMPORARY_FOLDER "/XXXXXX", self->folder);
    int fd = mkostemp(path, O_CLOEXEC), error = errno;
    if (fd >= 0) {
        const char *name = strrchr(path, '/') + 1;
        snprintf(out->name, sizeof out->name, TEMPORARY_FOLDER "/%s", name);
    }
    tide_free(path);
    errno = error;
    return fd;
}

static tide_status write_temporary(file_storage *self, const void *bytes, size_t n, temporary *out)
{
    int fd = create_temporary(self, out);
    if (fd < 0) return fail_because(self, "write", TEMPORARY_FOLDER, errno);
    int error = write_all(fd, bytes, n);
    if (error == 0 && fstat(fd, &out->stat) != 0) error = errno;
    if (close(fd) != 0 && error == 0) error = errno;
    if (error == 0) return TIDE_OK;
    unlinkat(self->fd, out->name, 0);
    return fail_because(self, "write", out->name, error);
}

static int sync_folder(file_storage *self, const char *folder)
{
    int fd = openat(self->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static tide_status sync_folder_of(file_storage *self, const char *key)
{
    char folder[TIDE_STORAGE_KEY_MAX + 1];
    const char *slash = strrchr(key, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - key) : 1, slash ? key : ".");
    int error = sync_folder(self, folder);
    return error ? fail_because(self, "sync", folder, error) : TIDE_OK;
}

/* The folders that lead to a key. Each is synced into the one above, whoever made it. */
static tide_status make_folders(file_storage *self, const char *key)
{
    char folder[TIDE_STORAGE_KEY_MAX + 1];
    for (const char *slash = strchr(key, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - key), key);
        if (mkdirat(self->fd, folder, 0777) != 0 && errno != EEXIST)
            return fail_because(self, "make folder", folder, errno);
        TIDE_TRY(sync_folder_of(self, folder));
    }
    return TIDE_OK;
}

/* ---- opening ---- */

static void file_free(tide_storage **self_p)
{
    file_storage *self = (file_storage *)*self_p;
    for (uint32_t i = 0; i < UNSURE_MAX; i++) tide_free(self->unsure[i].key);
    pthread_mutex_destroy(&self->lock);
    if (self->fd >= 0) close(self->fd);
    tide_free(self->folder);
    tide_free(self);
    *self_p = NULL;
}

static const tide_storage_vt file_vt = {
    .put = file_put,
    .put_if_absent = file_put_if_absent,
    .get = file_get,
    .list = file_list,
    .remove = file_remove,
    .free = file_free,
};

static int make_path(const char *folder)
{
    char *path = tide_strdup(folder);
    int error = 0;
    for (char *slash = strchr(path + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) error = errno;
        *slash = '/';
    }
    if (!error && mkdir(path, 0777) != 0 && errno != EEXIST) error = errno;
    tide_free(path);
    return error;
}

/* Opens the folder and writes a file into it. */
static tide_status try_folder(file_storage *self)
{
    temporary file;
    int error = make_path(self->folder);
    if (error) return fail_because(self, "make", "the folder", error);
    self->fd = open(self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->fd < 0) return fail_because(self, "open", "the folder", errno);
    if (mkdirat(self->fd, TEMPORARY_FOLDER, 0777) != 0 && errno != EEXIST)
        return fail_because(self, "make folder", TEMPORARY_FOLDER, errno);
    TIDE_TRY(write_temporary(self, "", 0, &file));
    unlinkat(self->fd, file.name, 0);
    return TIDE_OK;
}

tide_status tide_storage_open_file(const char *folder, tide_storage **out)
{
    file_storage *self = tide_calloc(1, sizeof *self);
    self->base.vt = &file_vt;
    self->folder = tide_strdup(folder);
    self->fd = -1;
    pthread_mutex_init(&self->lock, NULL);
    *out = &self->base;
    tide_status rv = try_folder(self);
    if (rv == TIDE_OK) return TIDE_OK;
    tide_storage_free(out);
    if (rv == TIDE_E_INVALID) rv = TIDE_E_IO; /* A file where a folder should be. */
    return tide_because(rv, "storage needs a folder that this user may write (%s is not)", folder);
}
