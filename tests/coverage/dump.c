/*
 * dump.c: part of the library in the build that counts what was passed
 * through.  The counts are written when a program ends as programs do; here
 * also when it stops itself, which is what many tests are about.  (--wrap)
 */
void __gcov_dump(void);
_Noreturn void __real_abort(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap_abort(void)
{
	__gcov_dump();
	__real_abort();
}

_Noreturn void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
