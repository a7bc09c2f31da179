/* read_json.c - records out of JSON, by their tables: what a REST client sends. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/core/nearest.h"
#include "jobapi/proto/fields.h"

static tide_status read_record(const tide_proto_desc *desc, const json_t *object, const char *where,
                               tide_arena *arena, void *record);

static tide_status fail_type(const char *where, const char *wanted)
{
    return tide_fail(TIDE_E_INVALID, "\"%s\" must be %s", where, wanted);
}

static bool read_u64(const json_t *value, uint64_t *out)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    /* Larger ones than JSON's readers can hold are texts. */
    const char *text = json_string_value(value);
    if (!text || text[0] < '0' || text[0] > '9' || strlen(text) > 20) return false;
    char *end = NULL;
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

static tide_status read_list(const tide_proto_field *field, const json_t *value, const char *where,
                             tide_arena *arena, tide_proto_list *list)
{
    if (!json_is_array(value)) return fail_type(where, "an array");
    const tide_proto_desc *sub = field->sub();
    size_t n = json_array_size(value);
    if (n > UINT32_MAX) return fail_type(where, "shorter");
    list->n = (uint32_t)n;
    list->items = n ? tide_arena_zalloc(arena, n * sub->bytes) : NULL;
    for (size_t i = 0; i < n; i++)
        TIDE_TRY(read_record(sub, json_array_get(value, i),
                             tide_arena_printf(arena, "%s[%zu]", where, i), arena,
                             (char *)list->items + i * sub->bytes));
    return TIDE_OK;
}

static tide_status read_value(const tide_proto_field *field, const json_t *value, const char *where,
                              tide_arena *arena, void *record)
{
    void *at = (char *)record + field->offset;
    switch (field->type) {
    case TIDE_FIELD_U64:
        return read_u64(value, at) ? TIDE_OK : fail_type(where, "a whole number of 0 or more");
    case TIDE_FIELD_I64:
        if (!json_is_integer(value)) return fail_type(where, "a whole number");
        *(int64_t *)at = json_integer_value(value);
        return TIDE_OK;
    case TIDE_FIELD_BOOL:
        if (!json_is_boolean(value)) return fail_type(where, "true or false");
        *(bool *)at = json_is_true(value);
        return TIDE_OK;
    case TIDE_FIELD_F64:
        if (!json_is_number(value)) return fail_type(where, "a number");
        *(double *)at = json_number_value(value);
        return TIDE_OK;
    case TIDE_FIELD_TEXT:
        if (!json_is_string(value)) return fail_type(where, "a text");
        *(const char **)at = tide_arena_strdup(arena, json_string_value(value));
        return TIDE_OK;
    case TIDE_FIELD_BYTES: return fail_type(where, "left out");
    case TIDE_FIELD_LIST: return read_list(field, value, where, arena, at);
    case TIDE_FIELD_ONE: return read_record(field->sub(), value, where, arena, at);
    }
    return TIDE_OK;
}

static const tide_proto_field *find(const tide_proto_desc *desc, const char *name)
{
    for (uint32_t i = 0; i < desc->n_fields; i++)
        if (strcmp(desc->fields[i].name, name) == 0) return &desc->fields[i];
    return NULL;
}

static tide_status unknown_field(const tide_proto_desc *desc, const char *name, const char *where)
{
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (uint32_t i = 0; i < desc->n_fields; i++) tide_nearest_try(&near, desc->fields[i].name);
    const char *best = tide_nearest_best(&near);
    return tide_fail(TIDE_E_INVALID, "unknown field \"%.60s\"%s%s%s%s%s", name,
                     *where ? " in " : "", where, best ? ", did you mean \"" : "", best ? best : "",
                     best ? "\"?" : "");
}

/* Texts are never NULL. */
static void put_empty_texts(const tide_proto_desc *desc, void *record)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        void *at = (char *)record + desc->fields[i].offset;
        if (desc->fields[i].type == TIDE_FIELD_TEXT) *(const char **)at = "";
        if (desc->fields[i].type == TIDE_FIELD_ONE) put_empty_texts(desc->fields[i].sub(), at);
    }
}

static tide_status read_record(const tide_proto_desc *desc, const json_t *object, const char *where,
                               tide_arena *arena, void *record)
{
    memset(record, 0, desc->bytes);
    put_empty_texts(desc, record);
    if (!json_is_object(object)) return fail_type(*where ? where : desc->name, "an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const tide_proto_field *field = find(desc, key);
        if (!field) return unknown_field(desc, key, where);
        const char *place =
            *where ? tide_arena_printf(arena, "%s.%s", where, field->name) : field->name;
        TIDE_TRY(read_value(field, value, place, arena, record));
    }
    return TIDE_OK;
}

tide_status tide_proto_read_json(const tide_proto_desc *desc, const char *text, size_t n,
                                 tide_arena *arena, void *record)
{
    json_error_t why;
    /* Without JSON_ALLOW_NUL a text with \u0000 is refused. */
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return tide_fail(TIDE_E_INVALID, "not JSON: line %d, column %d: %s", why.line, why.column,
                         why.text);
    tide_status rv = read_record(desc, root, "", arena, record);
    json_decref(root);
    return rv;
}
