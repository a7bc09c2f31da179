/* alignment.h - how far have the other readers of a table come in event time?
 *
 * A reader that runs ahead fills the state behind it with rows that have to wait for the slowest.
 * So every reader tells here how far it has come, and one that is ahead of another with rows at
 * hand does not read on for a while (source.c decides). Those in other processes are not seen.
 * Threads: reader i's slot tells for i; any slot looks. */
#ifndef TIDE_WORKER_CORE_ALIGNMENT_H
#define TIDE_WORKER_CORE_ALIGNMENT_H
#include <stdint.h>

typedef struct tide_alignment tide_alignment;

/* For n readers, none of which is waited for yet. */
tide_alignment *tide_alignment_new(uint32_t n);
void tide_alignment_free(tide_alignment **self_p);

#define TIDE_ALIGNMENT_NO_WAIT INT64_MAX
/* Reader i has rows at hand and has come to this watermark; NO_WAIT: it has none, or has ended. */
void tide_alignment_tell(tide_alignment *self, uint32_t i, int64_t watermark_us);
/* The lowest watermark of the others with rows at hand; NO_WAIT when there is none. */
int64_t tide_alignment_of_others(const tide_alignment *self, uint32_t i);

#endif
