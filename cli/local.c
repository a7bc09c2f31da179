/* local.c - see local_priv.h. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/local_priv.h"

static void path_of(const char *folder, char *path, size_t cap)
{
    snprintf(path, cap, "%s/cluster.json", folder);
}

uint64_t local_started(pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    /* Field 22, counted from behind the name, which may hold blanks. A zombie is gone. */
    const char *at = strrchr(text, ')');
    if (!at || at[1] == '\0' || at[2] == 'Z') return 0;
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

bool local_lives(const local_process *process)
{
    return process->pid > 0 && local_started(process->pid) == process->started;
}

static void copy(const json_t *object, const char *key, char *out, size_t cap)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, cap, "%s", text ? text : "");
}

tide_status local_read(const char *folder, local_cluster *out)
{
    char path[600];
    path_of(folder, path, sizeof path);
    *out = (local_cluster){ 0 };
    snprintf(out->folder, sizeof out->folder, "%s", folder);
    if (access(path, F_OK) != 0)
        return tide_fail(TIDE_E_NOT_FOUND,
                         "no cluster was started in %s; 'tidemill cluster start' does, --dir names "
                         "another folder",
                         folder);
    json_error_t why;
    json_t *root = json_load_file(path, 0, &why);
    if (!root) return tide_fail(TIDE_E_CORRUPT, "%s: line %d: %s", path, why.line, why.text);
    copy(root, "rest", out->rest, sizeof out->rest);
    copy(root, "control", out->control, sizeof out->control);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "processes"), i, item)
    {
        if (out->n == LOCAL_PROCESSES_MAX) break;
        local_process *process = &out->processes[out->n++];
        copy(item, "role", process->role, sizeof process->role);
        process->pid = (pid_t)json_integer_value(json_object_get(item, "pid"));
        process->started = (uint64_t)json_integer_value(json_object_get(item, "started"));
    }
    json_decref(root);
    return TIDE_OK;
}

tide_status local_write(const local_cluster *self)
{
    char path[600], fresh[620];
    path_of(self->folder, path, sizeof path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    json_t *list = json_array();
    for (uint32_t i = 0; i < self->n; i++)
        json_array_append_new(list, json_pack("{s:s,s:i,s:I}", "role", self->processes[i].role,
                                              "pid", (int)self->processes[i].pid, "started",
                                              (json_int_t)self->processes[i].started));
    json_t *root =
        json_pack("{s:s,s:s,s:o}", "rest", self->rest, "control", self->control, "processes", list);
    int rc = json_dump_file(root, fresh, JSON_INDENT(2));
    json_decref(root);
    if (rc != 0 || rename(fresh, path) != 0)
        return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    return TIDE_OK;
}

void local_forget(const local_cluster *self)
{
    char path[600];
    path_of(self->folder, path, sizeof path);
    unlink(path);
}

static bool find_in(const char *folder, local_cluster *out)
{
    return local_read(folder, out) == TIDE_OK && out->n > 0 && local_lives(&out->processes[0]);
}

/* The user's own folder and, in it, the file that names the folder of the cluster started last. */
static bool home_paths(char folder[512], char latest[600])
{
    const char *home = getenv("HOME");
    if (!home || strlen(home) > 400) return false;
    snprintf(folder, 512, "%s/" LOCAL_FOLDER, home);
    snprintf(latest, 600, "%s/latest", folder);
    return true;
}

void local_remember(const local_cluster *self)
{
    char folder[512], latest[600], fresh[620];
    if (!home_paths(folder, latest)) return;
    (void)mkdir(folder, 0777);
    snprintf(fresh, sizeof fresh, "%s.new", latest);
    FILE *file = fopen(fresh, "we");
    if (!file) return;
    bool written = fprintf(file, "%s\n", self->folder) > 0;
    written = fclose(file) == 0 && written;
    if (!written || rename(fresh, latest) != 0) (void)unlink(fresh);
}

static bool find_latest(const char *latest, local_cluster *out)
{
    char folder[512] = "";
    FILE *file = fopen(latest, "re");
    if (!file) return false;
    bool read = fgets(folder, sizeof folder, file) != NULL;
    fclose(file);
    folder[strcspn(folder, "\n")] = '\0';
    return read && find_in(folder, out);
}

bool local_find(local_cluster *out)
{
    char folder[512], latest[600];
    if (find_in(LOCAL_FOLDER, out)) return true;
    return home_paths(folder, latest) && (find_in(folder, out) || find_latest(latest, out));
}
