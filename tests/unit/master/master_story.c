/* master_story.c - runs a story line by line over real cores and a storage in memory. */
#include "tests/unit/master/master_story.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "master/core/master.h"
#include "master/core/tails.h"
#include "master/core/view.h"
#include "tests/unit/master/words.h"

typedef struct object {
    char *key;
    tide_bytes bytes;
} object;

typedef struct op_queue {
    tide_store_op *ops;
    uint32_t n, cap;
} op_queue;

typedef struct teller {
    tide_master *masters[2];
    tide_master *awake;
    tide_arena *arena;
    int64_t now_ns;
    uint64_t report;
    object *objects; /* By key. */
    uint32_t n_objects, cap_objects;
    bool store_fails, store_holds;
    const char *unreadable; /* A key, or NULL. */
    tide_log_get tails[32]; /* By peer: the newest question for the end of some output. */
    op_queue held;          /* Operations that the storage takes its time for. */
    tide_bytes out;
} teller;

/* ---- a storage in memory ---- */

static object *find_object(teller *self, const char *key)
{
    for (uint32_t i = 0; i < self->n_objects; i++)
        if (strcmp(self->objects[i].key, key) == 0) return &self->objects[i];
    return NULL;
}

static void put_object(teller *self, const tide_store_op *op)
{
    object *o = find_object(self, op->key);
    if (!o) {
        uint32_t at = 0;
        TIDE_GROW(self->objects, self->n_objects, self->cap_objects);
        while (at < self->n_objects && strcmp(self->objects[at].key, op->key) < 0) at++;
        o = &self->objects[at];
        memmove(o + 1, o, (self->n_objects++ - at) * sizeof *o);
        *o = (object){ .key = tide_strdup(op->key) };
    }
    o->bytes.n = 0;
    tide_bytes_put(&o->bytes, op->bytes, op->n);
}

static void remove_object(teller *self, const char *key)
{
    object *o = find_object(self, key);
    if (!o) return;
    tide_free(o->key);
    tide_bytes_fini(&o->bytes);
    memmove(o, o + 1, (size_t)(&self->objects[--self->n_objects] - o) * sizeof *o);
}

static void lose_objects(teller *self, const char *prefix)
{
    for (uint32_t i = self->n_objects; i-- > 0;)
        if (strncmp(self->objects[i].key, prefix, strlen(prefix)) == 0)
            remove_object(self, self->objects[i].key);
}

static void list_objects(teller *self, const char *prefix, tide_storage_listing *out)
{
    out->n = 0;
    out->keys = TIDE_NEW_N(self->arena, const char *, self->n_objects);
    for (uint32_t i = 0; i < self->n_objects; i++)
        if (strncmp(self->objects[i].key, prefix, strlen(prefix)) == 0)
            out->keys[out->n++] = tide_arena_strdup(self->arena, self->objects[i].key);
}

static tide_store_done do_op(teller *self, const tide_store_op *op, tide_storage_listing *listing)
{
    tide_store_done done = { .id = op->id, .listing = listing };
    const object *o = find_object(self, op->key);
    bool is_unreadable =
        op->kind == TIDE_STORE_GET && self->unreadable && strcmp(op->key, self->unreadable) == 0;
    if (self->store_fails || is_unreadable) {
        done.status = TIDE_E_IO;
        return done;
    }
    switch (op->kind) {
    case TIDE_STORE_PUT: put_object(self, op); break;
    case TIDE_STORE_PUT_IF_ABSENT:
        if (o)
            done.status = TIDE_E_EXISTS;
        else
            put_object(self, op);
        break;
    case TIDE_STORE_GET:
        if (!o) done.status = TIDE_E_NOT_FOUND;
        if (!o) break;
        done.n = o->bytes.n;
        done.bytes = memcpy(tide_arena_alloc(self->arena, done.n + 1), o->bytes.p, done.n);
        break;
    case TIDE_STORE_LIST: list_objects(self, op->key, listing); break;
    case TIDE_STORE_REMOVE: remove_object(self, op->key); break;
    }
    return done;
}

/* ---- actions as text ---- */

