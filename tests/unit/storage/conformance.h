/* conformance.h - what every storage driver must do, as tests. */
#ifndef TIDE_TESTS_UNIT_STORAGE_CONFORMANCE_H
#define TIDE_TESTS_UNIT_STORAGE_CONFORMANCE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoint/storage/storage.h"

/* Runs the tests; each gets a storage of its own, empty. setup and teardown are cmocka fixtures:
 * *state is a struct that begins with a tide_storage pointer. Returns the number of failures. */
int storage_conformance(const char *driver, CMFixtureFunction setup, CMFixtureFunction teardown);

/* ---- for tests of one driver, too ---- */
tide_status storage_put(tide_storage *storage, const char *key, const char *text);
tide_status storage_put_if_absent(tide_storage *storage, const char *key, const char *text);
/* The object is this text; NULL: it is not there. */
void storage_assert(tide_storage *storage, const char *key, const char *text);

#endif
