/* bad_job.c - a C job that misbehaves at row 5000, in the way that its argument names. */
#include <stdlib.h>
#include <string.h>
#include <tidemill/tidemill.h>

#define MIB ((size_t)1 << 20)

static void take_all_memory(void)
{
    for (;;) {
        char *p = aligned_alloc(4096, MIB);
        if (p == NULL) abort();
        memset(p, 1, MIB);
        __asm__ volatile("" : : "r"(p) : "memory"); /* Kept, whatever the compiler thinks. */
    }
}

static void loop_for_ever(void)
{
    for (volatile int i = 0;; i = !i) {}
}

/* Every call has a frame of its own, whatever the compiler thinks. */
static int recurse(volatile char *above)
{
    volatile char here[256];
    here[0] = *above;
    return *above == 2 ? 0 : recurse(here) + here[0];
}

static int misbehave(void *opened, const tide_row *row, tide_collector *out)
{
    const char *how = opened;
    if (tide_row_i64(row, 0) == 5000) {
        if (strcmp(how, "abort") == 0) abort();
        if (strcmp(how, "fault") == 0) *(volatile int *)8 = 1;
        if (strcmp(how, "recurse") == 0) return recurse((volatile char[]){ 1 });
        if (strcmp(how, "loop") == 0) loop_for_ever();
        if (strcmp(how, "memory") == 0) take_all_memory();
        if (strcmp(how, "fail") == 0) {
            tide_fail_text("row 5000 is not to my liking");
            return 1;
        }
    }
    tide_emit_row(out, row);
    return 0;
}

/* A likely name: TIDE_JOB must not take it for something of its own. */
static int job(tide_jobdef *self, int argc, char **argv)
{
    char *how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "loop-in-plan") == 0) loop_for_ever();
    tide_job_sql(self, "CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', "
                       "'fields.id.kind' = 'sequence', 'fields.id.start' = '0', "
                       "'fields.id.end' = '20000')");
    const tide_map_def def = { TIDE_SIZED(tide_map_def), .name = "misbehave", .arg = how,
                               .on_row = misbehave };
    tide_stream_print(tide_stream_map(tide_job_from(self, "numbers"), &def));
    return 0;
}
TIDE_JOB(job)
