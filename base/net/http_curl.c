/* http_curl.c - the HTTP client plugin: libcurl behind http_abi.h.
 *
 * A shared object of its own. Proxies of the environment are not used: a cluster's processes talk
 * to each other. Redirects are the caller's to follow, who knows where a token may go. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/core/attr.h"
#include "base/net/http_abi.h"

static void *open_client(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return curl_easy_init();
}

static void close_client(void *client)
{
    curl_easy_cleanup(client);
    curl_global_cleanup();
}

static size_t take_body(char *bytes, size_t size, size_t n, void *call_v)
{
    const tide_http_abi_call *call = call_v;
    return call->on_body(call->ctx, bytes, size * n) == 0 ? size * n : 0;
}

static size_t give_file(char *buf, size_t size, size_t n, void *call_v)
{
    const tide_http_abi_call *call = call_v;
    ssize_t got = read(call->body_fd, buf, size * n);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static void set_body(CURL *curl, const tide_http_abi_call *call)
{
    if (call->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->n);
    } else if (call->body_fd >= 0) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_file);
        curl_easy_setopt(curl, CURLOPT_READDATA, call);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->n);
    } else if (strcmp(call->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static tide_http_abi_end end_of(CURLcode rc)
{
    switch ((int)rc) {
    case CURLE_OK: return TIDE_HTTP_ABI_ANSWERED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return TIDE_HTTP_ABI_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT: return TIDE_HTTP_ABI_TIMEOUT;
    case CURLE_WRITE_ERROR: return TIDE_HTTP_ABI_ENOUGH;
    default: return TIDE_HTTP_ABI_BROKEN;
    }
}

static void read_outcome(CURL *curl, CURLcode rc, const char *why, tide_http_abi_outcome *outcome)
{
    long code = 0;
    curl_off_t connected_us = 0;
    const char *type = NULL, *location = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected_us);
    outcome->end = end_of(rc);
    /* A time-out before there was a connection is a peer that cannot be reached. */
    if (outcome->end == TIDE_HTTP_ABI_TIMEOUT && connected_us == 0)
        outcome->end = TIDE_HTTP_ABI_UNREACHABLE;
    outcome->code = (uint32_t)code;
    snprintf(outcome->content_type, sizeof outcome->content_type, "%s", type ? type : "");
    snprintf(outcome->location, sizeof outcome->location, "%s", location ? location : "");
    snprintf(outcome->why, sizeof outcome->why, "%s", *why ? why : curl_easy_strerror(rc));
}

static void perform(void *client, const tide_http_abi_call *call, tide_http_abi_outcome *outcome)
{
    CURL *curl = client;
    char why[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    for (uint32_t i = 0; i < call->n_headers; i++)
        headers = curl_slist_append(headers, call->headers[i]);
    curl_easy_reset(curl); /* Keeps connections. */
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, call);
    set_body(curl, call);
    CURLcode rc = curl_easy_perform(curl);
    read_outcome(curl, rc, why, outcome);
    curl_slist_free_all(headers);
}

extern const tide_http_abi tide_http_plugin_table;
TIDE_API const tide_http_abi tide_http_plugin_table = {
    .version = TIDE_HTTP_ABI_VERSION,
    .open = open_client,
    .perform = perform,
    .close = close_client,
};
