/* folder.h - a folder of a test's own, and its end. Blocks; any thread. */
#ifndef TIDE_TESTS_SUPPORT_FOLDER_H
#define TIDE_TESTS_SUPPORT_FOLDER_H
#include <stdbool.h>

#define TIDE_TEST_FOLDER_BYTES 64

/* A new one in /tmp, with `name` in its path. False: errno says why not. */
bool tide_test_folder_new(const char *name, char path[TIDE_TEST_FOLDER_BYTES]);
/* With all that is in it; links are not followed. */
bool tide_test_folder_remove(const char *path);

#endif
