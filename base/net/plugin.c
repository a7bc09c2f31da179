/* plugin.c - see plugin.h. */
#include "base/net/plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Beside the object that this code is in; else where the loader looks. Not by the run path alone:
 * sanitizers put a dlopen of their own between, which does not know whose it is. */
static void *open_beside(const char *file)
{
    Dl_info self;
    char path[PATH_MAX];
    const char *slash = dladdr((const void *)(uintptr_t)tide_plugin_load, &self) && self.dli_fname
                            ? strrchr(self.dli_fname, '/')
                            : NULL;
    if (slash) {
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - self.dli_fname), self.dli_fname, file);
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (handle) return handle;
    }
    return dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

tide_status tide_plugin_load(const char *file, const char *symbol, uint32_t version,
                             const void **out)
{
    void *handle = open_beside(file);
    if (!handle)
        return tide_fail(TIDE_E_UNSUPPORTED,
                         "%s cannot be loaded: %s; it is built and installed beside libtidemill.so",
                         file, dlerror());
    const uint32_t *found = dlsym(handle, symbol);
    if (!found || *found != version) {
        dlclose(handle);
        return tide_fail(TIDE_E_UNSUPPORTED,
                         "%s is of another version; install it together with libtidemill.so", file);
    }
    *out = found;
    return TIDE_OK;
}
