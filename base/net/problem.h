/* problem.h - what an API answers when it cannot do what was asked (RFC 9457).
 *
 * {"type":"about:blank","status":404,"code":"E_NOT_FOUND","title":"Not Found",
 *  "detail":"no job 1f","hint":"GET /jobs lists them"}. Pure; any thread. */
#ifndef TIDE_BASE_NET_PROBLEM_H
#define TIDE_BASE_NET_PROBLEM_H
#include <stdint.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_PROBLEM_TYPE "application/problem+json"

/* Appends the object. `name` is a tide_status_name; detail and hint may be NULL. */
void tide_problem_json(uint32_t http_code, const char *name, const char *detail, const char *hint,
                       tide_bytes *out);
/* The HTTP code that says best what a failure is about: 404 for TIDE_E_NOT_FOUND, ... */
uint32_t tide_problem_code(tide_status status);
/* The failure that an answer of this HTTP code is, when its body names none. */
tide_status tide_problem_status(uint32_t http_code);
/* "Not Found". */
const char *tide_problem_title(uint32_t http_code);
/* "E_NOT_FOUND" to TIDE_E_NOT_FOUND; TIDE_OK when there is none of this name. */
tide_status tide_problem_named(const char *name);

#endif
