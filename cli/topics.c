/* topics.c - reference lists from the engine's own tables. */
#include "cli/topics.h"

#include <string.h>

#include "base/core/counters.h"
#include "base/expr/expr.h"
#include "base/format/format.h"
#include "jobapi/plan/cluster_settings.h"
#include "jobapi/plan/settings.h"
#include "worker/connector/connector.h"
#include "worker/connector/options.h"

#define WIDTH 96u /* Columns of the lists, for terminals. */

/* `text` in lines of at most WIDTH columns, each behind `indent` spaces. */
static void put_wrapped(tide_bytes *out, uint32_t indent, const char *text)
{
    size_t room = WIDTH - indent;
    while (*text) {
        size_t n = strlen(text);
        if (n > room) {
            n = room;
            while (n > 0 && text[n] != ' ') n--;
            if (n == 0) n = strcspn(text, " "); /* One long word. */
        }
        tide_bytes_printf(out, "%*s%.*s\n", (int)indent, "", (int)n, text);
        text += n;
        while (*text == ' ') text++;
    }
}

static void put_settings(const tide_settings_table *table, tide_bytes *out)
{
    for (uint32_t i = 0; i < table->n; i++) {
        const tide_setting_def *def = &table->defs[i];
        tide_bytes_printf(out, "  %s", def->key);
        if (*def->default_value) tide_bytes_printf(out, " (%s)", def->default_value);
        tide_bytes_putc(out, '\n');
        put_wrapped(out, 6, def->help);
        if (def->choices && strchr(def->choices, '|')) {
            tide_bytes_puts(out, "      one of: ");
            tide_setting_type(def, out);
            tide_bytes_putc(out, '\n');
        }
    }
}

static void print_settings(tide_bytes *out)
{
    tide_bytes_puts(
        out,
        "In a job: SET 'key' = 'value'. On the command line: -D key=value. In the environment:\n"
        "TIDEMILL_KEY, with _ for . and -. In a YAML file: --config, or $TIDEMILL_CONFIG. The\n"
        "command line wins over the job, the job over the environment, that over the file.\n"
        "'tidemill config effective' shows every value and where it comes from.\n\n");
    put_settings(&tide_job_settings_table, out);
}

static void print_cluster(tide_bytes *out)
{
    tide_bytes_puts(
        out, "For masters, workers and those who talk to them. In a YAML file: --config, or\n"
             "$TIDEMILL_CONFIG; in the environment: TIDEMILL_KEY, with _ for . and -; with -D "
             "key=value\n"
             "for 'tidemill master', 'worker' and 'cluster start'. Keys of scheduler, slot and\n"
             "restart-strategy may be given to a job, too.\n\n");
    put_settings(&tide_cluster_settings_table, out);
}

/* Overloads in a row share the help behind the last of them. */
typedef struct function_list {
    tide_bytes *out;
    const char *help; /* Owed; NULL: none. */
} function_list;

static void pay_help(function_list *self)
{
    if (self->help) put_wrapped(self->out, 6, self->help);
    self->help = NULL;
}

static void put_function(void *ctx, const char *name, const char *signature, const char *help)
{
    (void)name;
    function_list *self = ctx;
    if (self->help && strcmp(self->help, help) != 0) pay_help(self);
    tide_bytes_printf(self->out, "  %s\n", signature);
    self->help = help;
}

static void print_functions(tide_bytes *out)
{
    function_list list = { .out = out };
    tide_fn_visit(put_function, &list);
    pay_help(&list);
}

static void put_options(tide_bytes *out, const tide_option_def *def)
{
    for (; def && def->key; def++) {
        tide_bytes_printf(out, "    %s: %s", def->key, def->type);
        bool required = def->default_value && strcmp(def->default_value, TIDE_OPTION_REQUIRED) == 0;
        if (required)
            tide_bytes_puts(out, ", required");
        else if (def->default_value && *def->default_value)
            tide_bytes_printf(out, " (%s)", def->default_value);
        tide_bytes_putc(out, '\n');
        put_wrapped(out, 8, def->help);
    }
}

static void print_connectors(tide_bytes *out)
{
    uint32_t n;
    const tide_connector *const *all = tide_connector_all(&n);
    tide_bytes_puts(out, "  any table\n");
    put_options(out, tide_options_common);
    for (uint32_t i = 0; i < n; i++) {
        const tide_connector *c = all[i];
        const char *use = c->source && c->sink ? "read and written"
                          : c->source          ? "read"
                                               : "written";
        tide_bytes_printf(out, "\n  '%s' (%s%s): %s\n", c->name, use,
                          c->takes_format ? ", with a format" : "", c->help);
        put_options(out, c->options);
        for (const tide_field *m = c->metadata; m && m->name; m++) {
            char type[TIDE_TYPE_TEXT_MAX];
            tide_bytes_printf(out, "    METADATA FROM '%s': %s\n", m->name,
                              tide_type_print(m->type, type, sizeof type));
        }
    }
}

static void print_formats(tide_bytes *out)
{
    char names[256];
    strncpy(names, tide_format_names(), sizeof names - 1);
    names[sizeof names - 1] = '\0';
    char *rest = names;
    for (char *name; (name = strsep(&rest, ", ")) != NULL;) {
        const tide_format *format = *name ? tide_format_find(name) : NULL;
        if (!format) continue;
        tide_bytes_printf(out, "  '%s'\n", format->name);
        put_options(out, format->options);
    }
}

const tide_topic tide_topics[] = {
    { "settings", "What SET, -D and a settings file may give a job", print_settings },
    { "cluster-settings", "What configures the processes of a cluster", print_cluster },
    { "functions", "The scalar functions of SQL", print_functions },
    { "connectors", "What a table may be connected to, with its options", print_connectors },
    { "formats", "How records are written, with the options of each", print_formats },
    { "counters", "What a running job counts", tide_counters_help },
    { 0 },
};
