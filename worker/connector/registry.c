/* registry.c - the one table of connectors, and the checks that every table declaration passes. */
#include "base/core/nearest.h"
#include "worker/connector/connector.h"
#include "worker/connector/connectors.h"
#include "worker/connector/options.h"

#include <stdio.h>

static const tide_connector *const CONNECTORS[] = {
    &tide_connector_blackhole, &tide_connector_datagen, &tide_connector_filesystem,
    &tide_connector_kafka,     &tide_connector_nexmark, &tide_connector_print,
};

#define N_CONNECTORS ((uint32_t)(sizeof CONNECTORS / sizeof *CONNECTORS))

static tide_status check_options(const tide_table *table, const tide_connector *connector,
                                 tide_arena *arena);
static tide_status check_required(const tide_table *table, const tide_option_def *defs);
static tide_status check_metadata(const tide_table *table, const tide_connector *connector,
                                  bool as_sink);

const tide_connector *const *tide_connector_all(uint32_t *n_out)
{
    *n_out = N_CONNECTORS;
    return CONNECTORS;
}

const tide_connector *tide_connector_find(const char *name)
{
    for (uint32_t i = 0; i < N_CONNECTORS; i++)
        if (strcmp(CONNECTORS[i]->name, name) == 0) return CONNECTORS[i];
    return NULL;
}

static tide_status fail_unknown_connector(const char *name)
{
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (uint32_t i = 0; i < N_CONNECTORS; i++) tide_nearest_try(&near, CONNECTORS[i]->name);
    const char *best = tide_nearest_best(&near);
    if (best)
        return tide_fail(TIDE_E_OPTION, "unknown connector '%s'; did you mean '%s'?", name, best);
    char names[256] = "";
    for (uint32_t i = 0, at = 0; i < N_CONNECTORS && at < sizeof names; i++)
        at += (uint32_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "",
                                 CONNECTORS[i]->name);
    return tide_fail(TIDE_E_OPTION, "unknown connector '%s'; there are %s", name, names);
}

static tide_status resolve(const tide_table *table, bool as_sink, tide_arena *arena,
                           const tide_connector **out)
{
    const tide_option *name = tide_options_find(table, "connector");
    if (name == NULL)
        return tide_fail(TIDE_E_OPTION, "option 'connector' is missing: say where its rows %s",
                         as_sink ? "go to" : "come from");
    const tide_connector *connector = tide_connector_find(name->value);
    if (connector == NULL) return fail_unknown_connector(name->value);
    if (as_sink && connector->sink == NULL)
        return tide_fail(TIDE_E_OPTION, "connector '%s' cannot be written to", connector->name);
    if (!as_sink && connector->source == NULL)
        return tide_fail(TIDE_E_OPTION, "connector '%s' cannot be read from", connector->name);
    TIDE_TRY(check_options(table, connector, arena));
    TIDE_TRY(check_required(table, connector->options));
    TIDE_TRY(check_metadata(table, connector, as_sink));
    if (connector->check) TIDE_TRY(connector->check(table, as_sink));
    *out = connector;
    return TIDE_OK;
}

tide_status tide_connector_of(const tide_table *table, bool as_sink, const tide_connector **out)
{
    tide_arena *arena = tide_arena_new();
    tide_status rv = resolve(table, as_sink, arena, out);
    tide_arena_free(&arena);
    return rv == TIDE_OK ? TIDE_OK : tide_because(rv, "table %s", table->name);
}

/* ---- options ---- */

/* Every table of options that may hold a key of this table. */
typedef struct known_options {
    uint32_t n;
    struct {
        const tide_option_def *defs;
        const char *prefix; /* Put before keys that do not begin with it: "json." */
    } tables[5];
} known_options;

static void add_known(known_options *self, const tide_option_def *defs, const char *prefix)
{
    self->tables[self->n].defs = defs;
    self->tables[self->n++].prefix = prefix;
}

static const tide_option_def *find_known(const known_options *known, const char *key)
{
    for (uint32_t i = 0; i < known->n; i++) {
        const tide_option_def *def = tide_option_def_find(known->tables[i].defs, key);
        if (def) return def;
        size_t n = strlen(known->tables[i].prefix);
        if (n == 0 || strncmp(key, known->tables[i].prefix, n) != 0) continue;
        def = tide_option_def_find(known->tables[i].defs, key + n);
        /* 'value.json.x' for a format whose table says "json.x" or "x". */
        const char *dot = strrchr(key + n, '.');
        if (def == NULL && dot) def = tide_option_def_find(known->tables[i].defs, dot + 1);
        if (def) return def;
    }
    return NULL;
}

