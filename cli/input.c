/* input.c - reading a whole file. */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (64u << 10)

static tide_status read_all(int fd, const char *name, tide_bytes *out)
{
    for (;;) {
        ssize_t n = read(fd, tide_bytes_reserve(out, CHUNK_BYTES), CHUNK_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tide_fail(TIDE_E_IO, "%s: %s", name, strerror(errno));
        if (n == 0) return TIDE_OK;
        out->n += (size_t)n;
        if (out->n > TIDE_INPUT_BYTES_MAX)
            return tide_fail(TIDE_E_LIMIT, "%s: a job's text has at most %u bytes", name,
                             TIDE_INPUT_BYTES_MAX);
    }
}

tide_status tide_input_read(const char *path, tide_bytes *out)
{
    if (strcmp(path, "-") == 0) {
        tide_status rv = read_all(STDIN_FILENO, "standard input", out);
        if (rv != TIDE_OK) tide_bytes_fini(out);
        return rv;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    tide_status rv = read_all(fd, path, out);
    close(fd);
    if (rv != TIDE_OK) tide_bytes_fini(out);
    return rv;
}
