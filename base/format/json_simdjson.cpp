// json_simdjson.cpp - see json_simdjson.h: the one place where the project
// meets simdjson.
#include "base/format/json_simdjson.h"

#include <new>

// A run never needs simdjson's own thread, and its stream is smaller without.
// Only this file sees it.
#undef SIMDJSON_THREADS_ENABLED
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <simdjson.h>
#pragma GCC diagnostic pop

extern "C" {
#include "base/core/mem.h"
}

using namespace simdjson;

// A parser that once met a record larger than this gives the memory back.
static constexpr size_t KEPT_CAPACITY_MAX = 4u << 20;

struct tide_simdjson {
    ondemand::parser one, many;
    ondemand::document_stream stream;
    ondemand::document_stream::iterator at;
};

extern "C" tide_simdjson *tide_simdjson_new(void)
{
    return new (tide_malloc_aligned(64, sizeof(tide_simdjson))) tide_simdjson();
}

extern "C" void tide_simdjson_free(tide_simdjson **self_p)
{
    if (*self_p == nullptr) return;
    (*self_p)->~tide_simdjson();
    tide_free(*self_p);
    *self_p = nullptr;
}

static const char *text_of(error_code error)
{
    switch (error) {
    case UTF8_ERROR: return "invalid UTF-8";
    case UNCLOSED_STRING: return "a string is not closed";
    case UNESCAPED_CHARS: return "a control character inside a string";
    case STRING_ERROR: return "an invalid escape in a string";
    case INCOMPLETE_ARRAY_OR_OBJECT: return "the record is truncated";
    case EMPTY: return "the record is empty";
    case TRAILING_CONTENT: return "something follows the object";
    case INCORRECT_TYPE: return "the record is not an object";
    case DEPTH_ERROR: return "nested too deeply";
    case CAPACITY: return "the record is too large";
    case MEMALLOC: return "the record is too large for the memory";
    default: return "a syntax error";
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static error_code read_nested(ondemand::value &value, char first, tide_json_token *token)
{
    std::string_view raw;
    error_code error;
    if (first == '{') {
        ondemand::object object;
        error = value.get_object().get(object);
        if (!error) error = object.raw_json().get(raw);
    } else {
        ondemand::array array;
        error = value.get_array().get(array);
        if (!error) error = array.raw_json().get(raw);
    }
    if (error) return error;
    size_t len = raw.size();
    while (len > 0 && is_space(raw[len - 1])) len--;
    *token = { raw.data(), len, TIDE_JSON_NESTED };
    return SUCCESS;
}

/* The value of a wanted field, or a check that the value of another is one. */
static error_code read_value(ondemand::value &value, tide_json_token *token)
{
    std::string_view raw = value.raw_json_token();
    if (raw.empty()) return TAPE_ERROR;
    if (raw[0] == '{' || raw[0] == '[')
        return token == nullptr ? SUCCESS : read_nested(value, raw[0], token);
    size_t len = raw.size();
    while (len > 0 && is_space(raw[len - 1])) len--;
    if (raw[0] != '"') {
        uint8_t kind = tide_json_scalar_kind(raw.data(), len);
        if (token) *token = { raw.data(), len, kind };
        return kind == TIDE_JSON_MISSING ? TAPE_ERROR : SUCCESS;
    }
    if (len < 2 || raw[len - 1] != '"') return TAPE_ERROR;
    if (token == nullptr) return SUCCESS;
    *token = { raw.data() + 1, len - 2, TIDE_JSON_STRING };
    if (memchr(token->ptr, '\\', token->len) == nullptr) return SUCCESS;
    std::string_view text;
    auto error = value.get_string().get(text);
    *token = { text.data(), text.size(), TIDE_JSON_STRING };
    return error;
}

/* The wanted field that a key names, or -1: at first by what stood at this
 * place last time. */
static error_code find_key(ondemand::field &field, tide_json_keys *keys, uint32_t place,
                           int32_t *index)
{
    tide_json_place *last = place < TIDE_JSON_PLACES ? &keys->places[place] : nullptr;
    const char *raw = field.key().raw();
    if (last && last->len && memcmp(raw, last->name, last->len) == 0) { // Compares the quote too.
        *index = last->index;
        return SUCCESS;
    }
    size_t n = 0;
    while (raw[n] != '"' && raw[n] != '\\') n++;
    if (raw[n] == '\\') {
        std::string_view name;
        auto error = field.unescaped_key().get(name);
        if (error) return error;
        *index = tide_json_keys_find(keys, name.data(), name.size());
        return SUCCESS;
    }
    *index = tide_json_keys_find(keys, raw, n);
    if (last && n + 1 <= TIDE_JSON_PLACE_NAME_MAX) {
        memcpy(last->name, raw, n + 1);
        last->len = uint32_t(n + 1);
        last->index = *index;
    }
    return SUCCESS;
}

static error_code read_object(ondemand::object &object, tide_json_keys *keys,
                              tide_json_token *tokens)
{
    uint32_t place = 0;
    memset(tokens, 0, keys->n * sizeof *tokens);
    for (auto each : object) {
        ondemand::field field;
        int32_t index;
        auto error = std::move(each).get(field);
        if (error) return error;
        error = find_key(field, keys, place++, &index);
        if (error) return error;
        error = read_value(field.value(), index < 0 ? nullptr : &tokens[index]);
        if (error) return error;
    }
    return SUCCESS;
}

static size_t location(ondemand::document &doc, const char *bytes, size_t len)
{
    const char *at;
    if (doc.current_location().get(at) || at < bytes || at > bytes + len) return len;
    return size_t(at - bytes);
}

extern "C" const char *tide_simdjson_one(tide_simdjson *self, const char *bytes, size_t len,
                                         tide_json_keys *keys, tide_json_token *tokens,
                                         size_t *offset_out)
{
    ondemand::document doc;
    ondemand::object object;
    *offset_out = 0;
    if (self->one.capacity() > KEPT_CAPACITY_MAX && len <= KEPT_CAPACITY_MAX)
        self->one = ondemand::parser();
    auto error = self->one.iterate(bytes, len, len + SIMDJSON_PADDING).get(doc);
    if (error) return text_of(error);
    error = doc.get_object().get(object);
    if (!error) error = read_object(object, keys, tokens);
    if (!error) {
        const char *rest;
        auto at_end = doc.current_location().get(rest);
        if (at_end == OUT_OF_BOUNDS) return nullptr;
        error = TRAILING_CONTENT;
    }
    *offset_out = location(doc, bytes, len);
    return text_of(error);
}

extern "C" int64_t tide_simdjson_run_begin(tide_simdjson *self, const char *bytes, size_t len)
{
    if (self->many.iterate_many(bytes, len, TIDE_SIMDJSON_RUN_MAX).get(self->stream)) return -1;
    self->at = self->stream.begin();
    if (!(self->at != self->stream.end()) || (*self->at).error()) return -1;
    return int64_t(self->at.current_index());
}

extern "C" bool tide_simdjson_run_read(tide_simdjson *self, tide_json_keys *keys,
                                       tide_json_token *tokens)
{
    ondemand::object object;
    ondemand::document_reference doc;
    return !(*self->at).get(doc) && !doc.get_object().get(object) &&
           !read_object(object, keys, tokens);
}

extern "C" int64_t tide_simdjson_run_next(tide_simdjson *self)
{
    ++self->at;
    if (!(self->at != self->stream.end()) || (*self->at).error()) return -1;
    return int64_t(self->at.current_index());
}
