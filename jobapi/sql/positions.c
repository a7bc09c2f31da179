/* positions.c - from locations and names of the grammar's tree back to the user's tokens. */
#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/convert_priv.h"

static const char marker_start[] = "tide:";

uint32_t tide_sql_token_of(const tide_sql_convert *self, int32_t location)
{
    return location < 0 ? self->anchor : tide_sql_token_at(self->written, (uint32_t)location);
}

uint32_t tide_sql_pos_of(const tide_sql_convert *self, int32_t location)
{
    return self->t->v[tide_sql_token_of(self, location)].pos;
}

static int32_t first_of(size_t n, PgQuery__Node *const *nodes)
{
    for (size_t i = 0; i < n; i++) {
        int32_t location = tide_sql_location_of(nodes[i]);
        if (location >= 0) return location;
    }
    return -1;
}

static int32_t first_in_select(const PgQuery__SelectStmt *s)
{
    while (s->larg) s = s->larg;
    if (s->with_clause) return s->with_clause->location;
    int32_t location = first_of(s->n_target_list, s->target_list);
    return location >= 0 || !s->n_values_lists ? location : first_of(1, s->values_lists);
}

int32_t tide_sql_location_of(const PgQuery__Node *node)
{
    if (!node) return -1;
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT: return first_in_select(node->select_stmt);
    case PG_QUERY__NODE__NODE_RES_TARGET: return node->res_target->location;
    case PG_QUERY__NODE__NODE_RANGE_VAR: return node->range_var->location;
    case PG_QUERY__NODE__NODE_JOIN_EXPR: return tide_sql_location_of(node->join_expr->larg);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return tide_sql_location_of(node->range_subselect->subquery);
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        return first_of(node->range_function->n_functions, node->range_function->functions);
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        return tide_sql_location_of(node->range_table_sample->relation);
    case PG_QUERY__NODE__NODE_LIST: return first_of(node->list->n_items, node->list->items);
    case PG_QUERY__NODE__NODE_SORT_BY: return tide_sql_location_of(node->sort_by->node);
    case PG_QUERY__NODE__NODE_FUNC_CALL: return node->func_call->location;
    case PG_QUERY__NODE__NODE_COLUMN_REF: return node->column_ref->location;
    case PG_QUERY__NODE__NODE_A_CONST: return node->a_const->location;
    case PG_QUERY__NODE__NODE_A_EXPR: return node->a_expr->location;
    case PG_QUERY__NODE__NODE_BOOL_EXPR: return node->bool_expr->location;
    case PG_QUERY__NODE__NODE_CASE_EXPR: return node->case_expr->location;
    case PG_QUERY__NODE__NODE_SUB_LINK: return node->sub_link->location;
    case PG_QUERY__NODE__NODE_NULL_TEST: return node->null_test->location;
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST: return node->boolean_test->location;
    case PG_QUERY__NODE__NODE_ROW_EXPR: return node->row_expr->location;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return node->a_array_expr->location;
    case PG_QUERY__NODE__NODE_GROUPING_SET: return node->grouping_set->location;
    case PG_QUERY__NODE__NODE_A_INDIRECTION: return tide_sql_location_of(node->a_indirection->arg);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return node->coalesce_expr->location;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR: return node->min_max_expr->location;
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION: return node->sqlvalue_function->location;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return node->type_cast->location >= 0 ? node->type_cast->location
                                              : node->type_cast->type_name->location;
    default: return -1;
    }
}

/* ---- Names ---- */

/* The token that a marker names, or UINT32_MAX. */
static uint32_t marked_token(const tide_sql_convert *self, const char *text)
{
    size_t len = sizeof marker_start - 1;
    if (strncmp(text, marker_start, len) != 0 || text[len] < '0' || text[len] > '9')
        return UINT32_MAX;
    unsigned long i = strtoul(text + len, NULL, 10);
    return i < self->t->n ? (uint32_t)i : UINT32_MAX;
}

