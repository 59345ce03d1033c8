# What the shipped binary is made with so that a mistake in it is harder to use: the release preset switches it on.
# tests/security/test_binary.py reads the binary and says whether it all arrived; what it costs is in docs/security.md.
#
# Sanitizer builds go without: they have their own runtimes, and theirs is the better diagnosis.
option(SCHOOLGATE_HARDENED "compile and link as shipped: hardened, and the same bytes wherever it is built" OFF)

if(SCHOOLGATE_HARDENED)
  include(CheckPIESupported)
  check_pie_supported()
  add_compile_options(
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3  # the C library checks sizes that only run time knows
    -D_GLIBCXX_ASSERTIONS                  # [] past the end, * of nothing, .front() of empty: stop, do not go on
    -fstack-clash-protection               # a large frame touches every page on its way down
    -ftrivial-auto-var-init=zero           # a forgotten local variable holds nothing of an earlier request
    -fno-delete-null-pointer-checks -fno-strict-overflow)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection=full)  # indirect jumps land on marked places (CET)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code)

  # No path of the machine that built it, in debug information or in __FILE__: two folders give the same bytes.
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build
                      -fdebug-compilation-dir=build)
  add_link_options(-Wl,--build-id=sha1)
endif()
