/* handlers_do.c - the routes that change something, and those that ask an agent. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/rest/rest_priv.h"

/* Asks the control thread; a standby's answer becomes a redirect. */
static tide_status ask(rest_call *call, const tide_master_request *request,
                       tide_master_reply *reply)
{
    *reply = (tide_master_reply){ 0 };
    tide_status rv = tide_master_server_request(call->config->server, request, REST_TIMEOUT_NS,
                                                call->arena, reply);
    if (rv == TIDE_OK || !reply->redirect) return rv;
    if (reply->leader_rest && *reply->leader_rest)
        call->location =
            tide_arena_printf(call->arena, "%s%s", reply->leader_rest, call->request->target);
    call->code = 503;
    call->hint = "try again in a moment";
    return rv;
}

static bool is_job_id(const char *text)
{
    return strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
}

tide_status handle_submit(rest_call *call)
{
    const tide_httpd_request *r = call->request;
    tide_job_spec spec;
    TIDE_TRY(tide_proto_read_json(TIDE_RECORD_DESC(job_spec), r->body, r->body_bytes, call->arena,
                                  &spec));
    const char *job = tide_uri_param(&r->uri, "job", "");
    if (*job && !is_job_id(job))
        return tide_fail(TIDE_E_INVALID, "?job= takes 16 hex digits in lower case");
    tide_master_reply reply;
    const tide_master_request request = { .kind = TIDE_MASTER_SUBMIT, .job = job, .spec = &spec };
    TIDE_TRY(ask(call, &request, &reply));
    call->code = reply.existed ? 200 : 201;
    return rest_answer_json(call,
                            json_pack("{s:s,s:b}", "jobid", reply.job, "existed", reply.existed));
}

static tide_status request_end(rest_call *call, tide_master_request_kind kind)
{
    tide_master_reply reply;
    const tide_master_request request = { .kind = kind, .job = call->match.params[0] };
    TIDE_TRY(ask(call, &request, &reply));
    call->code = 202;
    return TIDE_OK;
}

tide_status handle_cancel(rest_call *call)
{
    const char *mode = tide_uri_param(&call->request->uri, "mode", "cancel");
    bool stops = strcmp(mode, "stop") == 0;
    if (!stops && strcmp(mode, "cancel") != 0)
        return tide_fail(TIDE_E_INVALID, "?mode= takes cancel or stop, not \"%.40s\"", mode);
    TIDE_TRY(request_end(call, stops ? TIDE_MASTER_STOP : TIDE_MASTER_CANCEL));
    return rest_answer_json(call, json_object());
}

tide_status handle_stop(rest_call *call)
{
    TIDE_TRY(request_end(call, TIDE_MASTER_STOP));
    return rest_answer_json(call, json_pack("{s:s}", "request-id", call->match.params[0]));
}

static tide_status read_offset(const rest_call *call, uint64_t *out)
{
    const char *text = tide_uri_param(&call->request->uri, "offset", "0");
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (*text == '\0' || *text == '-' || *end != '\0' || errno != 0)
        return tide_fail(TIDE_E_INVALID, "?offset= takes a number of bytes, not \"%.40s\"", text);
    return TIDE_OK;
}

/* Of the runner on `agent`; without one, of the first that there is. */
tide_status handle_logs(rest_call *call)
{
    uint64_t offset;
    TIDE_TRY(read_offset(call, &offset));
    rest_view view;
    TIDE_TRY(rest_look(call, REST_JOB, call->match.params[0], &view));
    const char *agent = tide_uri_param(&call->request->uri, "agent", "");
    if (!*agent && view.job.n_runners) agent = view.job.runners[0].agent;
    if (!*agent) {
        call->hint = "it may not have begun yet: GET /jobs/:job/status";
        return tide_fail(TIDE_E_NOT_FOUND, "job %.40s has no runner", call->match.params[0]);
    }
    tide_master_reply reply;
    const tide_master_request request = { .kind = TIDE_MASTER_LOGS,
                                          .job = call->match.params[0],
                                          .agent = agent,
                                          .offset = offset,
                                          .bytes_max = REST_LOG_BYTES_MAX };
    TIDE_TRY(ask(call, &request, &reply));
    tide_bytes_put(&call->body, reply.data.p, reply.data.n);
    call->content_type = "text/plain; charset=utf-8";
    return TIDE_OK;
}

static tide_status map_body(const tide_httpd_request *r, void **out)
{
    if (r->body_bytes == 0) return tide_fail(TIDE_E_INVALID, "the library is empty");
    int fd = open(r->body_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return tide_fail(TIDE_E_IO, "%s: %s", r->body_file, strerror(errno));
    *out = mmap(NULL, r->body_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    return *out == MAP_FAILED ? tide_fail(TIDE_E_IO, "%s: %s", r->body_file, strerror(why))
                              : TIDE_OK;
}

tide_status handle_upload(rest_call *call)
{
    const tide_httpd_request *r = call->request;
    char checksum[17];
    snprintf(checksum, sizeof checksum, "%016" PRIx64, r->body_xxh3);
    const char *given = tide_uri_param(&r->uri, "checksum", checksum);
    if (strcasecmp(given, checksum) != 0) {
        call->hint = "it was changed on its way, or while it was read: send it again";
        return tide_fail(TIDE_E_CORRUPT, "the checksum of what came is %s, not %.40s", checksum,
                         given);
    }
    void *bytes = NULL;
    TIDE_TRY(map_body(r, &bytes));
    tide_master_reply reply;
    const tide_master_request request = { .kind = TIDE_MASTER_UPLOAD,
                                          .artifact = checksum,
                                          .bytes = { bytes, r->body_bytes } };
    tide_status rv = ask(call, &request, &reply);
    munmap(bytes, r->body_bytes);
    if (rv != TIDE_OK) return rv;
    return rest_answer_json(call,
                            json_pack("{s:s,s:s}", "artifact", checksum, "status", "success"));
}
