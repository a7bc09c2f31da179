/* clock.h - what time is it? Asked only by shells; cores get the answer as an argument.
 *
 * A clock is a small vtable, so that tests and `tidemill test` move time by hand. The real clock
 * may be read on any thread; a manual one belongs to the thread that moves it. */
#ifndef TIDE_BASE_CORE_CLOCK_H
#define TIDE_BASE_CORE_CLOCK_H
#include <stdint.h>

typedef struct tide_clock tide_clock;
struct tide_clock {
    int64_t (*now_ns)(tide_clock *self);  /* Monotonic; its zero means nothing. */
    int64_t (*wall_us)(tide_clock *self); /* Microseconds since 1970-01-01 UTC; may jump. */
};

/* The machine's clocks. One static object, never freed. */
tide_clock *tide_clock_real(void);

/* A clock that stands still until it is told to move. Pass &manual.clock where a tide_clock is
 * wanted. */
typedef struct tide_clock_manual {
    tide_clock clock;
    int64_t now, wall; /* Nanoseconds, microseconds. */
} tide_clock_manual;

void tide_clock_manual_init(tide_clock_manual *self, int64_t now_ns, int64_t wall_us);
/* Moves both clocks; by_ns is not negative. Fractions of a microsecond of wall time are dropped. */
void tide_clock_manual_advance(tide_clock_manual *self, int64_t by_ns);

static inline int64_t tide_clock_now_ns(tide_clock *self)
{
    return self->now_ns(self);
}
static inline int64_t tide_clock_wall_us(tide_clock *self)
{
    return self->wall_us(self);
}

#endif
