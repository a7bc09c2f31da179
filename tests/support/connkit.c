/* connkit.c - see connkit.h. */
#include "tests/support/connkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/column/text.h"
#include "base/core/assert.h"

#define WAIT_NS 20000000 /* One sleep on the waker. */

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int tide_connkit_set_up(void **state)
{
    tide_connkit_home *home = tide_calloc(1, sizeof *home);
    home->arena = tide_arena_new();
    home->pool = tide_pool_new(0);
    home->waker = tide_waker_new();
    *state = home;
    return 0;
}

int tide_connkit_tear_down(void **state)
{
    tide_connkit_home *home = *state;
    bool is_back = tide_pool_bytes(home->pool) == 0;
    tide_pool_free(&home->pool);
    tide_arena_free(&home->arena);
    tide_waker_free(&home->waker);
    tide_free(home);
    return !is_back;
}

/* ---- tables ---- */

/* The end of one column's declaration: the next comma outside parentheses. */
static size_t declaration_length(const char *at)
{
    int depth = 0;
    const char *p = at;
    for (; *p && (depth > 0 || *p != ','); p++) depth += (*p == '(') - (*p == ')');
    return (size_t)(p - at);
}

static void declare_column(tide_arena *arena, char *text, tide_table_column *out)
{
    *out = (tide_table_column){ .kind = TIDE_COLUMN_PHYSICAL };
    while (*text == ' ') text++;
    char *type = strchr(text, ' ');
    tide_assert(type != NULL);
    *type++ = '\0';
    char *metadata = strstr(type, " METADATA FROM '");
    if (metadata) {
        char *key = metadata + strlen(" METADATA FROM '"), *end = strchr(key, '\'');
        out->kind = TIDE_COLUMN_METADATA;
        out->metadata = tide_arena_strndup(arena, key, (size_t)(end - key));
        out->is_virtual = strstr(end, "VIRTUAL") != NULL;
        *metadata = '\0';
    }
    out->name = tide_arena_strdup(arena, text);
    tide_status rv = tide_type_parse(type, &out->type);
    tide_assert(rv == TIDE_OK);
}

tide_table *tide_connkit_table(tide_arena *arena, const char *columns, const char *const *options)
{
    tide_table *t = TIDE_NEW(arena, tide_table);
    t->name = "t";
    t->rowtime = -1;
    t->columns = TIDE_NEW_N(arena, tide_table_column, TIDE_CONNKIT_COLUMNS_MAX);
    while (*columns) {
        size_t n = declaration_length(columns);
        declare_column(arena, tide_arena_strndup(arena, columns, n), &t->columns[t->n_columns++]);
        columns += n + (columns[n] == ',');
    }
    while (options[t->n_options * 2]) t->n_options++;
    t->options = TIDE_NEW_N(arena, tide_option, t->n_options + 1);
    for (uint32_t i = 0; i < t->n_options; i++)
        t->options[i] = (tide_option){ .key = options[2 * i], .value = options[2 * i + 1] };
    return t;
}

static bool is_named(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = names; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0')) return true;
    return false;
}

tide_node *tide_connkit_scan(tide_arena *arena, const tide_table *table, const char *names)
{
    tide_node *node = TIDE_NEW(arena, tide_node);
    uint32_t *columns = TIDE_NEW_N(arena, uint32_t, table->n_columns);
    node->kind = TIDE_NODE_SCAN;
    node->schema.fields = TIDE_NEW_N(arena, tide_field, table->n_columns);
    node->rowtime = node->window_start = node->window_end = -1;
    for (uint32_t i = 0; i < table->n_columns; i++) {
        if (names && !is_named(names, table->columns[i].name)) continue;
        columns[node->schema.n] = i;
        node->schema.fields[node->schema.n++] =
            (tide_field){ .name = table->columns[i].name, .type = table->columns[i].type };
    }
    node->scan.table = table;
    node->scan.columns = columns;
    node->scan.n_columns = node->schema.n;
    return node;
}

uint32_t tide_connkit_types(const tide_table *table, tide_type *types)
{
    for (uint32_t i = 0; i < table->n_columns; i++) types[i] = table->columns[i].type;
    return table->n_columns;
}

/* ---- sources ---- */

