/* CRC-16/CCITT: polynomial 0x1021, initial value 0xFFFF, no reflection. */
#ifndef BRIDGE_CRC_H
#define BRIDGE_CRC_H

#include <stdint.h>

#define CRC_INITIAL 0xFFFFU

/* The CRC of what `crc` is of, and `byte` after it. */
uint16_t crc_with(uint16_t crc, uint8_t byte);

#endif
