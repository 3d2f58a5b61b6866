/* option.h: the options of an address string. */
#ifndef GNI_ADDR_OPTION_H
#define GNI_ADDR_OPTION_H

#include "addr/reader.h"
#include "addr/target.h"

/* All that an address without options leaves open. */
extern const struct gni_options gni_options_none;

/* gni_options_read reads name=value&… to the end into the target, whose kind
 * and addr are known; 0 or GN_EADDR. */
int gni_options_read(struct gni_reader *r, struct gni_target *target);

#endif
