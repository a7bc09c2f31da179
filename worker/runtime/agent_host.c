/* agent_host.c - what an agent finds out about its host, and its folder. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/runtime/agent_process_priv.h"

tide_status agent_make_folder(const char *path)
{
    char *prefix = tide_strdup(path);
    tide_status rv = TIDE_OK;
    for (char *at = prefix; rv == TIDE_OK && at; at = strchr(at + 1, '/')) {
        char *end = strchr(at + 1, '/');
        if (end) *end = '\0';
        if (mkdir(prefix, 0755) != 0 && errno != EEXIST)
            rv = tide_fail(TIDE_E_IO, "%s: %s", prefix, strerror(errno));
        if (end) *end = '/';
    }
    tide_free(prefix);
    return rv;
}

tide_status agent_lock_folder(const char *folder, int *fd)
{
    char *path = tide_asprintf("%s/lock", folder);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    tide_status rv = TIDE_OK;
    if (*fd < 0) {
        rv = tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        close(*fd);
        *fd = -1;
        rv = tide_fail(TIDE_E_REFUSED, "another worker uses the folder %s (data.dir)", folder);
    }
    tide_free(path);
    return rv;
}

/* Host and port of "tcp://host:port", cut apart in the arena. */
static bool split_endpoint(const char *endpoint, tide_arena *arena, char **host, char **port)
{
    static const char scheme[] = "tcp://";
    size_t n = sizeof scheme - 1;
    if (strncmp(endpoint, scheme, n) != 0) return false;
    *host = tide_arena_strdup(arena, endpoint + n);
    char *colon = strrchr(*host, ':');
    if (colon == NULL) return false;
    *colon = '\0';
    *port = colon + 1;
    return true;
}

/* Nothing is sent: connecting a datagram socket only chooses the way, and so our address. */
const char *agent_address_towards(const char *endpoint, tide_arena *arena)
{
    static const char none[] = "127.0.0.1";
    char *host, *port;
    if (!split_endpoint(endpoint, arena, &host, &port)) return none;
    const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) return none;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = { 0 };
    socklen_t n = sizeof own;
    char text[INET_ADDRSTRLEN];
    bool good = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                getsockname(fd, (struct sockaddr *)&own, &n) == 0 &&
                inet_ntop(AF_INET, &own.sin_addr, text, sizeof text) != NULL;
    if (fd >= 0) close(fd);
    freeaddrinfo(found);
    return good ? tide_arena_strdup(arena, text) : none;
}
