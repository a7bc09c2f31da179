/* texts.h - the benchmark's SQL, compiled in from the files of this folder. */
#ifndef TIDE_CLI_BENCH_TEXTS_H
#define TIDE_CLI_BENCH_TEXTS_H

typedef struct tide_text {
    const char *name, *text; /* "q0" and the whole of q0.sql. */
} tide_text;

/* Ends with a NULL name. */
extern const tide_text tide_texts[];

#endif
