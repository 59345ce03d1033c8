# schoolgate_assets(TARGET): the style sheet and the scripts of the pages, made of web/assets/ and embedded in TARGET.
#
# Three steps, each only when what it is made of changed: `npm ci` (package-lock.json), sass and esbuild (the sources), and
# a C++ file with the results under names that carry a hash of their content. All of it lies in the build folder.

function(schoolgate_assets target)
  find_program(SCHOOLGATE_NPM npm)
  find_program(SCHOOLGATE_NODE NAMES node nodejs)
  if(NOT SCHOOLGATE_NPM OR NOT SCHOOLGATE_NODE)
    message(FATAL_ERROR "npm is missing: the pages' style sheet is built with it.\n"
                        "Debian: packaging/install-packages build installs it, and everything else that is needed.")
  endif()
  set(sources ${CMAKE_CURRENT_SOURCE_DIR}/assets)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/assets)
  set(made style.css pages.js charts.js favicon.svg)
  foreach(picture bear bee butterfly cat dog fish fox frog hedgehog ladybird owl rabbit)
    list(APPEND made picture-${picture}.svg)
  endforeach()
  list(TRANSFORM made PREPEND ${folder}/out/ OUTPUT_VARIABLE made_files)
  file(GLOB inputs CONFIGURE_DEPENDS ${sources}/*.scss ${sources}/*.js ${sources}/*.svg ${sources}/*.mjs)

  add_custom_command(
    OUTPUT ${folder}/installed.stamp
    DEPENDS ${sources}/package.json ${sources}/package-lock.json ${CMAKE_SOURCE_DIR}/cmake/install_npm.cmake
    COMMAND ${CMAKE_COMMAND} -DNPM=${SCHOOLGATE_NPM} -DSOURCES=${sources} -DFOLDER=${folder}
            -P ${CMAKE_SOURCE_DIR}/cmake/install_npm.cmake
    COMMENT "Fetching the npm packages that the pages are made of"
    VERBATIM)
  add_custom_command(
    OUTPUT ${made_files}
    DEPENDS ${folder}/installed.stamp ${inputs}
    COMMAND ${CMAKE_COMMAND} -E copy ${inputs} ${folder}
    COMMAND ${SCHOOLGATE_NODE} build.mjs out
    WORKING_DIRECTORY ${folder}
    COMMENT "Building the pages' style sheet and scripts"
    VERBATIM)
  add_custom_command(
    OUTPUT ${folder}/embedded_assets.cc
    DEPENDS ${made_files} ${CMAKE_SOURCE_DIR}/cmake/embed_assets.cmake
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder}/out "-DFILES=${made}" -DOUTPUT=${folder}/embedded_assets.cc
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_assets.cmake
    COMMENT "Embedding them"
    VERBATIM)
  target_sources(${target} PRIVATE ${folder}/embedded_assets.cc)
endfunction()
