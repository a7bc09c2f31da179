/* commands.c - the table of commands. */
#include "cli/commands.h"

#include <string.h>

/* Flags that several commands have. */
#define FLAG_EXECUTE                                                                               \
    {                                                                                              \
        .name = "execute", .letter = 'e', .value = "SQL",                                          \
        .help = "The job's text, instead of a file"                                                \
    }
#define FLAG_PARALLELISM                                                                           \
    {                                                                                              \
        .name = "parallelism", .letter = 'p', .value = "N", .setting = "parallelism.default",      \
        .help = "Slots, each with a thread"                                                        \
    }
#define FLAG_SET                                                                                   \
    {                                                                                              \
        .name = "set", .letter = 'D', .repeats = true, .value = "KEY=VALUE",                       \
        .help = "A setting; see 'tidemill help settings'"                                          \
    }
#define FLAG_CONFIG                                                                                \
    {                                                                                              \
        .name = "config", .value = "FILE", .help = "YAML file of settings (or $TIDEMILL_CONFIG)"   \
    }

#define FLAG_MASTER                                                                                \
    {                                                                                              \
        .name = "master", .value = "URL",                                                          \
        .help = "REST address of the master, more separated by commas (or $TIDEMILL_MASTER)"       \
    }
#define FLAG_OUTPUT(forms, text)                                                                   \
    {                                                                                              \
        .name = "output", .letter = 'o', .value = "FORMAT", .choices = forms, .help = text         \
    }
#define FLAG_FORM FLAG_OUTPUT("table|wide|json", "Form of the answer")
#define FLAG_LOG                                                                                   \
    {                                                                                              \
        .name = "log", .value = "LEVEL", .choices = "error|warn|info|debug", .help = "What to log" \
    }
#define FLAG_TIMEOUT                                                                               \
    {                                                                                              \
        .name = "timeout", .value = "DURATION", .help = "How long to wait at most, as in 60s"      \
    }
#define JOB_STATES                                                                                 \
    "CREATED|RECONCILING|WAITING|NUMBERING|PREPARING|DEPLOYING|RUNNING|STOPPING|RESTARTING|"       \
    "CANCELLING|FAILING|ENDING|FINISHED|CANCELED|FAILED|SUSPENDED"
#define FLAG_WAIT_STATE                                                                            \
    {                                                                                              \
        .name = "wait", .value = "[STATE]", .choices = JOB_STATES,                                 \
        .help = "Wait until the job is in this state; without one, until it has ended"             \
    }

static const tide_flag run_flags[] = {
    FLAG_EXECUTE,
    FLAG_PARALLELISM,
    FLAG_OUTPUT("table|csv|json|jsonl", "Form of the rows of a bare SELECT"),
    { .name = "changelog",
      .help = "Show every change of an updating result, not just the final rows" },
    FLAG_SET,
    FLAG_CONFIG,
    FLAG_LOG,
    { .name = "quiet", .letter = 'q', .help = "No progress line" },
    { 0 },
};

static const tide_flag explain_flags[] = {
    FLAG_EXECUTE, FLAG_PARALLELISM, FLAG_OUTPUT("text|json", "Form of the answer"),
    FLAG_SET,     FLAG_CONFIG,      { 0 },
};

static const tide_flag test_flags[] = {
    { .name = "update",
      .letter = 'u',
      .help = "Write what comes out to expected/ instead of comparing" },
    { 0 },
};

