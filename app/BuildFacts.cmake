# SCHOOLGATE_BUILD_FACTS: what `schoolgate version` prints, as definitions: the version, the revision (empty when this is
# no checkout) and the libraries that were found.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)

find_package(Boost 1.81 REQUIRED CONFIG)
set(libraries "Boost ${Boost_VERSION_STRING}")
foreach(library IN ITEMS "OpenSSL openssl" "RE2 re2" "yaml-cpp yaml-cpp" "SQLite sqlite3" "libcurl libcurl"
                         "c-ares libcares" "libidn2 libidn2" "zlib zlib")
  separate_arguments(library)
  list(GET library 0 name)
  list(GET library 1 module)
  execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --modversion ${module}
                  OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(version)
    string(APPEND libraries ", ${name} ${version}")
  endif()
endforeach()

set(SCHOOLGATE_BUILD_FACTS
  SCHOOLGATE_VERSION="${PROJECT_VERSION}" SCHOOLGATE_REVISION="${revision}" SCHOOLGATE_BUILT_WITH="${libraries}")
