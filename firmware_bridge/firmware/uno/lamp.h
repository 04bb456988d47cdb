/* A lamp on pin 6 (PD6, OC0A), dimmed by pulse width. */
#ifndef UNO_LAMP_H
#define UNO_LAMP_H

#include <stdbool.h>
#include <stdint.h>

void lamp_open(void);
bool lamp_get(int32_t *percent); /* from the timer's register: what shines, not what was asked for */
bool lamp_set(int32_t percent);

#endif
