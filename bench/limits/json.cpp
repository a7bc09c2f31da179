/* json.cpp - ad events as NDJSON into columns: by simdjson on demand, or by their shape alone.
 *
 * Only parsing: no windows, no sinks. Strings become 16-byte views that hold up to 12 bytes. */
#include <simdjson.h>

#include <cstring>
#include <string_view>

#include "bench/limits/limits.h"

namespace {
constexpr size_t BATCH_BYTES = 256 << 10; /* What simdjson indexes at a time. */
constexpr size_t RECORD_BYTES_MIN = 64;
constexpr uint32_t INLINE_MAX = 12;
constexpr uint32_t STRINGS = 3;

struct view {
    uint32_t n;
    char bytes[INLINE_MAX];
};

struct columns {
    view *strings[STRINGS]; /* user_id, event_type, ad_id */
    int64_t *times;
    uint64_t rows;
};

void put_string(view *to, std::string_view from)
{
    if (from.size() > INLINE_MAX) limits_fail("a string of this file is too long:", "12 bytes");
    to->n = static_cast<uint32_t>(from.size());
    std::memcpy(to->bytes, from.data(), INLINE_MAX); /* The text goes on behind it. */
}

void put_row(columns *c, std::string_view user, std::string_view type, std::string_view ad,
             int64_t time)
{
    put_string(&c->strings[0][c->rows], user);
    put_string(&c->strings[1][c->rows], type);
    put_string(&c->strings[2][c->rows], ad);
    c->times[c->rows++] = time;
}

void parse_on_demand(columns *c, const limits_text *text)
{
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(text->p, text->n, BATCH_BYTES).get(stream))
        limits_fail("simdjson:", "cannot begin");
    for (auto document : stream) {
        simdjson::ondemand::object object;
        std::string_view user, type, ad;
        int64_t time;
        if (document.get_object().get(object) || object.find_field("user_id").get(user) ||
            object.find_field("event_type").get(type) || object.find_field("ad_id").get(ad) ||
            object.find_field("event_time").get(time))
            limits_fail("simdjson:", "a record of another shape");
        put_row(c, user, type, ad, time);
    }
}

/* Expects `key` at *p, then a string without escapes. */
std::string_view string_after(const char **p, std::string_view key)
{
    if (std::memcmp(*p, key.data(), key.size()) != 0) limits_fail("shape: expected", key.data());
    const char *begin = *p + key.size(), *end = begin;
    while (*end != '"') end++;
    *p = end + 1;
    return { begin, static_cast<size_t>(end - begin) };
}

void parse_by_shape(columns *c, const limits_text *text)
{
    static constexpr std::string_view time_key = ",\"event_time\":";
    for (const char *p = text->p; p < text->p + text->n; p += 2) { /* "}\n" */
        std::string_view user = string_after(&p, "{\"user_id\":\"");
        std::string_view type = string_after(&p, ",\"event_type\":\"");
        std::string_view ad = string_after(&p, ",\"ad_id\":\"");
        if (std::memcmp(p, time_key.data(), time_key.size()) != 0)
            limits_fail("shape: expected", time_key.data());
        int64_t time = 0;
        for (p += time_key.size(); *p >= '0' && *p <= '9'; p++) time = time * 10 + (*p - '0');
        put_row(c, user, type, ad, time);
    }
}

template <void (*parse)(columns *c, const limits_text *text)> void work(limits_part *part)
{
    const limits_text *text = static_cast<limits_text *>(part->input);
    uint64_t rows_max = text->n / RECORD_BYTES_MIN + 1;
    columns c = {};
    for (view *&column : c.strings)
        column = static_cast<view *>(limits_memory(rows_max * sizeof(view)));
    c.times = static_cast<int64_t *>(limits_memory(rows_max * sizeof(int64_t)));
    limits_begin(part);
    parse(&c, text);
    limits_end(part);
    part->done = part->out = c.rows;
}
} // namespace

/* Every thread parses the whole text: two of them do twice the work. */
void limits_json(const limits_options *options)
{
    limits_text text = limits_read(options->what);
    if (options->by_shape)
        limits_run("json by shape", "records", options, &text, work<parse_by_shape>);
    else
        limits_run("json", "records", options, &text, work<parse_on_demand>);
}
