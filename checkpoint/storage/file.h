/* file.h - storage as files below a folder, which several hosts may share.
 *
 * An object is the file of that name. put: a temporary file, fsync, rename. put_if_absent: a
 * temporary file, fsync, link, which fails when the name is there (rename would overwrite), unlink.
 * Then the folder is synced. Temporary files lie in "~tmp", which no key can name; what a crash
 * left there may be deleted. */
#ifndef TIDE_CHECKPOINT_STORAGE_FILE_H
#define TIDE_CHECKPOINT_STORAGE_FILE_H
#include "checkpoint/storage/storage.h"

/* The folder is made if it is not there, and one file is written to see that it can be. TIDE_E_IO
 * or TIDE_E_NO_SPACE. */
TIDE_MUST_CHECK tide_status tide_storage_open_file(const char *folder, tide_storage **out);

#endif
