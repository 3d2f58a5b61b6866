/* uring_kernel.h: what the kernel's ring knows and liburing 2.3 does not. */
#ifndef GNI_IO_URING_KERNEL_H
#define GNI_IO_URING_KERNEL_H

#include <stdint.h>

/* Linux 6.12, all four. */
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)
#endif
#ifndef IORING_ENTER_ABS_TIMER
#define IORING_ENTER_ABS_TIMER (1U << 5)
#endif
#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1U << 4)
#endif
#define GNI_PBUF_RING_INC 2

/* The argument of IORING_REGISTER_PBUF_RING, whose flags were padding once. */
struct gni_pbuf_reg {
	uint64_t ring_addr;
	uint32_t ring_entries;
	uint16_t group;
	uint16_t flags;
	uint64_t reserved[3];
};

#endif
