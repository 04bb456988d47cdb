/* Milliseconds. */
#ifndef UNO_CLOCK_H
#define UNO_CLOCK_H

void clock_start(void);

#endif
