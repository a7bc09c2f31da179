/* joblog.c - segments of a log. */
#include "worker/runtime/joblog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOB_DIGITS 16u
#define SEGMENTS_MAX 64u /* Of one job on disk; there are two or three. */

struct tide_joblog {
    char *folder;
    int fd;
    uint64_t first, n; /* Of the segment that is written. */
    uint64_t before;   /* First byte of the one before; UINT64_MAX: there is none. */
    uint64_t segment_bytes_max;
};

typedef struct segments {
    uint32_t n;
    uint64_t first[SEGMENTS_MAX]; /* Ascending. */
} segments;

bool tide_joblog_is_job(const char *name)
{
    return strlen(name) == JOB_DIGITS && strspn(name, "0123456789abcdef") == JOB_DIGITS;
}

static char *segment_path(const char *folder, uint64_t first)
{
    return tide_asprintf("%s/%020llu", folder, (unsigned long long)first);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static segments list_segments(const char *folder)
{
    segments s = { 0 };
    DIR *dir = opendir(folder);
    if (dir == NULL) return s;
    for (struct dirent *e; (e = readdir(dir)) != NULL && s.n < SEGMENTS_MAX;)
        if (strlen(e->d_name) == 20 && strspn(e->d_name, "0123456789") == 20)
            s.first[s.n++] = strtoull(e->d_name, NULL, 10);
    closedir(dir);
    qsort(s.first, s.n, sizeof *s.first, compare);
    return s;
}

static uint64_t segment_bytes(const char *folder, uint64_t first)
{
    char *path = segment_path(folder, first);
    struct stat st;
    uint64_t n = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    tide_free(path);
    return n;
}

static void remove_segment(const char *folder, uint64_t first)
{
    char *path = segment_path(folder, first);
    unlink(path);
    tide_free(path);
}

static void remove_log(const char *folder)
{
    segments s = list_segments(folder);
    for (uint32_t i = 0; i < s.n; i++) remove_segment(folder, s.first[i]);
    rmdir(folder);
}

/* Leaves room for one more log. */
static void prune(const char *logs)
{
    for (;;) {
        DIR *dir = opendir(logs);
        if (dir == NULL) return;
        uint32_t n = 0;
        char *oldest = NULL;
        struct timespec oldest_at = { 0 };
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            struct stat st;
            if (!tide_joblog_is_job(e->d_name) || fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
                continue;
            n++;
            if (oldest && st.st_mtim.tv_sec >= oldest_at.tv_sec) continue;
            oldest_at = st.st_mtim;
            tide_free(oldest);
            oldest = tide_asprintf("%s/%s", logs, e->d_name);
        }
        closedir(dir);
        bool full = n >= TIDE_JOBLOG_JOBS_MAX;
        if (full) remove_log(oldest);
        tide_free(oldest);
        if (!full) return;
    }
}

static tide_status open_segment(tide_joblog *self, uint64_t first)
{
    char *path = segment_path(self->folder, first);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    tide_status rv = fd >= 0 ? TIDE_OK : tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    tide_free(path);
    if (rv != TIDE_OK) return rv;
    if (self->fd >= 0) close(self->fd);
    self->fd = fd;
    self->first = first;
    self->n = segment_bytes(self->folder, first);
    return TIDE_OK;
}

tide_status tide_joblog_open(const char *logs, const char *job, uint64_t bytes_max,
                             tide_joblog **out)
{
    char *folder = tide_asprintf("%s/%s", logs, job);
    if (access(folder, F_OK) != 0) prune(logs);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        tide_status rv = tide_fail(TIDE_E_IO, "%s: %s", folder, strerror(errno));
        tide_free(folder);
        return rv;
    }
    tide_joblog *self = tide_calloc(1, sizeof *self);
    self->folder = folder;
    self->fd = -1;
    self->segment_bytes_max = bytes_max / 2;
    segments s = list_segments(folder);
    self->before = s.n > 1 ? s.first[s.n - 2] : UINT64_MAX;
    tide_status rv = open_segment(self, s.n ? s.first[s.n - 1] : 0);
    *out = self;
    if (rv != TIDE_OK) tide_joblog_close(out);
    return rv;
}

void tide_joblog_close(tide_joblog **self_p)
{
    tide_joblog *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (self->fd >= 0) close(self->fd);
    tide_free(self->folder);
    tide_free(self);
}

static void begin_segment(tide_joblog *self)
{
    uint64_t full = self->first;
    if (open_segment(self, self->first + self->n) != TIDE_OK) return; /* Grows beyond, then. */
    if (self->before != UINT64_MAX) remove_segment(self->folder, self->before);
    self->before = full;
}

void tide_joblog_put(tide_joblog *self, const void *bytes, size_t n)
{
    if (self->n > 0 && self->n + n > self->segment_bytes_max) begin_segment(self);
    const char *p = bytes;
    while (n > 0) {
        ssize_t written = write(self->fd, p, n);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;
        p += written;
        n -= (size_t)written;
        self->n += (uint64_t)written;
    }
}

static tide_status read_segment(const char *folder, uint64_t first, uint64_t from, size_t n_max,
                                tide_bytes *into, size_t *n_read)
{
    *n_read = 0;
    char *path = segment_path(folder, first);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, tide_bytes_reserve(into, n_max), n_max, (off_t)from);
    tide_status rv = n >= 0 ? TIDE_OK : tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    tide_free(path);
    if (rv == TIDE_OK) into->n += *n_read = (size_t)n;
    return rv;
}

static tide_status read_segments(const char *folder, const segments *s, uint64_t *offset,
                                 size_t n_max, tide_bytes *into, uint64_t *total)
{
    if (s->n == 0) return TIDE_OK;
    *total = s->first[s->n - 1] + segment_bytes(folder, s->first[s->n - 1]);
    if (*offset > *total) *offset = *total > n_max ? *total - n_max : 0;
    if (*offset < s->first[0]) *offset = s->first[0];
    uint64_t at = *offset;
    for (uint32_t i = 0; i < s->n && n_max > 0; i++) {
        uint64_t end = i + 1 < s->n ? s->first[i + 1] : *total;
        if (at < s->first[i] || at >= end) continue;
        size_t want = end - at < n_max ? (size_t)(end - at) : n_max, got;
        TIDE_TRY(read_segment(folder, s->first[i], at - s->first[i], want, into, &got));
        at += got;
        n_max -= got;
    }
    return TIDE_OK;
}

tide_status tide_joblog_read(const char *logs, const char *job, uint64_t *offset, size_t n_max,
                             tide_bytes *into, uint64_t *total)
{
    *total = 0;
    char *folder = tide_asprintf("%s/%s", logs, job);
    segments s = list_segments(folder);
    tide_status rv = read_segments(folder, &s, offset, n_max, into, total);
    if (s.n == 0) *offset = 0;
    tide_free(folder);
    return rv;
}