static char letter(const char *job)
{
    return *job ? job[0] : '-';
}

static bool tell_order(teller *self, uint64_t peer, const tide_msg *msg)
{
    static const struct {
        tide_msg_kind kind;
        const char *verb;
    } orders[] = { { TIDE_MSG_RUNNER_GO, "go" },
                   { TIDE_MSG_RUNNER_STOP, "stop" },
                   { TIDE_MSG_RUNNER_KILL, "kill" } };
    for (size_t i = 0; i < 3; i++) {
        const tide_runner_kill *order = msg->body; /* One layout. */
        if (msg->kind != orders[i].kind) continue;
        tide_bytes_printf(&self->out, "  %" PRIu64 " %s %c %" PRIu64 "/%" PRIu64 "\n", peer,
                          orders[i].verb, letter(order->job), order->attempt, order->runner);
        return true;
    }
    return false;
}

static void tell_lease(teller *self, uint64_t peer, const tide_lease_state *m)
{
    tide_bytes_printf(&self->out, "  %" PRIu64 " lease %c %s", peer, letter(m->job), m->state);
    for (uint32_t i = 0; i < m->agents.n; i++)
        tide_bytes_printf(&self->out, " %s*%u", m->agents.items[i].agent,
                          m->agents.items[i].slots.n);
    tide_bytes_printf(&self->out, "%s%s\n", *m->reason ? ": " : "", m->reason);
}

static void tell_send(teller *self, uint64_t peer, const tide_msg *msg)
{
    tide_bytes *out = &self->out;
    if (tell_order(self, peer, msg)) return;
    if (msg->kind == TIDE_MSG_RUNNER_START) {
        const tide_runner_start *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " start %c %" PRIu64 "/%" PRIu64, peer, letter(m->job),
                          m->attempt, m->runner);
        for (uint32_t i = 0; i < m->slots.n; i++)
            tide_bytes_printf(out, " %" PRIu64 ":%" PRIu64, m->slots.items[i].slot,
                              m->slots.items[i].local);
        tide_bytes_putc(out, '\n');
    } else if (msg->kind == TIDE_MSG_RUNNER_DEPLOY) {
        const tide_runner_deploy *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " deploy %c %" PRIu64 "/%" PRIu64 "\n", peer,
                          letter(m->job), m->attempt, m->runner);
    } else if (msg->kind == TIDE_MSG_REPORT_ACK) {
        const tide_report_ack *m = msg->body;
        if (m->forget)
            tide_bytes_printf(out, "  %" PRIu64 " forget %c %" PRIu64 "/%" PRIu64 "\n", peer,
                              letter(m->job), m->attempt, m->runner);
    } else if (msg->kind == TIDE_MSG_NOT_LEADER) {
        const tide_not_leader *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " not-leader %s\n", peer, m->leader);
    } else if (msg->kind == TIDE_MSG_HELLO_AGAIN) {
        tide_bytes_printf(out, "  %" PRIu64 " hello-again\n", peer);
    } else if (msg->kind == TIDE_MSG_LEASE_GRANT) {
        const tide_lease_grant *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " grant %c\n", peer, letter(m->job));
    } else if (msg->kind == TIDE_MSG_LEASE_END) {
        const tide_lease_end *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " end %c\n", peer, letter(m->job));
    } else if (msg->kind == TIDE_MSG_LEASE_STATE) {
        tell_lease(self, peer, msg->body);
    } else if (msg->kind == TIDE_MSG_ARTIFACT_DATA) {
        const tide_artifact_data *m = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " artifact '%.*s' of %" PRIu64 "\n", peer,
                          (int)m->data.n, (const char *)m->data.p, m->total);
    } else if (msg->kind == TIDE_MSG_LOG_GET) {
        const tide_log_get *m = msg->body;
        if (m->request & TIDE_TAIL_REQUEST) {
            self->tails[peer % 32] = *m;
            return;
        }
        tide_bytes_printf(out, "  %" PRIu64 " log-get %c number %" PRIu64 "\n", peer,
                          letter(m->job), m->request);
    } else if (msg->kind != TIDE_MSG_AGENT_WELCOME) {
        tide_bytes_printf(out, "  %" PRIu64 " %s\n", peer, tide_msg_name(msg->kind));
    }
}

