/* copy.c - deep copies, by the records' tables. */
#include "base/core/assert.h"
#include "jobapi/proto/fields.h"

/* to: already the bytes of the original; what it points to is replaced by copies. */
static void copy_pointees(const tide_proto_desc *desc, void *to, tide_arena *arena);

static void copy_list(const tide_proto_desc *desc, tide_proto_list *list, tide_arena *arena)
{
    if (list->n == 0) {
        list->items = NULL;
        return;
    }
    size_t bytes = list->n * desc->bytes;
    list->items = memcpy(tide_arena_alloc(arena, bytes), list->items, bytes);
    for (uint32_t i = 0; i < list->n; i++)
        copy_pointees(desc, (char *)list->items + i * desc->bytes, arena);
}

static void copy_bytes(tide_proto_bytes *bytes, tide_arena *arena)
{
    bytes->p = bytes->n ? memcpy(tide_arena_alloc(arena, bytes->n), bytes->p, bytes->n) : NULL;
}

static void copy_pointees(const tide_proto_desc *desc, void *to, tide_arena *arena)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        void *at = (char *)to + field->offset;
        switch (field->type) {
        case TIDE_FIELD_TEXT:
            *(const char **)at = tide_arena_strdup(arena, tide_proto_text(field, to));
            break;
        case TIDE_FIELD_BYTES: copy_bytes(at, arena); break;
        case TIDE_FIELD_LIST: copy_list(field->sub(), at, arena); break;
        case TIDE_FIELD_ONE: copy_pointees(field->sub(), at, arena); break;
        case TIDE_FIELD_U64:
        case TIDE_FIELD_I64:
        case TIDE_FIELD_BOOL:
        case TIDE_FIELD_F64: break;
        }
    }
}

void *tide_proto_copy(const tide_proto_desc *desc, const void *record, tide_arena *arena)
{
    void *copy = memcpy(tide_arena_alloc(arena, desc->bytes), record, desc->bytes);
    copy_pointees(desc, copy, arena);
    return copy;
}

void *tide_msg_copy(tide_msg_kind kind, const void *body, tide_arena *arena)
{
    const tide_proto_desc *desc = tide_msg_desc(kind);
    tide_assert(desc != NULL);
    return tide_proto_copy(desc, body, arena);
}
