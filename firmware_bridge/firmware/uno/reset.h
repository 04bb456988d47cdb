/* What outlives a reset: how many there were, and the board's serial number. */
#ifndef UNO_RESET_H
#define UNO_RESET_H

#include "capability.h"

/* Read the serial number; empty if it was never given one. */
void reset_serial(char serial[BRIDGE_TEXT]);

#endif
