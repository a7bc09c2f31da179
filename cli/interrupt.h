/* interrupt.h - Ctrl-C and SIGTERM while a job runs.
 *
 * The first asks the job to end cleanly, so that what is complete is flushed. The second gives the
 * job up, and the process ends at the latest TIDE_INTERRUPT_GRACE_S later, whatever hangs. The
 * third ends it at once. One job at a time per process. */
#ifndef TIDE_CLI_INTERRUPT_H
#define TIDE_CLI_INTERRUPT_H
#include "cli/driver/driver.h"

#define TIDE_INTERRUPT_GRACE_S 2

/* From here signals stop `control`; it must outlive the matching _end. */
void tide_interrupt_begin(tide_driver_control *control);
/* Puts back what signals did before; if one came, the next one ends the process with the same exit
 * code as that does. */
void tide_interrupt_end(void);
/* Whether a signal came since the last _begin. */
bool tide_interrupt_came(void);

#endif
