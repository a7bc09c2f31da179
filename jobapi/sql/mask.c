/* mask.c - hides `backticked names` from PostgreSQL's scanner, which would cut them into operators.
 */
#include <ctype.h>
#include <string.h>

#include "jobapi/sql/front_priv.h"

static size_t skip_comment(const char *s, size_t i, size_t n);
static size_t skip_string(const char *s, size_t i, size_t n, bool escapes);
static size_t skip_dollar(const char *s, size_t i, size_t n);
static size_t mask_backticks(char *s, size_t i, size_t n);

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Is the quote at i that of E'...'? */
static bool has_escapes(const char *s, size_t i)
{
    return i > 0 && (s[i - 1] == 'e' || s[i - 1] == 'E') && (i < 2 || !is_word_char(s[i - 2]));
}

char *tide_sql_mask(tide_arena *arena, const char *text, size_t bytes)
{
    char *s = tide_arena_strndup(arena, text, bytes);
    size_t i = 0;
    if (bytes >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) {
        memset(s, ' ', 3); /* A byte order mark is not part of the first word. */
        i = 3;
    }
    while (i < bytes) {
        char c = s[i], next = s[i + 1]; /* s[bytes] is NUL. */
        if (c == '-' && next == '-')
            i += strcspn(s + i, "\r\n");
        else if (c == '/' && next == '*')
            i = skip_comment(s, i, bytes);
        else if (c == '\'')
            i = skip_string(s, i, bytes, has_escapes(s, i));
        else if (c == '"')
            i = skip_string(s, i, bytes, false);
        else if (c == '$' && (i == 0 || !is_word_char(s[i - 1])))
            i = skip_dollar(s, i, bytes);
        else if (c == '`')
            i = mask_backticks(s, i, bytes);
        else
            i++;
    }
    return s;
}

/* Comments nest in SQL. */
static size_t skip_comment(const char *s, size_t i, size_t n)
{
    uint32_t depth = 0;
    while (i < n) {
        if (s[i] == '/' && s[i + 1] == '*') {
            depth++;
            i += 2;
        } else if (s[i] == '*' && s[i + 1] == '/') {
            i += 2;
            if (--depth == 0) return i;
        } else {
            i++;
        }
    }
    return n;
}

/* A doubled quote looks like the end of one string and the start of another: that is good enough
 * here. */
static size_t skip_string(const char *s, size_t i, size_t n, bool escapes)
{
    char quote = s[i++];
    while (i < n && s[i] != quote) i += escapes && s[i] == '\\' && i + 1 < n ? 2 : 1;
    return i < n ? i + 1 : n;
}

static size_t skip_dollar(const char *s, size_t i, size_t n)
{
    size_t tag = i + 1;
    if (isdigit((unsigned char)s[tag])) return tag; /* A parameter: $1 */
    while (tag < n && s[tag] != '$' && is_word_char(s[tag])) tag++;
    if (tag >= n || s[tag] != '$') return i + 1;
    size_t len = tag + 1 - i;
    const char *end = memmem(s + tag + 1, n - tag - 1, s + i, len);
    return end ? (size_t)(end - s) + len : n;
}

/* The true name is read from the original text; here it only must be one token of the same length.
 */
static size_t mask_backticks(char *s, size_t i, size_t n)
{
    s[i++] = '"';
    while (i < n) {
        if (s[i] == '`' && s[i + 1] == '`') {
            s[i] = s[i + 1] = '_';
            i += 2;
        } else if (s[i] == '`') {
            s[i] = '"';
            return i + 1;
        } else {
            if (s[i] == '"') s[i] = '_';
            i++;
        }
    }
    return n;
}
