/* library.c - dlopen with errors that say what to do. */
#include "worker/runtime/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/core/mem.h"

struct tide_library {
    void *handle;
    tide_job_main_fn main;
};

static tide_status check_abi(const char *path, const tide_abi *abi)
{
    if (abi->size < sizeof(tide_abi))
        return tide_fail(TIDE_E_ABI, "%s: its version record is damaged; build it again", path);
    if (abi->major != TIDE_ABI_MAJOR || abi->minor > TIDE_ABI_MINOR)
        return tide_fail(
            TIDE_E_ABI,
            "%s was built for version %u.%u of the job interface, this tidemill has %u.%u; "
            "build it again with these headers",
            path, abi->major, abi->minor, TIDE_ABI_MAJOR, TIDE_ABI_MINOR);
    return TIDE_OK;
}

static tide_status find_entry(tide_library *self, const char *path)
{
    const tide_abi *abi = dlsym(self->handle, "tide_job_abi");
    void *entry = dlsym(self->handle, "tide_job_main");
    if (abi == NULL || entry == NULL)
        return tide_fail(TIDE_E_ABI,
                         "%s has no job: it lacks %s; put TIDE_JOB(your_function) into one of its "
                         "sources",
                         path, entry == NULL ? "tide_job_main" : "tide_job_abi");
    TIDE_TRY(check_abi(path, abi));
    memcpy(&self->main, &entry, sizeof entry); /* POSIX's way from void * to a function. */
    return TIDE_OK;
}

tide_status tide_library_open(const char *path, tide_library **out)
{
    *out = NULL;
    if (access(path, R_OK) != 0)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    /* A name without a slash would be searched for in the system's folders. */
    char *file = strchr(path, '/') ? tide_strdup(path) : tide_asprintf("./%s", path);
    tide_library *self = tide_calloc(1, sizeof *self);
    self->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    tide_free(file);
    tide_status rv = self->handle ? find_entry(self, path)
                                  : tide_fail(TIDE_E_ABI, "cannot load the library: %s", dlerror());
    if (rv != TIDE_OK) {
        tide_library_close(&self);
        return rv;
    }
    *out = self;
    return TIDE_OK;
}

void tide_library_close(tide_library **self_p)
{
    if (*self_p == NULL) return;
    if ((*self_p)->handle) dlclose((*self_p)->handle);
    tide_free(*self_p);
    *self_p = NULL;
}

tide_job_main_fn tide_library_main(const tide_library *self)
{
    return self->main;
}
