/* A TMP36 on pin A0: 10 mV a degree, 500 mV at 0 °C. */
#ifndef UNO_THERMOMETER_H
#define UNO_THERMOMETER_H

#include <stdbool.h>
#include <stdint.h>

void thermometer_open(void);

/* Tenths of a degree Celsius; waits 0.5 ms for the converter. */
bool thermometer_get(int32_t *tenths);

#endif