static void tell_reply(teller *self, const tide_master_reply *r)
{
    tide_bytes_printf(&self->out, "  reply %" PRIu64, r->id);
    if (r->redirect)
        tide_bytes_printf(&self->out, " redirect to '%s' '%s'", r->leader_control, r->leader_rest);
    else if (r->status != TIDE_OK)
        tide_bytes_printf(&self->out, " %s: %s", tide_status_name(r->status), r->text);
    else
        tide_bytes_printf(&self->out, " ok%s", r->existed ? " existed" : "");
    if (r->data.n)
        tide_bytes_printf(&self->out, " '%.*s'", (int)r->data.n, (const char *)r->data.p);
    tide_bytes_putc(&self->out, '\n');
}

/* State changes only. */
static void tell_trace(teller *self, const char *job, const char *text)
{
    const char *arrow = strstr(text, " -> ");
    if (!arrow || strncmp(text, "lease ", 6) == 0 || !*job) return;
    tide_bytes_printf(&self->out, "  %c = %.*s\n", letter(job), (int)strcspn(arrow + 4, ":"),
                      arrow + 4);
}

/* ---- steps ---- */

static void take_op(teller *self, op_queue *queue, const tide_store_op *op)
{
    tide_store_op copy = *op;
    copy.key = tide_arena_strdup(self->arena, op->key);
    if (op->n) copy.bytes = memcpy(tide_arena_alloc(self->arena, op->n), op->bytes, op->n);
    TIDE_PUSH(self->arena, queue->ops, queue->n, queue->cap, copy);
}

static void step_once(teller *self, tide_master_event event, op_queue *queue)
{
    tide_master_acts acts;
    event.now_ns = self->now_ns;
    event.wall_us = self->now_ns / 1000;
    tide_master_step(self->awake, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const tide_master_act *act = &acts.items[i];
        switch (act->kind) {
        case TIDE_MASTER_SEND: tell_send(self, act->peer, &act->msg); break;
        case TIDE_MASTER_STORE: take_op(self, queue, &act->op); break;
        case TIDE_MASTER_REPLY: tell_reply(self, &act->reply); break;
        case TIDE_MASTER_TRACE:
            if (act->alarm)
                tide_bytes_printf(&self->out, "  %c alarm %s\n", letter(act->job), act->text);
            else
                tell_trace(self, act->job, act->text);
            break;
        }
    }
}

static void store(teller *self, op_queue *queue)
{
    for (uint32_t at = 0; at < queue->n; at++) {
        tide_storage_listing listing = { 0 };
        const tide_store_done done = do_op(self, &queue->ops[at], &listing);
        step_once(self, (tide_master_event){ .kind = TIDE_MASTER_STORED, .done = &done }, queue);
    }
    queue->n = 0;
}

/* The event, and all that comes of the storage operations that it leads to. */
static void step(teller *self, tide_master_event event)
{
    op_queue queue = { 0 };
    step_once(self, event, &queue);
    if (!self->store_holds)
        store(self, &queue);
    else
        for (uint32_t i = 0; i < queue.n; i++) take_op(self, &self->held, &queue.ops[i]);
}

static void set_storage(teller *self, const char *how)
{
    self->store_fails = strcmp(how, "fails") == 0;
    self->store_holds = strcmp(how, "holds") == 0;
    if (!self->store_holds) store(self, &self->held);
}

static void pass_time(teller *self, int64_t by_ns)
{
    int64_t until_ns = self->now_ns + by_ns;
    for (int rounds = 0; tide_master_deadline_ns(self->awake) <= until_ns; rounds++) {
        assert_true(rounds < 100 + by_ns / INT64_C(100000000)); /* Else it keeps a core busy. */
        int64_t at = tide_master_deadline_ns(self->awake);
        if (at > self->now_ns) self->now_ns = at;
        step(self, (tide_master_event){ .kind = TIDE_MASTER_TICK });
    }
    self->now_ns = until_ns;
}

