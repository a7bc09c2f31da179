/* progress.c - the progress line. */
#include "cli/progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/column/text.h"
#include "base/core/mem.h"

#define CLEAR "\r\033[K"
#define RATE_WEIGHT 0.4 /* Of the newest quarter second in the rate shown. */

struct tide_progress {
    bool shows;
    pthread_mutex_t lock; /* Guards the terminal and is_up. */
    bool is_up;           /* The line is on the screen. */
    uint64_t rows_before;
    int64_t ns_before;
    double rows_per_s; /* < 0: not known. */
};

static void write_all(const char *p, size_t n)
{
    ssize_t ignored = write(STDERR_FILENO, p, n); /* Nobody can be told. */
    (void)ignored;
}

static void clear(tide_progress *self)
{
    if (self->is_up) write_all(CLEAR, sizeof CLEAR - 1);
    self->is_up = false;
}

tide_progress *tide_progress_new(bool shows)
{
    tide_progress *self = tide_calloc(1, sizeof *self);
    self->shows = shows;
    self->rows_per_s = -1;
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

void tide_progress_free(tide_progress **self_p)
{
    if (!*self_p) return;
    clear(*self_p);
    pthread_mutex_destroy(&(*self_p)->lock);
    tide_free(*self_p);
    *self_p = NULL;
}

static size_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void tide_progress_update(tide_progress *self, const tide_job_progress *now, int64_t now_ns,
                          int64_t wall_us)
{
    if (!self->shows) return;
    if (self->ns_before && now_ns > self->ns_before) {
        double rate =
            (double)(now->rows_in - self->rows_before) * 1e9 / (double)(now_ns - self->ns_before);
        self->rows_per_s =
            self->rows_per_s < 0 ? rate : self->rows_per_s * (1 - RATE_WEIGHT) + rate * RATE_WEIGHT;
    }
    self->rows_before = now->rows_in;
    self->ns_before = now_ns;
    tide_bytes text = { 0 };
    tide_bytes_puts(&text, CLEAR);
    size_t head = text.n;
    tide_progress_text(now, self->rows_per_s, wall_us, &text);
    size_t fits = terminal_columns() - 1; /* A full line would wrap and could not be cleared. */
    if (text.n - head > fits) text.n = head + fits;
    pthread_mutex_lock(&self->lock);
    write_all(text.p, text.n);
    self->is_up = true;
    pthread_mutex_unlock(&self->lock);
    tide_bytes_fini(&text);
}

void tide_progress_finish(tide_progress *self, const tide_job_progress *final, int64_t elapsed_ns)
{
    if (!self->shows) return;
    tide_bytes text = { 0 };
    tide_progress_count(&text, final->rows_in);
    tide_bytes_puts(&text, " rows read, ");
    tide_progress_count(&text, final->rows_out);
    tide_bytes_printf(&text, " written in %.2f s\n", (double)elapsed_ns / 1e9);
    tide_progress_log(self, text.p, text.n);
    tide_bytes_fini(&text);
}

void tide_progress_log(void *self_v, const char *line, size_t bytes)
{
    tide_progress *self = self_v;
    pthread_mutex_lock(&self->lock);
    clear(self);
    write_all(line, bytes);
    pthread_mutex_unlock(&self->lock);
}

static void add_lag(tide_bytes *out, int64_t lag_us)
{
    double s = (double)lag_us / 1e6;
    if (s < 60)
        tide_bytes_printf(out, "%.1f s", s);
    else if (s < 3600)
        tide_bytes_printf(out, "%.0f min", s / 60);
    else if (s < 48 * 3600)
        tide_bytes_printf(out, "%.0f h", s / 3600);
    else
        tide_bytes_printf(out, "%.0f days", s / 86400);
}

void tide_progress_text(const tide_job_progress *now, double rows_per_s, int64_t wall_us,
                        tide_bytes *out)
{
    tide_progress_count(out, now->rows_in);
    tide_bytes_puts(out, " rows");
    if (rows_per_s >= 0) {
        tide_bytes_puts(out, "  ");
        tide_progress_short(out, rows_per_s);
        tide_bytes_puts(out, " rows/s");
    }
    if (now->watermark_us != INT64_MIN && now->watermark_us != INT64_MAX) {
        char at[TIDE_TEXT_MAX];
        uint32_t n = tide_print_timestamp(now->watermark_us, 0, ' ', false, at);
        tide_bytes_printf(out, "  watermark %.*s", (int)n, at);
        if (wall_us > now->watermark_us) {
            tide_bytes_puts(out, "  lag ");
            add_lag(out, wall_us - now->watermark_us);
        }
    }
    if (now->late_rows) {
        tide_bytes_puts(out, "  ");
        tide_progress_count(out, now->late_rows);
        tide_bytes_puts(out, " late");
    }
    if (now->bad_rows) {
        tide_bytes_puts(out, "  ");
        tide_progress_count(out, now->bad_rows);
        tide_bytes_puts(out, " bad");
    }
}

void tide_progress_count(tide_bytes *out, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) tide_bytes_putc(out, ',');
        tide_bytes_putc(out, digits[i]);
    }
}

void tide_progress_short(tide_bytes *out, double n)
{
    static const char *const units[] = { "", " k", " M", " G" };
    size_t unit = 0;
    while (n >= 999.5 && unit < 3) {
        n /= 1000;
        unit++;
    }
    tide_bytes_printf(out, unit && n < 99.95 ? "%.1f%s" : "%.0f%s", n, units[unit]);
}