static const tide_flag bench_flags[] = {
    { .name = "events", .letter = 'n', .value = "N", .help = "Events to make (10000000)" },
    FLAG_PARALLELISM,
    { .name = "runs",
      .letter = 'r',
      .value = "N",
      .help = "Runs of each query; medians are printed (1)" },
    FLAG_OUTPUT("table|json", "Form of the answer"),
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag master_flags[] = {
    { .name = "rest-port", .value = "PORT", .setting = "rest.port", .help = "Port of REST" },
    { .name = "port",
      .value = "PORT",
      .setting = "control.port",
      .help = "Port of the control socket" },
    { .name = "storage",
      .value = "DIR",
      .setting = "high-availability.storageDir",
      .help = "Folder that all masters share" },
    { .name = "dir", .value = "DIR", .setting = "data.dir", .help = "Folder of this process" },
    FLAG_SET,
    FLAG_CONFIG,
    FLAG_LOG,
    { .name = "ready-fd",
      .value = "FD",
      .help = "Write a line of JSON with the addresses there when everything is served" },
    { 0 },
};

static const tide_flag worker_flags[] = {
    { .name = "master",
      .letter = 'm',
      .value = "HOST:PORT,...",
      .setting = "control.masters",
      .help = "Control addresses of all masters" },
    { .name = "slots",
      .letter = 's',
      .value = "N",
      .setting = "taskmanager.numberOfTaskSlots",
      .help = "Slots to offer; one for each core unless set" },
    { .name = "memory",
      .value = "SIZE",
      .setting = "taskmanager.memory.process.size",
      .help = "Memory for all runners together" },
    { .name = "data-dir",
      .value = "FOLDER",
      .setting = "data.dir",
      .help = "Logs, artifacts, sockets (.tidemill)" },
    FLAG_SET,
    FLAG_CONFIG,
    FLAG_LOG,
    { 0 },
};

static const tide_flag version_flags[] = {
    FLAG_OUTPUT("text|json", "Form of the answer"),
    { 0 },
};

static const tide_flag help_flags[] = {
    { .name = "man", .help = "Print the manual page: tidemill help --man | man -l -" },
    { 0 },
};

static const tide_flag submit_flags[] = {
    FLAG_EXECUTE,
    FLAG_PARALLELISM,
    { .name = "name",
      .value = "NAME",
      .setting = "pipeline.name",
      .help = "Name of the job; without one, its file's" },
    { .name = "deploy-mode",
      .value = "MODE",
      .choices = "client|cluster",
      .help = "cluster: the master runs it. client: this process does, on slots of the cluster, "
              "until it has ended" },
    { .name = "detached", .letter = 'd', .help = "Return when the job is accepted: the default" },
    FLAG_WAIT_STATE,
    FLAG_TIMEOUT,
    { .name = "dry-run", .help = "Plan the job and show its operators; submit nothing" },
    FLAG_FORM,
    FLAG_SET,
    FLAG_MASTER,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag look_flags[] = {
    FLAG_FORM,
    FLAG_MASTER,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag status_flags[] = {
    FLAG_WAIT_STATE, FLAG_TIMEOUT, FLAG_FORM, FLAG_MASTER, FLAG_CONFIG, { 0 },
};

static const tide_flag end_flags[] = {
    { .name = "wait", .help = "Wait until the job has ended" },
    FLAG_TIMEOUT,
    FLAG_FORM,
    FLAG_MASTER,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag logs_flags[] = {
    { .name = "follow", .letter = 'f', .help = "Go on until the job has ended" },
    FLAG_MASTER,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag top_flags[] = {
    { .name = "once",
      .help = "One table and no more: the default when it does not go to a terminal" },
    FLAG_FORM,
    FLAG_MASTER,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag cluster_flags[] = {
    { .name = "workers", .letter = 'w', .value = "N", .help = "Workers to start (1)" },
    { .name = "slots",
      .letter = 's',
      .value = "N",
      .help = "Slots of each worker; without it, one per core" },
    { .name = "dir", .value = "DIR", .help = "Folder of the cluster's files (.tidemill)" },
    { .name = "rest-port", .value = "PORT", .help = "Port of REST (any free one)" },
    { .name = "control-port",
      .value = "PORT",
      .help = "Port of the control socket (any free one)" },
    FLAG_OUTPUT("table|json", "Form of the answer"),
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag config_flags[] = {
    FLAG_OUTPUT("table|json", "Form of the answer"),
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag doctor_flags[] = {
    { .name = "kafka", .value = "HOST:PORT", .help = "Brokers to reach, separated by commas" },
    FLAG_OUTPUT("table|json", "Form of the answer"),
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

const tide_command tide_commands[] = {
    { .name = "run",
      .operands = "[FILE | ./LIBRARY.so [-- ARGUMENT...]]",
      .help = "Run a job in this process",
      .details = "FILE is SQL text; - or nothing reads standard input. Paths in a job are relative "
                 "to the\n"
                 "current folder. Ctrl-C ends the job cleanly, with what is complete flushed; "
                 "again, at once.\n\n"
                 "examples:\n"
                 "  tidemill run job.sql -p 4\n"
                 "  tidemill run -e 'SELECT 1 + 1'\n"
                 "  tidemill run job.sql -D execution.runtime-mode=batch -o csv > rows.csv",
      .flags = run_flags,
      .operand_kind = TIDE_OPERAND_FILE,
      .n_operands_max = 1000,
      .run = tide_command_run },
    { .name = "explain",
      .operands = "[FILE | ./LIBRARY.so [-- ARGUMENT...]]",
      .help = "Print a job's logical plan and its graph of operators",
      .flags = explain_flags,
      .operand_kind = TIDE_OPERAND_FILE,
      .n_operands_max = 1000,
      .run = tide_command_explain },
    { .name = "test",
      .operands = "FOLDER...",
      .help = "Run jobs on given input in virtual time and compare what they give",
      .details =
          "A case is a folder with\n"
          "  input/TABLE.ndjson (.json, .csv)  what the job reads instead of TABLE's connector\n"
          "  expected/result.csv               the rows of a bare SELECT (the second: "
          "result-2.csv)\n"
          "  expected/TABLE.csv                the rows written to TABLE\n"
          "  expected/error.txt                or: the job fails, and this is part of the message\n"
          "  job.sql                           the job; or in the nearest folder above\n"
          "CSV input has a header line only if TABLE says 'csv.header'; expected CSV always has "
          "one.\n"
          "FOLDER is a case, or holds cases at any depth. A job runs streaming, in one slot, a row "
          "at a\n"
          "time with a watermark after each; the clock stands still at 2000-01-01. Rows are "
          "compared in any\n"
          "order, but for a query with ORDER BY and for updating results, which show each change "
          "as `op`.",
      .flags = test_flags,
      .operand_kind = TIDE_OPERAND_FOLDER,
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_test },
    { .name = "bench",
      .operands = "nexmark [QUERY...]",
      .help = "Measure Nexmark queries, from the built-in generator to nothing",
      .details = "Every run is a process of its own; without queries, all are run. Reported are "
                 "events of all\n"
                 "kinds per second, per second of CPU of that process, and its peak of resident "
                 "memory.\n\n"
                 "example:\n"
                 "  tidemill bench nexmark q0 q11 --events 50000000 -p 2 --runs 5 -o json",
      .flags = bench_flags,
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "nexmark|q0|q1|q2|q11|q12|q14|q15|q17|q21|q22",
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_bench },
    { .name = "submit",
      .operands = "[FILE | ./LIBRARY.so [-- ARGUMENT...]]",
      .help = "Submit a job to a cluster and print its id",
      .details =
          "The job is planned here first, so mistakes in it are answered as by 'tidemill "
          "run'. A library\n"
          "is planned in a process of its own, and uploaded. Paths in a job are those of the "
          "workers.\n\n"
          "examples:\n"
          "  tidemill submit job.sql -p 4\n"
          "  tidemill submit job.sql --wait --timeout 10min",
      .flags = submit_flags,
      .operand_kind = TIDE_OPERAND_FILE,
      .n_operands_max = 1000,
      .run = tide_command_submit },
    { .name = "list",
      .help = "List the jobs of a cluster",
      .flags = look_flags,
      .run = tide_command_list },
    { .name = "describe",
      .operands = "JOB",
      .help = "Show a job: state, operators, runners, why it failed",
      .flags = look_flags,
      .n_operands_min = 1,
      .n_operands_max = 1,
      .run = tide_command_describe },
    { .name = "status",
      .operands = "JOB",
      .help = "Print a job's state, or wait for one",
      .details =
          "exit codes of --wait: 0 the job is in that state, 1 it failed, 5 the time passed, "
          "6 there is no\n"
          "such job, 7 it ended otherwise. Without STATE, 0 says that it finished or was "
          "cancelled.\n\n"
          "example:\n"
          "  tidemill status 3f2b8c0d1e4a5967 --wait RUNNING --timeout 60s",
      .flags = status_flags,
      .n_operands_min = 1,
      .n_operands_max = 1,
      .run = tide_command_status },
    { .name = "cancel",
      .operands = "JOB...",
      .help = "End jobs now",
      .flags = end_flags,
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_cancel },
    { .name = "stop",
      .operands = "JOB...",
      .help = "End jobs cleanly: sources stop, sinks complete what they have",
      .flags = end_flags,
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_stop },
    { .name = "logs",
      .operands = "JOB",
      .help = "Print what a job's runners wrote",
      .flags = logs_flags,
      .n_operands_min = 1,
      .n_operands_max = 1,
      .run = tide_command_logs },
    { .name = "top",
      .operands = "[JOB]",
      .help = "Show what every operator does: rows per second, busy, back-pressure, watermark",
      .details = "LAG is the time since the watermark; BEHIND, of sources that can tell (Kafka), "
                 "the records\nthat are there and were not read yet. Once a second on a terminal. "
                 "What the columns mean:\ndocs/operations.md.",
      .flags = top_flags,
      .n_operands_max = 1,
      .run = tide_command_top },
    { .name = "cluster",
      .operands = "start|stop|status",
      .help = "Start and stop a cluster on this host, for trying things out",
      .details = "start prints the address of REST when everything is ready; other commands find "
                 "it by the state\n"
                 "file in ./.tidemill or ~/.tidemill, or as the one started last. stop ends "
                 "exactly its processes, after\n"
                 "2 s without draining; jobs that had not ended go on when a cluster is started "
                 "in the same folder.\n\n"
                 "example:\n"
                 "  tidemill cluster start -w 2 --slots 2",
      .flags = cluster_flags,
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "start|stop|status",
      .n_operands_min = 1,
      .n_operands_max = 1,
      .is_process = true,
      .run = tide_command_cluster },
    { .name = "config",
      .operands = "effective | explain KEY",
      .help = "Show every setting with its origin, or explain one",
      .flags = config_flags,
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "effective|explain",
      .n_operands_min = 1,
      .n_operands_max = 2,
      .is_process = true,
      .run = tide_command_config },
    { .name = "doctor",
      .help = "Check whether this host is fit to run a cluster",
      .flags = doctor_flags,
      .is_process = true,
      .run = tide_command_doctor },
    { .name = "master",
      .help = "Run a master: the control plane of a cluster, and its REST API",
      .details = "Several masters with one high-availability.storageDir stand by for each other. "
                 "SIGTERM ends it\n"
                 "cleanly; jobs go on.\n\n"
                 "example:\n"
                 "  tidemill master -D control.bind-address=0.0.0.0 -D "
                 "high-availability.storageDir=/srv/tidemill",
      .flags = master_flags,
      .is_process = true,
      .run = tide_command_master },
    { .name = "worker",
      .operands = "",
      .help = "Offer this host's slots to the masters and run their jobs",
      .details =
          "Each job runs in a process of its own, which is restarted when it dies. The first "
          "SIGTERM or\n"
          "Ctrl-C gives the slots back and waits for what runs; the second does not wait.\n\n"
          "example:\n"
          "  tidemill worker --master 10.0.0.1:6123,10.0.0.2:6123 --slots 8",
      .flags = worker_flags,
      .is_process = true,
      .run = tide_command_worker },
    { .name = "version",
      .help = "Print the version",
      .flags = version_flags,
      .run = tide_command_version },
    { .name = "help",
      .operands = "[COMMAND|TOPIC]",
      .help = "Explain a command, or list settings, functions and more",
      .flags = help_flags,
      .operand_kind = TIDE_OPERAND_TOPIC,
      .n_operands_max = 1,
      .run = tide_command_help },
    { .name = "completion",
      .operands = "bash|zsh|fish",
      .help = "Print a completion script for a shell",
      .details = "bash:  source <(tidemill completion bash)\n"
                 "zsh:   tidemill completion zsh > ~/.zfunc/_tidemill\n"
                 "fish:  tidemill completion fish | source",
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "bash|zsh|fish",
      .n_operands_min = 1,
      .n_operands_max = 1,
      .run = tide_command_completion },
    { 0 },
};

const tide_command *tide_command_find(const char *name)
{
    for (const tide_command *c = tide_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}
