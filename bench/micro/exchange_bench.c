/* exchange_bench.c - rows between two runner processes, beside ZeroMQ alone.
 *
 *   exchange_bench ours|loose|raw ipc|tcp [--mb N]   N MiB in messages of 256 KiB; as JSON, GB per
 *                                                    second and CPU seconds of both processes per
 * GB exchange_bench blocked [--seconds N]             four channels over ipc: what three of them
 * move while the fourth is silent, and while its rows wait for a sink that stands still ours: a
 * slot pushes batches of one block of 256 KiB into a channel, as a hash edge's outlet makes them;
 * the network threads carry them, a slot of the other process pops them. loose: batches as they
 * come from an operator, which the network thread gathers. raw: a DEALER sends bodies of that size
 * from where they lie, a ROUTER takes them and looks at their first byte. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "base/column/block_builder.h"
#include "base/core/assert.h"
#include "base/core/clock.h"
#include "base/core/mem.h"
#include "worker/exchange/net.h"

#define MESSAGE_BYTES (256u << 10)
#define BATCHES                                                                                    \
    16u /* Different ones, sent again and again, as a pool hands its buffers out again. */
#define CHANNELS 4u /* As between two runners with two slots each. */
#define NS_PER_S 1000000000

static tide_field fields[] = { { .name = "a", .type = { .id = TIDE_TYPE_BIGINT } },
                               { .name = "b", .type = { .id = TIDE_TYPE_BIGINT } },
                               { .name = "c", .type = { .id = TIDE_TYPE_DOUBLE } },
                               { .name = "d",
                                 .type = { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } },
                               { .name = "s", .type = { .id = TIDE_TYPE_STRING } } };
static const tide_schema schema = { 5, fields };

typedef struct options {
    bool raw, loose, ipc;
    uint64_t messages;
    int64_t seconds;
    char folder[32];
} options;

/* What the receiving process found. */
typedef struct outcome {
    int64_t ns;
    double cpu_s;
} outcome;

static int64_t now_ns(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void check(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "exchange_bench: %s: %s\n", what, tide_error_text());
    exit(1);
}

static void put(int fd, const void *p, size_t n)
{
    check(write(fd, p, n) == (ssize_t)n, "write to the other process");
}

static void get(int fd, void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = read(fd, (char *)p + at, n - at);
        check(got > 0, "read from the other process");
        at += (size_t)got;
    }
}

/* ---- ours ---- */
typedef struct side {
    tide_net *net;
    tide_waker *waker;
    tide_channel channels[CHANNELS];
    uint32_t n;
    bool armed;
    _Atomic bool connected, drained;
} side;

static void on_event(void *ctx, const tide_net_event *event)
{
    side *self = ctx;
    if (event->kind == TIDE_NET_CONNECTED) self->connected = true;
    if (event->kind == TIDE_NET_DRAINED) self->drained = true;
    if (event->kind == TIDE_NET_FAILED || event->kind == TIDE_NET_PEER_LOST) {
        fprintf(stderr, "exchange_bench: %s\n", event->error.text);
        exit(1);
    }
    tide_waker_wake(self->waker);
}

/* Tells the other process where this one is, and meets it. */
static void side_open(side *self, const options *o, uint32_t runner, uint32_t n, int to, int from)
{
    memset(self, 0, sizeof *self);
    self->n = n;
    self->waker = tide_waker_new();
    const tide_net_config config = { .job = 1,
                                     .attempt = 1,
                                     .runner = runner,
                                     .tcp_host = "127.0.0.1",
                                     .ipc_folder = o->ipc ? o->folder : NULL,
                                     .on_event = on_event,
                                     .ctx = self };
    check(tide_net_new(&config, &self->net) == TIDE_OK, "open");
    for (uint32_t i = 0; i < n; i++) {
        tide_waker *net = tide_net_waker(self->net);
        tide_channel_id id = { i, 0, 0 };
        bool sends = runner == 0;
        tide_channel_init(&self->channels[i], sends ? self->waker : net, sends ? net : self->waker);
        if (sends)
            tide_net_add_out(self->net, id, &self->channels[i], 1, &schema);
        else
            tide_net_add_in(self->net, id, &self->channels[i], 0, &schema);
    }
    char mine[512] = "", theirs[512];
    snprintf(mine, 256, "%s", tide_net_tcp(self->net));
    snprintf(mine + 256, 256, "%s", tide_net_ipc(self->net));
    put(to, mine, sizeof mine);
    get(from, theirs, sizeof theirs);
    const tide_net_peer peer = { 1 - runner, o->ipc, theirs, theirs + 256 };
    check(tide_net_start(self->net, &peer, 1) == TIDE_OK, "connect");
}

