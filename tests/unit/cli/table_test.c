#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/table.h"

static void columns_are_as_wide_as_their_cells(void **state)
{
    (void)state;
    tide_table_text table;
    tide_bytes out = { 0 };
    tide_table_text_init(&table, "A|LONG NAME|C");
    tide_table_text_add(&table, "%s\t%d\t%s", "first", 7, "x");
    tide_table_text_add(&table, "\xc3\xa4\t\tline\nbreak"); /* One character of two bytes. */
    tide_table_text_add(&table, "only");
    tide_table_text_print(&table, &out);
    assert_string_equal(tide_bytes_text(&out), "A      LONG NAME  C\n"
                                               "first  7          x\n"
                                               "\xc3\xa4                 line break\n"
                                               "only\n");
    tide_bytes_fini(&out);
    tide_table_text_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(columns_are_as_wide_as_their_cells) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
