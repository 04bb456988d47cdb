#include <avr/io.h>

#include "thermometer.h"

#define REFERENCE_MV 1100U
#define ZERO_MV 500
#define READINGS 4U

void thermometer_open(void) {
    /* Against the inner reference a step is 0.1 °C, and the supply's noise does not matter; 60 °C is the
     * most. */
    ADMUX = (uint8_t)(_BV(REFS1) | _BV(REFS0));
    ADCSRA = (uint8_t)(_BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0));
}

static uint16_t reading(void) {
    ADCSRA = (uint8_t)(ADCSRA | _BV(ADSC));
    while ((ADCSRA & _BV(ADSC)) != 0) {
    }
    return ADC;
}

bool thermometer_get(int32_t *tenths) {
    uint16_t sum = 0;
    for (uint8_t i = 0; i < READINGS; i++)
        sum = (uint16_t)(sum + reading());
    *tenths = (int32_t)((uint32_t)(sum + READINGS / 2U) * REFERENCE_MV / (READINGS * 1024UL)) - ZERO_MV;
    return true;
}