tide_status tide_connkit_source_open(tide_connkit_source *self, tide_pool *pool, tide_waker *waker,
                                     const tide_node *scan, uint32_t subtask, uint32_t parallelism,
                                     uint32_t batch_rows_max)
{
    *self = (tide_connkit_source){ .now_ns = 1 };
    TIDE_TRY(tide_connector_of(scan->scan.table, false, &self->connector));
    tide_status rv = self->connector->discover(scan, parallelism, &self->splits);
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->splits.n; i++)
        if (i % parallelism == subtask) self->mine[n++] = &self->splits.items[i];
    self->args = (tide_source_args){
        .scan = scan,
        .columns = scan->scan.columns,
        .n_columns = scan->scan.n_columns,
        .splits = self->mine,
        .n_splits = n,
        .subtask = subtask,
        .parallelism = parallelism,
        .pool = pool,
        .waker = waker,
        .counters = &self->counters,
        .batch_rows_max = batch_rows_max,
        .bounded = self->connector->is_bounded(scan->scan.table),
        .now_ns = &self->now_ns,
        .wall_us = &self->wall_us,
    };
    self->self = tide_calloc(1, self->connector->source->size);
    if (rv == TIDE_OK) rv = self->connector->source->open(self->self, &self->args);
    if (rv == TIDE_OK) return rv;
    tide_splits_fini(&self->splits);
    tide_free(self->self);
    self->self = NULL;
    return rv;
}

static void take_batch(tide_connkit_source *self, tide_source_poll *poll, tide_bytes *lines)
{
    self->rows += poll->batch->n_rows;
    self->batches++;
    if (lines) tide_connkit_print(poll->batch, lines);
    tide_batch_unref(&poll->batch);
}

tide_source_result tide_connkit_source_run(tide_connkit_source *self, uint64_t rows_max,
                                           int64_t timeout_ms, tide_bytes *lines)
{
    uint64_t rows_end = rows_max > UINT64_MAX - self->rows ? UINT64_MAX : self->rows + rows_max;
    int64_t deadline = clock_ns(CLOCK_MONOTONIC) + timeout_ms * 1000000;
    uint32_t n_idle = 0;
    for (;;) {
        tide_source_poll poll = { 0 };
        self->now_ns = clock_ns(CLOCK_MONOTONIC);
        self->wall_us = clock_ns(CLOCK_REALTIME) / 1000;
        tide_source_result r = self->connector->source->poll(self->self, &poll);
        if (r == TIDE_SOURCE_BATCH) {
            take_batch(self, &poll, lines);
            deadline = clock_ns(CLOCK_MONOTONIC) + timeout_ms * 1000000;
            n_idle = 0;
            if (self->rows >= rows_end) return r;
            continue;
        }
        if (r == TIDE_SOURCE_SPLIT_END) self->n_split_ends++;
        if (r == TIDE_SOURCE_SPLIT_IDLE) {
            self->n_idle++;
            if (++n_idle >= self->args.n_splits - self->n_split_ends) return r;
        }
        if (r == TIDE_SOURCE_END || r == TIDE_SOURCE_FAILED) return r;
        if (r != TIDE_SOURCE_NOTHING) continue;
        if (clock_ns(CLOCK_MONOTONIC) > deadline) return r;
        int64_t wait_ns = poll.next_ns ? poll.next_ns - clock_ns(CLOCK_MONOTONIC) : WAIT_NS;
        tide_waker_arm(self->args.waker);
        tide_waker_wait(self->args.waker, wait_ns < 0 ? 0 : wait_ns < WAIT_NS ? wait_ns : WAIT_NS);
    }
}

void tide_connkit_source_close(tide_connkit_source *self)
{
    if (self->self == NULL) return;
    self->connector->source->close(self->self);
    tide_free(self->self);
    self->self = NULL;
    tide_splits_fini(&self->splits);
}

/* ---- sinks ---- */

tide_status tide_connkit_sink_open(tide_connkit_sink *self, tide_arena *arena, tide_pool *pool,
                                   tide_waker *waker, const tide_table *table,
                                   struct tide_output *output, bool updating)
{
    *self = (tide_connkit_sink){ .now_ns = 1 };
    TIDE_TRY(tide_connector_of(table, true, &self->connector));
    self->schema.fields = TIDE_NEW_N(arena, tide_field, table->n_columns);
    for (uint32_t i = 0; i < table->n_columns; i++)
        if (!table->columns[i].is_virtual)
            self->schema.fields[self->schema.n++] =
                (tide_field){ .name = table->columns[i].name, .type = table->columns[i].type };
    self->args = (tide_sink_args){ .table = table,
                                   .schema = &self->schema,
                                   .parallelism = 1,
                                   .pool = pool,
                                   .waker = waker,
                                   .counters = &self->counters,
                                   .now_ns = &self->now_ns,
                                   .wall_us = &self->wall_us,
                                   .output = output,
                                   .updating = updating };
    self->self = tide_calloc(1, self->connector->sink->size);
    tide_status rv = self->connector->sink->open(self->self, &self->args);
    if (rv == TIDE_OK) return rv;
    tide_free(self->self);
    self->self = NULL;
    return rv;
}

