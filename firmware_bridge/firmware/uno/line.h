/* The serial line at 115,200 baud, eight bits, no parity, one stop bit. */
#ifndef UNO_LINE_H
#define UNO_LINE_H

void line_open(void);

#endif
