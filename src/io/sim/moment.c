/*
 * moment.c: the plan of a simulation.  It owns only the order; it reads no
 * clock and calls nobody.
 *
 * The heap is a tree in which no child comes before its parent.  Taking the
 * root out merges its children two by two from the left and the results from
 * the right, which keeps the cost logarithmic on average.
 */
#include "io/sim/moment.h"

#include <stddef.h>

static bool before(const struct gni_moment *a, const struct gni_moment *b)
{
	if (a->due.ns != b->due.ns)
		return a->due.ns < b->due.ns;
	if (a->tie != b->tie)
		return a->tie < b->tie;
	return a->number < b->number;
}

/* Makes the later of two roots the first child of the other. */
static struct gni_moment *merge(struct gni_moment *a, struct gni_moment *b)
{
	struct gni_moment *low, *high;

	if (!a || !b)
		return a ? a : b;
	low = before(b, a) ? b : a;
	high = low == a ? b : a;
	high->next = low->child;
	if (high->next)
		high->next->prev = high;
	high->prev = low;
	low->child = high;
	return low;
}

static struct gni_moment *pop_sibling(struct gni_moment **list)
{
	struct gni_moment *m = *list;

	if (m) {
		*list = m->next;
		m->next = m->prev = NULL;
	}
	return m;
}

static struct gni_moment *merge_siblings(struct gni_moment *list)
{
	struct gni_moment *pairs = NULL, *root = NULL;

	while (list) {
		struct gni_moment *a = pop_sibling(&list);
		struct gni_moment *pair = merge(a, pop_sibling(&list));

		pair->next = pairs;
		pairs = pair;
	}
	while (pairs)
		root = merge(root, pop_sibling(&pairs));
	return root;
}

static void unhook(struct gni_moment *m)
{
	if (m->prev->child == m)
		m->prev->child = m->next;
	else
		m->prev->next = m->next;
	if (m->next)
		m->next->prev = m->prev;
}

void gni_moment_clear(struct gni_moments *all, struct gni_moment *m)
{
	struct gni_moment *children;

	if (!m->set)
		return;
	children = merge_siblings(m->child);
	if (m->prev) {
		unhook(m);
		all->first = merge(all->first, children);
	} else {
		all->first = children;
	}
	m->child = m->next = m->prev = NULL;
	m->set = false;
	all->planned--;
	all->quiet -= m->quiet;
}

void gni_moment_set(struct gni_moments *all, struct gni_moment *m, gn_time due,
		    uint32_t tie)
{
	gni_moment_clear(all, m);
	m->due = due;
	m->tie = tie;
	m->number = all->count++;
	m->set = true;
	all->planned++;
	all->quiet += m->quiet;
	all->first = merge(all->first, m);
}
