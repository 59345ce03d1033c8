# What every room is made with: one static library a room, one gtest binary a room, one libFuzzer binary a parser.

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(GTest REQUIRED)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fno-omit-frame-pointer
                    -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-missing-designated-field-initializers)  # leaving a field at its default is what they are for
endif()
if(SCHOOLGATE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# schoolgate_room(NAME SOURCES a.cc b.cc ROOMS base names LIBRARIES re2::re2)
function(schoolgate_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(schoolgate_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(schoolgate_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  list(TRANSFORM ROOM_ROOMS PREPEND schoolgate_)
  target_link_libraries(schoolgate_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES})
endfunction()

# schoolgate_test(ROOM SOURCES a_test.cc ...): binary ROOM_test, every case a CTest case of its own.
function(schoolgate_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  list(TRANSFORM TEST_ROOMS PREPEND schoolgate_)
  target_link_libraries(${name}_test PRIVATE ${TEST_ROOMS} ${TEST_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SCHOOLGATE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
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
