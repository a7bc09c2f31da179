/* files.c - the connector "filesystem": files of records, and folders of them.
 */
#include "worker/connector/files/files.h"
#include "worker/connector/connectors.h"

#define PACKINGS "enum(auto|none|gzip|zstd)"

const tide_option_def files_options[] = {
    { "path", TIDE_OPTION_REQUIRED,
      "A file, a folder or a pattern (*, ?, [a-z], {a,b}) to read; a folder to "
      "write",
      "string" },
    { "compression", "auto", "auto: by the suffix .gz or .zst when reading, none when writing",
      PACKINGS },
    { "source.monitor-interval", NULL,
      "Look for new files this often; unset: read what is there, then end", "duration" },
    { "source.file-order", "none",
      "In this order files follow each other in time: they are read as one "
      "partition; none: each file "
      "is a partition of its own",
      "enum(none|name|modification-time)" },
    { "source.split-size", "8 mb",
      "Plain files are cut into ranges of this size, which subtasks share", "size" },
    { "source.max-record-size", "128 mb",
      "A longer record fails the job, unless one read of 256 kb holds it", "size" },
    { "sink.rolling-policy.file-size", "128 mb", "A part file is finished at this size", "size" },
    { "sink.rolling-policy.rollover-interval", "30 min", "A part file is finished at this age",
      "duration" },
    { NULL, NULL, NULL, NULL },
};

static const tide_field METADATA[] = {
    { "file.path", { .id = TIDE_TYPE_STRING }, true },
    { "file.name", { .id = TIDE_TYPE_STRING }, true },
    { "file.size", { .id = TIDE_TYPE_BIGINT }, true },
    { "file.modification-time", { .id = TIDE_TYPE_TIMESTAMP_LTZ, .precision = 3 }, true },
    { NULL, { 0 }, false },
};

const char *files_path_of(const tide_table *table)
{
    const char *path = tide_option_str(table, files_options, "path");
    return strncmp(path, "file://", 7) == 0 ? path + 7 : path;
}

bool files_is_followed(const tide_table *table)
{
    return tide_option_has(table, files_options, "source.monitor-interval");
}

static bool files_is_bounded(const tide_table *table)
{
    return !files_is_followed(table);
}

static tide_status files_check(const tide_table *table, bool as_sink)
{
    (void)as_sink;
    if (*files_path_of(table) == '\0') return tide_fail(TIDE_E_OPTION, "option 'path' is empty");
    for (const tide_option_def *d = files_options; d->key; d++) {
        if (!tide_option_has(table, files_options, d->key)) continue;
        if ((strcmp(d->type, "size") == 0 &&
             tide_option_bytes(table, files_options, d->key) == 0) ||
            (strcmp(d->type, "duration") == 0 && tide_option_us(table, files_options, d->key) == 0))
            return tide_fail(TIDE_E_OPTION, "option '%s' must not be 0", d->key);
    }
    return TIDE_OK;
}

const tide_connector tide_connector_filesystem = {
    .name = "filesystem",
    .help = "Files of records, plain, gzip or zstd: a file, a folder or a pattern",
    .options = files_options,
    .takes_format = true,
    .metadata = METADATA,
    .check = files_check,
    .is_bounded = files_is_bounded,
    .discover = files_discover,
    .source = &files_source,
    .sink = &files_sink,
};
