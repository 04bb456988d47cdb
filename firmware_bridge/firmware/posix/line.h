/* Standard input and output as a serial line. */
#ifndef POSIX_LINE_H
#define POSIX_LINE_H

#include <stdbool.h>

/* Wait a millisecond, or until a byte came or room was made; false when the other end is gone. */
bool line_wait(void);

#endif
