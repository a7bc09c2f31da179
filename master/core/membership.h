/* membership.h - which agents are there?
 *
 * Pure. An agent joins with AGENT_HELLO and lives while heartbeats come; it is lost when its
 * connection closes (gone), when it was silent for the time-out, or when another agent shows up at
 * its REST address (one port, one process). What was lost is kept for people to see for a while and
 * takes part again only after another hello, which tells everything anew. Several agents may be on
 * one host; they have nothing to do with each other. Owner: the host's control thread. */
#ifndef TIDE_MASTER_CORE_MEMBERSHIP_H
#define TIDE_MASTER_CORE_MEMBERSHIP_H
#include "jobapi/proto/proto.h"

typedef struct tide_membership tide_membership;

typedef enum tide_member_state {
    TIDE_MEMBER_ALIVE,
    TIDE_MEMBER_DRAINING, /* Said goodbye: no new slots, what runs is moved. */
    TIDE_MEMBER_SILENT,   /* Lost: no heartbeat for the time-out. */
    TIDE_MEMBER_GONE      /* Lost: its connection closed. */
} tide_member_state;
const char *tide_member_state_name(tide_member_state state); /* "alive" */

typedef struct tide_member {
    const char *id, *host, *version, *data_host, *rest;
    uint64_t pid;
    uint64_t peer; /* Its connection, as the host numbers them. */
    tide_member_state state;
    int64_t joined_us, heard_ns;
    uint32_t n_slots;
    const tide_slot_info *slots;
} tide_member;

typedef enum tide_member_news {
    TIDE_MEMBER_JOINED,
    TIDE_MEMBER_LEAVES,
    TIDE_MEMBER_LOST
} tide_member_news;

/* Something that others must be told; taken with _next. */
typedef struct tide_member_event {
    tide_member_news kind;
    const char *agent; /* Valid until _forget or the agent's next hello. */
    const char
        *why; /* LEAVES, LOST: "agent a1 on host h1: connection closed". Until the next call. */
} tide_member_event;

/* Lost agents are shown for this long, and no more of them than TIDE_MEMBERS_LOST_MAX. */
#define TIDE_MEMBER_LOST_NS INT64_C(300000000000)
#define TIDE_MEMBERS_LOST_MAX 100u
#define TIDE_MEMBERS_MAX 10000u /* More agents are refused. */

tide_membership *tide_membership_new(int64_t heartbeat_timeout_ns);
void tide_membership_free(tide_membership **self_p);

/* AGENT_HELLO; all news must have been taken. JOINED follows when it was not there; an agent that
 * lives and says hello again is just heard (its peer may have changed). TIDE_E_INVALID: no id, or
 * too many slots; TIDE_E_LIMIT: too many agents. */
TIDE_MUST_CHECK tide_status tide_membership_hello(tide_membership *self, uint64_t peer,
                                                  const tide_agent_hello *hello, int64_t now_ns,
                                                  int64_t wall_us);
/* Any other message of the agent. False: it must say hello first (unknown, lost, or on another
 * connection than the one that it said hello on). */
bool tide_membership_heard(tide_membership *self, uint64_t peer, const char *agent, int64_t now_ns);
void tide_membership_goodbye(tide_membership *self, const char *agent);
void tide_membership_closed(tide_membership *self, uint64_t peer, int64_t now_ns);
void tide_membership_tick(tide_membership *self, int64_t now_ns);
int64_t tide_membership_deadline_ns(const tide_membership *self);
/* The next piece of news, in the order in which it happened. False: none. */
bool tide_membership_next(tide_membership *self, tide_member_event *out);

uint32_t tide_membership_n(const tide_membership *self); /* With those lost but shown. */
const tide_member *tide_membership_at(const tide_membership *self,
                                      uint32_t i); /* In order of joining. */
const tide_member *tide_membership_find(const tide_membership *self,
                                        const char *agent); /* Or NULL. */
bool tide_member_lives(const tide_member *agent);           /* ALIVE or DRAINING. */

#endif
