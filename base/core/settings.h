/* settings.h - a table of settings, read into a struct: how do texts become the members of one?
 *
 * A .def file lists the keys; a few macros turn it into an array of tide_setting_def. The members
 * are assigned by their kind; an unknown key names the nearest that there is. Keys are compared
 * without case. Pure; any thread. Texts are borrowed from whoever gave them. */
#ifndef TIDE_BASE_CORE_SETTINGS_H
#define TIDE_BASE_CORE_SETTINGS_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

typedef enum tide_setting_kind {                     /* And the member's type. */
                                 TIDE_SETTING_COUNT, /* uint64_t, a whole number from 1 to 32768. */
                                 TIDE_SETTING_NUMBER, /* uint64_t, a whole number from 0 to 2^53. */
                                 TIDE_SETTING_PORT,   /* uint64_t, 0 to 65535. */
                                 TIDE_SETTING_REAL,   /* double, not negative. */
                                 TIDE_SETTING_DURATION, /* int64_t, microseconds. */
                                 TIDE_SETTING_SIZE,     /* uint64_t, bytes. */
                                 TIDE_SETTING_CHOICE,   /* An enum: the place in `choices`. */
                                 TIDE_SETTING_SWITCH,   /* bool: false for the first of `choices`,
                                                           true for the second. */
                                 TIDE_SETTING_TEXT,     /* const char *, NULL when empty. */
                                 TIDE_SETTING_SECRET    /* The same, never shown. */
} tide_setting_kind;

typedef struct tide_setting_def {
    const char *key;
    size_t field; /* offsetof the member. */
    tide_setting_kind kind;
    const char *choices; /* CHOICE and SWITCH: "spread|pack|nearest". */
    bool per_job;        /* Also what a job may be given. */
    const char *default_value, *help;
} tide_setting_def;

typedef struct tide_settings_table {
    const tide_setting_def *defs;
    uint32_t n;
    const char *const (*aliases)[2]; /* Another spelling, the key. */
    uint32_t n_aliases;
} tide_settings_table;

/* By key or alias; NULL. */
const tide_setting_def *tide_settings_find(const tide_settings_table *self, const char *key);
/* TIDE_E_OPTION with the nearest key of the tables [0, n). */
tide_status tide_settings_unknown(const tide_settings_table *const *tables, uint32_t n,
                                  const char *key);
/* Assigns the member of `to`. TIDE_E_OPTION says what the value would have to be. */
TIDE_MUST_CHECK tide_status tide_setting_assign(const tide_setting_def *def, void *to,
                                                const char *value);
/* Assigns every default that is not "". TIDE_E_OPTION when the table is wrong. */
TIDE_MUST_CHECK tide_status tide_settings_defaults(const tide_settings_table *self, void *to);
/* What a value looks like: "duration", "whole number", "spread, pack or nearest". Appended. */
void tide_setting_type(const tide_setting_def *def, tide_bytes *out);

#endif
