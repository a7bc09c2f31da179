/* topics.h - the reference lists that `tidemill help TOPIC` prints, each from the table that the
 * engine itself reads. */
#ifndef TIDE_CLI_TOPICS_H
#define TIDE_CLI_TOPICS_H
#include "base/core/bytes.h"

typedef struct tide_topic {
    const char *name, *help;
    void (*print)(tide_bytes *out);
} tide_topic;

/* Ends with a NULL name. */
extern const tide_topic tide_topics[];

#endif
