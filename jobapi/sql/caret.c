/* caret.c - an error shown in the text that it is about. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jobapi/sql/caret.h"

#define SHOWN_MAX 120 /* Characters of a line that are shown. */
#define MESSAGE_MAX 1024

/* One character of UTF-8; an invalid byte counts as one. */
static uint32_t decode(const char *s, const char *end, uint32_t *code)
{
    unsigned char c = (unsigned char)*s;
    uint32_t n = c < 0xC2 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 1;
    if (s + n > end) n = 1;
    *code = n == 1 ? c : c & (0x7Fu >> n);
    for (uint32_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xC0) != 0x80) return 1;
        *code = *code << 6 | ((unsigned char)s[i] & 0x3Fu);
    }
    return n;
}

/* Cells on a terminal: combining marks 0, East Asian wide characters and emoji 2. A table of
 * ranges, because wcwidth depends on the locale. */
static uint32_t cells(uint32_t c)
{
    static const struct {
        uint32_t from, to, n;
    } ranges[] = {
        { 0x0300, 0x036F, 0 },   { 0x0483, 0x0489, 0 },   { 0x0591, 0x05BD, 0 },
        { 0x064B, 0x065F, 0 },   { 0x1100, 0x115F, 2 },   { 0x200B, 0x200F, 0 },
        { 0x20D0, 0x20F0, 0 },   { 0x2E80, 0x303E, 2 },   { 0x3041, 0xA4CF, 2 },
        { 0xAC00, 0xD7A3, 2 },   { 0xF900, 0xFAFF, 2 },   { 0xFE00, 0xFE0F, 0 },
        { 0xFE30, 0xFE6F, 2 },   { 0xFEFF, 0xFEFF, 0 },   { 0xFF00, 0xFF60, 2 },
        { 0xFFE0, 0xFFE6, 2 },   { 0x1F300, 0x1F64F, 2 }, { 0x1F900, 0x1F9FF, 2 },
        { 0x20000, 0x3FFFD, 2 },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].from && c <= ranges[i].to) return ranges[i].n;
    return 1;
}

static const char *line_start(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n') at--;
    if (at == text && strncmp(text, "\xEF\xBB\xBF", 3) == 0) at += 3; /* A byte order mark. */
    return at;
}

/* pos, but not behind the text's end, nor inside of a character or a line's end. */
static const char *place(const char *text, uint32_t pos)
{
    size_t len = strlen(text);
    const char *at = text + (pos < len ? pos : len);
    while (at > text && ((unsigned char)*at & 0xC0) == 0x80) at--;
    return at;
}

static uint32_t count_chars(const char *from, const char *to)
{
    uint32_t n = 0, code;
    for (; from < to; n++) from += decode(from, to, &code);
    return n;
}

void tide_sql_line_column(const char *text, uint32_t pos, uint32_t *line, uint32_t *column)
{
    const char *at = place(text, pos);
    *line = 1;
    for (const char *p = text; p < at; p++) *line += *p == '\n';
    *column = count_chars(line_start(text, at), at) + 1;
}

/* Blanks as wide as the text before the caret, with its tabs. */
static void put_indent(tide_bytes *out, const char *from, const char *at)
{
    while (from < at) {
        uint32_t code, n = decode(from, at, &code);
        uint32_t width = code == '\t' ? 1 : cells(code);
        for (uint32_t k = 0; k < width; k++) tide_bytes_putc(out, code == '\t' ? '\t' : ' ');
        from += n;
    }
}

/* Terminals act on control characters, so they are shown as '?'. */
static void put_line(tide_bytes *out, const char *from, const char *to)
{
    for (; from < to; from++) {
        unsigned char c = (unsigned char)*from;
        tide_bytes_putc(out, (c < 0x20 && c != '\t') || c == 0x7F ? '?' : *from);
    }
}

/* Forward from `from` by at most n characters. */
static const char *step(const char *from, const char *end, uint32_t n)
{
    uint32_t code;
    while (n-- > 0 && from < end) from += decode(from, end, &code);
    return from;
}

void tide_sql_caret(tide_bytes *out, const char *text, const char *source_name, uint32_t pos,
                    const char *message, const char *hint)
{
    uint32_t line, column;
    tide_sql_line_column(text, pos, &line, &column);
    tide_bytes_printf(out, "%s:%u:%u: %s\n", source_name, line, column, message);

    const char *at = place(text, pos), *from = line_start(text, at),
               *end = from + strcspn(from, "\r\n");
    if (at > end) at = end;
    /* Of a long line, a window with the caret in its first two thirds. */
    uint32_t before = count_chars(from, at);
    bool cut_left = before > SHOWN_MAX * 2 / 3;
    if (cut_left) from = step(from, at, before - SHOWN_MAX / 2);
    const char *shown_end = step(from, end, SHOWN_MAX);
    tide_bytes_puts(out, cut_left ? "  ..." : "  ");
    put_line(out, from, shown_end);
    tide_bytes_puts(out, shown_end < end ? "...\n  " : "\n  ");
    if (cut_left) tide_bytes_puts(out, "   ");
    put_indent(out, from, at);
    tide_bytes_putc(out, '^');
    if (hint) tide_bytes_printf(out, "\nhint: %s", hint);
}

tide_status tide_sql_fail(tide_status code, const char *text, const char *source_name, uint32_t pos,
                          const char *hint, const char *fmt, ...)
{
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    tide_bytes out = { 0 };
    tide_sql_caret(&out, text, source_name, pos, message, hint);
    tide_status rv = tide_fail(code, "%s", tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return rv;
}
