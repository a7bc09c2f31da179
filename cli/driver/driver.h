/* driver.h - runs a plan in this process: embedded mode.
 *
 * The composition root: plan -> graph -> job on this process's slots. Blocks until the job ended;
 * meanwhile calls on_progress from the calling thread. A stop may be asked for from a signal
 * handler. */
#ifndef TIDE_CLI_DRIVER_DRIVER_H
#define TIDE_CLI_DRIVER_DRIVER_H
#include <stdbool.h>

#include "base/core/clock.h"
#include "jobapi/plan/plan.h"
#include "jobapi/plan/settings.h"
#include "worker/runtime/job.h"

/* Asked for from elsewhere while tide_driver_run blocks; async-signal-safe. */
typedef struct tide_driver_control tide_driver_control;
tide_driver_control *tide_driver_control_new(void);
void tide_driver_control_free(tide_driver_control **self_p);
/* First call: end cleanly (sources stop, sinks complete what they have). Second: abandon at once.
 */
void tide_driver_control_stop(tide_driver_control *self);
/* For hosts of a job that wait on more than a stop (one thread): arm, look at everything, wait. */
void tide_driver_control_arm(tide_driver_control *self);
void tide_driver_control_wait(tide_driver_control *self, int64_t timeout_ns); /* Negative: none. */
void tide_driver_control_wake(tide_driver_control *self);                     /* Any thread. */
int tide_driver_control_stops(const tide_driver_control *self);

typedef enum tide_driver_end {
    TIDE_DRIVER_FINISHED, /* The input ended. */
    TIDE_DRIVER_REFUSED,  /* Nothing has run: the plan and the settings make no graph. */
    TIDE_DRIVER_STOPPED,  /* Asked to stop, and everything complete was flushed. */
    TIDE_DRIVER_ABANDONED /* Asked twice. */
} tide_driver_end;

typedef struct tide_driver_options {
    const tide_job_settings *settings; /* Of the plan, with the command line's on top. */
    tide_clock *clock;                 /* NULL: the real one. */
    struct tide_output *output;        /* For bare SELECTs. */
    bool virtual_time;
    uint64_t random_seed;
    tide_driver_control *control; /* NULL: cannot be stopped. */
    int64_t progress_every_ns;    /* 0: no calls. */
    void (*on_progress)(void *ctx, const tide_job_progress *progress);
    void *ctx;
} tide_driver_options;

/* `plan` is optimised. Builds its graph and runs it. *final (may be NULL) gets the last
 * progress, *end (may be NULL) how it ended, both also on failure. Returns the job's failure. */
TIDE_MUST_CHECK tide_status tide_driver_run(const tide_plan *plan,
                                            const tide_driver_options *options,
                                            tide_job_progress *final, tide_driver_end *end);

#endif
