/* remote.c - see remote_priv.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/core/units.h"
#include "cli/local_priv.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

static bool has_flag(const tide_args *args, const char *name)
{
    const tide_flag *flag = args->command->flags;
    for (; flag && flag->name; flag++)
        if (strcmp(flag->name, name) == 0) return true;
    return false;
}

const char *remote_masters(tide_config *config, const char *given)
{
    const char *named = getenv("TIDEMILL_MASTER");
    if (given) return given;
    if (named && *named) return named;
    local_cluster local;
    if (local_find(&local)) return tide_arena_strdup(config->arena, local.rest);
    return tide_arena_printf(config->arena, "http://127.0.0.1:%" PRIu64, config->cluster.rest_port);
}

tide_exit remote_open(remote *self, const tide_args *args)
{
    *self = (remote){ 0 };
    tide_status rv = tide_config_load(&self->config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage(args->command->name, "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    if (has_flag(args, "output")) {
        const char *form = tide_args_value(args, "output", "table");
        self->form = strcmp(form, "json") == 0   ? REMOTE_JSON
                     : strcmp(form, "wide") == 0 ? REMOTE_WIDE
                                                 : REMOTE_TABLE;
    }
    rv = tide_config_read_token(&self->config);
    tide_clock *clock = tide_clock_real();
    const tide_client_config config = {
        .masters = remote_masters(&self->config, tide_args_value(args, "master", NULL)),
        .token = self->config.cluster.rest_token,
        .clock = clock,
        .random_seed = (uint64_t)tide_clock_now_ns(clock) * 31 + (uint64_t)getpid(),
    };
    if (rv == TIDE_OK) rv = tide_client_new(&config, &self->client);
    if (rv == TIDE_OK) return TIDE_EXIT_OK;
    tide_exit code = rv == TIDE_E_INVALID
                         ? tide_exit_usage(args->command->name, "%s", tide_error_text())
                         : tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_config_fini(&self->config);
    return code;
}

void remote_close(remote *self)
{
    tide_client_free(&self->client);
    tide_config_fini(&self->config);
}

tide_status remote_get(remote *self, const char *path, json_t **out)
{
    tide_bytes text = { 0 };
    const tide_client_call call = { .path = path };
    *out = NULL;
    tide_status rv = tide_client_perform(self->client, &call, &text);
    if (rv == TIDE_OK) {
        *out = json_loadb(text.p, text.n, JSON_DECODE_ANY, NULL);
        if (!*out) rv = tide_fail(TIDE_E_PROTO, "%s: the master's answer is not JSON", path);
    }
    tide_bytes_fini(&text);
    return rv;
}

tide_status remote_getf(remote *self, json_t **out, const char *fmt, ...)
{
    char path[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return remote_get(self, path, out);
}

tide_exit remote_print_json(json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_ENCODE_ANY);
    tide_bytes out = { 0 };
    tide_bytes_printf(&out, "%s\n", text ? text : "null");
    free(text);
    return (tide_exit)tide_output_text(&out);
}

tide_exit remote_print_table(tide_table_text *table)
{
    tide_bytes out = { 0 };
    tide_table_text_print(table, &out);
    tide_table_text_fini(table);
    return (tide_exit)tide_output_text(&out);
}

const char *remote_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double remote_real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

int64_t remote_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const char *remote_span(int64_t ms, char buf[48])
{
    int64_t s = ms / 1000;
    if (ms < 0)
        snprintf(buf, 48, "-");
    else if (ms < 1000)
        snprintf(buf, 48, "%" PRId64 " ms", ms);
    else if (s < 60)
        snprintf(buf, 48, "%" PRId64 " s", s);
    else if (s < 3600)
        snprintf(buf, 48, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buf, 48, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
    else
        snprintf(buf, 48, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
    return buf;
}

const char *remote_time(int64_t ms, char buf[48])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (ms <= 0 || !gmtime_r(&seconds, &parts) || !strftime(buf, 48, "%F %T", &parts))
        snprintf(buf, 48, "-");
    return buf;
}

bool remote_duration(const tide_args *args, const char *flag, int64_t fallback_ms, int64_t *out)
{
    const char *text = tide_args_value(args, flag, NULL);
    int64_t us = fallback_ms * 1000;
    if (text && tide_duration_parse(text, &us) != TIDE_OK) {
        tide_exit_usage(args->command->name, "--%s: %s", flag, tide_error_text());
        return false;
    }
    *out = us / 1000;
    return true;
}
