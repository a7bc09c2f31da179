/* layout_test.c - numbers, names and types of what is sent and stored are as layout.txt says:
 * fields are added at will (and to the file), never renamed, retyped or taken away.
 *
 *   proto_layout FILE            compares
 *   proto_layout --write FILE    writes the file, to be reviewed by hand */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobapi/proto/fields.h"

static const char *const types[] = { "u64", "i64", "bool", "f64", "text", "bytes", "list", "one" };

static void describe(const tide_proto_desc *desc, tide_bytes *out)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        tide_bytes_printf(out, "    %s %s", field->name, types[field->type]);
        if (field->sub) tide_bytes_printf(out, " %s", field->sub()->name);
        tide_bytes_putc(out, '\n');
    }
}

static void describe_all(tide_bytes *out)
{
    static const tide_proto_desc *(*const records[])(void) = {
#define TIDE_RECORD(name) tide_proto_desc_##name,
#define TIDE_RECORD_END(name)
#include "jobapi/proto/messages.def"
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        tide_bytes_printf(out, "record %s\n", records[i]()->name);
        describe(records[i](), out);
    }
    for (uint32_t kind = 0; kind < tide_msg_kinds_end(); kind++) {
        const tide_proto_desc *desc = tide_msg_desc(kind);
        if (!desc) continue;
        tide_bytes_printf(out, "message %u %s\n", kind, tide_msg_name((tide_msg_kind)kind));
        describe(desc, out);
    }
    for (int state = 0; state < 16; state++)
        if (*tide_runner_state_name((tide_runner_state)state) != '?')
            tide_bytes_printf(out, "runner_state %d %s\n", state,
                              tide_runner_state_name((tide_runner_state)state));
}

static void read_file(const char *path, tide_bytes *out)
{
    FILE *f = fopen(path, "rb");
    if (!f) return;
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;) tide_bytes_put(out, buf, n);
    fclose(f);
}

static int write_file(const char *path, const tide_bytes *text)
{
    FILE *f = fopen(path, "wb");
    if (!f) return 1;
    size_t n = fwrite(text->p, 1, text->n, f);
    return fclose(f) != 0 || n != text->n;
}

static int compare(const char *path, tide_bytes *now)
{
    tide_bytes frozen = { 0 };
    read_file(path, &frozen);
    const char *a = tide_bytes_text(&frozen), *b = tide_bytes_text(now);
    bool same = strcmp(a, b) == 0;
    size_t line = 1;
    for (; !same && *a == *b; a++, b++) line += *a == '\n';
    if (!same)
        printf("%s:%zu: messages.def says otherwise: see proto_layout --write\n", path, line);
    tide_bytes_fini(&frozen);
    return !same;
}

int main(int argc, char **argv)
{
    bool writes = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (argc != 2 && !writes) return 2;
    tide_bytes now = { 0 };
    describe_all(&now);
    int rc = writes ? write_file(argv[2], &now) : compare(argv[1], &now);
    tide_bytes_fini(&now);
    return rc;
}
