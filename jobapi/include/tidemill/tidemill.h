/* tidemill/tidemill.h - everything a C job needs. Tests include tidemill/test.h as well. */
#ifndef TIDEMILL_TIDEMILL_H
#define TIDEMILL_TIDEMILL_H
#include "tidemill/job.h"
#include "tidemill/process.h"

#endif