/* ---- lines as events ---- */

static const char *job_id(teller *self, const char *name)
{
    char id[17];
    memset(id, name[0], 16);
    id[16] = '\0';
    return tide_arena_strdup(self->arena, id);
}

static uint64_t number(words *w)
{
    const char *word = words_next(w);
    assert_non_null(word);
    return strtoull(word, NULL, 10);
}

static void hear_message(teller *self, uint64_t peer, tide_msg_kind kind, const void *body)
{
    step(self,
         (tide_master_event){ .kind = TIDE_MASTER_MESSAGE, .peer = peer, .msg = { kind, body } });
}

static void hear_hello(teller *self, words *w)
{
    tide_slot_info slots[16];
    tide_runner_report reports[4];
    uint64_t peer = number(w);
    tide_agent_hello hello = { .agent = words_next(w),
                               .host = words_next(w),
                               .version = "1",
                               .data_host = "",
                               .rest = "",
                               .job = "" };
    hello.slots.n = (uint32_t)number(w);
    hello.slots.items = slots;
    for (uint32_t i = 0; i < hello.slots.n; i++)
        slots[i] = (tide_slot_info){ .local = i, .cpu = -1, .numa = -1, .socket = -1, .cache = -1 };
    tide_held_lease held = { .job = "" };
    for (const char *job; (job = words_next(w)) != NULL;) {
        if (strncmp(job, "lease=", 6) == 0) {
            held.job = job_id(self, job + 6);
            held.slots.n = (uint32_t)strtoul(job + 8, NULL, 10);
            held.slots.items = slots;
            hello.leases.n = 1;
            hello.leases.items = &held;
            continue;
        }
        char *end = strchr(w->at, ';'), *rest = end ? end + 1 : w->at + strlen(w->at);
        if (end) *end = '\0';
        words_report(w, self->arena, &self->report, &reports[hello.runners.n]);
        reports[hello.runners.n++].job = job_id(self, job);
        w->at = rest;
    }
    hello.runners.items = reports;
    hear_message(self, peer, TIDE_MSG_AGENT_HELLO, &hello);
}

static void hear_beat(teller *self, words *w)
{
    tide_runner_beat beats[4];
    tide_text_item leases[4];
    uint64_t peer = number(w);
    tide_agent_heartbeat beat = { .agent = words_next(w) };
    for (const char *word; (word = words_next(w)) != NULL;) {
        if (strncmp(word, "lease=", 6) == 0) {
            leases[beat.leases.n++].text = job_id(self, word + 6);
            continue;
        }
        words one = { tide_arena_strdup(self->arena, words_next(w)) };
        words_beats(&one, job_id(self, word), &beats[beat.runners.n++], 1);
    }
    beat.runners.items = beats;
    beat.leases.items = leases;
    hear_message(self, peer, TIDE_MSG_AGENT_HEARTBEAT, &beat);
}

static void hear_report(teller *self, words *w)
{
    uint64_t peer = number(w);
    tide_runner_report_msg msg = { .agent = words_next(w) };
    const char *job = job_id(self, words_next(w));
    words_report(w, self->arena, &self->report, &msg.report);
    msg.report.job = job;
    hear_message(self, peer, TIDE_MSG_RUNNER_REPORT, &msg);
}

static tide_job_spec make_spec(uint64_t parallelism, const char *artifact)
{
    return (tide_job_spec){ .name = "a job",
                            .kind = artifact ? "library" : "sql",
                            .text = "SELECT 1",
                            .text_name = "",
                            .artifact = artifact ? artifact : "",
                            .artifact_name = "",
                            .parallelism = parallelism,
                            .explain = "" };
}

