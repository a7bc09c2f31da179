/* create_table.c - CREATE TABLE, read from the tokens: hardly anything in it is PostgreSQL's. Only
 * its expressions (and the query behind AS) go through the grammar, all of them in one text. */
#include <string.h>

#include "jobapi/sql/front_priv.h"

/* The expressions of one statement, and which column each computes; the watermark's is NO_COLUMN.
 */
typedef struct exprs {
    uint32_t n, cap, n_columns, cap_columns;
    uint32_t (*spans)[2];
    uint32_t *columns;
} exprs;

#define NO_COLUMN UINT32_MAX

typedef struct table {
    tide_sql_front *front;
    const tide_sql_tokens *t;
    tide_sql_create_table *out;
    tide_sql_column_def *columns;
    uint32_t n_columns, cap_columns;
    exprs exprs;
} table;

static void read_elements(table *self, uint32_t open);
static void read_element(table *self, uint32_t i, uint32_t end);
static void read_watermark(table *self, uint32_t i, uint32_t end);
static uint32_t read_primary_key(table *self, uint32_t i, uint32_t end,
                                 tide_sql_column_def *column);
static void read_column(table *self, uint32_t i, uint32_t end);
static uint32_t read_column_clause(table *self, tide_sql_column_def *c, uint32_t i, uint32_t end);
static uint32_t read_generated(table *self, tide_sql_column_def *c, uint32_t i, uint32_t end);
static uint32_t read_clause(table *self, uint32_t i, uint32_t to);
static uint32_t read_like(table *self, uint32_t i, uint32_t to);
static void convert_exprs(table *self);

void tide_sql_read_create_table(tide_sql_front *self, uint32_t from, uint32_t to,
                                tide_sql_create_table *out)
{
    const tide_sql_tokens *t = &self->tokens;
    table self_table = { .front = self, .t = t, .out = out };
    uint32_t i = from + 1;
    if (tide_sql_is(t, i, "TEMPORARY") || tide_sql_is(t, i, "TEMP")) {
        out->temporary = true;
        i++;
    }
    i++; /* TABLE */
    if (tide_sql_are(t, i, "IF NOT EXISTS")) {
        out->if_not_exists = true;
        i += 3;
    }
    out->name = tide_sql_read_path(self, &i);
    if (!tide_sql_failed(self) && tide_sql_is(t, i, "(")) {
        read_elements(&self_table, i);
        i = tide_sql_skip(t, i);
    }
    while (i < to && !tide_sql_failed(self)) i = read_clause(&self_table, i, to);
    out->n_columns = self_table.n_columns;
    out->columns = self_table.columns;
    if (!tide_sql_failed(self)) convert_exprs(&self_table);
}

/* ---- The list of columns ---- */

static void read_elements(table *self, uint32_t open)
{
    static const char *const comma[] = { ",", NULL };
    uint32_t close = self->t->v[open].match, i = open + 1;
    if (i == close) return; /* t () */
    for (;;) {
        uint32_t end = tide_sql_find(self->t, i, close, comma);
        /* A comma in ROW<a INT, b INT> is not the end of the column. */
        uint32_t type_end = tide_sql_type_end(self->t, i + 1);
        if (type_end > end) end = tide_sql_find(self->t, type_end, close, comma);
        if (i == end)
            tide_sql_report_syntax(self->front, i, "a column");
        else
            read_element(self, i, end);
        if (end >= close || tide_sql_failed(self->front)) return;
        i = end + 1;
    }
}

