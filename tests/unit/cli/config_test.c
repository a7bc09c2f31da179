#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"

static const tide_flag flags[] = {
    { .name = "config", .value = "FILE", .help = "" },
    { .name = "set", .letter = 'D', .repeats = true, .value = "KEY=VALUE", .help = "" },
    { .name = "parallelism",
      .letter = 'p',
      .value = "N",
      .setting = "parallelism.default",
      .help = "" },
    { 0 },
};
static const tide_command command = { .name = "run", .flags = flags };
static char yaml_path[] = "/tmp/tide_config_XXXXXX";

static int make_file(void **state)
{
    (void)state;
    unsetenv("TIDEMILL_CONFIG");
    int fd = mkstemp(yaml_path);
    return fd < 0 || close(fd) != 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(yaml_path);
}

/* Loads with a file of this text (none when NULL), one environment variable, and these arguments.
 */
static tide_status load(tide_config *config, const char *yaml, const char *variable,
                        const char *arguments)
{
    char text[256], *argv[16];
    int argc = 0;
    snprintf(text, sizeof text, "%s", arguments);
    for (char *at = text, *word; (word = strsep(&at, " ")) != NULL;)
        if (*word) argv[argc++] = word;
    if (yaml) {
        FILE *file = fopen(yaml_path, "w");
        fputs(yaml, file);
        fclose(file);
        argv[argc++] = "--config";
        argv[argc++] = yaml_path;
    }
    tide_args args;
    assert_true(tide_args_read(&args, &command, argc, argv));
    char *environment[] = { "PATH=/bin", (char *)variable, NULL };
    tide_status rv = tide_config_load(config, &args, environment);
    tide_args_fini(&args);
    return rv;
}

/* The layers as the SQL front end puts them together, with a SET between them when `set` is not
 * NULL. */
static void read_settings(const tide_config *config, const char *set, tide_job_settings *out)
{
    tide_option all[16];
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->below.n; i++) all[n++] = config->below.options[i];
    if (set) all[n++] = (tide_option){ .key = "parallelism.default", .value = set };
    for (uint32_t i = 0; i < config->above.n; i++) all[n++] = config->above.options[i];
    assert_int_equal(tide_job_settings_read(out, all, n, NULL), TIDE_OK);
}

static void expect_parallelism(const char *yaml, const char *variable, const char *set,
                               const char *arguments, uint64_t expect)
{
    tide_config config;
    tide_job_settings settings;
    assert_int_equal(load(&config, yaml, variable, arguments), TIDE_OK);
    read_settings(&config, set, &settings);
    assert_int_equal(settings.parallelism, expect);
    tide_config_fini(&config);
}

static void the_nearest_layer_wins(void **state)
{
    (void)state;
    const char *yaml = "parallelism:\n  default: 2\n", *variable = "TIDEMILL_PARALLELISM_DEFAULT=3";
    expect_parallelism(NULL, NULL, NULL, "", 0);
    expect_parallelism(yaml, NULL, NULL, "", 2);
    expect_parallelism(yaml, variable, NULL, "", 3);
    expect_parallelism(yaml, variable, "4", "", 4);
    expect_parallelism(yaml, variable, "4", "-D parallelism.default=5", 5);
    expect_parallelism(yaml, variable, "4", "-D parallelism.default=5 -p 6", 6);
}

static void files_may_nest_keys_or_not(void **state)
{
    (void)state;
    static const char *const yamls[] = {
        "source.idle-timeout: 7 s\n",
        "source:\n  idle-timeout: 7 s\n",
        "# a comment\nsource: { idle-timeout: '7 s' }\non-error: skip\n",
    };
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++) {
        tide_config config;
        tide_job_settings settings;
        assert_int_equal(load(&config, yamls[i], NULL, ""), TIDE_OK);
        read_settings(&config, NULL, &settings);
        assert_int_equal(settings.idle_timeout_us, 7000000);
        tide_config_fini(&config);
    }
}

