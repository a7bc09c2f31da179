/* log.c - lines of key=value fields, repeats folded. */
#include "base/core/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/core/attr.h"
#include "base/core/mem.h"

/* Distinct events remembered for folding; the least recently written one makes room. */
#define FOLDS 64u

typedef struct fold {
    const char *event; /* NULL: free. Constants, so they outlive the log. */
    tide_log_level level;
    int64_t written_ns;
    uint64_t folded;
} fold;

struct tide_log {
    tide_log_config config;
    pthread_mutex_t lock; /* Guards folds and the order of lines. */
    fold folds[FOLDS];
};

typedef struct line {
    char text[TIDE_LOG_LINE_MAX];
    size_t n;
} line;

static const char *const level_names[] = { "error", "warn", "info", "debug" };

static void write_stderr(void *ctx, const char *text, size_t bytes);
static tide_log *self_or_installed(const tide_log *self);
static bool is_folded(tide_log *self, tide_log_level level, const char *event, int64_t now_ns,
                      uint64_t *owed_out);
static void write_owed(tide_log *self, fold *f);
static void begin_line(line *to, tide_log *self, tide_log_level level, const char *event);
static void add_field(line *to, const tide_log_field *field);
static void end_line(line *to, tide_log *self);

static tide_log standard = { .config = { .level = TIDE_LOG_WARN, .write = write_stderr },
                             .lock = PTHREAD_MUTEX_INITIALIZER };
static _Atomic(tide_log *) installed;

tide_log *tide_log_new(const tide_log_config *config)
{
    tide_log *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    if (!self->config.write) self->config.write = write_stderr;
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

void tide_log_free(tide_log **self_p)
{
    if (!*self_p) return;
    tide_log_flush(*self_p);
    pthread_mutex_destroy(&(*self_p)->lock);
    tide_free(*self_p);
    *self_p = NULL;
}

tide_log *tide_log_install(tide_log *self)
{
    return atomic_exchange(&installed, self);
}

void tide_log_flush(tide_log *self)
{
    self = self_or_installed(self);
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; i < FOLDS; i++) {
        if (self->folds[i].folded) write_owed(self, &self->folds[i]);
    }
    pthread_mutex_unlock(&self->lock);
}

void tide_log_event(tide_log *self, tide_log_level level, const char *event,
                    const tide_log_field *fields)
{
    self = self_or_installed(self);
    if (level > self->config.level) return;
    tide_clock *clock = self->config.clock ? self->config.clock : tide_clock_real();
    uint64_t owed = 0;
    pthread_mutex_lock(&self->lock);
    if (level != TIDE_LOG_WARN || !is_folded(self, level, event, tide_clock_now_ns(clock), &owed)) {
        line text;
        begin_line(&text, self, level, event);
        for (; fields->kind != TIDE_LOG_END; fields++) add_field(&text, fields);
        tide_log_field folded = tide_log_int("folded", (int64_t)owed);
        if (owed) add_field(&text, &folded);
        end_line(&text, self);
    }
    pthread_mutex_unlock(&self->lock);
}

bool tide_log_wants(const tide_log *self, tide_log_level level)
{
    return level <= self_or_installed(self)->config.level;
}

bool tide_log_level_parse(const char *name, tide_log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(name, level_names[i]) != 0) continue;
        *out = (tide_log_level)i;
        return true;
    }
    return false;
}

static void write_stderr(void *ctx, const char *text, size_t bytes)
{
    (void)ctx;
    /* One write, so that lines of several processes do not mix. Nobody can be told that it failed.
     */
    ssize_t ignored = write(STDERR_FILENO, text, bytes);
    (void)ignored;
}

static tide_log *self_or_installed(const tide_log *self)
{
    tide_log *current = self ? (tide_log *)self : atomic_load(&installed);
    return current ? current : &standard;
}

/* Whether the line is only counted. If not, *owed_out gets how many were counted before it. */
static bool is_folded(tide_log *self, tide_log_level level, const char *event, int64_t now_ns,
                      uint64_t *owed_out)
{
    fold *oldest = &self->folds[0];
    for (uint32_t i = 0; i < FOLDS; i++) {
        fold *f = &self->folds[i];
        if (f->event && f->level == level && strcmp(f->event, event) == 0) {
            if (now_ns - f->written_ns < TIDE_LOG_FOLD_NS) {
                f->folded++;
                return true;
            }
            *owed_out = f->folded;
            f->folded = 0;
            f->written_ns = now_ns;
            return false;
        }
        if (!f->event || (oldest->event && f->written_ns < oldest->written_ns)) oldest = f;
    }
    if (oldest->folded) write_owed(self, oldest);
    *oldest = (fold){ .event = event, .level = level, .written_ns = now_ns };
    return false;
}

static void write_owed(tide_log *self, fold *f)
{
    line text;
    tide_log_field folded = tide_log_int("folded", (int64_t)f->folded);
    begin_line(&text, self, f->level, f->event);
    add_field(&text, &folded);
    end_line(&text, self);
    f->folded = 0;
}

static void append(line *to, const char *bytes, size_t n)
{
    size_t room = sizeof to->text - 1 - to->n; /* One byte is kept for the newline. */
    if (n > room) n = room;
    memcpy(to->text + to->n, bytes, n);
    to->n += n;
}

static void begin_line(line *to, tide_log *self, tide_log_level level, const char *event)
{
    tide_clock *clock = self->config.clock ? self->config.clock : tide_clock_real();
    int64_t wall_us = tide_clock_wall_us(clock);
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    to->n = strftime(to->text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    char head[32];
    int n = snprintf(head, sizeof head, ".%03" PRId64 "Z %-5s ", wall_us / 1000 % 1000,
                     level_names[level]);
    append(to, head, (size_t)n);
    append(to, event, strlen(event));
}

/* Text with spaces, quotes or control characters is quoted, so that a line is always one line. */
static void append_text(line *to, const char *text)
{
    bool plain = *text != '\0';
    for (const char *c = text; *c; c++)
        plain = plain && (unsigned char)*c > ' ' && !strchr("\"\\=\x7f", *c);
    if (plain) {
        append(to, text, strlen(text));
        return;
    }
    append(to, "\"", 1);
    for (const char *c = text; *c; c++) {
        char escaped[8];
        if (*c == '"' || *c == '\\') {
            append(to, (char[]){ '\\', *c }, 2);
        } else if ((unsigned char)*c < ' ' || *c == 0x7f) {
            append(to, escaped,
                   (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)*c));
        } else {
            append(to, c, 1);
        }
    }
    append(to, "\"", 1);
}

static void add_field(line *to, const tide_log_field *field)
{
    char number[40];
    append(to, " ", 1);
    append(to, field->key, strlen(field->key));
    append(to, "=", 1);
    switch (field->kind) {
    case TIDE_LOG_TEXT: append_text(to, field->text ? field->text : "null"); break;
    case TIDE_LOG_INTEGER:
        append(to, number, (size_t)snprintf(number, sizeof number, "%" PRId64, field->integer));
        break;
    case TIDE_LOG_REAL:
        append(to, number, (size_t)snprintf(number, sizeof number, "%.6g", field->real));
        break;
    case TIDE_LOG_END: break;
    }
}

static void end_line(line *to, tide_log *self)
{
    to->text[to->n++] = '\n';
    self->config.write(self->config.ctx, to->text, to->n);
}
