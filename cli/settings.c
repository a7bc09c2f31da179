/* settings.c - `tidemill config`: every setting, its value, and where it comes from. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

typedef struct listing {
    const char *key; /* Only this one; NULL all. */
    tide_table_text table;
    json_t *list;
} listing;

static const char *shown(const tide_config_value *value)
{
    return value->def->kind == TIDE_SETTING_SECRET && *value->value ? "***" : value->value;
}

static void add(void *ctx, const tide_config_value *value)
{
    listing *self = ctx;
    tide_table_text_add(&self->table, "%s\t%s\t%s", value->def->key, shown(value), value->origin);
    json_array_append_new(self->list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "key", value->def->key,
                                                "value", shown(value), "origin", value->origin,
                                                "default", value->def->default_value, "help",
                                                value->def->help, "per-job", value->is_of_job));
}

static tide_exit show_effective(const tide_config *config, bool as_json)
{
    listing list = { .list = json_array() };
    tide_table_text_init(&list.table, "KEY|VALUE|ORIGIN");
    tide_config_each(config, add, &list);
    tide_exit code = TIDE_EXIT_OK;
    if (as_json) {
        code = remote_print_json(list.list);
        tide_table_text_fini(&list.table);
    } else {
        code = remote_print_table(&list.table);
    }
    json_decref(list.list);
    return code;
}

typedef struct explanation {
    const tide_setting_def *def;
    tide_config_value value;
} explanation;

static void find(void *ctx, const tide_config_value *value)
{
    explanation *self = ctx;
    if (value->def == self->def) self->value = *value;
}

static void put_aliases(const tide_settings_table *table, const tide_setting_def *def,
                        tide_bytes *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < table->n_aliases; i++)
        if (strcmp(table->aliases[i][1], def->key) == 0)
            tide_bytes_printf(out, "%s%s", n++ ? ", " : "  also     ", table->aliases[i][0]);
    if (n) tide_bytes_putc(out, '\n');
}

static tide_exit explain(const tide_config *config, const char *key, bool as_json)
{
    static const tide_settings_table *const tables[] = { &tide_job_settings_table,
                                                         &tide_cluster_settings_table };
    uint32_t t = tide_settings_find(tables[0], key) ? 0 : 1;
    explanation self = { .def = tide_settings_find(tables[t], key) };
    if (!self.def) {
        (void)tide_settings_unknown(tables, 2, key);
        return tide_exit_usage("config", "%s", tide_error_text());
    }
    tide_config_each(config, find, &self);
    tide_bytes type = { 0 }, out = { 0 };
    tide_setting_type(self.def, &type);
    const char *variable = tide_config_variable(config->arena, self.def->key);
    const char *where = t == 0              ? "a job"
                        : self.def->per_job ? "the cluster and a job"
                                            : "the cluster";
    if (as_json) {
        json_t *root = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "key", self.def->key, "value",
                                 shown(&self.value), "origin", self.value.origin, "default",
                                 self.def->default_value, "type", tide_bytes_text(&type), "of",
                                 where, "variable", variable, "help", self.def->help);
        tide_exit code = remote_print_json(root);
        json_decref(root);
        tide_bytes_fini(&type);
        return code;
    }
    tide_bytes_printf(&out, "%s\n  %s\n  type     %s\n  of       %s\n  default  %s\n",
                      self.def->key, self.def->help, tide_bytes_text(&type), where,
                      *self.def->default_value ? self.def->default_value : "unset");
    tide_bytes_printf(&out, "  value    %s\n  origin   %s\n  variable %s\n", shown(&self.value),
                      self.value.origin, variable);
    put_aliases(tables[t], self.def, &out);
    tide_bytes_fini(&type);
    return (tide_exit)tide_output_text(&out);
}

int tide_command_config(const tide_args *args)
{
    bool explains = strcmp(args->operands[0], "explain") == 0;
    if (!explains && strcmp(args->operands[0], "effective") != 0)
        return tide_exit_usage("config", "config takes effective or explain, not \"%s\"",
                               args->operands[0]);
    if (explains != (args->n_operands == 2))
        return tide_exit_usage("config", explains ? "config explain needs a KEY"
                                                  : "config effective takes nothing more");
    tide_config config;
    tide_status rv = tide_config_load(&config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage("config", "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_PLAN);
    bool as_json = strcmp(tide_args_value(args, "output", "table"), "json") == 0;
    tide_exit code =
        explains ? explain(&config, args->operands[1], as_json) : show_effective(&config, as_json);
    tide_config_fini(&config);
    return code;
}
