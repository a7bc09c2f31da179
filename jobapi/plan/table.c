/* table.c - see table.h. */
#include "jobapi/plan/table.h"

#include <string.h>
#include <strings.h>

const char *tide_table_option(const tide_table *self, const char *key)
{
    for (uint32_t i = 0; i < self->n_options; i++)
        if (strcasecmp(self->options[i].key, key) == 0) return self->options[i].value;
    return NULL;
}

int32_t tide_table_find_column(const tide_table *self, const char *name)
{
    int32_t found = -1;
    for (uint32_t i = 0; i < self->n_columns; i++) {
        if (strcmp(self->columns[i].name, name) == 0) return (int32_t)i;
        if (strcasecmp(self->columns[i].name, name) == 0) found = found == -1 ? (int32_t)i : -2;
    }
    return found;
}
