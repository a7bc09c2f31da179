/* part.c - splits and addresses agreed over MPI, rows over the network thread. */
#include "cli/mpi/part.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/thread/waker.h"
#include "jobapi/proto/proto.h"
#include "worker/runtime/split_wire.h"

/* Ranks of one job begin together; a host that does not answer by then is not going to. */
#define CONNECT_TIMEOUT_NS INT64_C(30000000000)

/* What every rank tells all others. Fixed size, since MPI gathers equal pieces. */
typedef struct address {
    char host[HOST_NAME_MAX + 1];
    char tcp[256], ipc[PATH_MAX];
} address;

typedef struct news { /* From the network thread. */
    bool connected, drained, failed;
    tide_error error;
} news;

struct tide_part {
    tide_part_config config;
    uint32_t rank, n_ranks;
    uint64_t job_id;
    uint32_t *owners;
    tide_scan_splits *scans;
    uint32_t n_scans;
    char ipc_folder[64];
    address *addresses;
    tide_net *net;
    tide_job_part part;
    tide_job *job;
    tide_driver_control *control;
    pthread_mutex_t lock;
    news news; /* Under the lock. */
};

tide_driver_control *tide_part_control(tide_part *self)
{
    return self->control;
}

static void on_net_event(void *ctx, const tide_net_event *event)
{
    tide_part *self = ctx;
    pthread_mutex_lock(&self->lock);
    switch (event->kind) {
    case TIDE_NET_CONNECTED: self->news.connected = true; break;
    case TIDE_NET_DRAINED: self->news.drained = true; break;
    case TIDE_NET_PEER_LOST:
    case TIDE_NET_FAILED:
        self->news.failed = true;
        self->news.error = event->error;
        break;
    }
    pthread_mutex_unlock(&self->lock);
    tide_driver_control_wake(self->control);
}

static void on_job_change(void *ctx)
{
    tide_part *self = ctx;
    tide_driver_control_wake(self->control);
}

/* ---- agreements ---- */

/* Rank 0's list, as its message's bytes; the same bytes everywhere afterwards. */
static tide_status share_splits(tide_part *self, tide_status listed, tide_bytes *bytes)
{
    const tide_mpi *mpi = self->config.mpi;
    uint64_t n = listed == TIDE_OK ? bytes->n : 0;
    if (!mpi->broadcast(&n, sizeof n, 0)) return tide_fail(TIDE_E_IO, "MPI_Bcast failed");
    if (n == 0)
        return listed != TIDE_OK ? listed
                                 : tide_fail(TIDE_E_CANCELLED, "rank 0 could not list its splits");
    if (n > TIDE_PROTO_BYTES_MAX)
        return tide_fail(TIDE_E_LIMIT, "the list of splits takes more than %u bytes",
                         TIDE_PROTO_BYTES_MAX);
    tide_bytes_reserve(bytes, n);
    bytes->n = n;
    if (!mpi->broadcast(bytes->p, n, 0)) return tide_fail(TIDE_E_IO, "MPI_Bcast failed");
    return TIDE_OK;
}

static tide_status list_splits(tide_part *self, tide_arena *arena, tide_bytes *bytes)
{
    const tide_job_config config = { .graph = self->config.graph,
                                     .settings = self->config.settings };
    TIDE_TRY(tide_job_list_splits(&config, &self->scans, &self->n_scans));
    tide_split_wire wire;
    tide_split_wire_write(arena, self->scans, self->n_scans, &wire);
    const tide_runner_deploy message = { .scans = { wire.n_scans, wire.scans },
                                         .splits = { wire.n_splits, wire.splits } };
    tide_msg_encode(TIDE_MSG_RUNNER_DEPLOY, &message, bytes);
    return TIDE_OK;
}

static tide_status read_splits(tide_part *self, tide_arena *arena, const tide_bytes *bytes)
{
    tide_msg msg;
    TIDE_TRY(tide_msg_decode((const uint8_t *)bytes->p, bytes->n, arena, &msg));
    const tide_runner_deploy *message = msg.body;
    const tide_split_wire wire = { message->scans.n, message->splits.n, message->scans.items,
                                   message->splits.items };
    return tide_split_wire_read(&wire, &self->scans, &self->n_scans);
}

