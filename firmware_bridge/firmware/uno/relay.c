#include <avr/io.h>

#include "relay.h"

void relay_open(void) {
    DDRD = (uint8_t)(DDRD | _BV(DDD7));
}

bool relay_get(int32_t *closed) {
    *closed = (PORTD & _BV(PORTD7)) != 0;
    return true;
}

bool relay_set(int32_t closed) {
    PORTD = closed != 0 ? (uint8_t)(PORTD | _BV(PORTD7)) : (uint8_t)(PORTD & ~_BV(PORTD7));
    return true;
}