static void hear_request(teller *self, const char *verb, words *w)
{
    static const char *const verbs[] = { [TIDE_MASTER_SUBMIT] = "submit",
                                         [TIDE_MASTER_CANCEL] = "cancel",
                                         [TIDE_MASTER_STOP] = "stop",
                                         [TIDE_MASTER_LOGS] = "logs",
                                         [TIDE_MASTER_UPLOAD] = "upload" };
    tide_master_request r = { .id = number(w), .job = "", .agent = "", .artifact = "" };
    tide_job_spec spec;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i], verb) == 0) r.kind = (tide_master_request_kind)i;
    if (r.kind == TIDE_MASTER_UPLOAD) {
        r.artifact = job_id(self, words_next(w));
        r.bytes = (tide_proto_bytes){ (const uint8_t *)words_rest(w), strlen(words_rest(w)) };
    } else {
        r.job = job_id(self, words_next(w));
    }
    if (r.kind == TIDE_MASTER_SUBMIT) {
        uint64_t slots = number(w);
        const char *artifact = words_next(w);
        spec = make_spec(slots, artifact ? job_id(self, artifact) : NULL);
        r.spec = &spec;
    }
    if (r.kind == TIDE_MASTER_LOGS) r.agent = words_next(w);
    if (!r.agent) r.agent = "";
    step(self, (tide_master_event){ .kind = TIDE_MASTER_REQUESTED, .request = &r });
}

static void hear_lease(teller *self, words *w)
{
    uint64_t peer = number(w);
    tide_driver_lease msg = { .job = job_id(self, words_next(w)), .endpoint = "tcp://driver" };
    msg.spec = make_spec(number(w), NULL);
    hear_message(self, peer, TIDE_MSG_DRIVER_LEASE, &msg);
}

static bool hear_small(teller *self, const char *verb, words *w)
{
    if (strcmp(verb, "closed") == 0) {
        step(self, (tide_master_event){ .kind = TIDE_MASTER_CLOSED, .peer = number(w) });
    } else if (strcmp(verb, "goodbye") == 0) {
        uint64_t peer = number(w);
        hear_message(self, peer, TIDE_MSG_AGENT_GOODBYE,
                     &(tide_agent_goodbye){ .agent = words_next(w) });
    } else if (strcmp(verb, "term") == 0) {
        uint64_t peer = number(w);
        tide_agent_heartbeat beat = { .agent = words_next(w) };
        beat.term_seen = number(w);
        hear_message(self, peer, TIDE_MSG_AGENT_HEARTBEAT, &beat);
    } else if (strcmp(verb, "release") == 0) {
        uint64_t peer = number(w);
        hear_message(self, peer, TIDE_MSG_DRIVER_RELEASE,
                     &(tide_driver_release){ .job = job_id(self, words_next(w)) });
    } else if (strcmp(verb, "fetch") == 0) {
        uint64_t peer = number(w);
        tide_artifact_get get = { .artifact = job_id(self, words_next(w)) };
        get.offset = number(w);
        hear_message(self, peer, TIDE_MSG_ARTIFACT_GET, &get);
    } else if (strcmp(verb, "logdata") == 0) {
        uint64_t peer = number(w);
        tide_log_data data = { .agent = words_next(w) };
        data.job = job_id(self, words_next(w));
        data.request = number(w);
        data.data = (tide_proto_bytes){ (const uint8_t *)words_rest(w), strlen(words_rest(w)) };
        hear_message(self, peer, TIDE_MSG_LOG_DATA, &data);
    } else if (strcmp(verb, "tail") == 0) {
        uint64_t peer = number(w);
        const tide_log_get *asked = &self->tails[peer % 32];
        tide_log_data data = { .agent = words_next(w), .request = asked->request };
        data.job = job_id(self, words_next(w));
        data.data = (tide_proto_bytes){ (const uint8_t *)words_rest(w), strlen(words_rest(w)) };
        data.offset = asked->offset;
        data.total = data.offset + data.data.n;
        hear_message(self, peer, TIDE_MSG_LOG_DATA, &data);
    } else {
        return false;
    }
    return true;
}

static void say(teller *self)
{
    tide_view_overview o;
    tide_view_jobs jobs;
    tide_view_overview_of(self->awake, self->arena, &o);
    tide_view_jobs_of(self->awake, self->arena, &jobs);
    tide_bytes_printf(&self->out, "  %s, %u agents, %u of %u slots free\n",
                      !o.leads  ? "stands by"
                      : o.ready ? "leads"
                                : "takes over",
                      o.agents, o.slots_free, o.slots_total);
    for (uint32_t i = 0; i < jobs.n; i++) {
        const tide_view_job *j = &jobs.items[i];
        tide_bytes_printf(&self->out, "  job %c %s attempt %" PRIu64 "%s%s\n", letter(j->id),
                          tide_lifecycle_name(j->state), j->attempt, *j->why_waiting ? ": " : "",
                          j->why_waiting);
    }
}

