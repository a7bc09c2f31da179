/* replay.c - runs a fuzz target over files: each as it is, and cut short at every so many bytes.
 * Usage: fuzz_x_replay FOLDER. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define FILE_BYTES_MAX (1u << 20)
#define CUTS 32

static int replay_file(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_BYTES_MAX);
    if (!file || !data) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    size_t size = fread(data, 1, FILE_BYTES_MAX, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    for (size_t cut = 0; cut < CUTS; cut++) LLVMFuzzerTestOneInput(data, size * cut / CUTS);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int n_files = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        failed |= replay_file(argv[1], entry->d_name);
        n_files++;
    }
    closedir(folder);
    printf("%d files replayed\n", n_files);
    return failed || n_files == 0;
}
