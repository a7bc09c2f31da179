/* logic.c - AND, OR, NOT and IS ... by SQL's three values; greatest and least. */
#include "base/expr/kernels_priv.h"
#include "base/expr/order_priv.h"

/* ---- AND, OR ---- */

/* One side as bits: which rows are true, and which are false. */
typedef struct truth {
    uint64_t is_true[TIDE_MASK_WORDS], is_false[TIDE_MASK_WORDS];
} truth;

static void truth_of(const tide_vec *v, uint32_t n, truth *out)
{
    uint64_t bits[TIDE_MASK_WORDS], valid[TIDE_MASK_WORDS];
    tide_truth_of(v, n, bits, valid);
    for (uint32_t w = 0; w < tide_mask_words(n); w++) {
        out->is_true[w] = bits[w] & valid[w];
        out->is_false[w] = ~bits[w] & valid[w];
    }
}

static void put_bits(uint8_t *out, const uint64_t *bits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] = tide_bit(bits, i);
}

TIDE_HOT static void and_bytes(const uint8_t *restrict a, const uint8_t *restrict b,
                               uint8_t *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] = (a[i] != 0) & (b[i] != 0);
}
TIDE_HOT static void or_bytes(const uint8_t *restrict a, const uint8_t *restrict b,
                              uint8_t *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) out[i] = (a[i] != 0) | (b[i] != 0);
}

static bool has_nulls_or_constants(const tide_kcall *k)
{
    for (uint32_t i = 0; i < 2; i++)
        if (k->args[i]->validity || k->args[i]->constant) return true;
    return false;
}

static void connect(const tide_kcall *k, bool is_and)
{
    const tide_vec *a = k->args[0], *b = k->args[1];
    uint8_t *out = k->out->vec.values;
    if (!has_nulls_or_constants(k)) {
        if (is_and)
            and_bytes(a->values, b->values, out, k->n);
        else
            or_bytes(a->values, b->values, out, k->n);
        return;
    }
    truth x, y;
    uint64_t bits[TIDE_MASK_WORDS], *known = tide_kcall_validity(k);
    truth_of(a, k->n, &x);
    truth_of(b, k->n, &y);
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++) {
        uint64_t both = x.is_true[w] & y.is_true[w], either = x.is_true[w] | y.is_true[w];
        uint64_t one_false = x.is_false[w] | y.is_false[w],
                 both_false = x.is_false[w] & y.is_false[w];
        bits[w] = is_and ? both : either;
        known[w] = is_and ? both | one_false : either | both_false;
    }
    put_bits(out, bits, k->n);
}

void tide_vec_and(const tide_kcall *k)
{
    connect(k, true);
}
void tide_vec_or(const tide_kcall *k)
{
    connect(k, false);
}

void tide_vec_not(const tide_kcall *k)
{
    const uint8_t *a = k->args[0]->values;
    uint8_t *restrict out = k->out->vec.values;
    for (uint32_t i = 0; i < k->n; i++) out[i] = a[i] == 0;
}

/* ---- IS ... ---- */

static void is_valid(const tide_kcall *k, uint8_t flip)
{
    uint8_t *out = k->out->vec.values;
    if (k->args[0]->validity == NULL)
        memset(out, 1 ^ flip, k->n);
    else
        for (uint32_t i = 0; i < k->n; i++) out[i] = (uint8_t)tide_vec_valid(k->args[0], i) ^ flip;
}

void tide_vec_is_null(const tide_kcall *k)
{
    is_valid(k, 1);
}
void tide_vec_is_not_null(const tide_kcall *k)
{
    is_valid(k, 0);
}

static void is_truth(const tide_kcall *k, bool wanted, uint8_t flip)
{
    truth t;
    truth_of(k->args[0], k->n, &t);
    uint8_t *out = k->out->vec.values;
    put_bits(out, wanted ? t.is_true : t.is_false, k->n);
    if (!flip) return;
    for (uint32_t i = 0; i < k->n; i++) out[i] ^= 1;
}

void tide_vec_is_true(const tide_kcall *k)
{
    is_truth(k, true, 0);
}
void tide_vec_is_not_true(const tide_kcall *k)
{
    is_truth(k, true, 1);
}
void tide_vec_is_false(const tide_kcall *k)
{
    is_truth(k, false, 0);
}
void tide_vec_is_not_false(const tide_kcall *k)
{
    is_truth(k, false, 1);
}
