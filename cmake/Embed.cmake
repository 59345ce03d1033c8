# schoolgate_embed(TARGET NAME name FILES a.html b.css): the files' text as C++, for sources of TARGET:
#
#   #include "embedded/name.h"      // embedded::name: an array of {file name, text}
#
# An edited file is picked up by the next build: it makes CMake run again.
function(schoolgate_embed target)
  cmake_parse_arguments(EMBED "" "NAME" "FILES" ${ARGN})
  set(code "// Made by cmake/Embed.cmake; edit the files it was made from.\n#pragma once\n\n#include <string_view>\n\n")
  string(APPEND code "namespace schoolgate::embedded {\n\nstruct ${EMBED_NAME}_file {\n  std::string_view name, text;\n};\n")
  string(APPEND code "inline constexpr ${EMBED_NAME}_file ${EMBED_NAME}[] = {\n")
  foreach(path ${EMBED_FILES})
    get_filename_component(absolute ${path} ABSOLUTE)
    get_filename_component(name ${path} NAME)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${absolute})
    file(READ ${absolute} text)
    string(APPEND code "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  string(APPEND code "};\n\n}  // namespace schoolgate::embedded\n")
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embed)
  file(MAKE_DIRECTORY ${folder}/embedded)
  file(WRITE ${folder}/${EMBED_NAME}.new "${code}")
  file(COPY_FILE ${folder}/${EMBED_NAME}.new ${folder}/embedded/${EMBED_NAME}.h ONLY_IF_DIFFERENT)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
