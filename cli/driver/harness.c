/* harness.c - tidemill/test.h: a job in one thread and virtual time, fed and read by a test. */
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/clock.h"
#include "cli/driver/harness_priv.h"
#include "jobapi/builder/builder.h"
#include "jobapi/graph/graph.h"
#include "tidemill/test.h"
#include "worker/runtime/deploy.h"

struct tide_test {
    tide_harness_io io; /* First: what the connectors get as their hook. */
    tide_plan *plan;
    tide_job_settings settings;
    tide_graph *graph;
    tide_job_config config;
    tide_deployment *deployment;
    tide_slot *slot;
    tide_clock_manual clock;
    char *error;
};

/* Changes show as they come, and parallelism is 1 whatever the job asks for. */
static const tide_option settings[] = { { "execution.runtime-mode", "streaming", 0 },
                                        { "parallelism.default", "1", 0 } };
static const tide_sql_context context = { .settings = settings, .n_settings = 2 };

static void keep_error(tide_test *self)
{
    if (self->error == NULL) self->error = tide_strdup(tide_error_text());
}

static tide_status deploy(tide_test *self)
{
    TIDE_TRY(tide_job_settings_read(&self->settings, self->plan->settings, self->plan->n_settings,
                                    NULL));
    TIDE_TRY(tide_graph_build(self->plan, &self->settings, &self->graph));
    self->config = (tide_job_config){ .graph = self->graph,
                                      .settings = &self->settings,
                                      .clock = &self->clock.clock,
                                      .hook_connector = &tide_harness_connector,
                                      .hook = &self->io,
                                      .virtual_time = true };
    TIDE_TRY(tide_deployment_new(&self->config, &self->deployment));
    const tide_slot_config slot = { .cpu = -1, .node = -1, .clock = &self->clock.clock };
    self->slot = tide_slot_new(&slot);
    tide_waker *waker = tide_slot_waker(self->slot);
    tide_deployment_connect(self->deployment, &waker);
    return tide_deployment_build(self->deployment, self->slot);
}

static tide_test *new_test(void)
{
    tide_test *self = tide_calloc(1, sizeof *self);
    tide_clock_manual_init(&self->clock, 0, INT64_C(946684800000000)); /* 2000-01-01. */
    return self;
}

tide_test *tide_test_new(int (*job)(tide_jobdef *job, int argc, char **argv), int argc, char **argv)
{
    tide_test *self = new_test();
    tide_status rv = tide_builder_run(job, argc, argv, "job", &context, &self->plan);
    if (rv == TIDE_OK) rv = deploy(self);
    if (rv != TIDE_OK) keep_error(self);
    return self;
}

tide_test *tide_test_new_sql(const char *sql)
{
    tide_test *self = new_test();
    tide_status rv = tide_sql_plan(sql, "job", &context, &self->plan);
    if (rv == TIDE_OK) rv = deploy(self);
    if (rv != TIDE_OK) keep_error(self);
    return self;
}

void tide_test_free(tide_test **self_p)
{
    tide_test *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (self->slot) tide_slot_join(self->slot);
    tide_slot_free(&self->slot);
    tide_deployment_free(&self->deployment);
    tide_graph_free(&self->graph);
    tide_plan_free(&self->plan);
    tide_harness_io_fini(&self->io);
    tide_free(self->error);
    tide_free(self);
}

/* Runs until nothing moves any more. */
static void settle(tide_test *self)
{
    if (self->error) return;
    while (tide_slot_step(self->slot, self->clock.now, self->clock.wall)) {}
    const tide_task *failed = tide_slot_failed_task(self->slot);
    if (failed) self->error = tide_strdup(tide_task_error(failed)->text);
}

void tide_test_row(tide_test *self, const char *table, const char *csv)
{
    if (self->error) return;
    if (tide_harness_feed(&self->io, table, csv) != TIDE_OK) keep_error(self);
    settle(self);
}

void tide_test_advance(tide_test *self, int64_t by_ms)
{
    tide_clock_manual_advance(&self->clock, by_ms * 1000000);
    settle(self);
}

void tide_test_end(tide_test *self)
{
    self->io.ended = true;
    settle(self);
}

const char *tide_test_output(tide_test *self, const char *table)
{
    return tide_harness_take(&self->io, table);
}

uint64_t tide_test_late_rows(const tide_test *self)
{
    uint64_t n = 0;
    for (uint32_t t = 0; self->slot && t < tide_slot_n_tasks(self->slot); t++) {
        const tide_task *task = tide_slot_task(self->slot, t);
        for (uint32_t i = 0; i < tide_task_n_stages(task); i++)
            n += tide_task_counters(task, i)->late_rows;
    }
    return n;
}

const char *tide_test_error(const tide_test *self)
{
    return self->error ? self->error : "";
}
