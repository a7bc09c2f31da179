/* shell_msg.c - messages between shells: the real bytes over the simulated network. */
#include "tests/sim/cluster.h"
#include "tests/sim/mutations.h"

static void send_bytes(sim_process *from, uint32_t to, tide_msg_kind kind, const void *body)
{
    tide_bytes bytes = { 0 };
    tide_arena *arena = from->world->run->options->mutation ? tide_arena_new() : NULL;
    if (arena == NULL || sim_mutate_message(from, to, &kind, &body, arena)) {
        tide_msg_encode(kind, body, &bytes);
        sim_net_send(from, to, 0, SIM_CONTROL, bytes.p, bytes.n);
    }
    tide_arena_free(&arena);
    tide_bytes_fini(&bytes);
}

void sim_send_frame(sim_process *from, uint32_t to, const tide_bytes *bytes)
{
    sim_net_send(from, to, SIM_RUNNER_LANE_NET, SIM_DATA, bytes->p, bytes->n);
}

static void say(sim_process *from, uint32_t to, tide_msg_kind kind, const void *body)
{
    sim_world *world = from->world;
    if (!world->trace->on) return;
    tide_bytes text = { 0 };
    tide_msg_print(kind, body, &text);
    sim_say(world, from->name, "> %s %s %s", sim_process_at(world, to)->name, tide_msg_name(kind),
            tide_bytes_text(&text));
    tide_bytes_fini(&text);
}

void sim_send_msg(sim_process *from, uint32_t to, tide_msg_kind kind, const void *body)
{
    say(from, to, kind, body);
    send_bytes(from, to, kind, body);
}

void sim_send_msg_peer(sim_process *from, uint64_t peer, tide_msg_kind kind, const void *body)
{
    if (sim_net_stands(from, peer)) sim_send_msg(from, sim_net_process_of(peer), kind, body);
}

bool sim_read_msg(sim_process *to, const uint8_t *bytes, size_t n, tide_arena *arena, tide_msg *out)
{
    tide_arena_reset(arena);
    if (tide_msg_decode(bytes, n, arena, out) == TIDE_OK) return true;
    sim_fail(to->world, SIM_WRONG, "%s got what it cannot read: %s", to->name, tide_error_text());
    return false;
}