static void read_element(table *self, uint32_t i, uint32_t end)
{
    static const char *const refused[] = { "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE", NULL };
    const tide_sql_tokens *t = self->t;
    if (tide_sql_are(t, i, "WATERMARK FOR")) {
        read_watermark(self, i, end);
        return;
    }
    if (tide_sql_is(t, i, "CONSTRAINT") && tide_sql_is_name(t, i + 1)) i += 2;
    bool is_list = tide_sql_is(t, i + 1, "(") || tide_sql_are(t, i, "FOREIGN KEY") ||
                   tide_sql_is(t, i, "LIKE");
    if (tide_sql_are(t, i, "PRIMARY KEY")) {
        uint32_t next = read_primary_key(self, i, end, NULL);
        if (next != end) tide_sql_report_syntax(self->front, next, "\",\" or \")\"");
    } else if (is_list && tide_sql_is_any(t, i, refused)) {
        tide_sql_report_at(self->front, i, TIDE_E_UNSUPPORTED, NULL,
                           "%s in a table is not supported",
                           tide_sql_token_text(self->front->scratch, t, i));
    } else if (tide_sql_are(t, i, "PERIOD FOR")) {
        tide_sql_report_at(self->front, i, TIDE_E_UNSUPPORTED, NULL, "PERIOD FOR is not supported");
    } else {
        read_column(self, i, end);
    }
}

static void add_expr(table *self, uint32_t from, uint32_t end, uint32_t column)
{
    exprs *e = &self->exprs;
    if (from >= end) {
        tide_sql_report_syntax(self->front, end, "an expression");
        return;
    }
    if (e->n == e->cap) {
        uint32_t cap = e->cap ? e->cap * 2 : 8;
        uint32_t(*spans)[2] = tide_arena_alloc(self->front->scratch, cap * sizeof *spans);
        if (e->n) memcpy(spans, e->spans, e->n * sizeof *spans);
        e->spans = spans;
        e->cap = cap;
    }
    e->spans[e->n][0] = from;
    e->spans[e->n++][1] = end;
    TIDE_PUSH(self->front->scratch, e->columns, e->n_columns, e->cap_columns, column);
}

/* WATERMARK FOR c [AS e] */
static void read_watermark(table *self, uint32_t i, uint32_t end)
{
    tide_sql_create_table *out = self->out;
    if (out->watermark_column.n) {
        tide_sql_report_at(self->front, i, TIDE_E_SYNTAX, NULL,
                           "a table has one WATERMARK at most");
        return;
    }
    out->watermark_pos = self->t->v[i].pos;
    i += 2;
    out->watermark_column = tide_sql_read_path(self->front, &i);
    if (i == end) return;
    if (tide_sql_is(self->t, i, "AS"))
        add_expr(self, i + 1, end, NO_COLUMN);
    else
        tide_sql_report_syntax(self->front, i, "AS");
}

/* PRIMARY KEY [(a, b)] NOT ENFORCED, of the table or inline of a column. */
static uint32_t read_primary_key(table *self, uint32_t i, uint32_t end, tide_sql_column_def *column)
{
    tide_sql_create_table *out = self->out;
    uint32_t start = i;
    i += 2;
    if (out->primary_key.n) {
        tide_sql_report_at(self->front, start, TIDE_E_SYNTAX, NULL,
                           "a table has one PRIMARY KEY at most");
        return end;
    }
    if (column) {
        tide_sql_name *name = TIDE_NEW(self->front->arena, tide_sql_name);
        *name = column->name;
        column->primary_key = true;
        out->primary_key = (tide_sql_names){ 1, name };
    } else if (tide_sql_is(self->t, i, "(")) {
        out->primary_key = tide_sql_read_names(self->front, &i);
    } else {
        tide_sql_report_syntax(self->front, i, "\"(\" and columns");
        return end;
    }
    out->primary_key_pos = self->t->v[start].pos;
    if (i < end && tide_sql_are(self->t, i, "NOT ENFORCED")) return i + 2;
    tide_sql_report_at(self->front, start, TIDE_E_UNSUPPORTED, "write PRIMARY KEY ... NOT ENFORCED",
                       "enforcing a PRIMARY KEY is not supported");
    return end;
}

