/* config_yaml.c - settings out of a YAML file, by libyaml. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "cli/config.h"

#define DEPTH_MAX 16      /* Of nested maps: settings have keys of three or four parts. */
#define KEY_BYTES_MAX 256 /* Of a joined key. */

/* Where reading stands: inside `depth` maps, whose joined keys are the first `prefix[depth]` bytes.
 */
typedef struct reader {
    tide_config *config;
    const char *path;
    yaml_parser_t parser;
    char key[KEY_BYTES_MAX];
    size_t prefix[DEPTH_MAX + 1];
    uint32_t depth;
    bool has_key; /* A key was read, its value is next. */
} reader;

static tide_status fail_at(const reader *self, const yaml_event_t *event, const char *what)
{
    return tide_fail(TIDE_E_OPTION, "%s:%zu: %s", self->path, event->start_mark.line + 1, what);
}

static tide_status take_scalar(reader *self, const yaml_event_t *event)
{
    if (self->depth == 0) return fail_at(self, event, "expected settings as key: value");
    const char *text = (const char *)event->data.scalar.value;
    if (!self->has_key) {
        size_t at = self->prefix[self->depth - 1];
        int n = snprintf(self->key + at, sizeof self->key - at, "%s%s", at ? "." : "", text);
        if ((size_t)n >= sizeof self->key - at) return fail_at(self, event, "the key is too long");
        self->prefix[self->depth] = at + (size_t)n;
        self->has_key = true;
        return TIDE_OK;
    }
    char origin[512];
    snprintf(origin, sizeof origin, "%s:%zu", self->path, event->start_mark.line + 1);
    self->has_key = false;
    return tide_config_add(self->config, &self->config->below, self->key, text, origin);
}

static tide_status take_event(reader *self, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return take_scalar(self, event);
    case YAML_MAPPING_START_EVENT:
        if (self->depth > 0 && !self->has_key) return fail_at(self, event, "a key is a plain word");
        if (self->depth == DEPTH_MAX) return fail_at(self, event, "nested too deeply");
        self->depth++;
        self->has_key = false;
        return TIDE_OK;
    case YAML_MAPPING_END_EVENT: self->depth--; return TIDE_OK;
    case YAML_SEQUENCE_START_EVENT: return fail_at(self, event, "no setting takes a list");
    case YAML_ALIAS_EVENT: return fail_at(self, event, "aliases are not supported");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: return TIDE_OK;
    }
    return TIDE_OK;
}

tide_status tide_config_read_yaml(tide_config *self, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    reader r = { .config = self, .path = path };
    tide_status rv = TIDE_OK;
    yaml_parser_initialize(&r.parser);
    yaml_parser_set_input_file(&r.parser, file);
    for (bool more = true; more && rv == TIDE_OK;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r.parser, &event)) {
            const char *why = r.parser.problem ? r.parser.problem : "cannot be read";
            rv = tide_fail(TIDE_E_OPTION, "%s:%zu: %s", path, r.parser.problem_mark.line + 1, why);
            break;
        }
        rv = take_event(&r, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&r.parser);
    fclose(file);
    return rv;
}
