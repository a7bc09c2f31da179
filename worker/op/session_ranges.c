/* session_ranges.c - partial results into sessions: rows of one key with no break longer than the
 * gap, of which only the first and the last time are known.
 *
 * Nearly always the range extends the newest session of its key. Any other one is placed as rows a
 * gap apart from its last time down to its first: whatever session the range meets is met by one
 * of them, since a session's reach is never shorter than the gap, and they fuse what lies between.
 * The last one decides whether the range is late: it is nearest to all that is open. There are no
 * more of them than the range has rows. */
#include "worker/op/session_priv.h"

static tide_status place_range(session *self, uint32_t k, int64_t first, int64_t last,
                               tide_row_ref *ref_out, session_fate *fate_out);

/* A time within an open session moves its end. */
TIDE_INLINE bool extend(const session *self, session_value *s, int64_t ts, int64_t last)
{
    if (s->start == s->due || ts < s->start || ts > s->due) return false;
    if (last + self->gap > s->due) s->due = last + self->gap;
    return true;
}

tide_status session_take_ranges(session *self, const tide_op_times *times)
{
    const int64_t *lasts = self->in->cols[self->partial.last]->values;
    for (uint32_t k = 0; k < times->n; k++) {
        tide_row_ref ref = { self->newest.table, self->rows[k] };
        session_fate fate = SESSION_JOINED;
        uint16_t row = times->rows[k];
        int64_t first = times->ts[row], last = lasts[row];
        if (!extend(self, session_of(ref), first, last))
            TIDE_TRY(place_range(self, k, first, last, &ref, &fate));
        if (fate == SESSION_LATE)
            tide_event_time_add_late(&self->times, row);
        else
            session_add_pending(self, ref, row);
    }
    return TIDE_OK;
}

static tide_status place_range(session *self, uint32_t k, int64_t first, int64_t last,
                               tide_row_ref *ref_out, session_fate *fate_out)
{
    tide_row_ref newest = *ref_out;
    for (int64_t ts = last;; ts = ts - self->gap > first ? ts - self->gap : first) {
        *ref_out = newest;
        if (!extend(self, session_of(newest), ts, ts))
            TIDE_TRY(session_place(self, k, ts, ref_out, fate_out));
        if (*fate_out == SESSION_LATE || ts == first) return TIDE_OK;
    }
}
