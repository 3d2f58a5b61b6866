/*
 * tables.c: all the cases there are.
 */
#include "conform.h"

extern const struct conform_case stream_cases[];
extern const struct conform_case frame_cases[];
extern const struct conform_case large_cases[];
extern const struct conform_case message_cases[];
extern const struct conform_case cork_cases[];
extern const struct conform_case reset_cases[];
extern const struct conform_case close_cases[];
extern const struct conform_case parity_cases[];
extern const struct conform_case handle_cases[];
extern const struct conform_case cancel_cases[];
extern const struct conform_case deadline_cases[];
extern const struct conform_case address_cases[];
extern const struct conform_case path_cases[];
extern const struct conform_case option_cases[];
extern const struct conform_case verb_cases[];
extern const struct conform_case sentence_cases[];
extern const struct conform_case adopt_cases[];
extern const struct conform_case limit_cases[];
extern const struct conform_case flood_cases[];
extern const struct conform_case memory_cases[];
extern const struct conform_case process_cases[];
extern const struct conform_case serve_cases[];
extern const struct conform_case sim_cases[];

const struct conform_case *const conform_tables[] = {
	stream_cases,
	frame_cases,
	large_cases,
	message_cases,
	cork_cases,
	reset_cases,
	close_cases,
	parity_cases,
	handle_cases,
	cancel_cases,
	deadline_cases,
	address_cases,
	path_cases,
	option_cases,
	verb_cases,
	sentence_cases,
	adopt_cases,
	limit_cases,
	flood_cases,
	memory_cases,
	process_cases,
	serve_cases,
	sim_cases,
	NULL,
};
