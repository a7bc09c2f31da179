/* protokit.h - messages for tests: of any kind with random contents, and compared. */
#ifndef TIDE_TESTS_SUPPORT_PROTOKIT_H
#define TIDE_TESTS_SUPPORT_PROTOKIT_H
#include "base/core/random.h"
#include "jobapi/proto/fields.h"

/* A record whose fields are empty, at a limit of their type or anything, by its table. In the
 * arena. */
void *protokit_random(const tide_proto_desc *desc, tide_random *random, tide_arena *arena);

/* NULL, or the name of the first field that differs. */
const char *protokit_difference(const tide_proto_desc *desc, const void *a, const void *b);

#endif
