/* problem.c - see problem.h. */
#include "base/net/problem.h"

#include <string.h>

typedef struct row {
    uint32_t code;
    const char *title;
    tide_status status; /* What a client makes of it. */
} row;

static const row rows[] = {
    { 400, "Bad Request", TIDE_E_INVALID },
    { 401, "Unauthorized", TIDE_E_REFUSED },
    { 403, "Forbidden", TIDE_E_REFUSED },
    { 404, "Not Found", TIDE_E_NOT_FOUND },
    { 405, "Method Not Allowed", TIDE_E_UNSUPPORTED },
    { 408, "Request Timeout", TIDE_E_TIMEOUT },
    { 409, "Conflict", TIDE_E_REFUSED },
    { 413, "Content Too Large", TIDE_E_LIMIT },
    { 415, "Unsupported Media Type", TIDE_E_UNSUPPORTED },
    { 421, "Misdirected Request", TIDE_E_UNREACHABLE }, /* Another process was meant. */
    { 422, "Unprocessable Content", TIDE_E_INVALID },
    { 431, "Request Header Fields Too Large", TIDE_E_LIMIT },
    { 500, "Internal Server Error", TIDE_E_INTERNAL },
    { 501, "Not Implemented", TIDE_E_UNSUPPORTED },
    { 503, "Service Unavailable", TIDE_E_UNREACHABLE },
    { 504, "Gateway Timeout", TIDE_E_TIMEOUT },
    { 507, "Insufficient Storage", TIDE_E_NO_SPACE },
};
#define N_ROWS (sizeof rows / sizeof *rows)

uint32_t tide_problem_code(tide_status status)
{
    switch ((int)status) {
    case TIDE_E_NOT_FOUND: return 404;
    case TIDE_E_EXISTS:
    case TIDE_E_REFUSED:
    case TIDE_E_CANCELLED: return 409;
    case TIDE_E_LIMIT: return 413;
    case TIDE_E_UNREACHABLE: return 503;
    case TIDE_E_TIMEOUT: return 504;
    case TIDE_E_NO_SPACE: return 507;
    case TIDE_E_UNSUPPORTED: return 501;
    case TIDE_E_IO:
    case TIDE_E_CORRUPT:
    case TIDE_E_INTERNAL: return 500;
    default: return tide_status_class_of(status) == TIDE_STATUS_CLASS_USER ? 400 : 500;
    }
}

static const row *find(uint32_t http_code)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].code == http_code) return &rows[i];
    return NULL;
}

tide_status tide_problem_status(uint32_t http_code)
{
    const row *found = find(http_code);
    if (found) return found->status;
    return http_code >= 500 ? TIDE_E_INTERNAL : TIDE_E_PROTO;
}

const char *tide_problem_title(uint32_t http_code)
{
    const row *found = find(http_code);
    return found ? found->title : "Error";
}

tide_status tide_problem_named(const char *name)
{
    for (int i = 1; i < TIDE_STATUS_COUNT; i++)
        if (strcmp(tide_status_name((tide_status)i), name) == 0) return (tide_status)i;
    return TIDE_OK;
}

static void put_text(tide_bytes *out, const char *key, const char *text)
{
    tide_bytes_printf(out, ",\"%s\":\"", key);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            tide_bytes_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            tide_bytes_printf(out, "\\u%04x", (unsigned char)*c);
        else
            tide_bytes_putc(out, *c);
    }
    tide_bytes_putc(out, '"');
}

void tide_problem_json(uint32_t http_code, const char *name, const char *detail, const char *hint,
                       tide_bytes *out)
{
    tide_bytes_printf(out, "{\"type\":\"about:blank\",\"status\":%u", http_code);
    put_text(out, "code", name);
    put_text(out, "title", tide_problem_title(http_code));
    if (detail && *detail) put_text(out, "detail", detail);
    if (hint && *hint) put_text(out, "hint", hint);
    tide_bytes_puts(out, "}\n");
}
