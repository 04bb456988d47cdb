#include <avr/io.h>

#include "lamp.h"

void lamp_open(void) {
    /* Phase-correct, since the fast mode leaves a glimmer at 0; 490 Hz. */
    OCR0A = 0;
    TCCR0A = (uint8_t)(_BV(COM0A1) | _BV(WGM00));
    TCCR0B = (uint8_t)(_BV(CS01) | _BV(CS00));
    DDRD = (uint8_t)(DDRD | _BV(DDD6));
}

/* Both round to the nearest: each of the 101 steps reads back as it was set. */
bool lamp_get(int32_t *percent) {
    *percent = ((uint16_t)OCR0A * 100U + 127U) / 255U;
    return true;
}

bool lamp_set(int32_t percent) {
    OCR0A = (uint8_t)(((uint16_t)percent * 255U + 50U) / 100U);
    return true;
}
