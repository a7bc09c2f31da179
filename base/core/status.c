/* status.c - the status table and each thread's chain of failure texts. */
#include "base/core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"

typedef struct status_row {
    const char *name, *text;
    tide_status_class class_of;
} status_row;

static const status_row rows[TIDE_STATUS_COUNT] = {
    { "OK", "ok", TIDE_STATUS_CLASS_USER },
#define TIDE_STATUS(name, class, text) { #name, text, TIDE_STATUS_CLASS_##class },
#include "base/core/status.def"
#undef TIDE_STATUS
};

/* Written and read by its own thread only. */
static _Thread_local char chain[TIDE_ERROR_TEXT_MAX];
static _Thread_local tide_status newest_code;

static void mark_if_cut(int length)
{
    if (length >= TIDE_ERROR_TEXT_MAX) memcpy(chain + TIDE_ERROR_TEXT_MAX - 4, "...", 4);
}

tide_status tide_fail(tide_status code, const char *fmt, ...)
{
    tide_assert(code != TIDE_OK && code < TIDE_STATUS_COUNT);
    newest_code = code;
    va_list ap;
    va_start(ap, fmt);
    mark_if_cut(vsnprintf(chain, sizeof chain, fmt, ap));
    va_end(ap);
    return code;
}

tide_status tide_because(tide_status code, const char *fmt, ...)
{
    tide_assert(code != TIDE_OK && code < TIDE_STATUS_COUNT);
    newest_code = code;
    char lower[TIDE_ERROR_TEXT_MAX];
    memcpy(lower, chain, sizeof lower);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(chain, sizeof chain, fmt, ap);
    va_end(ap);
    if (n >= TIDE_ERROR_TEXT_MAX) {
        mark_if_cut(n);
        return code;
    }
    size_t room = sizeof chain - (size_t)n;
    mark_if_cut(n + snprintf(chain + n, room, ": %s", lower));
    return code;
}

const char *tide_error_text(void)
{
    return chain;
}

tide_status tide_error_code(void)
{
    return newest_code;
}

void tide_error_take(tide_status code, tide_error *out)
{
    out->code = code;
    memcpy(out->text, chain, sizeof chain);
}

tide_status tide_error_raise(const tide_error *err)
{
    memcpy(chain, err->text, sizeof chain);
    newest_code = err->code;
    return err->code;
}

const char *tide_status_name(tide_status code)
{
    tide_assert(code < TIDE_STATUS_COUNT);
    return rows[code].name;
}

const char *tide_status_text(tide_status code)
{
    tide_assert(code < TIDE_STATUS_COUNT);
    return rows[code].text;
}

tide_status_class tide_status_class_of(tide_status code)
{
    tide_assert(code != TIDE_OK && code < TIDE_STATUS_COUNT);
    return rows[code].class_of;
}
