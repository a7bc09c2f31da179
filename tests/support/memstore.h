/* memstore.h - storage in memory, with the faults that real ones have.
 *
 * Follows checkpoint/storage/storage.h to the letter (the same conformance tests run against it and
 * against files). A fault is chosen for the next operation. Thread safe. */
#ifndef TIDE_TESTS_SUPPORT_MEMSTORE_H
#define TIDE_TESTS_SUPPORT_MEMSTORE_H
#include "checkpoint/storage/storage.h"

typedef enum memstore_fault {
    MEMSTORE_WORKS,
    MEMSTORE_FAILS,       /* Not done, and says so: TIDE_E_IO. */
    MEMSTORE_ANSWER_LOST, /* Done, but the caller gets TIDE_E_TIMEOUT. */
    MEMSTORE_LATE         /* The caller gets TIDE_E_TIMEOUT; done at memstore_land. Writes only. */
} memstore_fault;

typedef struct memstore memstore;

memstore *memstore_new(void);
void memstore_free(memstore **self_p);
/* Borrowed: its _free does nothing. */
tide_storage *memstore_storage(memstore *self);

/* What befalls the next operation. */
void memstore_fault_next(memstore *self, memstore_fault fault);
/* Carries out the oldest write that is late; returns its key, NULL when there is none. */
const char *memstore_land(memstore *self);

/* The object's bytes, valid until it is written or removed; NULL when it is not there. */
const tide_bytes *memstore_look(memstore *self, const char *key);

#endif
