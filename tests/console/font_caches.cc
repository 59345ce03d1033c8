// What fontconfig keeps until the process ends (its caches of fonts, about 70 kB however many documents were made) is
// no leak of ours: LeakSanitizer asks this function at the end of a test run.

extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig.so\n"; }
