/* A button between pin 2 (PD2) and ground. */
#ifndef UNO_BUTTON_H
#define UNO_BUTTON_H

#include <stdbool.h>
#include <stdint.h>

void button_open(void);

/* Whether it was pressed since the last call; to be called every few milliseconds. */
bool button_pressed(uint16_t now);

#endif
