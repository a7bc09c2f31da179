/* master_acts.c - the actions of a step, and the storage operations that are under way. */
#include <stdarg.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/master_priv.h"

static tide_master_act *add_act(tide_master *self, tide_master_act_kind kind)
{
    TIDE_PUSH(self->step_arena, self->acts, self->n_acts, self->cap_acts,
              ((tide_master_act){ .kind = kind }));
    return &self->acts[self->n_acts - 1];
}

void tide_master_send(tide_master *self, uint64_t peer, tide_msg_kind kind, const void *body)
{
    tide_master_act *act = add_act(self, TIDE_MASTER_SEND);
    act->peer = peer;
    act->msg = (tide_msg){ kind, tide_msg_copy(kind, body, self->step_arena) };
}

void tide_master_send_agent(tide_master *self, const char *agent, tide_msg_kind kind,
                            const void *body)
{
    const tide_member *member = tide_membership_find(self->members, agent);
    if (member && tide_member_lives(member)) tide_master_send(self, member->peer, kind, body);
}

static tide_master_act *add_trace(tide_master *self, const char *job, const char *text)
{
    tide_master_act *act = add_act(self, TIDE_MASTER_TRACE);
    act->job = tide_arena_strdup(self->step_arena, job);
    act->text = tide_arena_strdup(self->step_arena, text);
    return act;
}

void tide_master_trace(tide_master *self, const char *job, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add_trace(self, job, text);
}

void tide_master_alarm(tide_master *self, const char *job, const char *text)
{
    add_trace(self, job, text)->alarm = true;
}

void tide_master_store(tide_master *self, tide_op_owner owner, const char *job,
                       const tide_store_op *op)
{
    TIDE_GROW(self->ops, self->n_ops, self->cap_ops);
    tide_master_op *entry = &self->ops[self->n_ops++];
    *entry = (tide_master_op){
        .id = ++self->next_op, .inner = op->id, .owner = owner, .reign = self->reign
    };
    snprintf(entry->job, sizeof entry->job, "%s", job);
    tide_master_act *act = add_act(self, TIDE_MASTER_STORE);
    act->op = *op;
    act->op.id = entry->id;
    act->op.key = tide_arena_strdup(self->step_arena, op->key);
    /* An artifact stays where the request has it; the rest is small and its core's. */
    if (owner != TIDE_OP_ARTIFACTS && op->n)
        act->op.bytes = memcpy(tide_arena_alloc(self->step_arena, op->n), op->bytes, op->n);
}

void tide_master_reply_to(tide_master *self, const tide_master_reply *reply)
{
    add_act(self, TIDE_MASTER_REPLY)->reply = *reply;
}

void tide_master_reply_failure(tide_master *self, uint64_t request, tide_status status,
                               const char *fmt, ...)
{
    char text[TIDE_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    tide_master_reply_to(self,
                         &(tide_master_reply){ .id = request,
                                               .status = status,
                                               .text = tide_arena_strdup(self->step_arena, text),
                                               .leader_control = "",
                                               .leader_rest = "",
                                               .job = "" });
}

void tide_master_reply_redirect(tide_master *self, uint64_t request)
{
    const char *control = tide_election_leader_control(self->election);
    const char *rest = tide_election_leader_rest(self->election);
    const char *text = *control ? "this master stands by; ask the leader"
                                : "this master stands by, and no leader is known yet";
    tide_master_reply_to(self, &(tide_master_reply){
                                   .id = request,
                                   /* Without a leader it is worth trying again. */
                                   .status = *control ? TIDE_E_REFUSED : TIDE_E_UNREACHABLE,
                                   .text = text,
                                   .redirect = true,
                                   .leader_control = tide_arena_strdup(self->step_arena, control),
                                   .leader_rest = tide_arena_strdup(self->step_arena, rest),
                                   .job = "" });
}
