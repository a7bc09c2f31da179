/* Jobs of the simulator by themselves: the oracle has rows, and a wrong output is told from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/load.h"

static sim_load small(sim_query query)
{
    return (sim_load){ .seed = 5,
                       .query = query,
                       .parallelism = 2,
                       .rows = 200,
                       .keys = 4,
                       .interval_ns = 20 * SIM_MS };
}

/* What the oracle says, found by asking about an empty output. */
static void right_output(sim_query query, sim_output *out)
{
    sim_load load = small(query);
    *out = (sim_output){ 0 };
    sim_load_run_alone(&load, &out->lines);
    sim_load_fini(&load);
}

static bool is_right(sim_query query, const sim_output *output)
{
    sim_load load = small(query);
    tide_bytes why = { 0 };
    bool ok = sim_load_check(&load, output, &why);
    tide_bytes_fini(&why);
    sim_load_fini(&load);
    return ok;
}

static void the_right_output_is_accepted(void **state)
{
    (void)state;
    for (sim_query query = 0; query < SIM_QUERIES; query++) {
        sim_output output;
        right_output(query, &output);
        assert_true(output.lines.n > 100);
        assert_true(is_right(query, &output));
        assert_false(is_right(query, NULL));
        tide_bytes_fini(&output.lines);
    }
}

static size_t line_end(const tide_bytes *lines, size_t from)
{
    return from +
           (size_t)((char *)memchr(lines->p + from, '\n', lines->n - from) - lines->p - from) + 1;
}

static void a_row_less_or_more_is_found(void **state)
{
    (void)state;
    sim_output output;
    right_output(SIM_WINDOWS, &output);
    size_t n = output.lines.n, first = line_end(&output.lines, 0);
    sim_output less = { .lines = { output.lines.p + first, n - first, n - first } };
    assert_false(is_right(SIM_WINDOWS, &less));
    tide_bytes more = { 0 };
    tide_bytes_put(&more, output.lines.p, n);
    tide_bytes_put(&more, output.lines.p, first);
    assert_false(is_right(SIM_WINDOWS, &(sim_output){ .lines = more }));
    tide_bytes_fini(&more);
    tide_bytes_fini(&output.lines);
}

/* Two rows of one key change places: the same rows, another order. */
static void another_order_within_a_key_is_found(void **state)
{
    (void)state;
    sim_output output;
    right_output(SIM_WINDOWS, &output);
    size_t last = 0;
    for (size_t i = 0; i < output.lines.n; i = line_end(&output.lines, i)) last = i;
    tide_bytes turned = { 0 };
    tide_bytes_put(&turned, output.lines.p + last, output.lines.n - last);
    tide_bytes_put(&turned, output.lines.p, last);
    sim_output wrong = { .lines = turned };
    assert_false(is_right(SIM_WINDOWS, &wrong));
    tide_bytes_fini(&turned);
    tide_bytes_fini(&output.lines);
}

static void a_retraction_of_what_was_never_said_is_found(void **state)
{
    (void)state;
    sim_output output;
    right_output(SIM_COUNTS, &output);
    tide_bytes_puts(&output.lines, "1,0,0,0,0\n");
    assert_false(is_right(SIM_COUNTS, &output));
    tide_bytes_fini(&output.lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_output_is_accepted),
        cmocka_unit_test(a_row_less_or_more_is_found),
        cmocka_unit_test(another_order_within_a_key_is_found),
        cmocka_unit_test(a_retraction_of_what_was_never_said_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
