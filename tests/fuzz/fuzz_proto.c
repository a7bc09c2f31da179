/* fuzz_proto.c - any bytes as a control message: refused, or a message that survives another trip.
 */
#include <stdlib.h>
#include <string.h>

#include "jobapi/proto/fields.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/protokit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tide_arena *arena = tide_arena_new();
    tide_bytes frame = { 0 };
    tide_msg msg, again;
    tide_status rv = tide_msg_decode(data, size, arena, &msg);
    if (rv == TIDE_OK) {
        tide_msg_encode(msg.kind, msg.body, &frame);
        rv = tide_msg_decode((const uint8_t *)frame.p, frame.n, arena, &again);
        if (rv != TIDE_OK || again.kind != msg.kind ||
            protokit_difference(tide_msg_desc(msg.kind), msg.body, again.body))
            abort();
        tide_msg_print(msg.kind, tide_msg_copy(msg.kind, msg.body, arena), &frame);
    } else if (rv != TIDE_E_PROTO)
        abort();
    rv = tide_msg_decode_stored(data, size, arena, &msg);
    if (rv != TIDE_OK && rv != TIDE_E_CORRUPT && rv != TIDE_E_UNSUPPORTED && rv != TIDE_E_PROTO)
        abort();
    tide_bytes_fini(&frame);
    tide_arena_free(&arena);
    return 0;
}
