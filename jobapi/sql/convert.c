/* convert.c - the grammar's statements: queries, INSERT, CREATE VIEW. */
#include <pg_query/pg_query.pb-c.h>
#include <string.h>

#include "jobapi/sql/convert_priv.h"

static void convert_insert(tide_sql_convert *self, const PgQuery__InsertStmt *s,
                           tide_sql_insert *out);
static void convert_view(tide_sql_convert *self, const PgQuery__ViewStmt *s,
                         tide_sql_create_view *out);

void tide_sql_convert_statement(tide_sql_convert *self, const PgQuery__Node *node,
                                tide_sql_stmt *out)
{
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        out->kind = TIDE_SQL_STMT_SELECT;
        out->query = tide_sql_convert_query(self, node);
        break;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        out->kind = TIDE_SQL_STMT_INSERT;
        convert_insert(self, node->insert_stmt, &out->insert);
        break;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        out->kind = TIDE_SQL_STMT_CREATE_VIEW;
        convert_view(self, node->view_stmt, &out->create_view);
        break;
    default: tide_sql_refuse(self, -1, tide_sql_node_name(node)); break;
    }
}

static void convert_insert(tide_sql_convert *self, const PgQuery__InsertStmt *s,
                           tide_sql_insert *out)
{
    if (s->on_conflict_clause)
        tide_sql_refuse(self, s->on_conflict_clause->location, "ON CONFLICT");
    if (s->n_returning_list)
        tide_sql_refuse(self, s->returning_list[0]->res_target->location, "RETURNING");
    if (s->override != PG_QUERY__OVERRIDING_KIND__OVERRIDING_NOT_SET)
        tide_sql_refuse(self, s->relation->location, "OVERRIDING");
    if (!s->select_stmt) tide_sql_refuse(self, s->relation->location, "INSERT ... DEFAULT VALUES");
    if (s->relation->alias)
        tide_sql_refuse(self, s->relation->location, "an alias for INSERT's table");
    if (tide_sql_failed(self->front)) return;

    uint32_t token = tide_sql_token_of(self, s->relation->location);
    out->table = tide_sql_convert_range_path(self, s->relation);
    out->hints =
        tide_sql_take_hint(self->front, tide_sql_path_end(self, token, out->table.n), true);
    tide_sql_name *columns = TIDE_NEW_N(self->arena, tide_sql_name, s->n_cols + 1);
    for (size_t i = 0; i < s->n_cols; i++) {
        const PgQuery__ResTarget *r = s->cols[i]->res_target;
        columns[i] = tide_sql_convert_name(self, r->name, tide_sql_token_of(self, r->location));
        if (r->n_indirection) tide_sql_refuse(self, r->location, "part of a column");
    }
    out->columns = (tide_sql_names){ (uint32_t)s->n_cols, columns };
    out->query = tide_sql_convert_query(self, s->select_stmt);
    if (!s->with_clause || !out->query) return;
    if (out->query->n_ctes)
        tide_sql_refuse(self, s->with_clause->location, "WITH on both sides of INSERT");
    tide_sql_convert_with(self, s->with_clause, out->query);
}

static void convert_view(tide_sql_convert *self, const PgQuery__ViewStmt *s,
                         tide_sql_create_view *out)
{
    uint32_t token = tide_sql_token_of(self, s->view->location);
    if (s->n_options) tide_sql_refuse(self, s->view->location, "WITH (...) of a view");
    if (s->with_check_option != PG_QUERY__VIEW_CHECK_OPTION__NO_CHECK_OPTION)
        tide_sql_refuse(self, s->view->location, "WITH CHECK OPTION");
    if (strcmp(s->view->relpersistence, "u") == 0)
        tide_sql_refuse(self, s->view->location, "UNLOGGED");
    out->name = tide_sql_convert_range_path(self, s->view);
    out->temporary = strcmp(s->view->relpersistence, "t") == 0;
    out->or_replace = s->replace;
    out->columns = tide_sql_convert_names(self, s->n_aliases, s->aliases, token);
    out->query = tide_sql_convert_query(self, s->query);
}