static void mistakes_name_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *variable, *arguments, *expect;
    } cases[] = {
        { NULL, NULL, "-D sourc.idle-timeout=1", "-D: " },
        { NULL, NULL, "-D sourc.idle-timeout=1", "source.idle-timeout" },
        { NULL, NULL, "-D novalue", "KEY=VALUE" },
        { NULL, NULL, "-D =3", "KEY=VALUE" },
        { NULL, NULL, "-p many", "--parallelism: " },
        { NULL, "TIDEMILL_ON_ERROR=explode", "", "TIDEMILL_ON_ERROR: " },
        { "pipeline.name: x\non-eror: skip\n", NULL, "", ":2: " },
        { "a: [1, 2]\n", NULL, "", ":1: no setting takes a list" },
        { "rest.prt: 1\n", NULL, "", ":1: unknown setting 'rest.prt', did you mean 'rest.port'?" },
        { NULL, NULL, "-D rest.port=1", "belongs into their file" },
        { "heartbeat.timeout: 1 ms\n", NULL, "", "twice heartbeat.interval" },
        { "just text\n", NULL, "", ":1: expected settings" },
        { "- a\n", NULL, "", ":1: no setting takes a list" },
        { "a: 'open\n", NULL, "", "unexpected end of stream" },
        { "? {a: b}\n: c\n", NULL, "", "plain word" },
        { "pipeline.name: &x b\nlate-rows.table: *x\n", NULL, "", "aliases" },
        { "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: "
          "1}}}}}}}}}}}}}}}}}\n",
          NULL, "", "nested too deeply" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_config config;
        assert_int_equal(load(&config, cases[i].yaml, cases[i].variable, cases[i].arguments),
                         TIDE_E_OPTION);
        if (!strstr(tide_error_text(), cases[i].expect))
            fail_msg("\"%s\" does not have \"%s\"", tide_error_text(), cases[i].expect);
    }
}

static void unknown_variables_are_left_alone(void **state)
{
    (void)state;
    expect_parallelism(NULL, "TIDEMILL_SERVICE_HOST=10.0.0.1", NULL, "", 0);
}

/* Keys of jobs and of the cluster in one file; each goes where it is read. */
static void one_file_configures_all(void **state)
{
    (void)state;
    tide_config config;
    const char *yaml = "parallelism.default: 2\nrest: { port: 9000 }\n"
                       "restart-strategy.type: fixed-delay\n";
    assert_int_equal(load(&config, yaml, "TIDEMILL_REST_PORT=9001",
                          "-D restart-strategy.type=none"),
                     TIDE_OK);
    assert_int_equal(config.cluster.rest_port, 9001);
    assert_int_equal(config.cluster.restart_type, TIDE_RESTART_TYPE_NONE);
    assert_int_equal(config.below.n, 2);
    assert_int_equal(config.above.n, 1);
    tide_config_fini(&config);
}

typedef struct search {
    const char *key, *value, *origin;
} search;

static void compare(void *ctx, const tide_config_value *value)
{
    search *self = ctx;
    if (strcmp(value->def->key, self->key) != 0) return;
    assert_string_equal(value->value, self->value);
    assert_non_null(strstr(value->origin, self->origin));
    self->key = "";
}

static void every_value_tells_its_origin(void **state)
{
    (void)state;
    tide_config config;
    assert_int_equal(load(&config, "parallelism: 2\n\nrest.bind-port: 9\n",
                          "TIDEMILL_ON_ERROR=skip", "-p 3"),
                     TIDE_OK);
    search searches[] = {
        { "parallelism.default", "3", "--parallelism" },
        { "rest.port", "9", ":3" },
        { "on-error", "skip", "TIDEMILL_ON_ERROR" },
        { "control.port", "6123", "default" },
        { "rest.token", "", "default" },
    };
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        tide_config_each(&config, compare, &searches[i]);
        assert_string_equal(searches[i].key, "");
    }
    tide_config_fini(&config);
}

static void a_token_may_lie_in_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        tide_status expect;
    } cases[] = { { "s3cret\n", TIDE_OK }, { "", TIDE_E_OPTION }, { "two words", TIDE_E_OPTION } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[] = "/tmp/tide_token_XXXXXX", variable[64];
        int fd = mkstemp(path);
        size_t n = strlen(cases[i].content);
        assert_int_equal(write(fd, cases[i].content, n), n);
        close(fd);
        snprintf(variable, sizeof variable, "TIDEMILL_REST_TOKEN_FILE=%s", path);
        tide_config config;
        assert_int_equal(load(&config, NULL, variable, ""), TIDE_OK);
        assert_int_equal(tide_config_read_token(&config), cases[i].expect);
        if (cases[i].expect == TIDE_OK) assert_string_equal(config.cluster.rest_token, "s3cret");
        tide_config_fini(&config);
        unlink(path);
    }
}

static void a_missing_file_is_not_found(void **state)
{
    (void)state;
    tide_config config;
    assert_int_equal(load(&config, NULL, NULL, "--config /nonexistent.yaml"), TIDE_E_NOT_FOUND);
    assert_int_equal(load(&config, "", NULL, ""), TIDE_OK); /* An empty one is fine. */
    tide_config_fini(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_layer_wins),
        cmocka_unit_test(files_may_nest_keys_or_not),
        cmocka_unit_test(mistakes_name_where_they_are),
        cmocka_unit_test(unknown_variables_are_left_alone),
        cmocka_unit_test(one_file_configures_all),
        cmocka_unit_test(every_value_tells_its_origin),
        cmocka_unit_test(a_token_may_lie_in_a_file),
        cmocka_unit_test(a_missing_file_is_not_found),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
