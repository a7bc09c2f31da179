/* persons.c - one person of every epoch. */
#include "worker/connector/nexmark/gen_priv.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const STATES[] = { "AZ", "CA", "ID", "OR", "WA", "WY" };
static const char *const CITIES[] = { "Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                      "Portland", "Bend",        "Redmond",       "Seattle",
                                      "Kent",     "Cheyenne" };
static const char *const FIRST_NAMES[] = { "Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                           "Kate",  "Julie", "Sarah", "Deiter", "Walter" };
static const char *const LAST_NAMES[] = { "Shultz", "Abrams", "Spencer", "White", "Bartels",
                                          "Walton", "Smith",  "Jones",   "Noris" };

/* A text of at most PERSON_TEXT_BYTES_MAX bytes under construction. */
typedef struct text {
    uint32_t n;
    uint8_t bytes[PERSON_TEXT_BYTES_MAX + LETTER_SPARE];
} text;

static void text_add(text *self, const char *more)
{
    size_t n = strlen(more);
    memcpy(self->bytes + self->n, more, n);
    self->n += (uint32_t)n;
}

static void text_add_letters(text *self, uint32_t n, tide_random *r)
{
    for (uint32_t i = 0; i < n; i++)
        self->bytes[self->n++] = (uint8_t)('a' + tide_random_below(r, 26));
}

static void text_add_digits(text *self, uint32_t n, tide_random *r)
{
    for (uint32_t i = 0; i < n; i++)
        self->bytes[self->n++] = (uint8_t)('0' + tide_random_below(r, 10));
}

static void put_text(tide_nexmark_out *col, uint64_t row, const text *value)
{
    if (col->values == NULL) return;
    uint8_t *to = col->heap ? col->heap + col->heap_used : NULL;
    tide_view v = view_of(col->heap, value->bytes, value->n);
    if (value->n > TIDE_VIEW_INLINE_MAX) {
        memcpy(to, value->bytes, value->n);
        v.offset = col->heap_used;
        col->heap_used += value->n;
    }
    ((tide_view *)col->values)[row] = v;
}

static void put_extra(const tide_nexmark_config *cfg, uint64_t epoch, uint32_t other_bytes,
                      tide_random *r, tide_nexmark_out *col, uint64_t row)
{
    extra_length length = extra_of(cfg->person_bytes, other_bytes);
    uint32_t len = length.min + (uint32_t)tide_random_below(r, length.spread);
    uint8_t *to = col->heap + col->heap_used;
    put_letters(to, len, cfg->seed, STREAM_PERSON_EXTRA, epoch);
    ((tide_view *)col->values)[row] = view_of(col->heap, to, len);
    col->heap_used += len;
}

static bool wants_text(const tide_nexmark_out *cols)
{
    for (uint32_t i = TIDE_PERSON_NAME; i <= TIDE_PERSON_EXTRA; i++)
        if (i != TIDE_PERSON_DATE_TIME && cols[i].values) return true;
    return false;
}

/* Every text is drawn, wanted or not: the order of draws is part of the data. */
static void put_texts(const tide_nexmark_config *cfg, uint64_t epoch, uint64_t row,
                      tide_nexmark_out *cols)
{
    tide_random r = random_of(cfg->seed, STREAM_PERSON, epoch);
    text name = { 0 }, email = { 0 }, card = { 0 }, city = { 0 }, state = { 0 };
    text_add(&name, FIRST_NAMES[tide_random_below(&r, COUNT(FIRST_NAMES))]);
    text_add(&name, " ");
    text_add(&name, LAST_NAMES[tide_random_below(&r, COUNT(LAST_NAMES))]);
    text_add_letters(&email, 3 + (uint32_t)tide_random_below(&r, 4), &r);
    text_add(&email, "@");
    text_add_letters(&email, 3 + (uint32_t)tide_random_below(&r, 2), &r);
    text_add(&email, ".com");
    for (uint32_t i = 0; i < 4; i++) {
        if (i) text_add(&card, " ");
        text_add_digits(&card, 4, &r);
    }
    text_add(&city, CITIES[tide_random_below(&r, COUNT(CITIES))]);
    text_add(&state, STATES[tide_random_below(&r, COUNT(STATES))]);
    put_text(&cols[TIDE_PERSON_NAME], row, &name);
    put_text(&cols[TIDE_PERSON_EMAIL_ADDRESS], row, &email);
    put_text(&cols[TIDE_PERSON_CREDIT_CARD], row, &card);
    put_text(&cols[TIDE_PERSON_CITY], row, &city);
    put_text(&cols[TIDE_PERSON_STATE], row, &state);
    uint32_t others = 8 + name.n + email.n + card.n + city.n + state.n;
    if (cols[TIDE_PERSON_EXTRA].values)
        put_extra(cfg, epoch, others, &r, &cols[TIDE_PERSON_EXTRA], row);
}

void tide_nexmark_persons(const tide_nexmark_config *self, const uint64_t *epochs, uint32_t n,
                          tide_nexmark_out *cols)
{
    int64_t *ids = cols[TIDE_PERSON_ID].values, *times = cols[TIDE_PERSON_DATE_TIME].values;
    int64_t unit_us = cols[TIDE_PERSON_DATE_TIME].unit_us;
    const bool texts = wants_text(cols);
    for (uint32_t i = 0; i < n; i++) {
        if (ids) ids[i] = (int64_t)epochs[i] + FIRST_ID;
        if (times)
            times[i] = tide_nexmark_time(self, epochs[i] * TIDE_NEXMARK_EPOCH_EVENTS, unit_us);
        if (texts) put_texts(self, epochs[i], i, cols);
    }
}