static tide_status agree_on_splits(tide_part *self)
{
    tide_arena *arena = tide_arena_new();
    tide_bytes bytes = { 0 };
    tide_status rv = self->rank == 0 ? list_splits(self, arena, &bytes) : TIDE_OK;
    rv = share_splits(self, rv, &bytes);
    if (rv == TIDE_OK && self->rank != 0) rv = read_splits(self, arena, &bytes);
    tide_bytes_fini(&bytes);
    tide_arena_free(&arena);
    return rv;
}

static void describe(const tide_part *self, address *out)
{
    *out = (address){ 0 };
    gethostname(out->host, sizeof out->host - 1);
    if (self->net == NULL) return; /* Said by an empty address. */
    snprintf(out->tcp, sizeof out->tcp, "%s", tide_net_tcp(self->net));
    snprintf(out->ipc, sizeof out->ipc, "%s", tide_net_ipc(self->net));
}

/* All on one host: loopback. Otherwise the name by which hosts know each other. */
static tide_status choose_host(tide_part *self, char *out, size_t size)
{
    char mine[HOST_NAME_MAX + 1] = { 0 }, *all = tide_calloc(self->n_ranks, sizeof mine);
    gethostname(mine, sizeof mine - 1);
    bool ok = self->config.mpi->gather(mine, sizeof mine, all), one_host = true;
    for (uint32_t i = 0; i < self->n_ranks; i++)
        one_host = one_host && strcmp(&all[i * sizeof mine], mine) == 0;
    tide_free(all);
    snprintf(out, size, "%s", one_host ? "127.0.0.1" : mine);
    return ok ? TIDE_OK : tide_fail(TIDE_E_IO, "MPI_Allgather failed");
}

static tide_status bind_sockets(tide_part *self, const char *host)
{
    snprintf(self->ipc_folder, sizeof self->ipc_folder, "/tmp/tidemill-rank-XXXXXX");
    if (mkdtemp(self->ipc_folder) == NULL) {
        self->ipc_folder[0] = 0;
        return tide_fail(TIDE_E_IO, "cannot make a folder for sockets in /tmp");
    }
    const tide_net_config config = { .job = self->job_id,
                                     .attempt = 1,
                                     .plan_hash = self->config.graph->plan_hash,
                                     .runner = self->rank,
                                     .tcp_host = host,
                                     .ipc_folder = self->ipc_folder,
                                     .pool_bytes = self->config.settings->memory_bytes,
                                     .on_event = on_net_event,
                                     .ctx = self };
    return tide_net_new(&config, &self->net);
}

/* Every rank comes through here, so that nobody waits for an address that will not come. */
static tide_status agree_on_addresses(tide_part *self, tide_status so_far)
{
    char host[HOST_NAME_MAX + 1];
    address mine;
    tide_status rv = choose_host(self, host, sizeof host);
    if (so_far != TIDE_OK) rv = so_far;
    if (rv == TIDE_OK) rv = bind_sockets(self, host);
    describe(self, &mine);
    self->addresses = tide_calloc(self->n_ranks, sizeof *self->addresses);
    bool ok = self->config.mpi->gather(&mine, sizeof mine, self->addresses);
    if (rv != TIDE_OK) return rv;
    for (uint32_t i = 0; i < self->n_ranks; i++)
        if (self->addresses[i].tcp[0] == 0)
            return tide_fail(TIDE_E_CANCELLED, "rank %u has no sockets", i);
    return ok ? TIDE_OK : tide_fail(TIDE_E_IO, "MPI_Allgather failed");
}

static tide_status prepare(tide_part *self)
{
    uint32_t n_slots = self->config.graph->parallelism;
    self->owners = tide_calloc(n_slots, sizeof *self->owners);
    for (uint32_t i = 0; i < n_slots; i++)
        self->owners[i] = (uint32_t)((uint64_t)i * self->n_ranks / n_slots);
    self->part = (tide_job_part){ .runner = self->rank,
                                  .owners = self->owners,
                                  .net = self->net,
                                  .scans = self->scans,
                                  .n_scans = self->n_scans };
    const tide_job_config config = {
        .graph = self->config.graph,
        .settings = self->config.settings,
        .part = &self->part,
        .clock = tide_clock_real(),
        .output = self->config.output,
        .random_seed = self->job_id,
        .on_change = on_job_change,
        .ctx = self,
    };
    return tide_job_prepare(&config, &self->job);
}

