#include <avr/io.h>

#include "button.h"

/* Contacts bounce for a few milliseconds: four equal looks, 5 ms apart, are a press. */
#define LOOK_MS 5U
#define ALL 0x0FU

static uint8_t looks;
static bool down;
static uint16_t looked_at;

void button_open(void) {
    PORTD = (uint8_t)(PORTD | _BV(PORTD2));
    /* Held down while the board starts is not pressed. */
    looks = ALL;
    down = true;
}

bool button_pressed(uint16_t now) {
    if (now - looked_at < LOOK_MS) return false;
    looked_at = now;
    looks = (uint8_t)(looks << 1) & ALL;
    if ((PIND & _BV(PIND2)) == 0) looks++;
    bool before = down;
    if (looks == ALL) down = true;
    if (looks == 0U) down = false;
    return down && !before;
}
