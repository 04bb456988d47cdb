/* Timer 1 counts milliseconds: a 16-bit timer is what both emulators know, and timer 0 is the lamp's. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "clock.h"
#include "port.h"

static volatile uint16_t milliseconds;

void clock_start(void) {
    TCCR1A = 0;
    OCR1A = 249; /* 16 MHz / 64 / 250 */
    TIMSK1 = (uint8_t)_BV(OCIE1A);
    TCCR1B = (uint8_t)(_BV(WGM12) | _BV(CS11) | _BV(CS10));
}

ISR(TIMER1_COMPA_vect) {
    milliseconds++;
}

uint16_t port_millis(void) {
    uint16_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        now = milliseconds;
    }
    return now;
}
