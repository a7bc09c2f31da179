/* tidemill.c - the binary: everything else lives in libtidemill.so. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return tide_cli_main(argc, argv);
}
