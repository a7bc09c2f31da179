/* folder.c - mkdtemp, and nftw from the leaves on. */
#include "tests/support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

bool tide_test_folder_new(const char *name, char path[TIDE_TEST_FOLDER_BYTES])
{
    snprintf(path, TIDE_TEST_FOLDER_BYTES, "/tmp/tide-%s-XXXXXX", name);
    return mkdtemp(path) != NULL;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat, (void)kind, (void)ftw;
    return remove(path);
}

bool tide_test_folder_remove(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}
