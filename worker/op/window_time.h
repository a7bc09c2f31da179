/* window_time.h - where aligned windows begin and end. Pure arithmetic; microseconds; any thread.
 *
 * Time is cut into slices so that every window is a run of whole slices: a tumbling window is one
 * slice, a cumulating one a run of steps, and a hopping one of size q * slide + r is cut at every
 * window's start and end, which is once or twice per slide ("paired windows": Krishnamurthy, Wu,
 * Franklin, SIGMOD 2006). Windows are ordered by their end. */
#ifndef TIDE_WORKER_OP_WINDOW_TIME_H
#define TIDE_WORKER_OP_WINDOW_TIME_H
#include "worker/op/op.h"

/* Times and sizes beyond these cannot come from SQL's years 1 to 9999; within them no sum
 * overflows. */
#define TIDE_WINDOW_TIME_MAX ((int64_t)1 << 61)
#define TIDE_WINDOW_SIZE_MAX ((int64_t)1 << 60)

typedef struct tide_span {
    int64_t start, end; /* [start, end) */
} tide_span;

/* TIDE_E_INVALID for sizes that make no windows, with the reason. */
TIDE_MUST_CHECK tide_status tide_window_check(const tide_window *window);

/* The largest start + k * step that is <= t. */
TIDE_INLINE int64_t tide_window_floor(int64_t t, int64_t step, int64_t offset)
{
    int64_t rest = (t - offset) % step;
    return t - rest - (rest < 0 ? step : 0);
}

/* A watermark within the limits, and the one that an operator starts from. */
TIDE_INLINE int64_t tide_window_clamp(int64_t watermark)
{
    if (watermark < -TIDE_WINDOW_TIME_MAX) return -TIDE_WINDOW_TIME_MAX;
    return watermark > TIDE_WINDOW_TIME_MAX ? TIDE_WINDOW_TIME_MAX : watermark;
}
TIDE_INLINE int64_t tide_op_first_watermark(const tide_op_env *env)
{
    return tide_window_clamp(env->is_restored ? env->restored_watermark_us : TIDE_WATERMARK_NONE);
}

/* The slice that holds t. */
tide_span tide_window_slice(const tide_window *window, int64_t t);
/* False for a slice between two hopping windows that do not touch. */
bool tide_window_covers(const tide_window *window, tide_span slice);
/* The first window, by end, that contains the slice and ends after `after`; false when there is
 * none. */
bool tide_window_next(const tide_window *window, tide_span slice, int64_t after, tide_span *out);
/* Rows with a time below this are late once the watermark is `w`: all of their windows end at or
 * before it. */
int64_t tide_window_late_before(const tide_window *window, int64_t w);

#endif