static void read_column(table *self, uint32_t i, uint32_t end)
{
    const tide_sql_tokens *t = self->t;
    tide_sql_column_def c = { 0 };
    if (!tide_sql_is_name(t, i)) {
        tide_sql_report_syntax(self->front, i, "a column's name");
        return;
    }
    c.name = (tide_sql_name){ tide_sql_name_text(self->front->arena, t, i), t->v[i].pos };
    i++;
    if (tide_sql_is(t, i, "AS") && i < end) { /* c AS e [COMMENT 's'] */
        bool has_comment = end > i + 3 && tide_sql_is(t, end - 2, "COMMENT") &&
                           t->v[end - 1].kind == TIDE_SQL_TOKEN_STRING;
        c.kind = TIDE_SQL_COMPUTED;
        if (has_comment) c.comment = tide_sql_string_value(self->front, end - 1);
        add_expr(self, i + 1, has_comment ? end - 2 : end, self->n_columns);
        i = end;
    } else {
        uint32_t type_end = i < end ? tide_sql_type_end(t, i) : i;
        if (type_end == i)
            tide_sql_report_syntax(self->front, i, "the column's type");
        else
            c.type = tide_sql_type_read(self->front, i, type_end);
        i = type_end;
    }
    while (i < end && !tide_sql_failed(self->front)) i = read_column_clause(self, &c, i, end);
    TIDE_PUSH(self->front->arena, self->columns, self->n_columns, self->cap_columns, c);
}

static uint32_t read_column_clause(table *self, tide_sql_column_def *c, uint32_t i, uint32_t end)
{
    static const char *const refused[] = { "DEFAULT", "CHECK",   "UNIQUE",      "REFERENCES",
                                           "COLLATE", "STORAGE", "COMPRESSION", NULL };
    const tide_sql_tokens *t = self->t;
    if (tide_sql_are(t, i, "NOT NULL")) {
        c->not_null = true;
        return i + 2;
    }
    if (tide_sql_is(t, i, "NULL")) return i + 1;
    if (tide_sql_are(t, i, "PRIMARY KEY")) return read_primary_key(self, i, end, c);
    if (tide_sql_is(t, i, "CONSTRAINT") && tide_sql_is_name(t, i + 1)) return i + 2;
    if (tide_sql_is(t, i, "GENERATED")) return read_generated(self, c, i, end);
    if (tide_sql_is(t, i, "COMMENT")) {
        c->comment = tide_sql_string_value(self->front, i + 1);
        return i + 2;
    }
    if (tide_sql_is(t, i, "METADATA") && c->kind == TIDE_SQL_PHYSICAL) {
        c->kind = TIDE_SQL_METADATA;
        i++;
        if (tide_sql_is(t, i, "FROM") && i < end) {
            c->metadata_key = tide_sql_string_value(self->front, i + 1);
            i += 2;
        }
        c->is_virtual = i < end && tide_sql_is(t, i, "VIRTUAL");
        return i + c->is_virtual;
    }
    if (tide_sql_is_any(t, i, refused))
        tide_sql_report_at(self->front, i, TIDE_E_UNSUPPORTED, NULL,
                           "%s of a column is not supported",
                           tide_sql_token_text(self->front->scratch, t, i));
    else
        tide_sql_report_syntax(self->front, i, "\",\" or \")\"");
    return end;
}

/* GENERATED ALWAYS AS (e) [STORED | VIRTUAL] */
static uint32_t read_generated(table *self, tide_sql_column_def *c, uint32_t i, uint32_t end)
{
    const tide_sql_tokens *t = self->t;
    if (!tide_sql_are(t, i, "GENERATED ALWAYS AS (") || c->kind != TIDE_SQL_PHYSICAL) {
        tide_sql_report_at(self->front, i, TIDE_E_UNSUPPORTED,
                           "write GENERATED ALWAYS AS (expression)",
                           "this form of GENERATED is not supported");
        return end;
    }
    uint32_t close = t->v[i + 3].match;
    c->kind = TIDE_SQL_COMPUTED;
    add_expr(self, i + 4, close, self->n_columns);
    bool has_word = tide_sql_is(t, close + 1, "STORED") || tide_sql_is(t, close + 1, "VIRTUAL");
    return close + 1 + has_word;
}

