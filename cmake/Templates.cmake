# schoolgate_templates(TARGET NAME name FILES a.html b.html): the pages of a room, for web::Templates:
#
#   #include "embedded/name.h"      // embedded::name: an array of {file name, text}
#
# The templates that all rooms share (web/templates/) are part of every set without being named here.
include(Embed)

function(schoolgate_templates target)
  cmake_parse_arguments(TEMPLATES "" "NAME" "FILES" ${ARGN})
  schoolgate_embed(${target} NAME ${TEMPLATES_NAME} FILES ${TEMPLATES_FILES})
endfunction()
