/* print.c - messages as lines of JSON, for people and for traces. */
#include <inttypes.h>

#include "base/core/assert.h"
#include "jobapi/proto/fields.h"

static void print_fields(const tide_proto_desc *desc, const void *record, bool first,
                         tide_bytes *out);

/* How many bytes of text begin with a well-formed character, 0 for none. */
static uint32_t character_bytes(const uint8_t *s)
{
    uint32_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4) return 0;
    for (uint32_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0; /* The NUL at the end is none either. */
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool no_character = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
    return overlong || no_character ? 0 : n;
}

static void print_text(const char *text, tide_bytes *out)
{
    tide_bytes_putc(out, '"');
    for (const uint8_t *s = (const uint8_t *)text; *s;) {
        uint32_t n = character_bytes(s);
        if (n == 0)
            tide_bytes_puts(out, "\\ufffd");
        else if (*s < 0x20)
            tide_bytes_printf(out, "\\u%04x", *s);
        else {
            if (*s == '"' || *s == '\\') tide_bytes_putc(out, '\\');
            tide_bytes_put(out, s, n);
        }
        s += n ? n : 1;
    }
    tide_bytes_putc(out, '"');
}

static void print_record(const tide_proto_desc *desc, const void *record, tide_bytes *out)
{
    tide_bytes_putc(out, '{');
    print_fields(desc, record, true, out);
    tide_bytes_putc(out, '}');
}

static void print_list(const tide_proto_desc *desc, const tide_proto_list *list, tide_bytes *out)
{
    tide_bytes_putc(out, '[');
    for (uint32_t i = 0; i < list->n; i++) {
        if (i > 0) tide_bytes_putc(out, ',');
        print_record(desc, (const char *)list->items + i * desc->bytes, out);
    }
    tide_bytes_putc(out, ']');
}

/* Readers of JSON have signed numbers at best: larger ones are texts. */
static void print_u64(uint64_t n, tide_bytes *out)
{
    const char *quote = n > INT64_MAX ? "\"" : "";
    tide_bytes_printf(out, "%s%" PRIu64 "%s", quote, n, quote);
}

/* JSON has no infinities. */
static void print_f64(double f, tide_bytes *out)
{
    if (f - f == 0)
        tide_bytes_printf(out, "%.17g", f);
    else
        tide_bytes_puts(out, f > 0 ? "\"inf\"" : f < 0 ? "\"-inf\"" : "\"nan\"");
}

static void print_value(const tide_proto_field *field, const void *record, tide_bytes *out)
{
    const void *at = tide_proto_at(field, record);
    switch (field->type) {
    case TIDE_FIELD_U64: print_u64(*(const uint64_t *)at, out); break;
    case TIDE_FIELD_I64: tide_bytes_printf(out, "%" PRId64, *(const int64_t *)at); break;
    case TIDE_FIELD_BOOL: tide_bytes_puts(out, *(const bool *)at ? "true" : "false"); break;
    case TIDE_FIELD_F64: print_f64(*(const double *)at, out); break;
    case TIDE_FIELD_TEXT: print_text(tide_proto_text(field, record), out); break;
    case TIDE_FIELD_BYTES:
        tide_bytes_printf(out, "%" PRIu64, ((const tide_proto_bytes *)at)->n);
        break;
    case TIDE_FIELD_LIST: print_list(field->sub(), at, out); break;
    case TIDE_FIELD_ONE: print_record(field->sub(), at, out); break;
    }
}

static void print_fields(const tide_proto_desc *desc, const void *record, bool first,
                         tide_bytes *out)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        if (tide_proto_is_empty(field, record)) continue;
        const char *suffix = field->type == TIDE_FIELD_BYTES ? "_bytes" : "";
        tide_bytes_printf(out, "%s\"%s%s\":", first ? "" : ",", field->name, suffix);
        first = false;
        print_value(field, record, out);
    }
}

void tide_proto_print(const tide_proto_desc *desc, const void *record, tide_bytes *out)
{
    print_record(desc, record, out);
}

void tide_msg_print(tide_msg_kind kind, const void *body, tide_bytes *out)
{
    const tide_proto_desc *desc = tide_msg_desc(kind);
    tide_assert(desc != NULL);
    tide_bytes_printf(out, "{\"message\":\"%s\"", tide_msg_name(kind));
    print_fields(desc, body, false, out);
    tide_bytes_putc(out, '}');
}