tide_sql_name tide_sql_convert_name(tide_sql_convert *self, const char *text, uint32_t token)
{
    const tide_sql_tokens *t = self->t;
    uint32_t i = marked_token(self, text);
    size_t len = strlen(text);
    if (i == UINT32_MAX) {
        /* A keyword as a name came back in lower case; the user's spelling is near. */
        for (uint32_t k = token; k < t->n && !tide_sql_is(t, k, ";"); k++) {
            size_t quotes = t->v[k].kind == TIDE_SQL_TOKEN_QUOTED ? 2 : 0;
            if (!tide_sql_is_name(t, k) || t->v[k].end - t->v[k].pos < len + quotes ||
                (!quotes && t->v[k].end - t->v[k].pos != len))
                continue;
            const char *found = tide_sql_name_text(self->arena, t, k);
            if (strcasecmp(found, text) == 0) return (tide_sql_name){ found, t->v[k].pos };
        }
        return (tide_sql_name){ tide_arena_strdup(self->arena, text), t->v[token].pos };
    }
    const char *name = tide_sql_name_text(self->arena, t, i);
    return (tide_sql_name){ name, t->v[i].pos };
}

const char *tide_sql_string_of(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

tide_sql_names tide_sql_convert_names(tide_sql_convert *self, size_t n, PgQuery__Node *const *nodes,
                                      uint32_t token)
{
    tide_sql_name *items = TIDE_NEW_N(self->arena, tide_sql_name, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = tide_sql_string_of(nodes[i]);
        if (!text) {
            tide_sql_refuse(self, tide_sql_location_of(nodes[i]), "this form of a name");
            return (tide_sql_names){ 0 };
        }
        items[i] = tide_sql_convert_name(self, text, token);
    }
    return (tide_sql_names){ (uint32_t)n, items };
}

tide_sql_path tide_sql_convert_path(tide_sql_convert *self, size_t n, PgQuery__Node *const *nodes,
                                    uint32_t token)
{
    tide_sql_names names = tide_sql_convert_names(self, n, nodes, token);
    return (tide_sql_path){ names.n, names.items, self->t->v[token].pos };
}

bool tide_sql_is_marker(size_t n, PgQuery__Node *const *nodes, const char *marker)
{
    const char *text = n == 1 ? tide_sql_string_of(nodes[0]) : NULL;
    return text && strcmp(text, marker) == 0;
}

uint32_t tide_sql_word_before(const tide_sql_convert *self, uint32_t token, const char *const *list)
{
    for (uint32_t i = token;; i--) {
        if (self->t->v[i].match < i)
            i = self->t->v[i].match;
        else if (tide_sql_is_any(self->t, i, list))
            return i;
        if (i == 0 || tide_sql_is(self->t, i, ";")) return token;
    }
}

/* ---- Errors ---- */

const char *tide_sql_node_name(const PgQuery__Node *node)
{
    const ProtobufCMessage *message =
        (const ProtobufCMessage *)node->list; /* Any member of the union. */
    return message ? message->descriptor->short_name : "this form";
}

bool tide_sql_enter(tide_sql_convert *self, int32_t location)
{
    if (tide_sql_failed(self->front)) return false;
    if (self->depth >= TIDE_SQL_DEPTH_MAX) {
        tide_sql_report_at(self->front, tide_sql_token_of(self, location), TIDE_E_LIMIT,
                           "split the expression", "the statement is nested more than %d deep",
                           TIDE_SQL_DEPTH_MAX);
        return false;
    }
    self->depth++;
    if (location >= 0) self->anchor = tide_sql_token_of(self, location);
    return true;
}

void tide_sql_refuse(tide_sql_convert *self, int32_t location, const char *what)
{
    tide_sql_report_at(self->front, tide_sql_token_of(self, location), TIDE_E_UNSUPPORTED, NULL,
                       "%s is not supported", what);
}
