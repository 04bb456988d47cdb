/* Where constant data lies: on an AVR in flash, which has an address space of its own; elsewhere with all
 * else. */
#ifndef BRIDGE_FLASH_H
#define BRIDGE_FLASH_H

#ifdef __AVR__
#define FLASH __flash
#else
#define FLASH
#endif

#endif