tide_status tide_part_new(const tide_part_config *config, tide_part **out)
{
    tide_part *self = tide_calloc(1, sizeof *self);
    *out = self;
    self->config = *config;
    self->rank = config->mpi->rank();
    self->n_ranks = config->mpi->size();
    self->control = tide_driver_control_new();
    pthread_mutex_init(&self->lock, NULL);
    self->job_id = (uint64_t)tide_clock_wall_us(tide_clock_real());
    tide_status rv = TIDE_OK;
    if (!config->mpi->broadcast(&self->job_id, sizeof self->job_id, 0))
        rv = tide_fail(TIDE_E_IO, "MPI_Bcast failed");
    tide_status splits = agree_on_splits(self);
    if (rv == TIDE_OK) rv = splits;
    rv = agree_on_addresses(self, rv);
    return rv == TIDE_OK ? prepare(self) : rv;
}

/* ---- running ---- */
static tide_status start_net(tide_part *self)
{
    tide_net_peer *peers = tide_calloc(self->n_ranks, sizeof *peers);
    const char *host = self->addresses[self->rank].host;
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_ranks; i++)
        if (i != self->rank)
            peers[n++] = (tide_net_peer){ .runner = i,
                                          .same_host = strcmp(self->addresses[i].host, host) == 0,
                                          .tcp = self->addresses[i].tcp,
                                          .ipc = self->addresses[i].ipc };
    tide_status rv = tide_net_start(self->net, peers, n);
    tide_free(peers);
    return rv;
}

static news read_news(tide_part *self)
{
    pthread_mutex_lock(&self->lock);
    news copy = self->news;
    pthread_mutex_unlock(&self->lock);
    return copy;
}

static tide_status await_connected(tide_part *self)
{
    int64_t deadline = tide_clock_now_ns(tide_clock_real()) + CONNECT_TIMEOUT_NS;
    for (;;) {
        int64_t left = deadline - tide_clock_now_ns(tide_clock_real());
        tide_driver_control_arm(self->control);
        news now = read_news(self);
        if (now.failed) return tide_error_raise(&now.error);
        if (now.connected) return TIDE_OK;
        if (left <= 0) return tide_fail(TIDE_E_TIMEOUT, "not every rank has connected");
        tide_driver_control_wait(self->control, left);
    }
}

/* The network thread looks into the job's channels: it goes first. */
static tide_status end_failed_job(tide_part *self)
{
    tide_net_stop(self->net);
    return tide_job_free(&self->job);
}

/* Until all rows of this part are where they belong, or something failed. */
static tide_status watch(tide_part *self, bool *stopped)
{
    bool told = false;
    for (;;) {
        tide_driver_control_arm(self->control);
        int stops = tide_driver_control_stops(self->control);
        news now = read_news(self);
        if (now.failed) return tide_error_raise(&now.error);
        tide_job_state state = tide_job_state_of(self->job);
        if (state == TIDE_JOB_FAILED) return end_failed_job(self);
        if (stops > 1) return tide_fail(TIDE_E_CANCELLED, "given up");
        if (state == TIDE_JOB_FINISHED && now.drained) return TIDE_OK;
        if (stops == 1 && !told) tide_job_stop(self->job);
        *stopped = told = stops > 0;
        tide_driver_control_wait(self->control, -1);
    }
}

tide_status tide_part_run(tide_part *self, bool *stopped)
{
    *stopped = false;
    TIDE_TRY(start_net(self));
    TIDE_TRY(await_connected(self));
    tide_job_go(self->job);
    tide_log_info("rank runs", tide_log_int("rank", self->rank));
    return watch(self, stopped);
}

void tide_part_free(tide_part **self_p)
{
    tide_part *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (self->net) tide_net_stop(self->net);
    (void)tide_job_free(&self->job);
    tide_net_free(&self->net);
    if (self->ipc_folder[0]) (void)rmdir(self->ipc_folder);
    if (self->scans) tide_scan_splits_free(&self->scans, self->n_scans);
    tide_driver_control_free(&self->control);
    pthread_mutex_destroy(&self->lock);
    tide_free(self->addresses);
    tide_free(self->owners);
    tide_free(self);
}
