/* clock.c - the machine's clocks, and one that is moved by hand. */
#include "base/core/clock.h"

#include <time.h>

#include "base/core/assert.h"

static int64_t read_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t real_now_ns(tide_clock *self)
{
    (void)self;
    return read_ns(CLOCK_MONOTONIC);
}

static int64_t real_wall_us(tide_clock *self)
{
    (void)self;
    return read_ns(CLOCK_REALTIME) / 1000;
}

tide_clock *tide_clock_real(void)
{
    static tide_clock real = { .now_ns = real_now_ns, .wall_us = real_wall_us };
    return &real;
}

static int64_t manual_now_ns(tide_clock *self)
{
    return ((tide_clock_manual *)self)->now;
}

static int64_t manual_wall_us(tide_clock *self)
{
    return ((tide_clock_manual *)self)->wall;
}

void tide_clock_manual_init(tide_clock_manual *self, int64_t now_ns, int64_t wall_us)
{
    *self = (tide_clock_manual){ .clock = { .now_ns = manual_now_ns, .wall_us = manual_wall_us },
                                 .now = now_ns,
                                 .wall = wall_us };
}

void tide_clock_manual_advance(tide_clock_manual *self, int64_t by_ns)
{
    tide_assert(by_ns >= 0);
    self->now += by_ns;
    self->wall += by_ns / 1000;
}
