/* A relay on pin 7 (PD7), closed when the pin is high. */
#ifndef UNO_RELAY_H
#define UNO_RELAY_H

#include <stdbool.h>
#include <stdint.h>

void relay_open(void);
bool relay_get(int32_t *closed);
bool relay_set(int32_t closed);

#endif
