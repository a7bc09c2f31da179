/* units.c - see units.h. */
#include "base/core/units.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DURATION_US_MAX (100LL * 366 * 86400 * 1000000)
#define SIZE_BYTES_MAX (1ULL << 60)
#define DIGITS_MAX 15

static const struct unit {
    const char *names; /* Separated by blanks; the first is the one that is printed. */
    int64_t us;        /* 0: nanoseconds. */
} units[] = {
    { "d day days", 86400LL * 1000000 },
    { "h hour hours", 3600LL * 1000000 },
    { "min m minute minutes", 60LL * 1000000 },
    { "s sec secs second seconds", 1000000 },
    { "ms milli millis millisecond milliseconds", 1000 },
    { "us micro micros microsecond microseconds", 1 },
    { "ns nano nanos nanosecond nanoseconds", 0 },
};

static bool read_number(const char **at_p, uint64_t *out);
static const char *read_word(const char **at_p, size_t *n_out);
static bool list_has(const char *names, const char *word, size_t n);

tide_status tide_duration_parse(const char *text, int64_t *us_out)
{
    const char *at = text;
    int64_t total = 0;
    uint32_t parts = 0;
    for (;;) {
        while (isspace((unsigned char)*at)) at++;
        if (*at == 0) break;
        uint64_t number;
        if (!read_number(&at, &number)) goto malformed;
        size_t n;
        const char *word = read_word(&at, &n);
        const struct unit *unit = NULL;
        for (size_t i = 0; i < sizeof units / sizeof *units && n; i++)
            if (list_has(units[i].names, word, n)) unit = &units[i];
        bool is_bare = n == 0;
        if (!unit && !(is_bare && parts == 0 && *at == 0)) goto malformed;
        __int128 us = is_bare         ? (__int128)number * 1000
                      : unit->us == 0 ? (__int128)(number / 1000)
                                      : (__int128)number * unit->us;
        us += total;
        if (us > DURATION_US_MAX)
            return tide_fail(TIDE_E_OPTION, "duration \"%.60s\" is longer than 100 years", text);
        total = (int64_t)us;
        parts++;
    }
    if (parts == 0) goto malformed;
    *us_out = total;
    return TIDE_OK;
malformed:
    return tide_fail(TIDE_E_OPTION,
                     "\"%.60s\" is not a duration: write a number and a unit, as in \"500 ms\", "
                     "\"10 s\", \"1 h 30 min\"",
                     text);
}

tide_status tide_size_parse(const char *text, uint64_t *bytes_out)
{
    static const char *const names[] = { "b bytes byte", "k kb kib", "m mb mib", "g gb gib",
                                         "t tb tib" };
    const char *at = text;
    uint64_t number;
    while (isspace((unsigned char)*at)) at++;
    if (!read_number(&at, &number)) goto malformed;
    size_t n;
    const char *word = read_word(&at, &n);
    uint32_t power = n ? UINT32_MAX : 0;
    for (uint32_t i = 0; i < 5 && n; i++)
        if (list_has(names[i], word, n)) power = i;
    if (power == UINT32_MAX || *at) goto malformed;
    if ((unsigned __int128)number << (10 * power) > SIZE_BYTES_MAX)
        return tide_fail(TIDE_E_OPTION, "size \"%.60s\" is too large", text);
    *bytes_out = number << (10 * power);
    return TIDE_OK;
malformed:
    return tide_fail(TIDE_E_OPTION,
                     "\"%.60s\" is not a size: write a number and a unit, as in \"64 mb\"", text);
}

char *tide_duration_print(int64_t us, char *buf, size_t cap)
{
    uint64_t left = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    size_t n = 0;
    int wrote = snprintf(buf, cap, "%s", us < 0 ? "-" : "");
    n += (size_t)wrote;
    for (size_t i = 0; i < sizeof units / sizeof *units && units[i].us; i++) {
        uint64_t count = left / (uint64_t)units[i].us;
        left %= (uint64_t)units[i].us;
        if (!count || n >= cap) continue;
        wrote =
            snprintf(buf + n, cap - n, "%s%llu %.*s", n > (us < 0) ? " " : "",
                     (unsigned long long)count, (int)strcspn(units[i].names, " "), units[i].names);
        n += (size_t)wrote;
    }
    if (us == 0) snprintf(buf, cap, "0 s");
    return buf;
}

static bool read_number(const char **at_p, uint64_t *out)
{
    const char *at = *at_p;
    uint64_t value = 0;
    uint32_t digits = 0;
    for (; isdigit((unsigned char)*at); at++) {
        if (++digits > DIGITS_MAX) return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *at_p = at;
    *out = value;
    return digits > 0;
}

/* The letters that follow, after blanks; blanks behind them are skipped too. */
static const char *read_word(const char **at_p, size_t *n_out)
{
    const char *at = *at_p;
    while (isspace((unsigned char)*at)) at++;
    const char *word = at;
    while (isalpha((unsigned char)*at)) at++;
    *n_out = (size_t)(at - word);
    while (isspace((unsigned char)*at)) at++;
    *at_p = at;
    return word;
}

static bool list_has(const char *names, const char *word, size_t n)
{
    for (const char *at = names; *at;) {
        size_t len = strcspn(at, " ");
        if (len == n && strncasecmp(at, word, n) == 0) return true;
        at += len;
        at += strspn(at, " ");
    }
    return false;
}