static void hear(teller *self, const char *line)
{
    words w = words_of(self->arena, line);
    const char *verb = words_next(&w);
    if (verb[0] == '+') {
        pass_time(self, words_duration(verb + 1));
    } else if (strcmp(verb, "awake") == 0) {
        self->awake = self->masters[number(&w) - 1];
    } else if (strcmp(verb, "tick") == 0) {
        step(self, (tide_master_event){ .kind = TIDE_MASTER_TICK });
    } else if (strcmp(verb, "hello") == 0) {
        hear_hello(self, &w);
    } else if (strcmp(verb, "beat") == 0) {
        hear_beat(self, &w);
    } else if (strcmp(verb, "report") == 0) {
        hear_report(self, &w);
    } else if (strcmp(verb, "lease") == 0) {
        hear_lease(self, &w);
    } else if (strcmp(verb, "storage") == 0) {
        set_storage(self, words_next(&w));
    } else if (strcmp(verb, "damage") == 0) {
        object *o = find_object(self, words_next(&w));
        assert_non_null(o);
        o->bytes.p[o->bytes.n / 2] ^= 1;
    } else if (strcmp(verb, "unreadable") == 0) {
        self->unreadable = words_next(&w);
    } else if (strcmp(verb, "lose") == 0) {
        lose_objects(self, words_next(&w));
    } else if (strcmp(verb, "resign") == 0) {
        step(self, (tide_master_event){ .kind = TIDE_MASTER_RESIGN });
    } else if (strcmp(verb, "say") == 0) {
        say(self);
    } else if (strcmp(verb, "keys") == 0) {
        const char *prefix = words_next(&w);
        for (uint32_t i = 0; i < self->n_objects; i++)
            if (strncmp(self->objects[i].key, prefix, strlen(prefix)) == 0)
                tide_bytes_printf(&self->out, "  %s\n", self->objects[i].key);
    } else if (!hear_small(self, verb, &w)) {
        hear_request(self, verb, &w);
    }
}

static void make_masters(teller *self, const master_story *story)
{
    for (uint32_t i = 0; i < 2; i++) {
        char id[8], control[8], rest[8];
        tide_master_config config;
        tide_master_config_init(&config);
        snprintf(id, sizeof id, "m%u", i + 1);
        snprintf(control, sizeof control, "c%u", i + 1);
        snprintf(rest, sizeof rest, "r%u", i + 1);
        config.id = id;
        config.control = control;
        config.rest = rest;
        config.random_seed = i + 1;
        if (story->jobs_retained) config.settings.jobs_retained = story->jobs_retained;
        config.settings.restart_type = TIDE_RESTART_TYPE_FIXED_DELAY;
        self->masters[i] = tide_master_new(&config);
    }
    self->awake = self->masters[0];
}

void master_story_check(const master_story *story)
{
    teller self = { .arena = tide_arena_new(), .now_ns = INT64_C(1000000000) };
    make_masters(&self, story);
    step(&self, (tide_master_event){ .kind = TIDE_MASTER_TICK });
    for (const char *at = story->text; *at;) {
        size_t n = strcspn(at, "\n");
        if (*at != ' ' && n > 0) {
            const char *line = tide_arena_strndup(self.arena, at, n);
            tide_bytes_printf(&self.out, "%s\n", line);
            hear(&self, line);
        }
        at += n + (at[n] == '\n');
    }
    words_compare(tide_bytes_text(&self.out), story->text);
    tide_master_free(&self.masters[0]);
    tide_master_free(&self.masters[1]);
    while (self.n_objects) remove_object(&self, self.objects[0].key);
    tide_free(self.objects);
    tide_bytes_fini(&self.out);
    tide_arena_free(&self.arena);
}