static void wait_for_room(tide_connkit_sink *self)
{
    tide_waker_arm(self->args.waker);
    tide_waker_wait(self->args.waker, WAIT_NS);
    self->now_ns = clock_ns(CLOCK_MONOTONIC);
    self->wall_us = clock_ns(CLOCK_REALTIME) / 1000;
}

tide_sink_result tide_connkit_sink_write(tide_connkit_sink *self, tide_batch **batch_p)
{
    tide_sink_result r;
    while ((r = self->connector->sink->write(self->self, batch_p)) == TIDE_SINK_AGAIN)
        wait_for_room(self);
    return r;
}

tide_sink_result tide_connkit_sink_finish(tide_connkit_sink *self)
{
    tide_sink_result r;
    while ((r = self->connector->sink->finish(self->self)) == TIDE_SINK_AGAIN) wait_for_room(self);
    return r;
}

void tide_connkit_sink_close(tide_connkit_sink *self)
{
    if (self->self == NULL) return;
    self->connector->sink->close(self->self);
    tide_free(self->self);
    self->self = NULL;
}

/* ---- rows ---- */

static const char *const CHANGES[] = { "+I", "-U", "+U", "-D" };

static tide_value value_of(tide_type type, const char *p, size_t n)
{
    tide_value v = { .type = type };
    bool ok = true;
    if (n == 4 && memcmp(p, "NULL", 4) == 0) {
        v.is_null = true;
    } else if (tide_type_is_string(type)) {
        v.str.ptr = p;
        v.str.len = (uint32_t)n;
    } else if (tide_type_is_timestamp(type)) {
        ok = tide_parse_timestamp(p, n, &v.i64, NULL);
    } else if (tide_type_is_integer(type)) {
        ok = tide_parse_i64(p, n, &v.i64);
    } else if (type.id == TIDE_TYPE_BOOLEAN) {
        ok = tide_parse_bool(p, n, &v.boolean);
    } else {
        tide_assert(type.id == TIDE_TYPE_DOUBLE || type.id == TIDE_TYPE_FLOAT);
        ok = tide_parse_f64(p, n, &v.f64);
    }
    tide_assert(ok);
    return v;
}

static const char *add_row(tide_builder *b, const char *at)
{
    for (int c = 1; c < 4; c++)
        if (strncmp(at, CHANGES[c], 2) == 0 && at[2] == '|') {
            tide_builder_set_change(b, b->n, (tide_change)c);
            at += 3;
            break;
        }
    for (uint32_t i = 0; i < b->n_cols; i++) {
        size_t n = strcspn(at, i + 1 < b->n_cols ? "|\n" : "\n");
        tide_value v = value_of(b->cols[i].type, at, n);
        tide_colb_put_value(&b->cols[i], b->n, &v);
        at += n + (at[n] != '\0');
    }
    b->n++;
    return at;
}

tide_batch *tide_connkit_batch(tide_pool *pool, const tide_type *types, uint32_t n_types,
                               const char *lines)
{
    tide_builder b;
    tide_builder_init(&b, pool, types, n_types, TIDE_BATCH_ROWS_MAX);
    while (*lines) lines = add_row(&b, lines);
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return batch;
}

void tide_connkit_print(const tide_batch *batch, tide_bytes *lines)
{
    for (uint32_t k = 0; k < batch->n_rows; k++) {
        uint32_t row = tide_batch_phys(batch, k);
        tide_change change = tide_batch_change(batch, row);
        if (change != TIDE_CHANGE_INSERT) tide_bytes_printf(lines, "%s|", CHANGES[change]);
        for (uint32_t i = 0; i < batch->n_cols; i++) {
            tide_value v = tide_col_value(batch->cols[i], row);
            char text[TIDE_TEXT_MAX];
            if (i) tide_bytes_putc(lines, '|');
            if (v.is_null)
                tide_bytes_puts(lines, "NULL");
            else if (tide_type_is_string(v.type))
                tide_bytes_put(lines, v.str.ptr, v.str.len);
            else
                tide_bytes_put(lines, text, tide_print_value(&v, text));
        }
        tide_bytes_putc(lines, '\n');
    }
}