static void side_close(side *self)
{
    tide_net_stop(self->net);
    for (uint32_t i = 0; i < self->n; i++) tide_channel_fini(&self->channels[i]);
    tide_net_free(&self->net);
    tide_waker_free(&self->waker);
}

/* Between two looks for work: sleeps when two in a row found none (the waker is armed between). */
static void rest(side *self, bool moved, int64_t until_ns)
{
    if (moved) {
        if (self->armed) tide_waker_disarm(self->waker);
        self->armed = false;
    } else if (!self->armed) {
        tide_waker_arm(self->waker);
        self->armed = true;
    } else {
        int64_t left_ns = until_ns ? until_ns - now_ns() : -1;
        if (until_ns == 0 || left_ns > 0) tide_waker_wait(self->waker, left_ns);
        self->armed = false;
    }
}

static tide_batch *make_rows(tide_pool *pool, uint32_t number, uint32_t n)
{
    tide_type types[5];
    for (uint32_t c = 0; c < 5; c++) types[c] = fields[c].type;
    tide_builder b;
    tide_builder_init(&b, pool, types, 5, n);
    char text[32];
    for (; b.n < n; b.n++) {
        for (uint32_t c = 0; c < 4; c++) ((int64_t *)b.cols[c].values)[b.n] = number * n + b.n;
        int len = snprintf(text, sizeof text, "row %012u", b.n);
        tide_colb_put_str(&b.cols[4], b.n, text, (uint32_t)len);
    }
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return batch;
}

/* As the outlet of a hash edge makes it (a block already), or as it comes from an operator. */
static tide_batch *make_batch(const options *o, tide_pool *pool, uint32_t number)
{
    uint32_t n = TIDE_BATCH_ROWS_MAX - 80; /* With its headers it is a block of 256 KiB. */
    tide_batch *rows = make_rows(pool, number, n);
    if (o->loose) return rows;
    uint16_t all[TIDE_BATCH_ROWS_MAX];
    for (uint32_t i = 0; i < n; i++) all[i] = (uint16_t)i;
    tide_block_builder b;
    tide_block_builder_init(&b, pool, &schema, n);
    tide_block_builder_append(&b, rows, all, n);
    tide_batch_unref(&rows);
    tide_batch *batch = tide_block_builder_finish(&b);
    tide_block_builder_fini(&b);
    tide_assert(batch->block && batch->block_bytes <= MESSAGE_BYTES);
    return batch;
}

static bool push(side *s, uint32_t channel, tide_batch *batch)
{
    if (!tide_channel_has_room(&s->channels[channel])) return false;
    tide_batch *shared = tide_batch_ref(batch);
    tide_channel_push(&s->channels[channel], &shared);
    return true;
}

static void end_all(side *s, tide_pool *pool)
{
    for (uint32_t i = 0; i < s->n; i++)
        tide_channel_control(&s->channels[i], pool, &(tide_elem){ .kind = TIDE_ELEM_END });
    while (!s->drained) rest(s, false, 0);
}

static void send_ours(const options *o, int to, int from)
{
    side s;
    tide_pool *pool = tide_pool_new(0);
    tide_batch *batches[BATCHES];
    for (uint32_t i = 0; i < BATCHES; i++) batches[i] = make_batch(o, pool, i);
    side_open(&s, o, 0, CHANNELS, to, from);
    while (!s.connected) rest(&s, false, 0);
    for (uint64_t sent = 0; sent < o->messages;) {
        bool moved = false;
        for (uint32_t i = 0; i < CHANNELS && sent < o->messages; i++) {
            bool pushed = push(&s, i, batches[sent % BATCHES]);
            sent += pushed;
            moved |= pushed;
        }
        rest(&s, moved, 0);
    }
    end_all(&s, pool);
    side_close(&s);
    for (uint32_t i = 0; i < BATCHES; i++) tide_batch_unref(&batches[i]);
    tide_pool_free(&pool);
}

