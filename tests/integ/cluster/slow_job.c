/* slow_job.c - numbers as fast as they come, and behind a shuffle a step that takes its time for
 * each. */
#include <tidemill/tidemill.h>

static int dawdle(void *opened, const tide_row *row, tide_context *ctx, tide_collector *out)
{
    (void)opened;
    (void)ctx;
    for (volatile int i = 0; i < 50000; i++) {}
    tide_emit_row(out, row);
    return 0;
}

static int slow_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, "CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', "
                      "'rows-per-second' = '0', 'fields.id.kind' = 'sequence', "
                      "'fields.id.start' = '0', 'fields.id.end' = '1000000000');"
                      "CREATE TABLE nothing (id BIGINT) WITH ('connector' = 'blackhole')");
    static const tide_column_def columns[] = { { "id", "BIGINT" } };
    const tide_process_def def = { TIDE_SIZED(tide_process_def), .name = "dawdle",
                                   .columns = columns, .n_columns = 1, .on_row = dawdle };
    tide_keyed *keyed = TIDE_KEY_BY(tide_job_from(job, "numbers"), "id");
    tide_stream_to(tide_keyed_process(keyed, &def), "nothing");
    return 0;
}
TIDE_JOB(slow_job)
