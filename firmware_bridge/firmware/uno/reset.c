#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/wdt.h>

#include "port.h"
#include "reset.h"

/* `make eeprom SERIAL=...` writes it. */
#ifndef UNO_SERIAL
#define UNO_SERIAL ""
#endif

#define ERASED 0xFF

static uint32_t boots EEMEM = 0;
static char written[BRIDGE_TEXT] EEMEM = UNO_SERIAL;

/* A watchdog that has reset the chip goes on running, with the shortest time: it is stopped before anything
 * else is done. */
void reset_watchdog(void) __attribute__((naked, used, section(".init3")));
void reset_watchdog(void) {
    MCUSR = 0;
    wdt_disable();
}

/* A cell of the EEPROM takes 100,000 writes; only the bytes that change are written. */
uint32_t port_boot(void) {
    uint32_t boot = eeprom_read_dword(&boots) + 1U;
    eeprom_update_dword(&boots, boot);
    return boot;
}

void port_reset(void) {
    cli();
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}

void reset_serial(char serial[BRIDGE_TEXT]) {
    eeprom_read_block(serial, written, BRIDGE_TEXT);
    serial[BRIDGE_TEXT - 1] = '\0';
    if ((uint8_t)serial[0] == ERASED) serial[0] = '\0';
}
