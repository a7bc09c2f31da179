/* table_fixture.h - keys of every shape made from small numbers, and a naive table to compare
 * with. */
#ifndef TIDE_TESTS_UNIT_STATE_TABLE_FIXTURE_H
#define TIDE_TESTS_UNIT_STATE_TABLE_FIXTURE_H
#include "checkpoint/state/snapshot.h"
#include "checkpoint/state/table.h"

#define IDS_MAX 40000u
#define BATCH 512u
#define KEY_BYTES_MAX 64u

typedef enum key_kind {
    KEY_WORD,   /* One BIGINT. */
    KEY_PAIR,   /* One BIGINT that may be NULL: id 0 is. */
    KEY_WORDS,  /* (DECIMAL, INT), both may be NULL. */
    KEY_STRING, /* One STRING, short and long ones. */
    KEY_MIXED,  /* (STRING, BIGINT) routed by the string, both may be NULL. */
    KEY_KINDS
} key_kind;

typedef struct model_row {
    bool present;
    int64_t value, extra;
    uint32_t blob_n; /* Bytes of blob 0; byte i is (uint8_t)(blob_seed + i). */
    uint32_t blob_seed;
} model_row;

typedef struct table_fixture {
    key_kind kind;
    tide_key_spec key;
    tide_table_spec spec;
    tide_table_groups groups;
    tide_state_memory *memory;
    tide_table *table;
    uint64_t random;
    model_row model[IDS_MAX];
    uint32_t n_present;
    /* A batch: */
    uint32_t ids[BATCH], n;
    uint8_t keys[BATCH * KEY_BYTES_MAX] TIDE_ALIGNED(16);
    char texts[BATCH][48];
    uint64_t hash[BATCH];
    uint32_t rows[BATCH];
    uint16_t fresh[BATCH];
    uint32_t n_fresh;
} table_fixture;

/* Values are two words and a blob. probe: NULL for the machine's best. */
table_fixture *fixture_new(key_kind kind, tide_table_groups groups, const char *probe);
void fixture_free(table_fixture **f_p);
/* Another, empty table of the same layout; the caller frees it. */
tide_table *fixture_table(const table_fixture *f, tide_table_groups groups);

uint32_t draw(table_fixture *f, uint32_t below);
/* Encodes ids[0..n) into keys and hash. */
void encode_ids(table_fixture *f);
/* n random ids below `below`; with `unique` none twice. */
void draw_ids(table_fixture *f, uint32_t n, uint32_t below, bool unique);

/* Each does the same to table and model, and compares what comes back. */
void step_update(table_fixture *f, uint32_t n, uint32_t below);
void step_find(table_fixture *f, uint32_t n, uint32_t below);
void step_delete(table_fixture *f, uint32_t n, uint32_t below);
/* The table holds exactly the model's rows, by finding, by scanning and by count. */
void check_table(table_fixture *f, tide_table *table, const model_row *model);

#endif
