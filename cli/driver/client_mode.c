/* client_mode.c - sockets and time for a lessee. */
#include "cli/driver/client_mode.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/net/control.h"
#include "master/core/lessee.h"

typedef struct driver {
    const tide_client_mode *options;
    tide_clock *clock;
    tide_control *control;
    tide_lessee *lessee;
    tide_arena *arena; /* Of one message. */
    tide_bytes frame;
    uint64_t masters[TIDE_LESSEE_MASTERS_MAX];
    uint32_t n_masters;
    char first_host[256], first_port[16]; /* Of the first master. */
    int interrupts;
} driver;

/* ---- who is where ---- */

static tide_status connect_master(driver *self, const char *address, size_t n)
{
    char endpoint[300];
    if (self->n_masters == TIDE_LESSEE_MASTERS_MAX)
        return tide_fail(TIDE_E_LIMIT, "control.masters names more than %u masters",
                         TIDE_LESSEE_MASTERS_MAX);
    snprintf(endpoint, sizeof endpoint, "tcp://%.*s", (int)n, address);
    const char *colon = strrchr(endpoint, ':');
    if (self->n_masters == 0) {
        snprintf(self->first_host, sizeof self->first_host, "%.*s", (int)(colon - endpoint - 6),
                 endpoint + 6);
        snprintf(self->first_port, sizeof self->first_port, "%s", colon + 1);
    }
    return tide_control_connect(self->control, endpoint, &self->masters[self->n_masters++]);
}

static tide_status connect_masters(driver *self)
{
    const char *at = self->options->settings->masters;
    for (; at && *at; at += *at == ',') {
        at += strspn(at, " ");
        size_t n = strcspn(at, ", ");
        if (n == 0 || !memchr(at, ':', n))
            return tide_fail(TIDE_E_OPTION, "control.masters is HOST:PORT, separated by commas");
        TIDE_TRY(connect_master(self, at, n));
        at += n;
        at += strspn(at, " ");
    }
    if (self->n_masters == 0) return tide_fail(TIDE_E_OPTION, "control.masters names nobody");
    return TIDE_OK;
}

/* The address of this host on the way to the first master; nothing is sent for that. */
static tide_status find_own_address(const driver *self, char *out, size_t cap)
{
    struct addrinfo *found, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
    if (getaddrinfo(self->first_host, self->first_port, &hints, &found) != 0)
        return tide_fail(TIDE_E_UNREACHABLE, "there is no host %s", self->first_host);
    struct sockaddr_in own;
    socklen_t bytes = sizeof own;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
                 getsockname(fd, (struct sockaddr *)&own, &bytes) == 0 &&
                 inet_ntop(AF_INET, &own.sin_addr, out, (socklen_t)cap);
    if (fd >= 0) close(fd);
    freeaddrinfo(found);
    return known ? TIDE_OK
                 : tide_fail(TIDE_E_UNREACHABLE,
                             "no way to %s; control.address says where workers find this driver",
                             self->first_host);
}

/* Binds where workers can reach us, and says where that is. */
static tide_status bind_own(driver *self, char endpoint[300])
{
    char own[64], bind[80];
    const char *told = self->options->settings->control_address;
    if (!told) {
        TIDE_TRY(find_own_address(self, own, sizeof own));
        told = own;
    }
    snprintf(bind, sizeof bind, "tcp://%s:*", strcmp(told, "127.0.0.1") == 0 ? told : "0.0.0.0");
    TIDE_TRY(tide_control_bind(self->control, bind));
    const char *port = strrchr(tide_control_endpoint(self->control), ':');
    snprintf(endpoint, 300, "tcp://%s%s", told, port);
    return TIDE_OK;
}

/* ---- events and actions ---- */

static void step(driver *self, tide_lessee_event event)
{
    tide_lessee_acts acts;
    event.now_ns = tide_clock_now_ns(self->clock);
    event.wall_us = tide_clock_wall_us(self->clock);
    tide_lessee_step(self->lessee, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const tide_lessee_act *act = &acts.items[i];
        if (act->kind == TIDE_LESSEE_TRACE) {
            tide_log_info("driver", tide_log_str("what", act->text));
            continue;
        }
        self->frame.n = 0;
        tide_msg_encode(act->msg.kind, act->msg.body, &self->frame);
        tide_control_send(self->control, act->peer, self->frame.p, self->frame.n);
    }
}

