/* rewrite_from.c - rules for what stands in FROM, and for INSERT OVERWRITE. */
#include "jobapi/sql/rewrite_priv.h"

static uint32_t put_partitioned_table(tide_sql_rewriter *self, uint32_t name, uint32_t end,
                                      uint32_t to);

/* TABLE(f(...)) and LATERAL TABLE(f(...)) are f(...); as an argument, TABLE t is t. */
uint32_t tide_sql_rewrite_table(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    static const char *const before[] = { ",", "=>", NULL };
    const tide_sql_tokens *t = self->t;
    if (tide_sql_is(t, i + 1, "(")) {
        uint32_t close = t->v[i + 1].match;
        tide_sql_rewrite(self, i + 2, close);
        return close + 1;
    }
    bool is_argument = i == f->from ? f->arguments : tide_sql_is_any(t, i - 1, before);
    if (!is_argument || !tide_sql_is_name(t, i + 1)) return i;
    uint32_t end = i + 2;
    while (end + 1 < to && tide_sql_is(t, end, ".")) end += 2;
    if (tide_sql_are(t, end, "PARTITION BY")) return put_partitioned_table(self, i + 1, end, to);
    tide_sql_rewrite(self, i + 1, end);
    return end;
}

/* TABLE t PARTITION BY k or (k1, k2): without parentheses a comma starts the next argument. */
static uint32_t put_partitioned_table(tide_sql_rewriter *self, uint32_t name, uint32_t end,
                                      uint32_t to)
{
    static const char *const comma[] = { ",", "ORDER", NULL };
    const tide_sql_tokens *t = self->t;
    uint32_t keys = end + 2, keys_end = tide_sql_find(t, keys, to, comma);
    if (keys == keys_end) {
        tide_sql_report_syntax(self->front, keys, "a column");
        return to;
    }
    if (tide_sql_is(t, keys_end, "ORDER")) {
        tide_sql_report_at(self->front, keys_end, TIDE_E_UNSUPPORTED, NULL,
                           "ORDER BY of a table argument is not supported");
        return to;
    }
    tide_sql_put_text(self, "\"" TIDE_SQL_MARK_PTABLE "\" (", name);
    tide_sql_rewrite(self, name, end);
    tide_sql_put_text(self, ", ROW", end);
    bool has_parens = tide_sql_is(t, keys, "(") && t->v[keys].match + 1 == keys_end;
    if (!has_parens) tide_sql_put_text(self, "(", keys);
    tide_sql_rewrite(self, keys, keys_end);
    tide_sql_put_text(self, has_parens ? ")" : "))", keys_end);
    return keys_end;
}

/* Index behind e in FOR SYSTEM_TIME AS OF e [[AS] alias]: before AS, a clause's word, or a second
 * operand. */
static uint32_t system_time_end(const tide_sql_tokens *t, uint32_t i, uint32_t to)
{
    static const char *const ends[] = { "AS",     "JOIN",      "LEFT",   "RIGHT", "INNER",  "FULL",
                                        "CROSS",  "NATURAL",   "ON",     "USING", "WHERE",  "GROUP",
                                        "HAVING", "WINDOW",    "ORDER",  "LIMIT", "OFFSET", "FETCH",
                                        "UNION",  "INTERSECT", "EXCEPT", "EMIT",  ",",      NULL };
    uint32_t end = tide_sql_find(t, i, to, ends);
    const tide_sql_token *last = &t->v[end - 1];
    bool is_alias = end > i + 1 && tide_sql_is_name(t, end - 1) && last->keyword == 0 &&
                    t->v[end - 2].kind != TIDE_SQL_TOKEN_OP;
    bool behind_bracket = end > i + 1 && tide_sql_is_name(t, end - 1) && last->keyword == 0 &&
                          t->v[end - 2].match < end - 2;
    return is_alias || behind_bracket ? end - 1 : end;
}

/* r FOR SYSTEM_TIME AS OF e [AS] a borrows the syntax of samples: r AS a TABLESAMPLE marker(e). */
uint32_t tide_sql_rewrite_system_time(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                      uint32_t to)
{
    (void)f;
    const tide_sql_tokens *t = self->t;
    if (!tide_sql_are(t, i, "FOR SYSTEM_TIME")) return i;
    if (!tide_sql_are(t, i + 2, "AS OF")) {
        tide_sql_report_syntax(self->front, tide_sql_is(t, i + 2, "AS") ? i + 3 : i + 2, "AS OF");
        return to;
    }
    uint32_t end = system_time_end(t, i + 4, to), alias = end, next = end;
    if (tide_sql_is(t, alias, "AS")) alias++;
    bool has_alias =
        alias < to && tide_sql_is_name(t, alias) && (alias > end || (t->v[alias].keyword == 0));
    if (has_alias) {
        tide_sql_put_text(self, "AS", alias);
        tide_sql_put_name(self, alias);
        next = alias + 1;
    }
    tide_sql_put_text(self, "TABLESAMPLE \"" TIDE_SQL_MARK_SYSTEM_TIME "\" (", i);
    tide_sql_rewrite(self, i + 4, end);
    tide_sql_put_text(self, ")", end);
    return next;
}

uint32_t tide_sql_rewrite_match(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    (void)to;
    if (!f->has_from || !tide_sql_is(self->t, i + 1, "(")) return i;
    tide_sql_report_at(self->front, i, TIDE_E_UNSUPPORTED, NULL,
                       "MATCH_RECOGNIZE is not supported");
    return to;
}

/* INSERT OVERWRITE t ...: the statement remembers that (statement.c). */
uint32_t tide_sql_rewrite_overwrite(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                    uint32_t to)
{
    (void)to;
    if (i == f->from || !tide_sql_is(self->t, i - 1, "INSERT")) return i;
    tide_sql_put_text(self, "INTO", i);
    return tide_sql_is(self->t, i + 1, "INTO") ? i + 2 : i + 1;
}