/* ---- What follows the list ---- */

static uint32_t read_clause(table *self, uint32_t i, uint32_t to)
{
    tide_sql_front *front = self->front;
    const tide_sql_tokens *t = self->t;
    tide_sql_create_table *out = self->out;
    if (tide_sql_is(t, i, "COMMENT") && !out->comment) {
        out->comment = tide_sql_string_value(front, i + 1);
        return i + 2;
    }
    if (tide_sql_are(t, i, "PARTITIONED BY (") && !out->partitioned_by.n) {
        i += 2;
        out->partitioned_by = tide_sql_read_names(front, &i);
        return i;
    }
    if (tide_sql_are(t, i, "WITH (") && !out->options.n) {
        i++;
        out->options = tide_sql_read_options(front, &i);
        return i;
    }
    if (tide_sql_is(t, i, "LIKE") && !out->like.n) return read_like(self, i + 1, to);
    if (tide_sql_is(t, i, "AS")) {
        out->as_query = tide_sql_grammar_query(front, i + 1, to);
        return to;
    }
    static const char *const refused[] = {
        "DISTRIBUTED", "INHERITS", "USING",   "TABLESPACE", "ON",
        "PARTITION",   "FORMAT",   "INCLUDE", "APPEND",     NULL
    };
    if (tide_sql_is_any(t, i, refused))
        tide_sql_report_at(front, i, TIDE_E_UNSUPPORTED, NULL, "%s of a table is not supported",
                           tide_sql_token_text(front->scratch, t, i));
    else
        tide_sql_report_syntax(front, i, "WITH (...)");
    return to;
}

/* LIKE t [( INCLUDING what | EXCLUDING what | OVERWRITING what ... )] */
static uint32_t read_like(table *self, uint32_t i, uint32_t to)
{
    tide_sql_front *front = self->front;
    const tide_sql_tokens *t = self->t;
    static const char *const verbs[] = { "INCLUDING", "EXCLUDING", "OVERWRITING", NULL };
    tide_sql_option *items = NULL;
    uint32_t n = 0, cap = 0;
    self->out->like = tide_sql_read_path(front, &i);
    if (tide_sql_failed(front) || i >= to || !tide_sql_is(t, i, "(")) return i;
    uint32_t close = t->v[i].match;
    for (i++; i < close && !tide_sql_failed(front); i += 2) {
        if (!tide_sql_is_any(t, i, verbs))
            tide_sql_report_syntax(front, i, "INCLUDING or EXCLUDING");
        else if (t->v[i + 1].kind != TIDE_SQL_TOKEN_WORD)
            tide_sql_report_syntax(front, i + 1, "ALL");
        tide_sql_option o = { .key = tide_sql_lower(front->arena, t, i),
                              .pos = t->v[i].pos,
                              .value = tide_sql_lower(front->arena, t, i + 1),
                              .value_pos = t->v[i + 1].pos };
        TIDE_PUSH(front->arena, items, n, cap, o);
    }
    self->out->like_options = (tide_sql_options){ n, items };
    return close + 1;
}

static void convert_exprs(table *self)
{
    const exprs *e = &self->exprs;
    tide_sql_expr **out = TIDE_NEW_N(self->front->scratch, tide_sql_expr *, e->n + 1);
    tide_sql_grammar_exprs(self->front, e->n, (const uint32_t(*)[2])e->spans, out);
    for (uint32_t k = 0; k < e->n; k++) {
        if (e->columns[k] == NO_COLUMN)
            self->out->watermark = out[k];
        else
            self->columns[e->columns[k]].expr = out[k];
    }
}
