#include "crc.h"

/* Shifts instead of a table: 512 bytes of flash are a sixteenth of what there is, and 30 cycles a byte are
 * not missed. */
uint16_t crc_with(uint16_t crc, uint8_t byte) {
    uint8_t high = (uint8_t)((crc >> 8) ^ byte);
    high = (uint8_t)(high ^ (high >> 4));
    uint16_t wide = high;
    return (uint16_t)((crc << 8) ^ (wide << 12) ^ (wide << 5) ^ wide);
}
