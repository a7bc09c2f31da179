/* json_simdjson.h - simdjson's on-demand parser seen from C: records to tokens.
 * Nothing throws.
 *
 * Two ways in: one record at a time, which also says what is wrong with it; or
 * many records in a row, which is three times as fast for short ones but where
 * a bad record can swallow its neighbours. So the caller checks that each
 * record of the second kind starts where its line does, and asks again the
 * first way when one does not. Owner: one thread. */
#ifndef TIDE_BASE_FORMAT_JSON_SIMDJSON_H
#define TIDE_BASE_FORMAT_JSON_SIMDJSON_H
#include "base/format/json_token.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tide_simdjson tide_simdjson;

/* Most bytes that a run of records may have. */
#define TIDE_SIMDJSON_RUN_MAX (64u * 1024u)

tide_simdjson *tide_simdjson_new(void);
void tide_simdjson_free(tide_simdjson **self_p);

/* Reads the one object in bytes[0..len), which 64 readable bytes follow.
 * tokens[i] is set for every wanted field; a field that occurs twice has its
 * last value. Tokens are valid until the next call. NULL, or what is wrong,
 * with *offset_out near where. */
const char *tide_simdjson_one(tide_simdjson *self, const char *bytes, size_t len,
                              tide_json_keys *keys, tide_json_token *tokens, size_t *offset_out);

/* Begins a run over bytes[0..len), len <= TIDE_SIMDJSON_RUN_MAX, padded
 * likewise. Returns the offset of the first record; -1 if there is none or
 * something is wrong somewhere in the bytes. */
int64_t tide_simdjson_run_begin(tide_simdjson *self, const char *bytes, size_t len);
/* The run's current record as _one does; false if it is malformed: the run is
 * over then. */
bool tide_simdjson_run_read(tide_simdjson *self, tide_json_keys *keys, tide_json_token *tokens);
/* The offset of the next record, or -1 at the end or where something is wrong:
 * the run is over. */
int64_t tide_simdjson_run_next(tide_simdjson *self);

#ifdef __cplusplus
}
#endif
#endif
