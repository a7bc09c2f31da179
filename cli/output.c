/* output.c - text to standard output. */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"

int tide_output_text(tide_bytes *text)
{
    size_t done = 0;
    while (done < text->n) {
        ssize_t n = write(STDOUT_FILENO, text->p + done, text->n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        done += (size_t)n;
    }
    int why = done == text->n ? 0 : errno;
    tide_bytes_fini(text);
    if (why == 0) return TIDE_EXIT_OK;
    tide_status code = why == EPIPE ? TIDE_E_PIPE_CLOSED : TIDE_E_IO;
    return tide_exit_report(tide_fail(code, "writing to standard output: %s", strerror(why)),
                            TIDE_PHASE_RUN);
}

bool tide_output_has_colour(int fd)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    return isatty(fd) && term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}
