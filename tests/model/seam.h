/*
 * seam.h: put before a source of the library (-include), it makes a point of
 * each atomic operation.  The source itself is as it is, and so is every
 * other build of it.  An operation or a type that is not here does not
 * compile.
 */
#ifndef SEAM_H
#define SEAM_H

#include <stdatomic.h>
#include <stdbool.h>

/* Its inline functions have atomics of their own, between a thread and the
 * kernel. */
#include <liburing.h>

void model_point(const char *what);

#define MODEL_TYPE(type, word)                                              \
	static inline type model_load_##word(_Atomic(type) *at)             \
	{                                                                   \
		return atomic_load(at);                                     \
	}                                                                   \
	static inline void model_store_##word(_Atomic(type) *at, type value) \
	{                                                                   \
		atomic_store(at, value);                                    \
	}                                                                   \
	static inline type model_exchange_##word(_Atomic(type) *at,         \
						 type value)                \
	{                                                                   \
		return atomic_exchange(at, value);                          \
	}

MODEL_TYPE(bool, bool)
MODEL_TYPE(unsigned, unsigned)

static inline unsigned model_add(atomic_uint *at, unsigned value)
{
	return atomic_fetch_add(at, value);
}

static inline unsigned model_sub(atomic_uint *at, unsigned value)
{
	return atomic_fetch_sub(at, value);
}

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_or
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and
#undef atomic_fetch_and_explicit
#undef atomic_flag_test_and_set
#undef atomic_thread_fence

#define MODEL_BY_TYPE(word, at)                       \
	_Generic((at), atomic_bool *: model_##word##_bool, \
		 atomic_uint *: model_##word##_unsigned)

#define atomic_load(at) \
	(model_point("load " #at), MODEL_BY_TYPE(load, at)(at))
#define atomic_load_explicit(at, order) atomic_load(at)
#define atomic_store(at, value)         \
	(model_point("store " #at " = " #value), \
	 MODEL_BY_TYPE(store, at)(at, value))
#define atomic_store_explicit(at, value, order) atomic_store(at, value)
#define atomic_exchange(at, value)         \
	(model_point("exchange " #at " = " #value), \
	 MODEL_BY_TYPE(exchange, at)(at, value))
#define atomic_exchange_explicit(at, value, order) atomic_exchange(at, value)
#define atomic_fetch_add(at, value) \
	(model_point("add to " #at), model_add(at, value))
#define atomic_fetch_add_explicit(at, value, order) atomic_fetch_add(at, value)
#define atomic_fetch_sub(at, value) \
	(model_point("take from " #at), model_sub(at, value))
#define atomic_fetch_sub_explicit(at, value, order) atomic_fetch_sub(at, value)

#endif
