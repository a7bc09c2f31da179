/* exposition.c - see exposition.h. */
#include "base/net/exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void tide_exposition_begin(tide_bytes *out, const char *name, const char *type, const char *help)
{
    tide_bytes_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(tide_bytes *out, const tide_exposition_label *label)
{
    tide_bytes_printf(out, "%s=\"", label->name);
    for (const char *c = label->value; *c; c++) {
        if (*c == '\n')
            tide_bytes_puts(out, "\\n");
        else if (*c == '"' || *c == '\\')
            tide_bytes_printf(out, "\\%c", *c);
        else
            tide_bytes_putc(out, *c);
    }
    tide_bytes_putc(out, '"');
}

void tide_exposition_put(tide_bytes *out, const char *name, const tide_exposition_label *labels,
                         uint32_t n_labels, double value)
{
    tide_bytes_puts(out, name);
    for (uint32_t i = 0; i < n_labels; i++) {
        tide_bytes_putc(out, i ? ',' : '{');
        put_label(out, &labels[i]);
    }
    tide_bytes_printf(out, "%s %.17g\n", n_labels ? "}" : "", value);
}

void tide_exposition_single(tide_bytes *out, const char *name, const char *type, const char *help,
                            double value)
{
    tide_exposition_begin(out, name, type, help);
    tide_exposition_put(out, name, NULL, 0, value);
}

static double count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return 0;
    double n = -3; /* ".", ".." and the folder itself. */
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

void tide_exposition_process(tide_bytes *out)
{
    unsigned long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
    if (file) fclose(file);
    struct rusage used = { 0 };
    getrusage(RUSAGE_SELF, &used);
    tide_exposition_single(out, "process_resident_memory_bytes", "gauge", "Resident memory",
                           (double)resident * (double)sysconf(_SC_PAGESIZE));
    tide_exposition_single(out, "process_cpu_seconds_total", "counter", "CPU time used",
                           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    tide_exposition_single(out, "process_open_fds", "gauge", "Open file descriptors",
                           count_descriptors());
}
