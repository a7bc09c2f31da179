/* agent_actions.c - what an agent's core wants done. */
#include "base/core/log.h"
#include "worker/runtime/agent_process_priv.h"

#define LOG_BYTES_MAX (1u << 20) /* Of one LOG_DATA. */

static void add_result(agent_shell *self, const agent_result *r)
{
    TIDE_PUSH(self->arena, self->results, self->n_results, self->cap_results, *r);
}

static agent_child *child_of(const agent_shell *self, uint64_t runner)
{
    for (uint32_t i = 0; i < self->n_children; i++)
        if (self->children[i]->runner == runner) return self->children[i];
    return NULL;
}

static void send_message(agent_shell *self, uint32_t peer, const tide_msg *message)
{
    self->frame.n = 0;
    tide_msg_encode(message->kind, message->body, &self->frame);
    if (peer < self->n_peers)
        tide_control_send(self->control, self->peers[peer], self->frame.p, self->frame.n);
}

void agent_set_peer(agent_shell *self, uint32_t peer, uint64_t number)
{
    while (self->n_peers <= peer) {
        TIDE_GROW(self->peers, self->n_peers, self->cap_peers);
        self->peers[self->n_peers++] = TIDE_CONTROL_NO_PEER;
    }
    self->peers[peer] = number;
}

static void connect_driver(agent_shell *self, const tide_agent_action *action)
{
    uint64_t number;
    if (tide_control_connect(self->control, action->text, &number) == TIDE_OK)
        agent_set_peer(self, action->peer, number);
    else
        tide_log_warn("driver's endpoint is refused", tide_log_str("endpoint", action->text),
                      tide_log_str("error", tide_error_text()));
}

static void disconnect(agent_shell *self, uint32_t peer)
{
    if (peer >= self->n_peers) return;
    tide_control_disconnect(self->control, self->peers[peer]);
    self->peers[peer] = TIDE_CONTROL_NO_PEER;
}

static void spawn(agent_shell *self, const tide_agent_action *action)
{
    const agent_child_config config = {
        .runner = action->runner,
        .start = action->start,
        .slots = self->cores.slots,
        .program = self->config.program,
        .data_host = self->config.data_host,
        .ipc_folder = self->ipc_folder,
        .logs = self->logs,
        .memory_bytes = self->config.memory_bytes / self->cores.n_slots * action->start->slots.n,
        .serves_metrics = self->config.runners_serve_metrics,
    };
    agent_child *child;
    agent_result r = { .kind = TIDE_AGENT_RUNNER_EXITED, .runner = action->runner };
    tide_status rv = agent_child_start(&config, &child);
    if (rv == TIDE_OK) {
        TIDE_GROW(self->children, self->n_children, self->cap_children);
        self->children[self->n_children++] = child;
        r.kind = TIDE_AGENT_SPAWNED;
        r.pid = (uint64_t)child->pid;
        tide_log_info("runner started", tide_log_str("job", action->start->job),
                      tide_log_int("attempt", (int64_t)action->start->attempt),
                      tide_log_int("pid", child->pid));
    } else {
        r.exit = (tide_failure){
            .code = rv, .text = tide_arena_strdup(self->arena, tide_error_text()), .operator= "" };
    }
    add_result(self, &r);
}

static void write_artifact(agent_shell *self, const tide_artifact_data *data)
{
    bool done;
    agent_result r = { .kind = TIDE_AGENT_ARTIFACT };
    agent_store_write(self->store, data, self->arena, &done, &r.artifact);
    r.artifact.artifact = tide_arena_strdup(self->arena, data->artifact);
    if (done) add_result(self, &r);
}

static void find_artifact(agent_shell *self, const char *artifact)
{
    const agent_result r = {
        .kind = TIDE_AGENT_ARTIFACT,
        .artifact = { .artifact = tide_arena_strdup(self->arena, artifact),
                      .path = agent_store_find(self->store, artifact, self->arena) },
    };
    add_result(self, &r);
}

static void answer_log_get(agent_shell *self, uint32_t peer, const tide_log_get *m)
{
    tide_bytes bytes = { 0 };
    tide_log_data answer = {
        .agent = self->agent, .job = m->job, .request = m->request, .offset = m->offset
    };
    size_t n_max = m->bytes_max < LOG_BYTES_MAX ? (size_t)m->bytes_max : LOG_BYTES_MAX;
    if (tide_joblog_is_job(m->job) && tide_joblog_read(self->logs, m->job, &answer.offset, n_max,
                                                       &bytes, &answer.total) != TIDE_OK)
        tide_log_warn("log not read", tide_log_str("error", tide_error_text()));
    answer.data = (tide_proto_bytes){ (const uint8_t *)bytes.p, bytes.n };
    send_message(self, peer, &(tide_msg){ TIDE_MSG_LOG_DATA, &answer });
    tide_bytes_fini(&bytes);
}

void agent_carry_out(agent_shell *self, const tide_agent_action *action)
{
    agent_child *child = child_of(self, action->runner);
    switch (action->kind) {
    case TIDE_AGENT_SEND: send_message(self, action->peer, &action->message); break;
    case TIDE_AGENT_CONNECT: connect_driver(self, action); break;
    case TIDE_AGENT_DISCONNECT: disconnect(self, action->peer); break;
    case TIDE_AGENT_SPAWN: spawn(self, action); break;
    case TIDE_AGENT_RUNNER_SEND:
        if (child) tide_duplex_send(child->duplex, action->message.kind, action->message.body);
        break;
    case TIDE_AGENT_KILL:
        if (child) agent_child_kill(child);
        break;
    case TIDE_AGENT_ARTIFACT_FIND: find_artifact(self, action->text); break;
    case TIDE_AGENT_ARTIFACT_WRITE: write_artifact(self, action->data); break;
    case TIDE_AGENT_LOG_READ: answer_log_get(self, action->peer, action->message.body); break;
    case TIDE_AGENT_EXIT: self->exiting = true; break;
    }
}
