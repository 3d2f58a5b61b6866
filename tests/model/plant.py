#!/usr/bin/env python3
"""Writes a source of the library with a mistake planted in it.

usage: plant.py MISTAKE SOURCE RESULT

They are mistakes as they are made in such code, each where it would be.  What
it replaces must stand in the source exactly once.
"""
import sys
import textwrap

# name: (depth in tabs, what stands there, what is put in its place)
MISTAKES = {
    # Taken down after looking, the flag is lost that was put up meanwhile.
    "looks-then-clears": (1, """\
atomic_store_explicit(&m->filled, false, memory_order_relaxed);
return open_all(m);
""", """\
bool any = open_all(m);
atomic_store_explicit(&m->filled, false, memory_order_relaxed);
return any;
"""),
    # Whoever is woken finds nothing yet and sleeps again.
    "wakes-before-it-fills": (2, """\
atomic_store_explicit(&m->filled, true, memory_order_release);
if (first)
	m->io->backend->wake(m->io);
""", """\
if (first)
	m->io->backend->wake(m->io);
atomic_store_explicit(&m->filled, true, memory_order_release);
"""),
    # A letter comes after the last look into the mailbox.
    "posts-to-the-ended": (1, """\
open = m->io && (!m->ending || letter->awaited);
""", """\
open = m->io != NULL;
"""),
    # An awaited letter is refused, and its fiber waits for ever.
    "leaves-a-fiber-waiting": (1, """\
open = m->io && (!m->ending || letter->awaited);
""", """\
open = m->io && !m->ending;
"""),
    # Nobody stands in line yet when the lock is let go.
    "checks-then-stands": (1, """\
stand(&w, o);
unlock_all(o);
""", """\
unlock_all(o);
lock_all(o);
stand(&w, o);
unlock_all(o);
"""),
    # Two may find the same fiber unclaimed.
    "claims-in-two-steps": (2, """\
if (!atomic_exchange(&p->waiter->claimed, true))
	return p;
""", """\
if (!atomic_load(&p->waiter->claimed)) {
	atomic_store(&p->waiter->claimed, true);
	return p;
}
"""),
    # A deadline does not ask whether another was first.
    "gives-up-unasked": (1, """\
if (!atomic_exchange(&w->claimed, true))
	gni_wake(wait, wait->reason);
""", """\
atomic_store(&w->claimed, true);
gni_wake(wait, wait->reason);
"""),
    # Two threads lock two channels in opposite order.
    "locks-in-any-order": (1, """\
while (at > 0 && (uintptr_t)l->chan[at - 1] > (uintptr_t)c)
	at--;
""", """\
"""),
    # Taken down after looking, the flag keeps the next wake-up from being
    # written.
    "hears-no-second-wake": (1, """\
u->listening = false;
atomic_store(&u->woken, false);
""", """\
u->listening = false;
"""),
    # Who writes does so before the flag says it, who sees it does not write.
    "wakes-in-two-steps": (1, """\
if (!atomic_exchange(&u->woken, true))
	while (write(u->wake_fd, &one, sizeof one) < 0 &&
	       errno == EINTR)
		;
""", """\
if (!atomic_load(&u->woken)) {
	while (write(u->wake_fd, &one, sizeof one) < 0 &&
	       errno == EINTR)
		;
	atomic_store(&u->woken, true);
}
"""),
}


def main():
    name, source, result = sys.argv[1:]
    depth, was, instead = MISTAKES[name]
    was, instead = (textwrap.indent(text, "\t" * depth)
                    for text in (was, instead))
    with open(source, encoding="utf-8") as f:
        text = f.read()
    if text.count(was) != 1:
        sys.exit(f"{source}: {name}: what it replaces stands there "
                 f"{text.count(was)} times")
    with open(result, "w", encoding="utf-8") as f:
        f.write(text.replace(was, instead))


if __name__ == "__main__":
    main()