static outcome receive_ours(const options *o, int to, int from)
{
    side s;
    side_open(&s, o, 1, CHANNELS, to, from);
    int64_t began_ns = 0;
    double cpu = 0;
    volatile int64_t sink = 0;
    for (uint32_t ended = 0; ended < CHANNELS;) {
        bool moved = false;
        for (uint32_t i = 0; i < CHANNELS; i++) {
            tide_elem e;
            if (!tide_channel_pop(&s.channels[i], &e)) continue;
            moved = true;
            ended += e.kind == TIDE_ELEM_END;
            if (e.kind != TIDE_ELEM_BATCH) continue;
            if (began_ns == 0) began_ns = now_ns(), cpu = cpu_s();
            sink += *(const int64_t *)e.batch->cols[0]->values;
            tide_batch_unref(&e.batch);
        }
        rest(&s, moved, 0);
    }
    outcome result = { now_ns() - began_ns, cpu_s() - cpu };
    while (!s.drained) rest(&s, false, 0);
    side_close(&s);
    return result;
}

/* ---- ZeroMQ alone ---- */
static void *raw_socket(void *context, int type)
{
    void *s = zmq_socket(context, type);
    const int hwm = 64, linger = -1;
    zmq_setsockopt(s, ZMQ_SNDHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_RCVHWM, &hwm, sizeof hwm);
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    return s;
}

static void keep(void *data, void *hint)
{
    (void)data;
    (void)hint;
}

static void send_raw(const options *o, int to, int from)
{
    (void)to;
    char endpoint[256];
    get(from, endpoint, sizeof endpoint);
    void *context = zmq_ctx_new(), *s = raw_socket(context, ZMQ_DEALER);
    char *bodies = tide_malloc((size_t)MESSAGE_BYTES * BATCHES);
    memset(bodies, 1, (size_t)MESSAGE_BYTES * BATCHES);
    check(zmq_connect(s, endpoint) == 0, "connect");
    for (uint64_t i = 0; i < o->messages; i++) {
        zmq_msg_t body;
        zmq_msg_init_data(&body, bodies + (i % BATCHES) * MESSAGE_BYTES, MESSAGE_BYTES, keep, NULL);
        check(zmq_msg_send(&body, s, 0) >= 0, "send");
    }
    zmq_close(s);
    zmq_ctx_term(context);
    tide_free(bodies);
}

static outcome receive_raw(const options *o, int to, int from)
{
    (void)from;
    char endpoint[256];
    size_t n = sizeof endpoint;
    void *context = zmq_ctx_new(), *s = raw_socket(context, ZMQ_ROUTER);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/raw", o->folder);
    check(zmq_bind(s, o->ipc ? endpoint : "tcp://127.0.0.1:*") == 0, "bind");
    zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &n);
    put(to, endpoint, sizeof endpoint);
    int64_t began_ns = 0;
    double cpu = 0;
    volatile char sink = 0;
    for (uint64_t i = 0; i < o->messages; i++) {
        zmq_msg_t route, body;
        zmq_msg_init(&route);
        zmq_msg_init(&body);
        check(zmq_msg_recv(&route, s, 0) >= 0 && zmq_msg_recv(&body, s, 0) >= 0, "receive");
        if (i == 0) began_ns = now_ns(), cpu = cpu_s();
        sink = (char)(sink + *(const char *)zmq_msg_data(&body));
        zmq_msg_close(&route);
        zmq_msg_close(&body);
    }
    outcome result = { now_ns() - began_ns, cpu_s() - cpu };
    zmq_close(s);
    zmq_ctx_term(context);
    if (o->ipc) unlink(endpoint + strlen("ipc://"));
    return result;
}

/* ---- two processes ---- */
/* Runs `child` in a process of its own, joined to this one by two pipes. */
static pid_t start_receiver(const options *o, int *to, int *from,
                            void (*child)(const options *o, int to, int from))
{
    int down[2], up[2];
    check(pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0) {
        child(o, up[1], down[0]);
        exit(0);
    }
    *to = down[1];
    *from = up[0];
    return pid;
}

static void receive(const options *o, int to, int from)
{
    outcome result = o->raw ? receive_raw(o, to, from) : receive_ours(o, to, from);
    put(to, &result, sizeof result);
}

static void run_throughput(const options *o)
{
    int to, from;
    pid_t pid = start_receiver(o, &to, &from, receive);
    double cpu = cpu_s();
    if (o->raw)
        send_raw(o, to, from);
    else
        send_ours(o, to, from);
    outcome result;
    get(from, &result, sizeof result);
    cpu = cpu_s() - cpu + result.cpu_s;
    waitpid(pid, NULL, 0);
    double gb = (double)(o->messages - 1) * MESSAGE_BYTES / 1e9;
    printf("{\"gb_per_s\": %.3f, \"cpu_s_per_gb\": %.3f}\n", gb / ((double)result.ns / NS_PER_S),
           cpu / gb);
}

