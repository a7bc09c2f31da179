/* window_time.c - see window_time.h. */
#include "worker/op/window_time.h"

#include <inttypes.h>

tide_status tide_window_check(const tide_window *window)
{
    int64_t step = window->kind == TIDE_WINDOW_TUMBLE ? window->size_us : window->slide_us;
    if (window->size_us <= 0) return tide_fail(TIDE_E_INVALID, "a window's size must be positive");
    if (step <= 0) return tide_fail(TIDE_E_INVALID, "a window's slide or step must be positive");
    if (window->size_us > TIDE_WINDOW_SIZE_MAX || step > TIDE_WINDOW_SIZE_MAX ||
        window->offset_us > TIDE_WINDOW_SIZE_MAX || window->offset_us < -TIDE_WINDOW_SIZE_MAX)
        return tide_fail(TIDE_E_LIMIT, "a window's size is too large");
    if (window->kind == TIDE_WINDOW_CUMULATE && window->size_us % step != 0)
        return tide_fail(TIDE_E_INVALID, "CUMULATE: the size must be a multiple of the step");
    return TIDE_OK;
}

tide_span tide_window_slice(const tide_window *window, int64_t t)
{
    int64_t step = window->kind == TIDE_WINDOW_TUMBLE ? window->size_us : window->slide_us;
    int64_t start = tide_window_floor(t, step, window->offset_us);
    int64_t rest = window->kind == TIDE_WINDOW_HOP ? window->size_us % step : 0;
    if (rest == 0) return (tide_span){ start, start + step };
    if (t < start + rest) return (tide_span){ start, start + rest };
    return (tide_span){ start + rest, start + step };
}

bool tide_window_covers(const tide_window *window, tide_span slice)
{
    if (window->kind != TIDE_WINDOW_HOP || window->slide_us <= window->size_us) return true;
    return tide_window_floor(slice.start, window->slide_us, window->offset_us) == slice.start;
}

bool tide_window_next(const tide_window *window, tide_span slice, int64_t after, tide_span *out)
{
    int64_t size = window->size_us, step = window->slide_us, offset = window->offset_us;
    if (window->kind == TIDE_WINDOW_TUMBLE) {
        *out = slice;
        return slice.end > after;
    }
    if (window->kind == TIDE_WINDOW_CUMULATE) {
        int64_t start = tide_window_floor(slice.start, size, offset), end = slice.end;
        if (end <= after) end = tide_window_floor(after, step, offset) + step;
        *out = (tide_span){ start, end };
        return end <= start + size;
    }
    int64_t start = tide_window_floor(slice.start - size, step, offset) + step;
    if (start + size <= after) start = tide_window_floor(after - size, step, offset) + step;
    *out = (tide_span){ start, start + size };
    return start <= slice.start;
}

int64_t tide_window_late_before(const tide_window *window, int64_t w)
{
    int64_t size = window->size_us;
    if (w <= -TIDE_WINDOW_TIME_MAX) return INT64_MIN;
    if (w >= TIDE_WINDOW_TIME_MAX) return INT64_MAX;
    if (window->kind != TIDE_WINDOW_HOP) return tide_window_floor(w, size, window->offset_us);
    int64_t open =
        tide_window_floor(w - size, window->slide_us, window->offset_us) + window->slide_us;
    return open < w ? open
                    : w; /* Between windows that do not touch, rows are late by the watermark. */
}
