/* format.c - the registry of record formats, and what they share about options
 * and errors. */
#include "base/format/format.h"

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/format/formats.h"
#include "base/format/options.h"

static const tide_format *const FORMATS[] = { &tide_format_json, &tide_format_csv };

const tide_format *tide_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (strcmp(FORMATS[i]->name, name) == 0) return FORMATS[i];
    return NULL;
}

const char *tide_format_names(void)
{
    return "json, csv";
}

void tide_decode_errors_fini(tide_decode_errors *self)
{
    tide_free(self->items);
    *self = (tide_decode_errors){ 0 };
}

const char *tide_format_option_get(const tide_format_options *self, const char *key)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->items[i].key, key) == 0) return self->items[i].value;
    const tide_option_def *def = self->defs;
    while (def->key && strcmp(def->key, key) != 0) def++;
    tide_assert(def->key != NULL);
    return def->default_value;
}

bool tide_format_option_bool(const tide_format_options *self, const char *key)
{
    bool value = false;
    const char *text = tide_format_option_get(self, key);
    return text && tide_parse_bool(text, strlen(text), &value) && value;
}

tide_status tide_format_option_enum(const tide_format_options *self, const char *key, uint32_t *out)
{
    const char *text = tide_format_option_get(self, key);
    const tide_option_def *def = self->defs;
    while (strcmp(def->key, key) != 0) def++;
    const char *word = strchr(def->type, '(') + 1;
    for (*out = 0; *word; (*out)++) {
        size_t len = strcspn(word, "|)");
        if (text && strlen(text) == len && memcmp(word, text, len) == 0) return TIDE_OK;
        word += len + 1;
    }
    return tide_fail(TIDE_E_OPTION, "option '%s' = '%s': expected one of %s", key, text ? text : "",
                     def->type + 4);
}

tide_status tide_format_option_char(const tide_format_options *self, const char *key, char *out)
{
    static const char escapes[] = "t\tn\nr\r\\\\";
    const char *text = tide_format_option_get(self, key);
    *out = text ? text[0] : '\0';
    if (text == NULL || strlen(text) < 2) return TIDE_OK;
    for (const char *e = escapes; text[0] == '\\' && text[2] == '\0' && *e; e += 2)
        if (*e == text[1]) {
            *out = e[1];
            return TIDE_OK;
        }
    return tide_fail(TIDE_E_OPTION, "option '%s' = '%s': expected one character", key, text);
}
