/* master_server.h - a master as a running process part: one control thread around master/core.
 *
 * The control thread owns the ROUTER and the core; a small blocking pool carries storage operations
 * out. Other threads (HTTP) reach it through two calls that block until the control thread
 * answered: _request for what changes something, _look for what is only read. An idle server sleeps
 * in poll until the core's next deadline. */
#ifndef TIDE_MASTER_RUNTIME_MASTER_SERVER_H
#define TIDE_MASTER_RUNTIME_MASTER_SERVER_H
#include "base/core/clock.h"
#include "master/core/master.h"

typedef struct tide_master_server tide_master_server;

typedef struct tide_master_server_config {
    tide_master_config master; /* `control`: "tcp://host:port" that others are told. */
    const char *bind;          /* "tcp://0.0.0.0:6123"; port 0 (or *): the system chooses. */
    const char *storage;       /* high-availability.storageDir, or the master's own folder. */
    tide_clock *clock;         /* NULL: the real one. */
} tide_master_server_config;

/* Opens the storage, binds, starts the control thread. The chosen port is put into what others are
 * told. */
TIDE_MUST_CHECK tide_status tide_master_server_new(const tide_master_server_config *config,
                                                   tide_master_server **out);
/* Resigns if leading (waiting for the storage for at most TIDE_MASTER_RESIGN_NS), then ends the
 * threads. Jobs go on. Nobody may be in _request or _look any more. */
void tide_master_server_free(tide_master_server **self_p);
#define TIDE_MASTER_RESIGN_NS INT64_C(2000000000)

const char *tide_master_server_control(const tide_master_server *self); /* As others are told. */

/* Any thread; blocks. request->id is the server's to choose. The reply's texts are in the arena.
 * TIDE_E_TIMEOUT when the control thread did not answer in timeout_ns: whether it was done is
 * unknown. The reply's own status is returned as such, with its text in the chain. */
TIDE_MUST_CHECK tide_status tide_master_server_request(tide_master_server *self,
                                                       const tide_master_request *request,
                                                       int64_t timeout_ns, tide_arena *arena,
                                                       tide_master_reply *reply);

/* Any thread; blocks. `look` runs on the control thread between two steps; it copies what it wants
 * (master/core/view.h) and returns. */
void tide_master_server_look(tide_master_server *self,
                             void (*look)(void *ctx, const tide_master *master, int64_t now_ns),
                             void *ctx);

#endif
