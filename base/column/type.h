/* type.h - the SQL types and how one value of each lies in memory. Pure; any thread. */
#ifndef TIDE_BASE_COLUMN_TYPE_H
#define TIDE_BASE_COLUMN_TYPE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/core/attr.h"
#include "base/core/status.h"

/* Values are stored in snapshots and sent on the wire: never renumber, only append. */
typedef enum tide_type_id {
    TIDE_TYPE_NULL = 0,  /* Of the literal NULL before it is given a type; no column has it. */
    TIDE_TYPE_BOOLEAN,   /* uint8_t 0 or 1 (a byte, not Arrow's bit: see docs/decisions). */
    TIDE_TYPE_TINYINT,   /* int8_t */
    TIDE_TYPE_SMALLINT,  /* int16_t */
    TIDE_TYPE_INT,       /* int32_t */
    TIDE_TYPE_BIGINT,    /* int64_t */
    TIDE_TYPE_FLOAT,     /* float */
    TIDE_TYPE_DOUBLE,    /* double */
    TIDE_TYPE_DECIMAL,   /* __int128, the value times 10^scale; precision 1 to 38, scale 0 to
                            precision */
    TIDE_TYPE_STRING,    /* tide_view, UTF-8; precision = VARCHAR(n)'s n, 0 unlimited */
    TIDE_TYPE_BYTES,     /* tide_view */
    TIDE_TYPE_DATE,      /* int32_t days since 1970-01-01 */
    TIDE_TYPE_TIME,      /* int64_t microseconds since midnight */
    TIDE_TYPE_TIMESTAMP, /* int64_t microseconds since 1970-01-01 00:00, no zone; precision 0 to 6
                          */
    TIDE_TYPE_TIMESTAMP_LTZ, /* int64_t microseconds since the epoch, UTC; precision 0 to 6 */
    TIDE_TYPE_INTERVAL,      /* tide_interval */
    TIDE_TYPE_COUNT
} tide_type_id;

typedef struct tide_type {
    uint8_t id;         /* tide_type_id */
    uint8_t scale;      /* DECIMAL only. */
    uint16_t precision; /* See above; 0 where a type has none. */
} tide_type;

/* PostgreSQL's interval: the three parts do not convert into each other. */
typedef struct tide_interval {
    int32_t months, days;
    int64_t micros;
} tide_interval;

/* Arrow's string view. Up to 12 bytes are inline (the rest of inline_ is zero); longer ones keep a
 * 4-byte prefix and point into one of the column's data buffers. */
typedef struct tide_view {
    uint32_t len; /* Bytes. */
    union {
        char inline_[12];
        struct {
            char prefix[4];
            uint32_t buf;    /* Index into the column's data buffers. */
            uint32_t offset; /* Into that buffer. */
        };
    };
} tide_view;

#define TIDE_VIEW_INLINE_MAX 12u
_Static_assert(sizeof(tide_view) == 16 && sizeof(tide_interval) == 16, "stored layouts");

#define TIDE_DECIMAL_PRECISION_MAX 38

TIDE_INLINE tide_type tide_type_of(tide_type_id id)
{
    return (tide_type){ .id = (uint8_t)id,
                        .precision =
                            id == TIDE_TYPE_TIMESTAMP || id == TIDE_TYPE_TIMESTAMP_LTZ ? 6 : 0 };
}
TIDE_INLINE tide_type tide_type_decimal(uint16_t precision, uint8_t scale)
{
    return (tide_type){ .id = TIDE_TYPE_DECIMAL, .precision = precision, .scale = scale };
}
TIDE_INLINE bool tide_type_is_string(tide_type t)
{
    return t.id == TIDE_TYPE_STRING || t.id == TIDE_TYPE_BYTES;
}
TIDE_INLINE bool tide_type_is_integer(tide_type t)
{
    return t.id >= TIDE_TYPE_TINYINT && t.id <= TIDE_TYPE_BIGINT;
}
TIDE_INLINE bool tide_type_is_numeric(tide_type t)
{
    return t.id >= TIDE_TYPE_TINYINT && t.id <= TIDE_TYPE_DECIMAL;
}
TIDE_INLINE bool tide_type_is_timestamp(tide_type t)
{
    return t.id == TIDE_TYPE_TIMESTAMP || t.id == TIDE_TYPE_TIMESTAMP_LTZ;
}
TIDE_INLINE bool tide_type_equal(tide_type a, tide_type b)
{
    return a.id == b.id && a.scale == b.scale && a.precision == b.precision;
}

/* Bytes of one value: 1, 2, 4, 8 or 16. TIDE_TYPE_NULL has 1. */
uint32_t tide_type_width(tide_type t);

/* As SQL writes it: "DECIMAL(10, 2)", "TIMESTAMP(3)". Writes at most cap bytes with the NUL;
 * returns buf. */
char *tide_type_print(tide_type t, char *buf, size_t cap);
#define TIDE_TYPE_TEXT_MAX 40

/* Reads a type as SQL writes it, any case: "bigint", "varchar(20)", "timestamp_ltz(3)", "double
 * precision", PostgreSQL's and Flink's names. Returns TIDE_E_TYPE with the nearest name when
 * unknown or when precision or scale are out of range. `text` is NUL-terminated. */
TIDE_MUST_CHECK tide_status tide_type_parse(const char *text, tide_type *out);

/* One value outside a column: a literal, an option. Strings borrow their bytes. */
typedef struct tide_value {
    tide_type type;
    bool is_null;
    union {
        bool boolean;
        int64_t i64;   /* Every integer type, DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ. */
        double f64;    /* FLOAT and DOUBLE. */
        __int128 i128; /* DECIMAL */
        struct {
            const char *ptr;
            uint32_t len;
        } str;
        tide_interval interval;
    };
} tide_value;

/* A row's schema: names and types of columns. Names keep their case. */
typedef struct tide_field {
    const char *name;
    tide_type type;
    bool not_null; /* Promised by the declaration or derived; a hint for kernels and explain. */
} tide_field;

typedef struct tide_schema {
    uint32_t n;
    tide_field *fields;
} tide_schema;

#endif
