/* mutations.h - planted bugs: does every checker find what it is for?
 *
 * A mutation alters what passes between cores and world (messages, storage operations and their
 * outcomes, rows, frames), as the named bug would; production code knows nothing of it. */
#ifndef TIDE_TESTS_SIM_MUTATIONS_H
#define TIDE_TESTS_SIM_MUTATIONS_H
#include "checkpoint/storage/storage.h"
#include "jobapi/proto/proto.h"
#include "tests/sim/sim.h"

typedef struct sim_mutation {
    const char *name;
    const sim_scenario *scenario; /* That finds it. */
    uint32_t seeds;               /* Within so many. */
    const char *help;             /* What it breaks. */
} sim_mutation;
extern const sim_mutation sim_mutations[];
extern const uint32_t sim_n_mutations;
const sim_mutation *sim_find_mutation(const char *name); /* NULL */

/* A message on its way out; false: it is not sent. What it is changed to lives in the arena. */
bool sim_mutate_message(sim_process *from, uint32_t to, tide_msg_kind *kind, const void **body,
                        tide_arena *arena);
/* What a master of that term finds in the storage; the copy lives in the arena. */
tide_store_done sim_mutate_stored(const sim_process *process, uint64_t term,
                                  const tide_store_done *done, tide_arena *arena);
/* Every shell's way to the storage (see sim_store_do). */
void sim_shell_store(sim_process *process, uint32_t tag, const tide_store_op *op);

#endif