static tide_status fail_unknown_option(const known_options *known, const char *key,
                                       const tide_connector *connector)
{
    tide_nearest near;
    tide_nearest_init(&near, key);
    for (uint32_t i = 0; i < known->n; i++)
        for (const tide_option_def *d = known->tables[i].defs; d && d->key; d++)
            tide_nearest_try(&near, d->key);
    const char *best = tide_nearest_best(&near);
    if (best) return tide_fail(TIDE_E_OPTION, "unknown option '%s'; did you mean '%s'?", key, best);
    return tide_fail(TIDE_E_OPTION, "unknown option '%s' of connector '%s'", key, connector->name);
}

static tide_status check_options(const tide_table *table, const tide_connector *connector,
                                 tide_arena *arena)
{
    known_options known = { 0 };
    add_known(&known, connector->options, "");
    add_known(&known, tide_options_common, "");
    static const char *const roles[] = { "value", "key" };
    for (uint32_t r = 0; connector->takes_format && r < 2; r++) {
        tide_table_format f;
        TIDE_TRY(tide_table_format_of(table, roles[r], arena, &f));
        if (f.format == NULL) continue;
        add_known(&known, f.format->options, tide_arena_printf(arena, "%s.", roles[r]));
        if (r == 0)
            add_known(&known, f.format->options, tide_arena_printf(arena, "%s.", f.format->name));
    }
    for (uint32_t i = 0; i < table->n_options; i++) {
        const tide_option *o = &table->options[i];
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(table->options[j].key, o->key) == 0)
                return tide_fail(TIDE_E_OPTION, "option '%s' is given twice", o->key);
        const tide_option_def *def = find_known(&known, o->key);
        if (def == NULL && connector->takes_format && strcmp(o->key, "format") == 0) continue;
        if (def == NULL) return fail_unknown_option(&known, o->key, connector);
        TIDE_TRY(tide_option_check(def, o->key, o->value));
    }
    if (connector->takes_format && known.n == 2)
        return tide_fail(TIDE_E_OPTION, "option 'format' is missing; there are %s",
                         tide_format_names());
    for (uint32_t r = 0; connector->takes_format && r < 2; r++) {
        tide_table_format f;
        TIDE_TRY(tide_table_format_of(table, roles[r], arena, &f));
        if (f.format && f.format->check) TIDE_TRY(f.format->check(f.options, f.n_options));
    }
    return TIDE_OK;
}

static tide_status check_required(const tide_table *table, const tide_option_def *defs)
{
    for (const tide_option_def *d = defs; d && d->key; d++) {
        if (d->default_value == NULL || strcmp(d->default_value, TIDE_OPTION_REQUIRED) != 0)
            continue;
        if (tide_options_find(table, d->key) == NULL)
            return tide_fail(TIDE_E_OPTION, "option '%s' is missing (%s)", d->key, d->help);
    }
    return TIDE_OK;
}

/* ---- columns ---- */

static tide_status fail_unknown_metadata(const tide_table_column *c,
                                         const tide_connector *connector)
{
    tide_nearest near;
    tide_nearest_init(&near, c->metadata);
    for (const tide_field *f = connector->metadata; f && f->name; f++)
        tide_nearest_try(&near, f->name);
    const char *best = tide_nearest_best(&near);
    if (best)
        return tide_fail(TIDE_E_BIND, "column %s: unknown metadata '%s'; did you mean '%s'?",
                         c->name, c->metadata, best);
    return tide_fail(TIDE_E_BIND, "column %s: connector '%s' has no metadata '%s'", c->name,
                     connector->name, c->metadata);
}

/* May metadata of type `have` be declared as `want`? Widths of integers and precisions may
 * differ. */
static bool metadata_fits(tide_type have, tide_type want)
{
    if (have.id == want.id) return true;
    if (tide_type_is_timestamp(have) && tide_type_is_timestamp(want)) return true;
    return tide_type_is_integer(have) && want.id == TIDE_TYPE_BIGINT;
}

static tide_status check_metadata(const tide_table *table, const tide_connector *connector,
                                  bool as_sink)
{
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const tide_table_column *c = &table->columns[i];
        if (c->kind != TIDE_COLUMN_METADATA || (as_sink && c->is_virtual)) continue;
        const tide_field *f = connector->metadata;
        while (f && f->name && strcmp(f->name, c->metadata) != 0) f++;
        if (f == NULL || f->name == NULL) return fail_unknown_metadata(c, connector);
        if (metadata_fits(f->type, c->type)) continue;
        char have[TIDE_TYPE_TEXT_MAX], want[TIDE_TYPE_TEXT_MAX];
        return tide_fail(TIDE_E_TYPE, "column %s: metadata '%s' is %s, not %s", c->name,
                         c->metadata, tide_type_print(f->type, have, sizeof have),
                         tide_type_print(c->type, want, sizeof want));
    }
    return TIDE_OK;
}
