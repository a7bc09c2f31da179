/* version.c - `tidemill version`. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"

int tide_command_version(const tide_args *args)
{
    tide_bytes text = { 0 };
    if (strcmp(tide_args_value(args, "output", "text"), "json") == 0)
        tide_bytes_printf(&text, "{\"version\":\"%s\",\"compiler\":\"gcc %s\"}\n", TIDE_VERSION,
                          __VERSION__);
    else
        tide_bytes_printf(&text, "tidemill %s\n", TIDE_VERSION);
    return tide_output_text(&text);
}
