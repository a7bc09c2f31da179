/* httpd_mhd.c - the HTTP server plugin: libmicrohttpd behind httpd_abi.h.
 *
 * A shared object of its own with its own copy of what it needs of base/core. One thread, which is
 * ours and not the library's: MHD_stop_daemon from another one makes 0.9.75 crash when it refuses
 * something malformed at that moment (MHD_queue_response then says yes and keeps nothing). So the
 * thread ends first, and nothing is under way when the library is told to stop. An exchange waits
 * suspended from the moment its request was complete until the host answers; resuming, and waking
 * the thread, makes libmicrohttpd call handle() again, which then sends the answer. */
#include <arpa/inet.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/core/attr.h"
#include "base/core/mem.h"
#include "base/net/httpd_abi.h"

/* A refused request's body is read to its end when it is not longer: closing a connection with
 * unread bytes would lose the answer on its way. */
#define DISCARD_BYTES_MAX (1u << 20)
#define CONNECTION_MEMORY_BYTES ((size_t)32 << 10)

typedef struct server {
    struct MHD_Daemon *daemon;
    tide_httpd_abi_host host;
    pthread_t thread;
    int wake; /* An eventfd: something was resumed, or the thread is to end. */
    _Atomic bool stops;
} server;

typedef struct exchange {
    server *server;
    struct MHD_Connection *connection;
    char *target;
    void *request; /* The host's; NULL: not begun. */
    size_t discarded;
    pthread_mutex_t lock;
    /* Under the lock. */
    struct MHD_Response *response; /* NULL: not answered yet. */
    unsigned code;
    bool is_suspended;
} exchange;

static void *open_exchange(void *ctx, const char *target, struct MHD_Connection *connection);
static void close_exchange(void *ctx, struct MHD_Connection *connection, void **place,
                           enum MHD_RequestTerminationCode why);
static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *n,
                              void **place);

static int patience_ms(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(daemon, &ms) != MHD_YES) return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void *run(void *server_v)
{
    server *self = server_v;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = { { .fd = info->epoll_fd, .events = POLLIN },
                            { .fd = self->wake, .events = POLLIN } };
    while (!self->stops) {
        eventfd_t times;
        if (poll(fds, 2, patience_ms(self->daemon)) > 0 && fds[1].revents)
            (void)eventfd_read(self->wake, &times);
        MHD_run(self->daemon);
    }
    return NULL;
}

/* Signals are for the threads that wait for them. */
static bool start_thread(server *self)
{
    sigset_t all, before;
    sigfillset(&all);
    self->wake = eventfd(0, EFD_CLOEXEC);
    if (self->wake < 0) return false;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&self->thread, NULL, run, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) close(self->wake);
    return started;
}

static void *start(int listener, const tide_httpd_abi_host *host)
{
    server *self = tide_calloc(1, sizeof *self);
    self->host = *host;
    self->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, self,
                         MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_URI_LOG_CALLBACK,
                         open_exchange, self, MHD_OPTION_NOTIFY_COMPLETED, close_exchange, self,
                         MHD_OPTION_CONNECTION_LIMIT, host->connections_max,
                         MHD_OPTION_CONNECTION_TIMEOUT, host->idle_timeout_s,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
                         MHD_OPTION_END);
    if (self->daemon && start_thread(self)) return self;
    if (self->daemon)
        MHD_stop_daemon(self->daemon); /* Closes the listener. */
    else
        close(listener);
    tide_free(self);
    return NULL;
}

static void stop(void *server_v)
{
    server *self = server_v;
    self->stops = true;
    (void)eventfd_write(self->wake, 1);
    pthread_join(self->thread, NULL);
    close(self->wake);
    MHD_stop_daemon(self->daemon);
    tide_free(self);
}

static void *open_exchange(void *ctx, const char *target, struct MHD_Connection *connection)
{
    exchange *self = tide_calloc(1, sizeof *self);
    self->server = ctx;
    self->connection = connection;
    self->target = tide_strdup(target);
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

static void close_exchange(void *ctx, struct MHD_Connection *connection, void **place,
                           enum MHD_RequestTerminationCode why)
{
    (void)ctx, (void)connection, (void)why;
    exchange *self = *place;
    if (!self) return;
    if (self->request) self->server->host.end(self->request);
    if (self->response) MHD_destroy_response(self->response);
    pthread_mutex_destroy(&self->lock);
    tide_free(self->target);
    tide_free(self);
    *place = NULL;
}

static bool is_answered(exchange *self)
{
    pthread_mutex_lock(&self->lock);
    bool answered = self->response != NULL;
    pthread_mutex_unlock(&self->lock);
    return answered;
}

static enum MHD_Result send_answer(exchange *self)
{
    return MHD_queue_response(self->connection, self->code, self->response);
}

static const char *header(void *exchange_v, const char *name)
{
    exchange *self = exchange_v;
    return MHD_lookup_connection_value(self->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result begin(exchange *self, const char *method)
{
    const tide_httpd_abi_host *host = &self->server->host;
    self->request = host->begin(host->ctx, self, method, self->target);
    if (!is_answered(self)) return MHD_YES;
    const char *length = header(self, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool is_long = length && strtoull(length, NULL, 10) > DISCARD_BYTES_MAX;
    bool waits = header(self, MHD_HTTP_HEADER_EXPECT) != NULL;
    return is_long || waits ? send_answer(self) : MHD_YES;
}

static enum MHD_Result take_body(exchange *self, const char *bytes, size_t *n)
{
    if (!is_answered(self)) self->server->host.body(self->request, bytes, *n);
    if (is_answered(self)) self->discarded += *n;
    *n = 0;
    return self->discarded > DISCARD_BYTES_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *n,
                              void **place)
{
    (void)ctx, (void)connection, (void)path, (void)version;
    exchange *self = *place;
    if (!self->request) return begin(self, method);
    if (*n > 0) return take_body(self, bytes, n);
    if (is_answered(self)) return send_answer(self);
    self->server->host.complete(self->request);
    pthread_mutex_lock(&self->lock);
    bool waits = self->response == NULL;
    if (waits) {
        self->is_suspended = true;
        MHD_suspend_connection(self->connection);
    }
    pthread_mutex_unlock(&self->lock);
    return waits ? MHD_YES : send_answer(self);
}

static void answer(void *exchange_v, const tide_httpd_abi_answer *a)
{
    exchange *self = exchange_v;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(a->n, (void *)a->body, MHD_RESPMEM_MUST_COPY);
    for (uint32_t i = 0; i < a->n_headers; i++)
        (void)MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
    pthread_mutex_lock(&self->lock);
    self->code = a->code;
    self->response = response;
    bool resumes = self->is_suspended;
    struct MHD_Connection *connection = self->connection;
    int wake = self->server->wake;
    pthread_mutex_unlock(&self->lock);
    /* From here the exchange may end at any time, unless this is its own thread. */
    if (!resumes) return;
    MHD_resume_connection(connection);
    (void)eventfd_write(wake, 1);
}

static const char *peer(void *exchange_v, char *buf, size_t cap)
{
    exchange *self = exchange_v;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(self->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const void *bytes = NULL;
    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, buf, (socklen_t)cap))
        snprintf(buf, cap, "?");
    return buf;
}

extern const tide_httpd_abi tide_httpd_plugin_table;
TIDE_API const tide_httpd_abi tide_httpd_plugin_table = {
    .version = TIDE_HTTPD_ABI_VERSION,
    .start = start,
    .header = header,
    .peer = peer,
    .answer = answer,
    .stop = stop,
};