static void take_network(driver *self)
{
    tide_control_event event;
    while (tide_control_next(self->control, &event)) {
        tide_msg msg;
        if (event.kind == TIDE_CONTROL_CLOSED)
            step(self, (tide_lessee_event){ .kind = TIDE_LESSEE_CLOSED, .peer = event.peer });
        if (event.kind != TIDE_CONTROL_FRAME) continue;
        tide_arena_reset(self->arena);
        if (tide_msg_decode(event.bytes, event.n, self->arena, &msg) == TIDE_OK)
            step(self, (tide_lessee_event){
                           .kind = TIDE_LESSEE_MESSAGE, .peer = event.peer, .msg = msg });
        else
            tide_control_complain(self->control, event.peer, tide_error_text());
    }
}

static void take_interrupt(driver *self)
{
    char drained[128]; /* An eventfd's or a signalfd's word. */
    if (read(self->options->cancel_fd, drained, sizeof drained) <= 0) return;
    if (++self->interrupts == 1)
        step(self,
             (tide_lessee_event){ .kind = TIDE_LESSEE_REQUEST, .request = TIDE_REQUEST_CANCEL });
}

static void sleep_until(driver *self, int64_t at_ns)
{
    struct pollfd fd = { .fd = self->options->cancel_fd, .events = POLLIN };
    int64_t now_ns = tide_clock_now_ns(self->clock);
    int64_t ms = at_ns == INT64_MAX ? -1
                 : at_ns <= now_ns  ? 0
                                    : (at_ns - now_ns + 999999) / 1000000;
    tide_control_wait(self->control, &fd, fd.fd >= 0 ? 1 : 0, ms);
    if (fd.fd >= 0 && fd.revents) take_interrupt(self);
}

static tide_status run(driver *self)
{
    const tide_client_mode *o = self->options;
    int64_t began_ns = tide_clock_now_ns(self->clock), progress_ns = began_ns;
    while (!tide_lessee_is_over(self->lessee) && self->interrupts < 2) {
        int64_t now_ns = tide_clock_now_ns(self->clock);
        int64_t at_ns = tide_lessee_deadline_ns(self->lessee);
        if (at_ns <= now_ns) step(self, (tide_lessee_event){ .kind = TIDE_LESSEE_TICK });
        take_network(self);
        if (o->on_progress && o->progress_every_ns > 0 && now_ns >= progress_ns) {
            o->on_progress(o->ctx, tide_lessee_coordinator(self->lessee));
            progress_ns = now_ns + o->progress_every_ns;
        }
        if (!tide_lessee_was_answered(self->lessee) && now_ns - began_ns >= o->unanswered_ns)
            return tide_fail(TIDE_E_UNREACHABLE, "no master answers at %s", o->settings->masters);
        at_ns = tide_lessee_deadline_ns(self->lessee);
        if (o->on_progress && o->progress_every_ns > 0 && progress_ns < at_ns) at_ns = progress_ns;
        if (!tide_lessee_is_over(self->lessee)) sleep_until(self, at_ns);
    }
    return TIDE_OK;
}

static tide_status outcome(const driver *self)
{
    const tide_coordinator *c = tide_lessee_coordinator(self->lessee);
    if (tide_coordinator_state(c) != TIDE_LIFECYCLE_FAILED) return TIDE_OK;
    tide_attempt_failure failure;
    tide_coordinator_failure(c, 0, &failure);
    tide_status code = (tide_status)failure.failure->code;
    bool known = code > TIDE_OK && code < TIDE_STATUS_COUNT;
    return tide_fail(known ? code : TIDE_E_USER_CODE, "%s", failure.failure->text);
}

static tide_status start(driver *self)
{
    char endpoint[300];
    const tide_client_mode *o = self->options;
    TIDE_TRY(connect_masters(self));
    TIDE_TRY(bind_own(self, endpoint));
    self->lessee =
        tide_lessee_new(&(tide_lessee_config){ .job = o->job,
                                               .spec = o->spec,
                                               .endpoint = endpoint,
                                               .masters = self->masters,
                                               .n_masters = self->n_masters,
                                               .artifact = o->artifact,
                                               .settings = o->settings,
                                               .wall_us = tide_clock_wall_us(self->clock),
                                               .random_seed = o->random_seed });
    return run(self);
}

tide_status tide_client_mode_run(const tide_client_mode *options, tide_lifecycle *end)
{
    driver self = { .options = options,
                    .clock = options->clock ? options->clock : tide_clock_real(),
                    .arena = tide_arena_new() };
    self.control = tide_control_new(
        &(tide_control_config){ .name = "driver", .frame_bytes_max = TIDE_PROTO_BYTES_MAX });
    *end = TIDE_LIFECYCLE_CREATED;
    tide_status rv = start(&self);
    if (self.lessee) *end = tide_coordinator_state(tide_lessee_coordinator(self.lessee));
    if (rv == TIDE_OK) rv = outcome(&self);
    tide_lessee_free(&self.lessee);
    tide_control_free(&self.control);
    tide_bytes_fini(&self.frame);
    tide_arena_free(&self.arena);
    return rv;
}
