/* print.c: rules as text, in the one form that says the same. */
#include "base/check.h"
#include "fault/word.h"

static void add_instant(struct gni_text *t, int64_t ns)
{
	gni_fault_add_number(t, gni_fault_times, ns);
}

static void add_span(struct gni_text *t, const gn_fault_rule *rule, bool once)
{
	if (!once && rule->begin_ns == 0 && rule->end_ns == 0)
		return;
	gni_text_add(t, "@");
	if (rule->begin_ns != 0 || (once && rule->end_ns == 0))
		add_instant(t, rule->begin_ns);
	if (once && rule->end_ns == 0)
		return;
	gni_text_add(t, "..");
	if (rule->end_ns != 0)
		add_instant(t, rule->end_ns);
}

static void add_fault(struct gni_text *t, const gn_fault_rule *rule,
		      const struct gni_fault_word *w)
{
	int64_t spread = gni_fault_get(&rule->faults, w->spread);

	gni_text_add(t, "%s", w->name);
	if (w->units) {
		gni_text_add(t, "=");
		gni_fault_add_number(t, w->units,
				     gni_fault_get(&rule->faults, w->field));
	}
	if (spread != 0) {
		gni_text_add(t, "±");
		gni_fault_add_number(t, w->units, spread);
	}
	add_span(t, rule, w->once);
}

static void add_scope(struct gni_text *t, const gn_fault_rule *rule)
{
	if (rule->from[0])
		gni_text_add(t, "%s", rule->from);
	if (rule->to[0])
		gni_text_add(t, "%s%s", rule->one_way ? ">" : "<>", rule->to);
	if (rule->from[0])
		gni_text_add(t, ": ");
}

static void add_rule(struct gni_text *t, const gn_fault_rule *rule)
{
	const char *joint = "";

	add_scope(t, rule);
	for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++) {
		if (!gni_fault_given(&rule->faults, f))
			continue;
		gni_text_add(t, "%s", joint);
		add_fault(t, rule, &gni_fault_words[f]);
		joint = " ";
	}
}

char *gn_fault_text(const gn_fault_rule *rules, int count, char *text,
		    size_t size)
{
	struct gni_text t;

	GNI_CHECK(rules || count == 0, "gn_fault_text: no rules");
	gni_text_begin(&t, text, size);
	for (int i = 0; i < count; i++) {
		gni_text_add(&t, "%s", i == 0 ? "" : "; ");
		add_rule(&t, &rules[i]);
	}
	return text;
}
