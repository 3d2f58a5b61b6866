/* ip.h: IP addresses as digits. */
#ifndef GNI_ADDR_IP_H
#define GNI_ADDR_IP_H

#include <stdint.h>

#include "addr/reader.h"

/* gni_ip4_read passes a dotted quad and stores its bytes in the order of the
 * network; 0 or GN_EADDR.  What follows it is the caller's to judge. */
int gni_ip4_read(struct gni_reader *r, uint8_t bytes[4]);

/* gni_ip6_read reads to the reader's end: RFC 4291 section 2.2, all three
 * forms, without a zone; 0 or GN_EADDR. */
int gni_ip6_read(struct gni_reader *r, uint8_t bytes[16]);

#endif
