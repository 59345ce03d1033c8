# What every room is made with: one static library a room, one gtest binary a room, one libFuzzer binary a parser.

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(GTest REQUIRED)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fno-omit-frame-pointer
                    -fstack-protector-strong -pthread)  # everywhere: a precompiled header fits code of one kind only
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-missing-designated-field-initializers)  # leaving a field at its default is what they are for
endif()
if(SCHOOLGATE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# What most files include is compiled once, in four forms: for rooms and for tests, without Asio and with it. A precompiled
# header fits only code of its own kind, so executables are then compiled as libraries are (-fPIC). Without the timestamp
# it is the same whenever it is made, and ccache can share what was compiled with it; ccache needs
# CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime for that.
option(SCHOOLGATE_PRECOMPILE "precompile headers; OFF: every file must include what it uses" ON)

# schoolgate_precompiled(OWNER HEADER): OWNER is compiled with HEADER, which others may share.
function(schoolgate_precompiled owner header)
  if(NOT SCHOOLGATE_PRECOMPILE)
    return()
  endif()
  target_compile_options(${owner} PRIVATE -fPIC $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp -fpch-instantiate-templates>)
  target_precompile_headers(${owner} PRIVATE <${header}>)
endfunction()

# schoolgate_share_precompiled(TARGET OWNER)
function(schoolgate_share_precompiled target owner)
  if(NOT SCHOOLGATE_PRECOMPILE)
    return()
  endif()
  target_compile_options(${target} PRIVATE -fPIC $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp -fpch-instantiate-templates>)
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()

# schoolgate_unoptimised(TARGET): what only asks the product is not worth the compiler's time; the product that it asks is
# compiled as shipped. _FORTIFY_SOURCE wants an optimiser.
function(schoolgate_unoptimised target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:SHELL:-O0 -g0 -U_FORTIFY_SOURCE>)
endfunction()

# schoolgate_room(NAME [ASIO] SOURCES a.cc b.cc ROOMS base names LIBRARIES re2::re2); ASIO: most of its files include Asio.
function(schoolgate_room name)
  cmake_parse_arguments(ROOM "ASIO" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(schoolgate_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(schoolgate_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  list(TRANSFORM ROOM_ROOMS PREPEND schoolgate_)
  target_link_libraries(schoolgate_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES})
  if(name STREQUAL "base")
    schoolgate_precompiled(schoolgate_base base/precompiled.h)
  elseif(name STREQUAL "net")
    schoolgate_precompiled(schoolgate_net proxy/net/precompiled.h)
  elseif(ROOM_ASIO)
    schoolgate_share_precompiled(schoolgate_${name} schoolgate_net)
  else()
    schoolgate_share_precompiled(schoolgate_${name} schoolgate_base)
  endif()
endfunction()

# schoolgate_test(ROOM [ASIO] SOURCES a_test.cc ...): binary ROOM_test, one CTest entry.
function(schoolgate_test name)
  cmake_parse_arguments(TEST "ASIO" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  list(TRANSFORM TEST_ROOMS PREPEND schoolgate_)
  target_link_libraries(${name}_test PRIVATE ${TEST_ROOMS} ${TEST_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SCHOOLGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  schoolgate_unoptimised(${name}_test)
  if(TEST_ASIO)
    schoolgate_share_precompiled(${name}_test schoolgate_precompiled_asio_tests)
  else()
    schoolgate_share_precompiled(${name}_test schoolgate_precompiled_tests)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS unit)
endfunction()

# schoolgate_fuzz(NAME SOURCES x_fuzz.cc ROOMS r CORPUS dir): with SCHOOLGATE_FUZZ a libFuzzer binary; always a test that
# replays the corpus through the same entry point.
function(schoolgate_fuzz name)
  cmake_parse_arguments(FUZZ "" "CORPUS" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  list(TRANSFORM FUZZ_ROOMS PREPEND schoolgate_)
  if(SCHOOLGATE_FUZZ)
    add_executable(${name}_fuzz ${FUZZ_SOURCES})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name}_fuzz ${FUZZ_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
  endif()
  target_link_libraries(${name}_fuzz PRIVATE ${FUZZ_ROOMS} ${FUZZ_LIBRARIES})
  add_test(NAME ${name}_corpus COMMAND ${name}_fuzz ${FUZZ_CORPUS})
  set_tests_properties(${name}_corpus PROPERTIES LABELS unit)
endfunction()
