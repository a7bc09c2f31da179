/* agent_store.c - artifacts on disk: written beside their name, and moved there once the checksum
 * agrees. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "worker/runtime/agent_process_priv.h"

#define READ_BYTES 65536u

struct agent_store {
    char *folder;
};

agent_store *agent_store_new(const char *folder)
{
    agent_store *self = tide_calloc(1, sizeof *self);
    self->folder = tide_strdup(folder);
    return self;
}

void agent_store_free(agent_store **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->folder);
    tide_free(*self_p);
    *self_p = NULL;
}

const char *agent_store_find(const agent_store *self, const char *artifact, tide_arena *arena)
{
    if (!tide_joblog_is_job(artifact)) return NULL; /* As a job's: 16 hex digits. */
    const char *path = tide_arena_printf(arena, "%s/%s", self->folder, artifact);
    return access(path, R_OK) == 0 ? path : NULL;
}

static tide_status write_chunk(const char *path, const tide_artifact_data *data)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (data->offset == 0 ? O_TRUNC : 0);
    int fd = open(path, flags, 0755);
    if (fd < 0) return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    uint64_t done = 0;
    ssize_t n = 0;
    while (done < data->data.n && n >= 0) {
        n = pwrite(fd, data->data.p + done, data->data.n - done, (off_t)(data->offset + done));
        if (n > 0) done += (uint64_t)n;
        if (n < 0 && errno == EINTR) n = 0;
    }
    tide_status rv = n >= 0 ? TIDE_OK : tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    close(fd);
    return rv;
}

static tide_status hash_file(const char *path, char hex[17])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    char *buf = tide_malloc(READ_BYTES);
    ssize_t n;
    while ((n = read(fd, buf, READ_BYTES)) > 0) XXH3_64bits_update(&state, buf, (size_t)n);
    tide_status rv = n == 0 ? TIDE_OK : tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    snprintf(hex, 17, "%016llx", (unsigned long long)XXH3_64bits_digest(&state));
    tide_free(buf);
    close(fd);
    return rv;
}

static tide_status finish(const char *part, const char *path, const char *artifact)
{
    char hex[17];
    TIDE_TRY(hash_file(part, hex));
    if (strcmp(hex, artifact) != 0)
        return tide_fail(TIDE_E_CORRUPT, "what arrived has the checksum %s", hex);
    if (rename(part, path) != 0) return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    return TIDE_OK;
}

void agent_store_write(agent_store *self, const tide_artifact_data *data, tide_arena *arena,
                       bool *done, tide_agent_artifact *out)
{
    *out = (tide_agent_artifact){ .artifact = data->artifact };
    tide_status rv = TIDE_OK;
    *done = data->offset + data->data.n == data->total;
    if (!tide_joblog_is_job(data->artifact))
        rv = tide_fail(TIDE_E_INVALID, "\"%.40s\" is no checksum", data->artifact);
    const char *path = tide_arena_printf(arena, "%s/%s", self->folder, data->artifact);
    char *part = tide_arena_printf(arena, "%s.part", path);
    if (rv == TIDE_OK) rv = write_chunk(part, data);
    if (rv == TIDE_OK && *done) rv = finish(part, path, data->artifact);
    if (rv == TIDE_OK) {
        if (*done) out->path = path;
        return;
    }
    unlink(part);
    *done = true;
    out->failure = tide_arena_strdup(arena, tide_error_text());
}
