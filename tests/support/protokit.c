#include "tests/support/protokit.h"

#define ITEMS_MAX 3
#define TEXT_BYTES_MAX 40

static void fill(const tide_proto_desc *desc, tide_random *random, tide_arena *arena, void *record);

static uint64_t random_u64(tide_random *random)
{
    /* Every width of a msgpack number, and the numbers beside the limits. */
    uint64_t x = tide_random_u64(random) >> tide_random_below(random, 64);
    switch (tide_random_below(random, 6)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    case 2: return 1ull << tide_random_below(random, 64);
    case 3: return (1ull << tide_random_below(random, 64)) - 1;
    default: return x;
    }
}

static int64_t random_i64(tide_random *random)
{
    switch (tide_random_below(random, 4)) {
    case 0: return INT64_MIN;
    case 1: return INT64_MAX;
    default: return (int64_t)random_u64(random);
    }
}

static const char *random_text(tide_random *random, tide_arena *arena)
{
    uint32_t n = (uint32_t)tide_random_below(random, TEXT_BYTES_MAX);
    if (tide_random_below(random, 50) == 0) n += 300; /* A length of two bytes. */
    char *text = tide_arena_zalloc(arena, n + 1);
    for (uint32_t i = 0; i < n; i++) text[i] = (char)(1 + tide_random_below(random, 255));
    return text;
}

static tide_proto_bytes random_bytes(tide_random *random, tide_arena *arena)
{
    uint64_t n = tide_random_below(random, TEXT_BYTES_MAX);
    uint8_t *p = tide_arena_alloc(arena, n + 1);
    for (uint64_t i = 0; i < n; i++) p[i] = (uint8_t)tide_random_u64(random);
    return (tide_proto_bytes){ n ? p : NULL, n };
}

static tide_proto_list random_list(const tide_proto_desc *desc, tide_random *random,
                                   tide_arena *arena)
{
    tide_proto_list list = { .n = (uint32_t)tide_random_below(random, ITEMS_MAX + 1) };
    if (list.n == 0) return list;
    list.items = tide_arena_zalloc(arena, list.n * desc->bytes);
    for (uint32_t i = 0; i < list.n; i++)
        fill(desc, random, arena, (char *)list.items + i * desc->bytes);
    return list;
}

static void fill(const tide_proto_desc *desc, tide_random *random, tide_arena *arena, void *record)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        void *at = (char *)record + field->offset;
        switch (field->type) {
        case TIDE_FIELD_U64: *(uint64_t *)at = random_u64(random); break;
        case TIDE_FIELD_I64: *(int64_t *)at = random_i64(random); break;
        case TIDE_FIELD_BOOL: *(bool *)at = tide_random_below(random, 2) == 1; break;
        case TIDE_FIELD_F64: *(double *)at = tide_random_f64(random) - 0.5; break;
        case TIDE_FIELD_TEXT: *(const char **)at = random_text(random, arena); break;
        case TIDE_FIELD_BYTES: *(tide_proto_bytes *)at = random_bytes(random, arena); break;
        case TIDE_FIELD_LIST:
            *(tide_proto_list *)at = random_list(field->sub(), random, arena);
            break;
        case TIDE_FIELD_ONE: fill(field->sub(), random, arena, at); break;
        }
    }
}

void *protokit_random(const tide_proto_desc *desc, tide_random *random, tide_arena *arena)
{
    void *record = tide_arena_zalloc(arena, desc->bytes);
    fill(desc, random, arena, record);
    return record;
}

static bool lists_differ(const tide_proto_desc *desc, const tide_proto_list *a,
                         const tide_proto_list *b)
{
    if (a->n != b->n) return true;
    for (uint32_t i = 0; i < a->n; i++)
        if (protokit_difference(desc, (const char *)a->items + i * desc->bytes,
                                (const char *)b->items + i * desc->bytes))
            return true;
    return false;
}

static bool fields_differ(const tide_proto_field *field, const void *a, const void *b)
{
    const void *at_a = tide_proto_at(field, a), *at_b = tide_proto_at(field, b);
    const tide_proto_bytes *bytes_a = at_a, *bytes_b = at_b;
    switch (field->type) {
    case TIDE_FIELD_U64:
    case TIDE_FIELD_I64:
    case TIDE_FIELD_F64: return memcmp(at_a, at_b, 8) != 0;
    case TIDE_FIELD_BOOL: return *(const bool *)at_a != *(const bool *)at_b;
    case TIDE_FIELD_TEXT: return strcmp(tide_proto_text(field, a), tide_proto_text(field, b)) != 0;
    case TIDE_FIELD_BYTES:
        return bytes_a->n != bytes_b->n ||
               (bytes_a->n > 0 && memcmp(bytes_a->p, bytes_b->p, bytes_a->n) != 0);
    case TIDE_FIELD_LIST: return lists_differ(field->sub(), at_a, at_b);
    case TIDE_FIELD_ONE: break;
    }
    return protokit_difference(field->sub(), at_a, at_b) != NULL;
}

const char *protokit_difference(const tide_proto_desc *desc, const void *a, const void *b)
{
    for (uint32_t i = 0; i < desc->n_fields; i++)
        if (fields_differ(&desc->fields[i], a, b)) return desc->fields[i].name;
    return NULL;
}