/* Takes from every channel but the first, until the others ended. */
static void receive_all_but_one(const options *o, int to, int from)
{
    side s;
    side_open(&s, o, 1, CHANNELS, to, from);
    for (uint32_t ended = 0; ended < CHANNELS;) {
        bool moved = false;
        /* When the others have ended, the first one's sink goes on. */
        for (uint32_t i = ended == CHANNELS - 1 ? 0 : 1; i < CHANNELS; i++) {
            tide_elem e;
            if (!tide_channel_pop(&s.channels[i], &e)) continue;
            moved = true;
            ended += e.kind == TIDE_ELEM_END;
            tide_batch_unref(&e.batch);
        }
        rest(&s, moved, 0);
    }
    uint64_t peak = tide_net_peak_bytes(s.net);
    put(to, &peak, sizeof peak);
    while (!s.drained) rest(&s, false, 0);
    side_close(&s);
}

/* Batches that the neighbours moved in so many seconds. */
static uint64_t send_for(side *s, tide_batch **batches, int64_t ns, bool with_blocked)
{
    uint64_t n = 0;
    int64_t until_ns = now_ns() + ns;
    while (now_ns() < until_ns) {
        bool moved = false;
        for (uint32_t i = with_blocked ? 0 : 1; i < CHANNELS; i++) {
            bool pushed = push(s, i, batches[n % BATCHES]);
            n += pushed && i > 0;
            moved |= pushed;
        }
        rest(s, moved, until_ns);
    }
    return n;
}

static void run_blocked(const options *o)
{
    int to, from;
    pid_t pid = start_receiver(o, &to, &from, receive_all_but_one);
    tide_pool *pool = tide_pool_new(0);
    tide_batch *batches[BATCHES];
    for (uint32_t i = 0; i < BATCHES; i++) batches[i] = make_batch(o, pool, i);
    side s;
    side_open(&s, o, 0, CHANNELS, to, from);
    while (!s.connected) rest(&s, false, 0);
    (void)send_for(&s, batches, NS_PER_S, false);
    uint64_t before = send_for(&s, batches, o->seconds * NS_PER_S, false);
    uint64_t blocked = send_for(&s, batches, o->seconds * NS_PER_S, true);
    end_all(&s, pool);
    uint64_t peak;
    get(from, &peak, sizeof peak);
    peak += tide_net_peak_bytes(s.net);
    side_close(&s);
    waitpid(pid, NULL, 0);
    printf("{\"batches_before\": %" PRIu64 ", \"batches_blocked\": %" PRIu64
           ", \"ratio\": %.3f, \"peak_mb\": %.1f}\n",
           before, blocked, (double)blocked / (double)before, (double)peak / 1e6);
    for (uint32_t i = 0; i < BATCHES; i++) tide_batch_unref(&batches[i]);
    tide_pool_free(&pool);
}

static int usage(void)
{
    fprintf(stderr, "usage: exchange_bench ours|loose|raw ipc|tcp [--mb N]\n"
                    "       exchange_bench blocked [--seconds N]\n");
    return 2;
}

int main(int argc, char **argv)
{
    options o = { .ipc = true, .seconds = 10, .messages = 4096 };
    bool is_blocked = argc > 1 && strcmp(argv[1], "blocked") == 0;
    if (argc < 2 || (!is_blocked && argc < 3)) return usage();
    o.raw = strcmp(argv[1], "raw") == 0;
    o.loose = strcmp(argv[1], "loose") == 0;
    if (!is_blocked) o.ipc = strcmp(argv[2], "ipc") == 0;
    for (int i = is_blocked ? 2 : 3; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--mb") == 0) o.messages = value * 4 + 1;
        if (strcmp(argv[i], "--seconds") == 0) o.seconds = (int64_t)value;
    }
    snprintf(o.folder, sizeof o.folder, "/tmp/tide-bench-XXXXXX");
    check(mkdtemp(o.folder) != NULL, "make a folder");
    if (is_blocked)
        run_blocked(&o);
    else
        run_throughput(&o);
    rmdir(o.folder);
    return 0;
}
