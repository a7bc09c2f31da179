/* blackhole.c - a sink that takes everything and keeps nothing. The task counts the rows. */
#include "worker/connector/connectors.h"

typedef struct blackhole {
    uint32_t unused;
} blackhole;

static tide_status blackhole_open(void *self, const tide_sink_args *args)
{
    (void)self;
    (void)args;
    return TIDE_OK;
}

static tide_sink_result blackhole_write(void *self, tide_batch **in_p)
{
    (void)self;
    tide_batch_unref(in_p);
    return TIDE_SINK_DONE;
}

static tide_sink_result blackhole_done(void *self)
{
    (void)self;
    return TIDE_SINK_DONE;
}

static void blackhole_close(void *self)
{
    (void)self;
}

static const tide_sink_vt SINK = { .size = sizeof(blackhole),
                                   .open = blackhole_open,
                                   .write = blackhole_write,
                                   .flush = blackhole_done,
                                   .finish = blackhole_done,
                                   .close = blackhole_close };
static const tide_option_def OPTIONS[] = { { NULL, NULL, NULL, NULL } };

const tide_connector tide_connector_blackhole = {
    .name = "blackhole",
    .help = "Takes every row and keeps none: for measuring",
    .options = OPTIONS,
    .takes_changes = true,
    .sink = &SINK,
};
