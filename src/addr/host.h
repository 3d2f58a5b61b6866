/* host.h: the host of an Internet address string. */
#ifndef GNI_ADDR_HOST_H
#define GNI_ADDR_HOST_H

#include "addr/reader.h"
#include "addr/target.h"

/* gni_host_read passes a host and fills the target's host, family and name or
 * addr, whose port stays 0; 0 or GN_EADDR.  A family already set is a
 * demand. */
int gni_host_read(struct gni_reader *r, struct gni_target *target);

#endif
