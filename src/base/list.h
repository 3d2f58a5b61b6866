/*
 * list.h: an intrusive doubly linked list.  The list and its members are the
 * same two pointers; a member that is in no list points at itself.
 */
#ifndef GNI_BASE_LIST_H
#define GNI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct gni_list {
	struct gni_list *prev, *next;
};

/* The object of the given type whose member is at the pointer. */
#define GNI_OWNER(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline void gni_list_init(struct gni_list *l)
{
	l->prev = l->next = l;
}

static inline bool gni_list_empty(const struct gni_list *l)
{
	return l->next == l;
}

/* Puts a member before another, or at the end when before is the list. */
static inline void gni_list_insert(struct gni_list *before, struct gni_list *m)
{
	m->prev = before->prev;
	m->next = before;
	before->prev->next = m;
	before->prev = m;
}

static inline void gni_list_add(struct gni_list *list, struct gni_list *m)
{
	gni_list_insert(list, m);
}

/* Takes a member out; harmless when it is in no list. */
static inline void gni_list_remove(struct gni_list *m)
{
	m->prev->next = m->next;
	m->next->prev = m->prev;
	gni_list_init(m);
}

/* Takes out and gives the first member, NULL when there is none. */
static inline struct gni_list *gni_list_pop(struct gni_list *list)
{
	struct gni_list *m = list->next;

	if (m == list)
		return NULL;
	gni_list_remove(m);
	return m;
}

#endif
