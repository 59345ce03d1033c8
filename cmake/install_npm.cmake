# Installs what package-lock.json names into FOLDER, by NPM. Packages that npm has in its cache are not fetched again; no
# install script of any package is run.
file(MAKE_DIRECTORY ${FOLDER})
file(COPY ${SOURCES}/package.json ${SOURCES}/package-lock.json DESTINATION ${FOLDER})
execute_process(
  COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
  WORKING_DIRECTORY ${FOLDER}
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "npm could not install what ${SOURCES}/package-lock.json names.\n${output}\n"
                      "This step needs npm's registry (or a mirror, `npm config set registry ...`), once for each machine: "
                      "later builds use npm's cache. Without a network: copy the folder ~/.npm of a machine that has built "
                      "Schoolgate, then build again.")
endif()
file(TOUCH ${FOLDER}/installed.stamp)
